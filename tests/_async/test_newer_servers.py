"""What servers from 1.17 to 1.19 added, in the form in which they send it."""

from __future__ import annotations

import inspect
import json
import pickle
import warnings

import httpx
import pytest

import dify
from dify import (
    AgentRunLimitError,
    NotFoundError,
    PermissionDeniedError,
    PluginRuntimeError,
    ServerError,
    ServiceUnavailableError,
)
from dify.testing import error_replies
from dify.types import AppParameters
from tests.support.frames import agent_message, failure, message, message_end, sse

from .support import Chunks, answered, make_client, streaming

CODES = {
    "trigger_workflow_service_mode_unavailable": (403, PermissionDeniedError, "trigger"),
    "app_not_found": (403, PermissionDeniedError, "key of another app"),
    "app_abnormal_status": (403, PermissionDeniedError, "in Dify"),
    "app_api_disabled": (403, PermissionDeniedError, "enable the app's API"),
    "workspace_not_found": (403, PermissionDeniedError, "workspace"),
    "workspace_archived": (403, PermissionDeniedError, "archived"),
    "app_suggested_questions_after_answer_disabled": (403, PermissionDeniedError, "suggested questions"),
    "agent_version_not_found_error": (404, NotFoundError, "publish the agent again"),
    "agent_run_limit_exceeded": (500, AgentRunLimitError, "limit"),
    "plugin_runtime_error": (502, PluginRuntimeError, "plugin"),
    "service_unavailable": (503, ServiceUnavailableError, "try again later"),
}


def refusing(code: str, seen: list[httpx.Request] | None = None, **more):
    reply = error_replies.error_reply(code, **more)

    def handler(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body)

    return handler


@pytest.mark.parametrize("code", CODES)
async def test_a_new_code_has_its_class_and_says_what_to_do(code):
    status, cls, hint = CODES[code]
    with pytest.raises(cls) as caught:
        await make_client(refusing(code)).workflows.run({}, response_mode="blocking")
    error = caught.value
    assert type(error) is cls
    assert (error.status_code, error.code) == (status, code)
    assert hint in error.hint
    assert hint in str(error)
    assert getattr(dify, cls.__name__) is cls


async def test_a_plugin_that_failed_names_its_request():
    details = {"request_id": "req-1", "lambda_request_id": "l-1"}
    with pytest.raises(PluginRuntimeError) as caught:
        await make_client(refusing("plugin_runtime_error", details=details)).chat.send("hi", response_mode="blocking")
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (error.request_id, error.details) == ("req-1", details)
        assert isinstance(error, ServerError)
    with pytest.raises(PluginRuntimeError) as caught:
        await make_client(refusing("plugin_runtime_error")).app.info()
    assert (caught.value.request_id, caught.value.details) == (None, None)


async def test_an_agent_that_reached_its_limit_raises_with_what_it_said():
    for status in (400, 429, 500):
        frames = sse(agent_message("So far"), failure(code="agent_run_limit_exceeded", status=status))
        with pytest.raises(AgentRunLimitError) as caught:
            await make_client(streaming([frames])).chat.send("work")
        assert caught.value.partial.answer == "So far"


BATCH = {"document": {"id": "d-1", "name": "a"}, "batch": "b-1"}
REFUSED_BEFORE_WORK = {
    "create_from_text": lambda docs: docs.create_from_text("k-1", "a", "text"),
    "create_from_file": lambda docs: docs.create_from_file("k-1", ("a.txt", b"x")),
    "replace_file": lambda docs: docs.replace_file("k-1", "d-1", ("a.txt", b"x")),
}


@pytest.mark.parametrize("call", REFUSED_BEFORE_WORK.values(), ids=REFUSED_BEFORE_WORK)
async def test_a_request_that_was_refused_before_any_work_is_sent_again_even_where_it_creates(call, waits):
    seen: list[httpx.Request] = []
    refuse = refusing("service_unavailable", seen)

    def handler(request: httpx.Request) -> httpx.Response:
        refusal = refuse(request)
        return refusal if len(seen) == 1 else httpx.Response(200, json=BATCH)

    made = await call(make_client(handler, max_retries=2).knowledge.documents)
    assert made.batch == "b-1"
    assert len(seen) == 2
    assert len(waits) == 1


