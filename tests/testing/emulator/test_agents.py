"""Agents: what they think, the tools that they call, and what those make."""

from __future__ import annotations

from typing import Any

from dify.testing import Emulator, OutputBlocked, ToolCall, ToolFile

from .real import names, real, real_frames

ASK = {"query": "again [[tool]]", "inputs": {}, "user": "user-1", "response_mode": "streaming"}


def with_tool(request):
    yield "Let me call a tool. "
    yield ToolCall("current_time", output="2026-11-22 10:37:19")
    yield from ("The", " tool", " said:", " 2026-11-22", " 10:37:19")


async def test_a_tool_call_is_told_as_recorded(connect, frames_of, shape) -> None:
    emulator = Emulator(with_tool, mode="agent-chat")
    mine = frames_of((await connect(emulator).post("/chat-messages", json=ASK)).text)
    theirs = real_frames("agent/fc_second_turn")
    assert names(mine) == names(theirs)
    ours, recorded = ([one for one in frames if one["event"] == "agent_thought"] for frames in (mine, theirs))
    members = ("position", "thought", "tool", "tool_input", "observation")
    assert [[one[name] for name in members] for one in ours] == [[one[name] for name in members] for one in recorded]
    assert [shape(one).keys() for one in ours] == [shape(one).keys() for one in recorded]
    assert len({one["id"] for one in ours}) == len({one["id"] for one in recorded}) == 2
    assert [one["answer"] for one in mine if "answer" in one] == [one["answer"] for one in theirs if "answer" in one]


async def history(connect, emulator) -> dict[str, Any]:
    client = connect(emulator)
    await client.post("/chat-messages", json=ASK)
    conversation = (await client.get("/conversations?user=user-1")).json()["data"][0]["id"]
    reply = await client.get("/messages", params={"user": "user-1", "conversation_id": conversation})
    return reply.json()["data"][0]


async def test_thoughts_are_in_the_history_as_recorded(connect, shape) -> None:
    mine = await history(connect, Emulator(with_tool, mode="agent-chat"))
    theirs = real("agent/messages_with_thoughts").body["data"][1]
    assert shape(mine, open_members=frozenset({"inputs"})) == shape(theirs, open_members=frozenset({"inputs"}))
    assert mine["answer"] == theirs["answer"]
    members = ("position", "thought", "tool", "tool_input", "observation")
    for ours, recorded in zip(mine["agent_thoughts"], theirs["agent_thoughts"], strict=True):
        assert {name: ours[name] for name in members} == {name: recorded[name] for name in members}


async def test_a_file_that_a_tool_made_can_be_opened(connect, frames_of, shape) -> None:
    def answer(request):
        yield ToolCall("tts", {"text": "fake"}, "done", [ToolFile("a.wav", b"RIFF", "audio", "audio/x-wav")])
        yield "Here it is."

    emulator = Emulator(answer, mode="agent-chat")
    client = connect(emulator)
    frames = frames_of((await client.post("/chat-messages", json=ASK)).text)
    file = next(frame for frame in frames if frame["event"] == "message_file")
    assert (file["type"], file["belongs_to"]) == ("audio", "assistant")
    assert (await client.get(file["url"], headers={"Authorization": ""})).content == b"RIFF"
    mine, theirs = await history(connect, emulator), real("agent/messages_with_file").body["data"][0]
    assert shape(mine["message_files"]) == shape(theirs["message_files"])
    assert mine["agent_thoughts"][0]["files"] == [mine["message_files"][0]["id"]]


async def test_a_blocked_answer_of_an_agent_ends_without_its_last_thought(connect, frames_of) -> None:
    def answer(request):
        yield "A bad word"
        yield OutputBlocked("Output blocked.")

    mine = frames_of((await connect(Emulator(answer, mode="agent-chat")).post("/chat-messages", json=ASK)).text)
    events = [frame["event"] for frame in mine]
    assert "agent_thought" not in events[events.index("message_replace") :]
    assert mine[events.index("message_replace")]["answer"] == "Output blocked."
    assert events[-1] == "message_end"


async def test_a_client_folds_thoughts_and_files() -> None:
    def answer(request):
        yield "Look. "
        yield ToolCall("paint", {"what": "cat"}, {"ok": True}, [ToolFile("cat.png", b"png")])
        yield "A cat."

    async with Emulator(answer, mode="agent-chat") as emulator:
        reply = await emulator.client(user="alice").chat.send("paint a cat")
        assert reply.answer == "Look. A cat."
        assert [thought.tool for thought in reply.agent_thoughts or []] == ["paint", ""]
        assert [file.type for file in reply.message_files or []] == ["image"]
