"""What must not go out does not go out, in any method there is."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from dify import ConfigurationError, DifyError, InvalidArgumentError
from dify.testing import replies
from tests.support.frames import message, message_end, sse
from tests.support.operations import MARK, Operation, operations

from .support import Chunks, answered, finish, make_client

NASTY = [
    "..", ".", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "%25252e%25252e", "%2e", "a/b", "/", "a%2fb", "a%2Fb", "a%252fb",
    "../x", "a\\b", "a%5cb", "..\\..", "", " ", "\t", "\u3000", "a\r\nb", "a\nb", "\x00", "a\x7fb", "a\x1bb", "a\x85b",
    "x" * 600,
]  # fmt: skip


class RecordedServer:
    """Answers everything with a refusal, and keeps what was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(418, json={"code": "teapot", "message": "no", "status": 418})


OPERATIONS = list(operations(make_client(RecordedServer())))


def name_of(value) -> str:
    return value.path if isinstance(value, Operation) else value


async def path_parameters() -> list[tuple[Operation, str]]:
    """Which parameters end up in the path; found by sending a mark in each."""
    found = []
    for operation in OPERATIONS:
        for name in operation.texts:
            seen = RecordedServer()
            with suppress(DifyError, ValueError):  # it may be no value for this parameter
                await finish(operation.call(make_client(seen), **{name: MARK}))
            if any(MARK in request.url.path for request in seen.requests):
                found.append((operation, name))
    return found


def test_there_are_methods_to_look_at():
    paths = {operation.path for operation in OPERATIONS}
    assert {"chat.stop", "workflows.get", "files.download", "knowledge.pipelines.stream"} <= paths


async def test_no_method_puts_an_id_into_its_path_that_could_name_something_else():
    parameters = await path_parameters()
    named = {(operation.path, name) for operation, name in parameters}
    assert {("workflows.run", "workflow_id"), ("human_input.submit", "form_token")} <= named
    for operation, name in parameters:
        for value in NASTY:
            seen = RecordedServer()
            with pytest.raises(InvalidArgumentError, match=name):
                await finish(operation.call(make_client(seen), **{name: value}))
            assert seen.requests == [], f"{operation.path}({name}={value!r}) was sent"


async def test_an_id_with_a_lone_surrogate_is_refused_as_any_other():
    for operation, name in await path_parameters():
        seen = RecordedServer()
        with pytest.raises(InvalidArgumentError, match=name):
            await finish(operation.call(make_client(seen), **{name: "a\ud800b"}))
        assert seen.requests == []


@pytest.mark.parametrize("value", [None, 7, b"x", ["a"], {"a": 1}], ids=repr)
async def test_an_id_that_is_no_text_is_refused(value):
    for operation, name in await path_parameters():
        if value is None and name not in operation.required:
            continue  # leaves an optional id out
        seen = RecordedServer()
        with pytest.raises(InvalidArgumentError):
            await finish(operation.call(make_client(seen), **{name: value}))
        assert seen.requests == []


async def test_an_object_in_place_of_its_id_is_named_and_not_called_empty():
    seen = RecordedServer()
    client = make_client(seen)
    dataset = replies.dataset("Handbook")
    with pytest.raises(InvalidArgumentError, match=r"^dataset_id is of type Dataset: give text, its id$"):
        await client.knowledge.datasets.get(dataset)
    with pytest.raises(InvalidArgumentError, match=r"^dataset_id is of type UUID: give text, such as str"):
        await client.knowledge.datasets.get(UUID(int=7))
    with pytest.raises(InvalidArgumentError, match=r"^dataset_id is empty: give the id of the object$"):
        await client.knowledge.datasets.get(None)
    assert seen.requests == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_every_method_sends_one_request_with_the_key_of_its_kind(operation):
    seen = RecordedServer()
    with pytest.raises(DifyError):
        await finish(operation.call(make_client(seen)))
    assert len(seen.requests) == 1
    kind = "dataset" if operation.path.startswith("knowledge.") else "app"
    assert seen.requests[0].headers["authorization"] == f"Bearer {kind}-test-key"
    assert str(seen.requests[0].url).startswith("https://dify.test/v1/")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_a_call_without_its_key_names_parameter_and_variable(operation):
    seen = RecordedServer()
    if operation.path.startswith("knowledge."):
        client, words = make_client(seen, knowledge_api_key=None), ("knowledge_api_key=", "DIFY_KNOWLEDGE_API_KEY")
    else:
        client, words = make_client(seen, api_key=None), (" api_key=", " DIFY_API_KEY")
    with pytest.raises(ConfigurationError, match=f"{words[0]} .*{words[1]}"):
        await finish(operation.call(client))
    assert seen.requests == []


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "user" in one.names], ids=name_of)
async def test_a_call_without_a_user_says_so_and_sends_nothing(operation):
    for client_user, user in ((None, None), (None, ""), (None, "  "), ("alice", ""), ("alice", " ")):
        seen = RecordedServer()
        with pytest.raises(ConfigurationError, match="user="):
            await finish(operation.call(make_client(seen, user=client_user), user=user))
        assert seen.requests == []


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "user" in one.names], ids=name_of)
async def test_a_user_that_is_no_text_is_told_as_such_and_not_as_missing(operation):
    for user in (5, UUID(int=1), b"bob"):
        seen = RecordedServer()
        with pytest.raises(InvalidArgumentError, match=f"^user is of type {type(user).__name__}: give text") as caught:
            await finish(operation.call(make_client(seen), user=user))
        assert "no user" not in str(caught.value)
        assert seen.requests == []


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "user" in one.names], ids=name_of)
async def test_the_user_of_a_call_wins_over_the_clients(operation):
    for user, expected in ((None, b"alice"), ("bob-7", b"bob-7")):
        seen = RecordedServer()
        with pytest.raises(DifyError):
            await finish(operation.call(make_client(seen), user=user))
        request = seen.requests[0]
        assert expected in request.content + request.url.query
        assert (b"alice" in request.content + request.url.query) is (user is None)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_options_of_a_call_reach_it_and_unknown_ones_are_refused(operation):
    seen = RecordedServer()
    with pytest.raises(DifyError):
        await finish(operation.call(make_client(seen), options={"headers": {"X-Mine": "1"}, "timeout": 3.5}))
    request = seen.requests[0]
    assert request.headers["x-mine"] == "1"
    assert request.extensions["timeout"]["read"] == 3.5
    with pytest.raises(InvalidArgumentError, match="tiemout"):
        await finish(operation.call(make_client(seen), options={"tiemout": 1}))
    assert len(seen.requests) == 1


