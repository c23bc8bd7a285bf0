"""Is a call of the app resources the one that was recorded, and is its answer whole?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import httpx
from pydantic import BaseModel

from dify import APIStatusError, ResponseValidationError, StreamInterruptedError, WorkflowFailedError
from dify.types.replies import ChatResponse, CompletionResponse
from dify.types.server import ServerInfo
from dify.types.workflows import WorkflowRun

from .expected import TERMINAL, answer_of, error_class
from .fidelity import lost, undeclared
from .forms import form_of, recorded_form
from .knowledge_checks import check_error, check_model
from .recordings import Recording
from .replay_app import APART, is_form


def as_recorded(one: Recording, seen: list[httpx.Request]) -> Callable[[httpx.Request], httpx.Response]:
    """Answers as the server did, and keeps what it was asked; a stream that broke off cannot be picked up again."""

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) > 1:
            return httpx.Response(404, json={"code": "not_found", "message": "Workflow run not found", "status": 404})
        headers = {name: one.headers[name] for name in ("content-type", "x-version") if name in one.headers}
        return httpx.Response(one.status, headers=headers, content=one.content)

    return handler


# ------------------------------------------------------------------------------------------------------- what went out
def check_request(one: Recording, request: httpx.Request) -> None:
    """What went out is what was recorded, but for what the table of exceptions says; forms and JSON by what they say."""
    apart = APART.get(one.name)
    told_otherwise = apart.headers if apart else frozenset()
    assert (request.method, request.url.path) == (one.method, one.path.partition("?")[0])
    query, body = dict(one.pairs), one.asked
    if apart and one.method == "GET":
        query = _changed(query, one)
    elif apart and isinstance(body, dict) and not is_form(one):
        body = _changed(body, one)
    assert sorted(parse_qsl(request.url.query.decode())) == sorted(query.items())
    same_key = _scheme(request.headers.get("authorization")) == _scheme(one.asked_headers.get("authorization"))
    assert same_key is ("authorization" not in told_otherwise)
    recorded, sent = (_media_type(headers) for headers in (one.asked_headers, request.headers))
    assert (recorded == sent) is ("content-type" not in told_otherwise)
    if is_form(one):
        form = recorded_form(one.asked)
        assert form_of(request.content) == replace(form, fields=_changed(form.fields, one))
        assert int(request.headers["content-length"]) == len(request.content)
        assert ("Content-Type:" in str(one.asked)) is ("content-type of the part" not in told_otherwise)
        assert b"Content-Type:" in request.content
    elif body is None:
        assert request.content == b""
    else:
        # As text, for 1 == True == 1.0 in Python, and not on the wire.
        assert _spelled(json.loads(request.content)) == _spelled(body)


def _changed(members: dict[str, Any], one: Recording) -> dict[str, Any]:
    """What the method sends in the recorded members' place."""
    if one.name not in APART:
        return members
    apart = APART[one.name]
    assert not set(apart.more) & set(members)
    assert apart.less <= set(members)
    return {name: value for name, value in members.items() if name not in apart.less} | dict(apart.more)


def _spelled(body: Any) -> str:
    return json.dumps(body, sort_keys=True)


def _scheme(authorization: str | None) -> str | None:
    """How a key is told, without the key: `Bearer app`; no key is recorded in full."""
    return None if authorization is None else authorization.partition("-")[0]


def _media_type(headers: Any) -> str:
    return headers.get("content-type", "").partition(";")[0]


# ------------------------------------------------------------------------------------------------------- what came back
def check_outcome(one: Recording, outcome: Any) -> None:
    """The recorded answer has become its model with nothing lost and nothing undeclared, or its error."""
    if isinstance(outcome, ServerInfo):
        assert outcome.server_version == one.headers["x-version"]  # of a page, as servers have no such route
    elif one.status >= 400:
        check_error(one, outcome)
    elif one.is_stream:
        _check_reply(one, outcome)
    elif one.operation in ("textToAudioChat", "previewChatFile"):
        _check_bytes(one, outcome)
    elif one.status == 204 or one.body in ({}, {"result": "success"}):
        assert outcome is None
    elif one.operation == "getSuggestedQuestions":
        assert outcome == one.body["data"]
    elif isinstance(outcome, WorkflowFailedError):
        assert one.body["data"]["status"] == "failed"
        check_model(one.body, outcome.run)
    elif isinstance(outcome, BaseModel):
        assert not isinstance(outcome, WorkflowRun) or outcome.status != "failed"
        assert outcome.http.status == one.status
        check_model(one.body, outcome)
    else:
        _check_page(one, outcome)


def check_events(one: Recording, events: list[Any]) -> None:
    """Every frame but an error has become one event, in order, with nothing lost and nothing undeclared."""
    frames = [frame for frame in one.frames if frame["event"] != "error"]
    for frame, event in zip(frames, events, strict=True):
        assert event.event == frame["event"]
        check_model(frame, event)


def _check_bytes(one: Recording, outcome: Any) -> None:
    if one.headers["content-type"] == "application/json":  # the server's way to say that it knows no such message
        assert one.content.strip() == b"null"
        assert type(outcome) is ResponseValidationError
    else:
        assert outcome == one.content != b""


def _check_page(one: Recording, page: Any) -> None:
    for wire, item in zip(one.body["data"], page.data, strict=True):
        check_model(wire, item)
    numbers = {"data", "has_more", "limit", "total", "page", "total_pages"}
    assert page.total == one.body.get("total")
    assert page.extra == {name: value for name, value in one.body.items() if name not in numbers}
    assert page.has_more == one.body.get("has_more", False)


def _check_reply(one: Recording, outcome: Any) -> None:
    """What the stream folds to, or what it raises."""
    last = one.frames[-1]
    ends = {frame["event"]: frame for frame in one.frames if frame["event"] in TERMINAL}
    if last["event"] == "error":
        assert isinstance(outcome, APIStatusError)
        assert type(outcome) is error_class(last["status"], last.get("code"), last["message"])
        assert (outcome.status_code, outcome.code) == (last["status"], last.get("code"))
        assert outcome.message == last["message"]
    elif not ends:
        assert one.cut
        assert isinstance(outcome, StreamInterruptedError)
        assert outcome.task_id == last["task_id"]
        if isinstance(outcome.partial, ChatResponse):
            assert outcome.partial.answer == answer_of(one.frames)
    else:
        reply = outcome
        if ends.get("workflow_finished", {}).get("data", {}).get("status") == "failed":
            assert type(outcome) is WorkflowFailedError
            reply = outcome.partial or outcome.run
        else:
            assert outcome.http.status == one.status
        _check_whole(one, reply, ends)


def _check_whole(one: Recording, reply: Any, ends: dict[str, Any]) -> None:
    run = reply if isinstance(reply, WorkflowRun) else getattr(reply, "workflow_run", None)
    if "workflow_finished" in ends:
        check_model(ends["workflow_finished"]["data"], run.data)
    if "workflow_paused" in ends and "workflow_finished" not in ends:
        reasons = ends["workflow_paused"]["data"]["reasons"]
        assert reply.paused
        assert [form.form_token for form in reply.forms] == [reason["form_token"] for reason in reasons]
    if "message_end" in ends:
        assert list(lost(ends["message_end"]["metadata"], reply.metadata.model_dump(mode="json"))) == []
    if isinstance(reply, (ChatResponse, CompletionResponse)) and one.operation != "streamWorkflowEvents":
        assert reply.answer == answer_of(one.frames)
    assert reply.task_id == one.frames[-1].get("task_id")
    assert list(undeclared(reply)) == []
