"""Is a call of the knowledge resources the one that was recorded, and is its answer whole?"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx
from pydantic import BaseModel

from dify import APIStatusError, WorkflowFailedError

from .expected import error_class
from .fidelity import lost, undeclared
from .forms import form_of, recorded_form
from .recordings import Recording
from .replay_knowledge import unbound


def check_request(one: Recording, request: httpx.Request) -> None:
    """What went out is what was recorded; forms and JSON are compared by what they say and not by their spelling."""
    assert (request.method, request.url.path) == (one.method, one.path.partition("?")[0])
    assert sorted(parse_qsl(request.url.query.decode())) == sorted(one.pairs)
    assert request.headers["authorization"] == "Bearer dataset-test-key"
    kind = request.headers.get("content-type", "").partition(";")[0]
    if one.asked is None:
        assert request.content == b""
        assert kind == ""
    elif "_raw" in one.asked or "_raw_len" in one.asked:
        assert kind == "multipart/form-data"
        sent = form_of(request.content)
        assert sent == recorded_form(one.asked)
        assert int(request.headers["content-length"]) == len(request.content)
    else:
        assert kind == "application/json"
        assert json.loads(request.content) == _expected_body(one)


def _expected_body(one: Recording) -> Any:
    if one.operation != "unbindTagFromDataset":
        return one.asked
    # On purpose: a single tag goes out under both names, because servers before 1.14 know only the one.
    tags = unbound(one.asked)
    both = {"tag_ids": tags, "target_id": one.asked["target_id"]}
    return both | {"tag_id": tags[0]} if len(tags) == 1 else both


def check_outcome(one: Recording, outcome: Any) -> None:
    """The recorded answer has become its model with nothing lost and nothing undeclared, or its error."""
    if one.status >= 400:
        check_error(one, outcome)
    elif one.is_stream:
        _check_stream(one, outcome)
    elif one.operation == "runPipeline" and one.body.get("data", {}).get("status") == "failed":
        assert type(outcome) is WorkflowFailedError
        check_model(one.body, outcome.run)
    elif isinstance(outcome, bytes):
        assert outcome == one.content
    elif one.status == 204 or one.body == {"result": "success"}:
        assert outcome is None
    elif isinstance(outcome, list):
        assert isinstance(one.body, list)
        assert len(outcome) == len(one.body)
        for wire, item in zip(one.body, outcome, strict=True):
            check_model(wire, item)
    elif isinstance(outcome, BaseModel):
        check_model(one.body, outcome)
    else:
        _check_page(one, outcome)


def check_model(wire: Any, model: BaseModel) -> None:
    """Nothing of the wire is lost in the model, and nothing undeclared there."""
    assert list(lost(wire, model.model_dump(mode="json"))) == []
    assert list(undeclared(model)) == []


def _check_page(one: Recording, page: Any) -> None:
    for wire, item in zip(one.body["data"], page.data, strict=True):
        check_model(wire, item)
    numbers = {"data", "has_more", "limit", "total", "page", "total_pages"}
    assert page.total == one.body["total"]
    assert page.extra == {name: value for name, value in one.body.items() if name not in numbers}
    # What the server says of more is wrong for more than 100 rows, and missing for child chunks; none of these has more
    # than one page but where it was asked for pieces.
    assert page.has_more == one.body.get("has_more", one.body.get("total_pages", 0) > one.body["page"])


def check_error(one: Recording, error: Any) -> None:
    """The class that the contract asks for, and the server's own words."""
    assert isinstance(error, APIStatusError)
    body = one.body if isinstance(one.body, dict) else {}
    message = body.get("message", body.get("error"))
    assert type(error) is error_class(one.status, body.get("code"), message or "")
    assert (error.status_code, error.code) == (one.status, body.get("code"))
    if message is not None:
        assert error.message == message


def _check_stream(one: Recording, outcome: Any) -> None:
    last = one.frames[-1]
    if last["event"] == "error":
        assert type(outcome) is error_class(last["status"], last.get("code"), last["message"])
        assert outcome.message == last["message"]
    elif last["event"] == "workflow_finished":
        assert outcome.status == last["data"]["status"]
        assert list(lost(last["data"], outcome.data.model_dump(mode="json"))) == []
    else:
        results = [frame for frame in one.frames if frame["event"] in ("datasource_completed", "datasource_error")]
        for frame, event in zip(results, outcome, strict=True):
            assert list(lost(frame, event.model_dump(mode="json"))) == []
