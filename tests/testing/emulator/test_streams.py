"""Emulated streams against recorded ones of the same kind of app: the same events, order and shapes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dify.testing import Emulator, EmulatorError, EmulatorRequest, RunFailed

CHAT = ("/chat-messages", {"query": "hi there", "inputs": {}})
COMPLETION = ("/completion-messages", {"inputs": {"query": "Write: a"}})
WORKFLOW = ("/workflows/run", {"inputs": {"q": "hello there world"}})

# Open by nature (a workflow's own inputs and outputs), or written by the node's model.
OPEN = frozenset({"inputs", "prompts"})


def once(frames: list[dict[str, Any]], *events: str) -> list[dict[str, Any]]:
    """Frames with runs of the same delta event made one."""
    kept: list[dict[str, Any]] = []
    for frame in frames:
        if not (kept and frame["event"] in events and kept[-1]["event"] == frame["event"]):
            kept.append(frame)
    return kept


def names(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["event"] for frame in frames]


async def stream(connect, frames_of, emulator, path, body, **more) -> list[dict[str, Any]]:
    reply = await connect(emulator).post(path, json={**body, "response_mode": "streaming", "user": "user-1", **more})
    assert reply.status_code == 200
    return frames_of(reply.text)


@pytest.mark.parametrize(
    ("mode", "call", "case"),
    [
        ("chat", CHAT, "chat"),
        (None, CHAT, "chat"),
        ("agent-chat", ("/chat-messages", {"query": "hello", "inputs": {}}), "agent"),
        ("completion", COMPLETION, "completion"),
        (None, COMPLETION, "completion"),
        ("advanced-chat", CHAT, "chatflow"),
        ("workflow", WORKFLOW, "workflow"),
        (None, WORKFLOW, "workflow"),
    ],
)
async def test_a_stream_has_the_recorded_frames_in_the_recorded_order(
    mode, call, case, connect, frames_of, shape, recorded_streams
) -> None:
    mine = await stream(connect, frames_of, Emulator(mode=mode), *call)
    theirs = recorded_streams[case]
    deltas = ("message", "text_chunk", "agent_message")
    assert names(once(mine, *deltas)) == names(once(theirs, *deltas))
    # The recorded workflow puts its usage beside the text, which is what that workflow is made to do.
    members = OPEN | {"outputs"} if case == "workflow" else OPEN
    for ours, real in zip(once(mine, *deltas), once(theirs, *deltas), strict=True):
        if ours.get("data", {}).get("node_type") == "llm":
            assert shape(ours, open_members=OPEN) == shape(real, open_members=OPEN)
        assert shape(ours, open_members=members) == shape(real, open_members=members)


@pytest.mark.parametrize(("mode", "query", "case"), [("chat", "hi there", "chat"), ("agent-chat", "hello", "agent")])
async def test_an_echo_is_cut_into_the_same_deltas_as_recorded(
    mode, query, case, connect, frames_of, recorded_streams
) -> None:
    mine = await stream(connect, frames_of, Emulator(mode=mode), "/chat-messages", {"query": query, "inputs": {}})
    said = [(frame["event"], frame.get("answer"), frame.get("thought")) for frame in mine]
    assert said == [(frame["event"], frame.get("answer"), frame.get("thought")) for frame in recorded_streams[case]]


async def test_ids_hang_together_as_they_do_in_a_recording(connect, frames_of) -> None:
    frames = await stream(connect, frames_of, Emulator(mode="advanced-chat"), *CHAT)
    for member in ("task_id", "conversation_id", "message_id", "created_at", "workflow_run_id"):
        assert len({frame[member] for frame in frames if member in frame}) == 1
    start, end = frames[1]["data"], frames[-1]["data"]
    assert start["id"] == end["id"] == frames[1]["workflow_run_id"] == start["inputs"]["sys.workflow_run_id"]
    assert {frame["id"] for frame in frames if frame["event"] == "message"} == {frames[1]["message_id"]}
    assert end["outputs"] == {"answer": "Echo: hi there", "files": []}


async def test_money_is_decimal_text_that_adds_up(connect, frames_of) -> None:
    usage = (await stream(connect, frames_of, Emulator(), *CHAT))[-1]["metadata"]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (2, 3, 5)
    assert (usage["prompt_price"], usage["completion_price"], usage["total_price"]) == (
        "0.0000020",
        "0.0000060",
        "0.0000080",
    )


async def test_text_is_sent_as_utf8_in_one_compact_line_however_odd(connect) -> None:
    text = "你好 🎉 é\u2028\u2029\u0085 \n\n data: x"
    reply = await connect(Emulator(lambda request: [text])).post(
        "/chat-messages", json={"query": "q", "inputs": {}, "user": "u", "response_mode": "streaming"}
    )
    first = reply.content.split(b"\n\n")[0]
    assert "你好 🎉 é\u2028\u2029\u0085 \\n\\n data: x".encode() in first
    assert first.startswith(b'data: {"event":"message","')


@pytest.mark.parametrize(("case", "mode"), [("chat", "chat"), ("chatflow", "advanced-chat"), ("agent", "agent-chat")])
async def test_stream_headers_are_those_recorded(case, mode, connect, recorded_stream_headers) -> None:
    reply = await connect(Emulator(mode=mode)).post(
        "/chat-messages", json={"query": "q", "inputs": {}, "user": "u", "response_mode": "streaming"}
    )
    wire = {name: value for name, value in recorded_stream_headers[case].items() if name != "Transfer-Encoding"}
    assert dict(reply.headers) == {name.lower(): value for name, value in wire.items()}


# ------------------------------------------------------------------------------------------------------------ errors
async def failing(request: EmulatorRequest) -> AsyncIterator[str]:
    yield "a"
    yield " b"
    raise EmulatorError(400, "completion_request_error", "fake error")


@pytest.mark.parametrize(
    ("mode", "call", "case"),
    [
        ("chat", CHAT, "chat_error"),
        ("agent-chat", CHAT, "agent_error"),
        ("completion", COMPLETION, "completion_error"),
    ],
)
async def test_an_error_between_deltas_becomes_the_recorded_error_frame(
    mode, call, case, connect, frames_of, shape, recorded_streams
) -> None:
    mine = await stream(connect, frames_of, Emulator(failing, mode=mode), *call)
    theirs = recorded_streams[case]
    assert names(once(mine, "message", "agent_message")) == names(once(theirs, "message", "agent_message"))
    assert shape(mine[-1]) == shape(theirs[-1])
    assert (mine[-1]["code"], mine[-1]["status"]) == ("completion_request_error", 400)


async def test_a_model_that_fails_at_once_is_an_error_frame_and_no_http_error(
    connect, frames_of, shape, recorded_streams
) -> None:
    def answer(request: EmulatorRequest) -> str:
        raise RunFailed("fake bad error")

    mine = await stream(connect, frames_of, Emulator(answer), *CHAT)
    assert shape(mine) == shape(recorded_streams["chat_error_at_once"])
    del mine[0]["conversation_id"], mine[0]["message_id"], mine[0]["created_at"]
    assert mine == [{"event": "error", "code": "completion_request_error", "status": 400, "message": "fake bad error"}]


async def test_a_failed_chatflow_ends_with_a_failed_run_and_no_error_frame(
    connect, frames_of, shape, recorded_streams
) -> None:
    def answer(request: EmulatorRequest) -> str:
        raise RunFailed("fake ratelimit error")

    mine = await stream(connect, frames_of, Emulator(answer, mode="advanced-chat"), *CHAT)
    theirs = recorded_streams["chatflow_failed"]
    assert names(mine) == names(theirs)
    assert [shape(f, open_members=OPEN) for f in mine] == [shape(f, open_members=OPEN) for f in theirs]
    last, real = mine[-1]["data"], theirs[-1]["data"]
    for member in ("status", "error", "outputs", "total_steps", "total_tokens", "exceptions_count"):
        assert last[member] == real[member]


async def test_files_that_do_not_fit_are_found_by_the_worker_when_the_stream_has_begun(
    connect, frames_of, shape, recorded_streams
) -> None:
    files = [{"type": "nope", "transfer_method": "remote_url", "url": "https://example.com/x"}]
    for emulator, call in ((Emulator(mode="advanced-chat"), CHAT), (Emulator(), WORKFLOW)):
        mine = await stream(connect, frames_of, emulator, *call, files=files)
        assert shape(mine[1:]) == shape(recorded_streams["workflow_refused"][1:])
        assert mine == [
            {"event": "ping"},
            {"event": "error", "message": "'nope' is not a valid FileType", "status": 500},
        ]


# -------------------------------------------------------------------------------------------------------------- stop
@pytest.mark.parametrize(
    ("mode", "call", "stop", "case"),
    [
        ("agent-chat", CHAT, "/chat-messages/{}/stop", "agent_stopped"),
        ("completion", COMPLETION, "/completion-messages/{}/stop", "completion_stopped"),
        ("advanced-chat", CHAT, "/chat-messages/{}/stop", "chatflow_stopped"),
    ],
)
async def test_a_stopped_stream_ends_as_recorded(
    mode, call, stop, case, connect, frames_of, shape, recorded_streams
) -> None:
    closed = asyncio.Event()

    async def endless(request: EmulatorRequest) -> AsyncIterator[str]:
        try:
            yield "word0"
            await asyncio.Event().wait()
        finally:
            closed.set()

    emulator = Emulator(endless, mode=mode)
    client, text, told = connect(emulator), "", False
    path, body = call
    sent = {**body, "response_mode": "streaming", "user": "u"}
    async with client.stream("POST", path, json=sent) as reply:
        async for piece in reply.aiter_text():
            text += piece
            if "word0" in text and not told:
                told = True
                task_id = frames_of(text)[-1]["task_id"]
                stopped = await client.post(stop.format(task_id), json={"user": "u"})
                assert stopped.json() == {"result": "success"}
    assert closed.is_set()
    mine, theirs = frames_of(text), recorded_streams[case]
    deltas = ("message", "agent_message")
    assert names(once(mine, *deltas)) == names(once(theirs, *deltas))
    assert shape(mine[-1]) == shape(theirs[-1])
    if mode == "advanced-chat":
        for member in ("status", "error", "outputs", "total_steps", "total_tokens", "exceptions_count"):
            assert mine[-1]["data"][member] == theirs[-1]["data"][member]
    else:
        unlike = {"latency"}
        ours, real = mine[-1]["metadata"]["usage"], theirs[-1]["metadata"]["usage"]
        assert {k: v for k, v in ours.items() if k not in unlike} == {k: v for k, v in real.items() if k not in unlike}


async def test_a_stopped_workflow_says_failed_in_its_stream_and_stopped_in_its_detail(
    connect, frames_of, shape, recorded
) -> None:
    async def endless(request: EmulatorRequest) -> AsyncIterator[str]:
        yield "word0"
        await asyncio.Event().wait()

    client, text, told = connect(Emulator(endless)), "", False
    sent = {"inputs": {"s": 6}, "response_mode": "streaming", "user": "u"}
    async with client.stream("POST", "/workflows/run", json=sent) as reply:
        async for piece in reply.aiter_text():
            text += piece
            if "word0" in text and not told:
                told = True
                frame = frames_of(text)[-1]
                # Whose run it is plays no part for workflows.
                await client.post(f"/workflows/tasks/{frame['task_id']}/stop", json={"user": "someone else"})
    last = frames_of(text)[-1]
    assert (last["data"]["status"], last["data"]["error"]) == ("failed", "Aborted: User requested stop")
    detail = (await client.get(f"/workflows/run/{last['workflow_run_id']}")).json()
    real = recorded["run_detail_stopped"]["body"]
    assert shape(detail) == shape(real)
    for member in ("status", "error", "outputs", "total_steps"):
        assert detail[member] == real[member]


async def test_another_users_stop_succeeds_and_does_nothing(connect, frames_of) -> None:
    go_on = asyncio.Event()

    async def answer(request: EmulatorRequest) -> AsyncIterator[str]:
        yield "a"
        await go_on.wait()
        yield "b"

    client, text, told = connect(Emulator(answer)), "", False
    async with client.stream(
        "POST", "/chat-messages", json={"query": "q", "inputs": {}, "response_mode": "streaming", "user": "u"}
    ) as reply:
        async for piece in reply.aiter_text():
            text += piece
            if not told:
                told = True
                path = f"/chat-messages/{frames_of(text)[0]['task_id']}/stop"
                assert (await client.post(path, json={"user": "other"})).json() == {"result": "success"}
                go_on.set()
    assert [frame.get("answer") for frame in frames_of(text)] == ["a", "b", "", None]


# ---------------------------------------------------------------------------------------------------- files, workflows
async def test_files_of_a_message_are_shown_as_recorded(connect, frames_of, shape, recorded_streams) -> None:
    for mode, case in (("chat", "chat_with_file"), ("advanced-chat", "chatflow_with_file")):
        emulator = Emulator(mode=mode)
        client = connect(emulator)
        image = {"file": ("pic.png", b"x", "image/png")}
        upload = await client.post("/files/upload", data={"user": "user-1"}, files=image)
        file = {"type": "image", "transfer_method": "local_file", "upload_file_id": upload.json()["id"]}
        mine = await stream(connect, frames_of, emulator, *CHAT, files=[file])
        theirs = recorded_streams[case]
        if mode == "chat":
            assert shape(mine[-1]) == shape(theirs[-1])
        else:
            ours, real = mine[1]["data"]["inputs"], theirs[1]["data"]["inputs"]
            unlike = frozenset({"reference"})  # opaque, and only on this line of servers
            assert shape(ours, open_members=unlike).keys() == shape(real, open_members=unlike).keys()
            assert ours["sys.files"][0].keys() == real["sys.files"][0].keys()


async def test_outputs_of_a_workflow_are_streamed_one_by_one(connect, frames_of) -> None:
    emulator = Emulator(lambda request: {"text": "Hello", "num": 3.5, "doc": None, "obj": {"a": 1}})
    frames = await stream(connect, frames_of, emulator, *WORKFLOW)
    assert [frame["data"]["text"] for frame in frames if frame["event"] == "text_chunk"] == [
        "Hello",
        "\n",
        "3.5",
        "\n",
        "",
        "\n",
        '{\n  "a": 1\n}',
    ]
    assert frames[-1]["data"]["outputs"] == {"text": "Hello", "num": 3.5, "doc": None, "obj": {"a": 1}}


async def test_a_finished_run_is_replayed_as_one_spaced_frame(
    connect, frames_of, shape, recorded_streams, recorded_stream_headers
) -> None:
    client = connect(Emulator(lambda request: {"q": "é"}))
    run = (await client.post("/workflows/run", json={"inputs": {"q": "no"}, "user": "u"})).json()["workflow_run_id"]
    reply = await client.get(f"/workflow/{run}/events", params={"user": "u"})
    assert reply.headers["cache-control"] == recorded_stream_headers["workflow_replay"]["Cache-Control"]
    assert reply.text.startswith('data: {"event": "workflow_finished", ')
    assert "\\u00e9" in reply.text
    mine = frames_of(reply.text)
    assert shape(mine) == shape(recorded_streams["workflow_replay"])
    assert mine[0]["task_id"] == run


async def test_a_run_under_way_can_be_followed_to_its_end(connect, frames_of) -> None:
    go_on, following = asyncio.Event(), asyncio.Event()

    async def answer(request: EmulatorRequest) -> AsyncIterator[str]:
        yield "a"
        await go_on.wait()
        yield "b"

    client = connect(Emulator(answer))

    async def follow(run: str) -> str:
        text = ""
        async with client.stream("GET", f"/workflow/{run}/events", params={"user": "u"}) as reply:
            async for piece in reply.aiter_text():
                text += piece
                following.set()
        return text

    text, follower = "", None
    sent = {"inputs": {}, "response_mode": "streaming", "user": "u"}
    async with client.stream("POST", "/workflows/run", json=sent) as reply:
        async for piece in reply.aiter_text():
            text += piece
            if follower is None and "text_chunk" in text:
                follower = asyncio.create_task(follow(frames_of(text)[-1]["workflow_run_id"]))
                await following.wait()
                go_on.set()
    assert follower is not None
    frames, followed = frames_of(text), frames_of(await follower)
    assert followed[0] == {"event": "ping"}
    assert followed[1:] == frames[-len(followed) + 1 :]
    assert followed[1]["data"]["text"] == "b"
