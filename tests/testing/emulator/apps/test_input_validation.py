"""Input forms and feature settings, and the requests that they refuse."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from dify.testing import Emulator

FORM: list[dict[str, Any]] = [
    {"text-input": {"variable": "topic", "required": True, "max_length": 8}},
    {"select": {"variable": "tone", "options": ["dry", "warm"], "default": "dry"}},
    {"number": {"variable": "words"}},
    {"checkbox": {"variable": "short"}},
    {"json_object": {"variable": "more"}},
    {"file": {"variable": "source", "allowed_file_types": ["document"]}},
    {"file-list": {"variable": "sources", "allowed_file_types": ["document"], "max_length": 2}},
]


async def run(client: httpx.AsyncClient, inputs: dict[str, Any], **more: Any) -> httpx.Response:
    return await client.post("/workflows/run", json={"inputs": inputs, "user": "alice", **more})


async def test_declared_inputs_get_their_defaults_and_types_and_others_are_dropped(connect) -> None:
    seen: list[Any] = []

    def answer(request: Any) -> str:
        seen.append(dict(request.inputs))
        return ""

    client = connect(Emulator(answer, mode="workflow", input_form=FORM))
    sent = {"topic": "tea", "words": "5", "short": "yes", "more": {"a": 1}, "other": 1}
    assert (await run(client, sent)).status_code == 200
    accepted = {"topic": "tea", "tone": "dry", "words": 5, "short": True, "more": {"a": 1}}
    assert seen == [{**accepted, "source": None, "sources": None}]
    assert (await client.get("/parameters")).json()["user_input_form"] == FORM


@pytest.mark.parametrize(
    ("name", "sent", "accepted"),
    [
        ("words", 5, 5),
        ("words", "2.5", 2.5),
        ("words", " ", None),
        ("short", 1, True),
        ("short", "OFF", False),
        ("short", 2, 2),
        ("short", "maybe", "maybe"),
        ("source", "", None),
        ("more", {}, {}),
    ],
)
async def test_a_value_gets_the_type_of_its_field_where_it_can(name, sent, accepted, connect) -> None:
    seen: list[Any] = []
    client = connect(
        Emulator(lambda request: seen.append(request.inputs[name]) or "", mode="workflow", input_form=FORM)
    )
    assert (await run(client, {"topic": "tea", name: sent})).status_code == 200
    assert seen == [accepted]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "topic is required in input form"),
        ({"topic": "elderberries"}, "topic in input form must be less than 8 characters"),
        ({"topic": 5}, "(type 'text-input') topic in input form must be a string"),
        ({"tone": "odd"}, "tone in input form must be one of the following: ['dry', 'warm']"),
        ({"words": "many"}, "words in input form must be a valid number"),
        ({"words": [5]}, "expected value type int, float or str, got <class 'list'>, value: [5]"),
        ({"more": "{"}, "more in input form must be a dict"),
        ({"source": "x"}, "source in input form must be a file"),
        ({"sources": {}}, "sources in input form must be a list of files"),
        ({"sources": [{}, {}, {}]}, "sources in input form must be less than 2 files"),
        ({"source": {"transfer_method": "local_file", "upload_file_id": "x"}}, "Invalid upload file id format"),
    ],
)
async def test_an_input_that_does_not_fit_its_field_is_refused(inputs, message, connect, frames_of) -> None:
    client = connect(Emulator(mode="workflow", input_form=FORM))
    inputs = inputs if inputs == {} else {"topic": "tea", **inputs}
    refused = await run(client, inputs)
    assert (refused.status_code, refused.json()["message"]) == (400, message)
    streamed = frames_of((await run(client, inputs, response_mode="streaming")).text)
    assert streamed[1:] == [{"event": "error", "message": message, "status": 500}]


REMOTE = {"transfer_method": "remote_url", "url": "https://192.0.2.1/leaf.pdf"}


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ({"transfer_method": "carrier"}, "'carrier' is not a valid FileTransferMethod"),
        ({"transfer_method": "tool_file", "tool_file_id": "t-1"}, "ToolFile t-1 not found"),
        ({"transfer_method": "datasource_file", "reference": "d-1"}, "DatasourceFile d-1 not found"),
        ({"transfer_method": "local_file"}, "Invalid upload file id"),
        ({"transfer_method": "local_file", "upload_file_id": "x"}, "Invalid upload file id format"),
        ({"transfer_method": "local_file", "upload_file_id": str(uuid4())}, "Invalid upload file"),
        ({**REMOTE, "type": "music"}, "'music' is not a valid FileType"),
        (
            {**REMOTE, "type": "image"},
            "Detected file type does not match the specified type. Please verify the file.",
        ),
        ({**REMOTE, "url": "http://[::1"}, "Reached maximum retries (3) for URL http://[::1"),
        ({**REMOTE, "url": "ftp://192.0.2.1/a"}, "Reached maximum retries (3) for URL ftp://192.0.2.1/a"),
    ],
)
async def test_a_file_that_a_server_could_not_use_is_refused(file, message, connect) -> None:
    client = connect(Emulator(mode="workflow"))
    refused = await run(client, {}, files=[file])
    assert (refused.status_code, refused.json()["message"]) == (400, message)


async def test_a_workflow_takes_files_although_the_feature_is_off_and_detects_their_types(connect) -> None:
    seen: list[Any] = []
    off = {"file_upload": {"enabled": False}}
    client = connect(Emulator(lambda request: seen.extend(request.files) or "", mode="workflow", features=off))
    song = {"transfer_method": "remote_url", "url": "https://example.com/song.mp3"}
    unknown = {"transfer_method": "remote_url", "url": "https://example.com/"}
    skipped = [{"type": "image"}, {"transfer_method": "remote_url", "url": ""}]
    assert (await run(client, {}, files=[REMOTE, song, unknown, *skipped])).status_code == 200
    assert [(file.type, file.name) for file in seen] == [
        ("document", "leaf.pdf"),
        ("audio", "song.mp3"),
        ("custom", None),
    ]


async def test_a_list_of_files_reaches_the_answer_function(connect) -> None:
    seen: list[Any] = []
    client = connect(
        Emulator(lambda request: seen.append(request.inputs["sources"]) or "", mode="workflow", input_form=FORM)
    )
    files = [{**REMOTE, "type": "document"}] * 2
    assert (await run(client, {"topic": "tea", "sources": files})).status_code == 200
    assert seen == [files]


async def test_features_that_are_off_refuse_or_ignore_what_needs_them(connect) -> None:
    names = ("file_upload", "speech_to_text", "text_to_speech", "suggested_questions_after_answer")
    client = connect(Emulator(mode="chat", features={name: {"enabled": False} for name in names}))
    unknown = {"type": "image", "transfer_method": "local_file", "upload_file_id": "x"}
    body = {"query": "hi", "inputs": {}, "user": "alice", "files": [unknown]}
    reply = await client.post("/chat-messages", json=body)
    assert reply.status_code == 200  # such an app does not look at files
    questions = await client.get(f"/messages/{reply.json()['message_id']}/suggested", params={"user": "alice"})
    assert (questions.status_code, questions.json()["message"]) == (400, "Suggested Questions Is Disabled.")
    heard = await client.post("/audio-to-text", files={"file": ("a.wav", b"", "audio/wav")})
    assert (heard.status_code, heard.json()["message"]) == (400, "Speech to text is not enabled")
    spoken = await client.post("/text-to-audio", json={"text": "hi"})
    assert (spoken.status_code, spoken.json()["message"]) == (400, "TTS is not enabled")


async def test_the_limits_of_uploads_are_those_of_the_settings(connect) -> None:
    settings = {
        "enabled": True,
        "allowed_file_types": ["custom"],
        "allowed_file_extensions": [".CSV"],
        "number_limits": 1,
    }
    client = connect(Emulator(mode="chat", features={"file_upload": settings}))

    async def send(name: str, times: int = 1) -> httpx.Response:
        upload = await client.post(
            "/files/upload", data={"user": "alice"}, files={"file": (name, b"a", "application/octet-stream")}
        )
        file = {"type": "custom", "transfer_method": "local_file", "upload_file_id": upload.json()["id"]}
        body = {"query": "hi", "inputs": {}, "user": "alice", "files": [file] * times}
        return await client.post("/chat-messages", json=body)

    assert (await send("a.csv")).status_code == 200
    assert (await send("a.bin")).json()["message"] == "File validation failed for file: a.bin"
    assert (await send("a.csv", times=2)).json()["message"] == "Number of files exceeds the maximum limit 1"


@pytest.mark.parametrize(
    ("headers", "body", "message"),
    [
        ({}, {"trace_session_id": 5}, "trace_session_id must be a string."),
        ({}, {"trace_session_id": " "}, "trace_session_id must be 1 to 200 characters after trimming."),
        ({"X-Trace-Session-Id": "x" * 201}, {}, "trace_session_id must be 1 to 200 characters after trimming."),
        ({"X-Trace-Session-Id": "good"}, {"trace_session_id": 5}, None),
    ],
)
async def test_a_trace_session_is_a_short_text(headers, body, message, connect) -> None:
    client = connect(Emulator(mode="chat"))
    sent = {"query": "hi", "inputs": {}, "user": "alice", **body}
    reply = await client.post("/chat-messages", json=sent, headers=headers)
    assert reply.json().get("message") == message