async def test_a_message_is_not_sent_again_after_the_same_code(waits):
    seen: list[httpx.Request] = []
    with pytest.raises(ServiceUnavailableError):
        await make_client(refusing("service_unavailable", seen), max_retries=2).chat.send("Hi")
    assert (len(seen), waits) == (1, [])


async def test_a_503_of_a_gateway_is_not_taken_for_that_refusal(waits):
    for content in (b"<html>503</html>", b'{"code": "overloaded", "message": "m", "status": 503}', b""):
        seen: list[httpx.Request] = []

        def handler(request: httpx.Request, seen=seen, content=content) -> httpx.Response:
            seen.append(request)
            return httpx.Response(503, stream=Chunks([content]))

        with pytest.raises(ServerError) as caught:
            await make_client(handler, max_retries=2).knowledge.documents.create_from_text("k-1", "a", "text")
        assert type(caught.value) is ServerError
        assert len(seen) == 1


@pytest.mark.parametrize(
    ("kind", "extension"),
    [
        ("audio/aac", "aac"),
        ("audio/flac", "flac"),
        ("audio/mp4", "m4a"),
        ("audio/mpeg", "mp3"),
        ("audio/ogg", "ogg"),
        ("audio/ogg; codecs=opus", "ogg"),
        ("audio/wav", "wav"),
        ("audio/x-wav", "wav"),
        ("audio/webm", "webm"),
        ("application/octet-stream", "mp3"),
    ],
)
async def test_speech_is_saved_with_the_extension_of_its_type(kind, extension, tmp_path):
    client = make_client(lambda request: answered(Chunks([b"sound"]), content_type=kind))
    path = await client.audio.synthesize("hi").save(tmp_path)
    assert path == tmp_path / f"speech.{extension}"
    assert path.read_bytes() == b"sound"
    path = await client.audio.synthesize("hi").save(tmp_path / "mine.bin")
    assert path.name == "mine.bin"


async def test_audio_that_is_called_x_m4a_goes_out_under_the_name_that_every_server_takes():
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"text": "hello"})

    await make_client(handler).audio.transcribe(("hello.m4a", b"x", "audio/x-m4a"))
    assert b"Content-Type: audio/m4a" in seen[0].content


def test_a_control_for_json_has_its_schema():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    form = [{"json_object": {"variable": "data", "label": "Data", "required": True, "json_schema": schema}}]
    parameters = AppParameters.model_validate({"user_input_form": form})
    [(kind, control)] = parameters.controls
    assert (kind, control.json_schema) == ("json_object", schema)
    assert parameters.model_dump(mode="json", exclude_unset=True)["user_input_form"] == form


async def test_a_trace_of_the_caller_goes_out_with_a_generation():
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answered(Chunks([sse(message("Hi"), message_end())]))

    await make_client(handler).chat.send("hi", options={"headers": {"traceparent": trace}})
    await make_client(handler, headers={"Traceparent": trace}).chat.send("hi")
    await make_client(handler).with_options(headers={"traceparent": trace}).chat.send("hi")
    assert [request.headers.get_list("traceparent") for request in seen] == [[trace]] * 3


async def test_the_deprecated_route_is_marked_for_editors_and_warns_nobody_at_run_time():
    client = make_client(lambda request: httpx.Response(200, json=BATCH))
    documents = client.knowledge.documents
    assert "replace_file" in documents.update_from_file.__deprecated__
    assert "Deprecated" in inspect.getdoc(documents.update_from_file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = await documents.update_from_file("k-1", "d-1", ("a.txt", b"x"))
    assert json.loads(made.model_dump_json())["batch"] == "b-1"


async def test_the_agent_knowledge_base_is_reached_by_request_with_the_knowledge_key():
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": []})

    spaces = await make_client(handler).request("GET", "/knowledge-fs/knowledge-spaces", cast_to=dict, key="knowledge")
    assert spaces == {"data": []}
    assert seen[0].headers["authorization"] == "Bearer dataset-test-key"
