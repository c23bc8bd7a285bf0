"""Responses other than streams, and errors, compared with recorded ones."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dify.testing import Emulator, EmulatorError, EmulatorRequest, RunFailed

NOBODY = "00000000-0000-4000-8000-00000000dead"
CHAT = {"query": "x", "inputs": {}, "response_mode": "blocking", "user": "user-1"}
RUN = {"inputs": {"q": "no"}, "response_mode": "blocking", "user": "user-1"}
# Open by nature: these are the recorded app's own.
OPEN = frozenset({"inputs", "outputs", "user_input_form", "suggested_questions"})


def headers_of(reply: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name != "content-length"}


def check(reply: httpx.Response, recorded: dict[str, Any]) -> None:
    """Status, and every header but the length, are those recorded."""
    assert reply.status_code == recorded["status"]
    wire = {name.lower(): value for name, value in recorded["headers"].items() if name != "Content-Length"}
    # The server leaves the CORS headers out where it did not get as far as the app.
    assert headers_of(reply).items() >= wire.items()
    assert headers_of(reply).keys() - wire.keys() <= {"access-control-allow-origin", "access-control-expose-headers"}


@pytest.mark.parametrize(
    ("case", "mode", "path", "body"),
    [
        ("chat_blocking", "chat", "/chat-messages", CHAT),
        ("chatflow_blocking", "advanced-chat", "/chat-messages", CHAT),
        ("completion_blocking", "completion", "/completion-messages", RUN),
        ("workflow_blocking", "workflow", "/workflows/run", RUN),
        ("workflow_blocking", "workflow", "/workflows/{workflow_id}/run", RUN),
    ],
)
async def test_a_blocking_reply_has_the_recorded_shape(case, mode, path, body, connect, shape, recorded) -> None:
    emulator = Emulator(mode=mode)
    reply = await connect(emulator).post(path.format(workflow_id=emulator.workflow_id), json=body)
    check(reply, recorded[case])
    assert shape(reply.json(), open_members=OPEN) == shape(recorded[case]["body"], open_members=OPEN)
    assert reply.json().get("mode") == recorded[case]["body"].get("mode")


async def test_lists_and_details_have_the_recorded_shape(connect, shape, recorded) -> None:
    client = connect(Emulator())
    conversation = (await client.post("/chat-messages", json=CHAT)).json()["conversation_id"]
    run = (await client.post("/workflows/run", json={**RUN, "user": "user-2"})).json()["workflow_run_id"]
    gets = {
        "conversations": "/conversations?user=user-1",
        "messages": f"/messages?user=user-1&conversation_id={conversation}&limit=1",
        "info": "/info",
        "run_detail": f"/workflows/run/{run}",
        "logs": "/workflows/logs?created_by_end_user_session_id=user-2",
    }
    for case, path in gets.items():
        reply = await client.get(path)
        check(reply, recorded[case])
        assert shape(reply.json(), open_members=OPEN) == shape(recorded[case]["body"], open_members=OPEN), case
    name = f"/conversations/{conversation}/name"
    reply = await client.post(name, json={"auto_generate": True, "user": "user-1"})
    assert shape(reply.json(), open_members=OPEN) == shape(recorded["rename"]["body"], open_members=OPEN)


async def test_the_parameters_of_a_chatflow_have_the_recorded_shape(connect, shape, recorded) -> None:
    silent = {"text_to_speech": {"enabled": False, "language": "", "voice": ""}}
    emulator = Emulator(
        mode="advanced-chat", features=silent, input_form=recorded["parameters"]["body"]["user_input_form"]
    )
    reply = await connect(emulator).get("/parameters")
    check(reply, recorded["parameters"])
    assert shape(reply.json(), open_members={"suggested_questions"}) == shape(
        recorded["parameters"]["body"], open_members={"suggested_questions"}
    )
    assert reply.json()["user_input_form"] == recorded["parameters"]["body"]["user_input_form"]


async def test_an_agents_thoughts_are_kept_in_the_recorded_shape(connect, shape, recorded) -> None:
    client = connect(Emulator(mode="agent-chat"))
    body = {**CHAT, "response_mode": "streaming"}
    await client.post("/chat-messages", json=body)
    conversation = (await client.get("/conversations?user=user-1")).json()["data"][0]["id"]
    reply = await client.get("/messages", params={"user": "user-1", "conversation_id": conversation})
    unlike = OPEN | {"tool_labels"}
    assert shape(reply.json(), open_members=unlike) == shape(recorded["agent_messages"]["body"], open_members=unlike)
    assert reply.json()["data"][0]["agent_thoughts"][0]["thought"] == "Echo: x"


async def test_an_upload_can_be_read_back_once_a_message_has_taken_it(connect, shape, recorded) -> None:
    client = connect(Emulator())
    files = {"file": ("pic 1.png", b"\x89PNG", "image/png")}
    upload = await client.post("/files/upload", data={"user": "user-1"}, files=files)
    check(upload, recorded["upload"])
    assert shape(upload.json()) == shape(recorded["upload"]["body"])
    stored = upload.json()
    assert (stored["name"], stored["size"], stored["extension"]) == ("pic 1.png", 4, "png")
    path = f"/files/{stored['id']}/preview"
    refused = await client.get(path)
    check(refused, recorded["preview_unused"])
    assert refused.json() == recorded["preview_unused"]["body"]
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": stored["id"]}
    await client.post("/chat-messages", json={**CHAT, "files": [file]})
    preview = await client.get(path)
    check(preview, recorded["preview"])
    assert preview.content == b"\x89PNG"
    attachment = await client.get(path, params={"as_attachment": "true"})
    assert attachment.headers["content-type"] == recorded["preview_attachment"]["headers"]["Content-Type"]
    assert attachment.headers["content-disposition"] == "attachment; filename*=UTF-8''pic%201.png"


@pytest.mark.parametrize(
    ("path", "body"), [("/workflows/run", RUN), ("/chat-messages", CHAT), ("/completion-messages", RUN)]
)
async def test_a_file_inside_inputs_cannot_be_read_back(path, body, connect) -> None:
    client = connect(Emulator())
    upload = await client.post("/files/upload", data={"user": "user-1"}, files={"file": ("a.txt", b"a", "text/plain")})
    file = {"type": "document", "transfer_method": "local_file", "upload_file_id": upload.json()["id"]}
    reply = await client.post(path, json={**body, "inputs": {"docs": [file]}})
    assert reply.status_code == 200
    assert (await client.get(f"/files/{upload.json()['id']}/preview")).status_code == 404


async def test_a_file_of_a_workflows_run_cannot_be_read_back(connect) -> None:
    client = connect(Emulator(mode="workflow"))
    upload = await client.post("/files/upload", data={"user": "user-1"}, files={"file": ("a.txt", b"a", "text/plain")})
    file = {"type": "document", "transfer_method": "local_file", "upload_file_id": upload.json()["id"]}
    assert (await client.post("/workflows/run", json={**RUN, "files": [file]})).status_code == 200
    assert (await client.get(f"/files/{upload.json()['id']}/preview")).status_code == 404


async def test_failed_runs_answer_a_blocking_call_as_recorded(connect, shape, recorded) -> None:
    def answer(request: EmulatorRequest) -> str:
        raise RunFailed("fake ratelimit error")

    reply = await connect(Emulator(answer)).post("/workflows/run", json=RUN)
    check(reply, recorded["workflow_failed_blocking"])
    assert shape(reply.json()) == shape(recorded["workflow_failed_blocking"]["body"])
    reply = await connect(Emulator(answer, mode="advanced-chat")).post("/chat-messages", json=CHAT)
    assert reply.json() == recorded["chatflow_failed_blocking"]["body"]
    reply = await connect(Emulator(answer)).post("/chat-messages", json=CHAT)
    assert reply.json() == {"code": "completion_request_error", "message": "fake ratelimit error", "status": 400}


@pytest.mark.parametrize("response_mode", ["blocking", "streaming"])
@pytest.mark.parametrize("path", ["/chat-messages", "/completion-messages", "/workflows/run"])
async def test_a_function_that_refuses_decides_the_http_answer(path, response_mode, connect) -> None:
    async def answer(request: EmulatorRequest) -> str:
        raise EmulatorError(429, "too_many_requests", "Slow down.")

    emulator = Emulator(answer)
    client = connect(emulator)
    reply = await client.post(path, json={**CHAT, "response_mode": response_mode})
    assert reply.status_code == 429
    assert reply.json() == {"code": "too_many_requests", "message": "Slow down.", "status": 429}
    assert (await client.get("/conversations?user=user-1")).json()["data"] == []
    assert emulator.failures == []


async def test_a_mistake_in_the_function_is_a_500_and_is_kept(connect) -> None:
    def answer(request: EmulatorRequest) -> str:
        raise KeyError("oops")

    emulator = Emulator(answer)
    reply = await connect(emulator).post("/chat-messages", json=CHAT)
    assert (reply.status_code, reply.json()["code"]) == (500, "internal_server_error")
    assert [repr(failure) for failure in emulator.failures] == ["KeyError('oops')"]


def chat(**changes: Any) -> dict[str, Any]:
    return {"method": "POST", "url": "/chat-messages", "json": {**CHAT, **changes}}


def chat_without(member: str) -> dict[str, Any]:
    return {"method": "POST", "url": "/chat-messages", "json": {k: v for k, v in CHAT.items() if k != member}}


def get(url: str) -> dict[str, Any]:
    return {"method": "GET", "url": url}


def upload(name: str, file: tuple[str, bytes] | tuple[str, bytes, str]) -> dict[str, Any]:
    return {"method": "POST", "url": "/files/upload", "data": {"user": "u"}, "files": {name: file}}


NO_MIME = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\nhi\r\n--B--\r\n'
WRONG_FILE = {"type": "nope", "transfer_method": "local_file", "upload_file_id": NOBODY}
REFUSALS: list[tuple[str, str | None, dict[str, Any]]] = [
    ("bad_key", None, {**get("/info"), "headers": {"Authorization": "Bearer dataset-key"}}),
    ("no_key", None, {**get("/info"), "headers": {"Authorization": "Bearer"}}),
    ("no_key", None, {**get("/info"), "headers": {"Authorization": ""}}),
    ("not_chat_app", "completion", chat()),
    ("not_chat_app", "workflow", get("/conversations?user=user-1")),
    ("not_workflow_app", "advanced-chat", {"method": "POST", "url": "/workflows/run", "json": RUN}),
    ("not_workflow_app", "chat", get(f"/workflows/run/{NOBODY}")),
    ("app_unavailable", "chat", {"method": "POST", "url": "/completion-messages", "json": RUN}),
    ("agent_blocking", "agent-chat", chat()),
    ("agent_blocking", "agent-chat", chat_without("response_mode")),
    ("unknown_route", None, get("/nothing/here")),
    ("unknown_route", None, {"method": "DELETE", "url": "/conversations/abc", "json": {"user": "u"}}),
    ("unknown_route", None, get("/files/abc/preview")),
    ("unknown_route", None, get("/info/")),
    ("method_not_allowed", None, {"method": "DELETE", "url": "/chat-messages"}),
    ("missing_user", None, chat_without("user")),
    ("missing_user", None, chat(user="")),
    ("missing_query", None, chat_without("query")),
    ("bad_response_mode", None, chat(response_mode="nope")),
    ("not_json", None, {"method": "POST", "url": "/chat-messages", "content": b"a=b"}),
    ("unknown_conversation", None, chat(conversation_id=NOBODY)),
    ("conversation_not_uuid", None, chat(conversation_id="not-a-uuid", response_mode="streaming")),
    ("run_not_uuid", None, get("/workflows/run/abc")),
    ("run_not_uuid", None, get("/workflow/abc/events?user=u")),
    ("run_not_uuid", None, {"method": "POST", "url": "/chat-messages", "json": [1]}),
    ("run_unknown", None, get(f"/workflows/run/{NOBODY}")),
    ("events_unknown", None, get(f"/workflow/{NOBODY}/events?user=u")),
    ("missing_user", None, get(f"/workflow/{NOBODY}/events")),
    ("messages_unknown", None, get(f"/messages?user=u&conversation_id={NOBODY}")),
    ("last_unknown", None, get(f"/conversations?user=u&last_id={NOBODY}")),
    (
        "rename_unknown",
        None,
        {"method": "POST", "url": f"/conversations/{NOBODY}/name", "json": {"name": "x", "user": "u"}},
    ),
    (
        "rename_blank",
        None,
        {"method": "POST", "url": f"/conversations/{NOBODY}/name", "json": {"name": "  ", "user": "user-1"}},
    ),
    ("delete_no_body", None, {"method": "DELETE", "url": f"/conversations/{NOBODY}"}),
    ("no_file", None, upload("other", ("x", b"x", "text/plain"))),
    ("no_file", None, {"method": "POST", "url": "/files/upload", "json": {"user": "u"}}),
    (
        "no_mime",
        None,
        {
            "method": "POST",
            "url": "/files/upload",
            "content": NO_MIME,
            "headers": {"Content-Type": "multipart/form-data; boundary=B"},
        },
    ),
    ("slash_name", None, upload("file", ("a/b.txt", b"x", "text/plain"))),
    ("too_large", None, upload("file", ("big.txt", bytes(15 * 1024 * 1024 + 1), "text/plain"))),
    ("preview_unused", None, get(f"/files/{NOBODY}/preview")),
    ("file_unknown", None, chat(files=[{**WRONG_FILE, "type": "image"}])),
    ("bad_version", "advanced-chat", chat(workflow_id="not-a-uuid")),
    (
        "empty_body",
        None,
        {"method": "POST", "url": "/chat-messages", "headers": {"Content-Type": "application/json"}},
    ),
]


@pytest.mark.parametrize(
    ("case", "mode", "call"), REFUSALS, ids=[f"{i}-{case}" for i, (case, _, _) in enumerate(REFUSALS)]
)
async def test_a_refusal_is_the_recorded_one(case, mode, call, connect, recorded) -> None:
    reply = await connect(Emulator(mode=mode)).request(**call)
    check(reply, recorded[case])
    real = recorded[case]["body"]
    if isinstance(real, str):
        assert reply.text == real
        return
    mine = reply.json()
    # The validator's own text ends with a link that names its version.
    mine["message"], expected = mine["message"].partition("\n    For")[0], real["message"].partition("\n    For")[0]
    assert mine == {**real, "message": expected}


async def test_a_type_of_file_that_does_not_exist_is_refused_as_recorded(connect, recorded) -> None:
    client = connect(Emulator())
    upload = await client.post("/files/upload", data={"user": "user-1"}, files={"file": ("a.txt", b"a", "text/plain")})
    reply = await client.post(
        "/chat-messages", json={**CHAT, "files": [{**WRONG_FILE, "upload_file_id": upload.json()["id"]}]}
    )
    check(reply, recorded["file_bad_type"])
    assert reply.json() == recorded["file_bad_type"]["body"]


async def test_the_key_may_be_any_app_key_and_the_scheme_in_any_case(connect) -> None:
    client = connect(Emulator())
    reply = await client.get("/info", headers={"Authorization": "bearer app-another"})
    assert (reply.status_code, reply.json()["mode"]) == (200, "chat")


async def test_the_root_is_no_page_and_the_version_is_in_a_header_of_every_answer() -> None:
    emulator = Emulator(server_version="1.9.2")
    async with httpx.AsyncClient(transport=emulator.transport()) as client:
        for path in ("/", "/v1", "/v1/", "/v1/info", "/v1/nowhere"):
            reply = await client.get(f"http://localhost{path}")
            assert reply.headers["x-version"] == "1.9.2"
            assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (
                (401, "application/json") if path == "/v1/info" else (404, "text/html")
            )


async def test_a_page_of_messages_over_the_limit_is_refused_as_recorded(connect, recorded) -> None:
    client = connect(Emulator())
    conversation = (await client.post("/chat-messages", json=CHAT)).json()["conversation_id"]
    reply = await client.get("/messages", params={"conversation_id": conversation, "user": "user-1", "limit": "101"})
    check(reply, recorded["messages_limit"])
    assert reply.json()["message"].splitlines()[:3] == recorded["messages_limit"]["body"]["message"].splitlines()[:3]