@pytest.mark.parametrize("options", [5, "timeout", [("timeout", 5)]], ids=repr)
async def test_options_that_are_no_dict_are_refused_with_what_they_are(options):
    seen = RecordedServer()
    with pytest.raises(InvalidArgumentError, match=r"^options is of type \w+; pass a dict of timeout"):
        await make_client(seen).chat.send("hi", options=options)
    assert seen.requests == []


NOT_BELOW = [
    "https://elsewhere.test/x", "//elsewhere.test/x", "http:/x://y", "/datasets/../x", "..", "/a/%2e%2e/b", "\\x",
    "/a/%252e%252e/b", "/a?x=1", "/a#b", "/a\r\nHost: b", "/a\x00",
]  # fmt: skip


@pytest.mark.parametrize("path", NOT_BELOW)
async def test_the_escape_hatch_stays_below_the_base_url(path):
    seen = RecordedServer()
    with pytest.raises(InvalidArgumentError):
        await make_client(seen).request("GET", path, cast_to=dict)
    assert seen.requests == []


@pytest.mark.parametrize(
    "bad",
    [float("nan"), float("inf"), "\ud83d", object(), {1, 2}, b"bytes"],
    ids=["nan", "inf", "surrogate", "object", "set", "bytes"],
)
async def test_inputs_that_json_cannot_hold_are_refused_before_sending(bad):
    seen = RecordedServer()
    with pytest.raises(InvalidArgumentError, match="JSON"):
        await make_client(seen).chat.send("hi", inputs={"x": bad})
    assert seen.requests == []


@pytest.mark.parametrize("name", ["created_after", "created_before"])
async def test_a_time_without_a_zone_is_refused_and_one_with_a_zone_goes_out(name):
    seen = RecordedServer()
    with pytest.raises(InvalidArgumentError, match=f"^{name} has no time zone"):
        make_client(seen).workflows.logs(**{name: datetime(2026, 11, 30, 1)})
    with suppress(DifyError):
        await make_client(seen).workflows.logs(**{name: datetime(2026, 11, 30, 1, tzinfo=UTC)}).first()
    (request,) = seen.requests
    assert request.url.query.startswith(b"created_at__")
    assert request.url.query.endswith(b"=2026-11-30T01%3A00%3A00%2B00%3A00")


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nb"}, {"X\n": "a"}, {"Authorization": "Bearer x"}, {"authorization": "x"}, {"X": "a\x00"}]
)
async def test_headers_that_must_not_go_out_are_refused(headers):
    seen = RecordedServer()
    with pytest.raises(ConfigurationError):
        make_client(seen, headers=headers)
    with pytest.raises(ConfigurationError):
        await make_client(seen).chat.send("hi", options={"headers": headers})
    assert seen.requests == []


FILES = [
    {"type": "image", "transfer_method": "remote_url", "url": "https://example.com/cat.png"},
    {"type": "document", "transfer_method": "local_file", "upload_file_id": "file-1"},
]


async def test_files_are_taken_as_dicts():
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return answered(Chunks([sse(message("Hi"), message_end())]))

    await make_client(handler).chat.send("look", files=FILES)
    assert seen[0]["files"] == FILES


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ({"type": "image"}, r"files\[1\] is not a valid InputFile: transfer_method: Field required"),
        ({**FILES[1], "upload_file_id": None}, r"files\[1\].*upload_file_id is missing"),
        ({**FILES[0], "type": "picture"}, r"files\[1\].*type: Input should be"),
        ("cat.png", r"files\[1\] is a str: .*files\.upload"),
    ],
)
async def test_a_file_that_cannot_be_sent_names_its_field(file, words):
    with pytest.raises(InvalidArgumentError, match=words):
        await make_client(lambda request: httpx.Response(500)).chat.send("look", files=[FILES[0], file])


TAKES_IDS = [
    pytest.param(operation, name, id=f"{operation.path} {name}")
    for operation in OPERATIONS
    for name in operation.names
    if name.endswith(("_id", "_ids")) and operation.path != "files.download"  # takes files of answers
]


@pytest.mark.parametrize(("operation", "name"), TAKES_IDS)
async def test_an_object_in_place_of_an_id_is_refused_by_every_method(operation, name):
    seen = RecordedServer()
    for value in (replies.dataset("Guide"), {"id": "d-1"}, 7):
        given = [value] if name.endswith("_ids") else value
        with pytest.raises(InvalidArgumentError, match=r"is of type \w+: give "):
            await finish(operation.call(make_client(seen), **{name: given}))
    assert seen.requests == []
