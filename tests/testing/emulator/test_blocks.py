"""Runs with nodes: the same events, in the same order and nesting, as a real server's."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from dify.testing import AgentStep, Emulator, Iteration, Loop, Node, OutputBlocked, Parallel, ToolCall
from dify.types.replies import CitationResource

from .real import names, nesting, real_frames

RUN = {"inputs": {"q": "hello"}, "user": "user-1", "response_mode": "streaming"}
ASK = {"query": "hi", "inputs": {}, "user": "user-1", "response_mode": "streaming"}
OPEN = frozenset({"inputs", "outputs", "process_data", "execution_metadata", "metadata", "agent_strategy"})


async def run(connect, frames_of, answer, mode="workflow") -> list[dict[str, Any]]:
    emulator = Emulator(answer, mode=mode)
    path, body = ("/workflows/run", RUN) if mode == "workflow" else ("/chat-messages", ASK)
    reply = await connect(emulator).post(path, json=body)
    assert emulator.failures == []
    return frames_of(reply.text)


def nested(request):
    def greet(letter: str) -> list[Node]:
        given = {"output": f"<{letter}>"}
        return [Node("IterTpl", "template-transform", id="itpl", inputs={"x": letter}, outputs=given)]

    add = [Node("Inc", "assigner", id="inc")]
    yield Node("Code", id="mk", outputs={"result": ["a", "b", "c"]})
    yield Iteration("Iteration", [greet(each) for each in "abc"], items=["a", "b", "c"], id="iter")
    yield Loop("Loop", [add, add], inputs={"num": 1}, outputs={"num": 3}, most=5, id="loop")
    yield {"items": ["<a>", "<b>", "<c>"], "num": 3}


def failing_iteration(request):
    yield Node("Code", id="mk")
    broken = Node("Code", id="ic", error="ValueError: boom a")
    yield Iteration("Iteration", [[broken], [broken]], items=["a", "b"], id="iter")
    raise AssertionError("nobody asks for more")


def retried(request):
    error = "[Errno 111] Connection refused"
    node = Node("HTTP", "http-request", id="http", text="default body", error="Unknown error", handled=True)
    yield Node(**{**{name: getattr(node, name) for name in node.__slots__}, "retries": [error, error]})
    yield {"body": "default body"}


def tool(request):
    yield Node("Tool", "tool", id="tool", text=["a", " b"])
    yield {"text": "a b"}


CASES = [
    (nested, "workflow/stream_nested"),
    (failing_iteration, "workflow/stream_iteration_failed"),
    (retried, "workflow/stream_retry_default"),
    (tool, "workflow/stream_tool"),
]


@pytest.mark.parametrize(("answer", "name"), CASES, ids=[name for _, name in CASES])
async def test_nodes_and_containers_are_told_as_recorded(answer, name, connect, frames_of, shape) -> None:
    mine, theirs = await run(connect, frames_of, answer), real_frames(name)
    assert nesting(mine) == nesting(theirs)
    for event in {frame["event"] for frame in theirs}:
        ours, real = ([one for one in frames if one["event"] == event] for frames in (mine, theirs))
        assert shape(ours[0], open_members=OPEN) == shape(real[0], open_members=OPEN)
    members = ("status", "total_steps", "exceptions_count")
    ours, real = mine[-1]["data"], theirs[-1]["data"]
    assert {name: ours[name] for name in members} == {name: real[name] for name in members}


async def test_branches_side_by_side_take_turns(connect, frames_of) -> None:
    def answer(request):
        greet = [Node("IterLLM", "llm", id="illm")]
        yield Parallel(
            [
                [
                    Node("Code", id="mk"),
                    Iteration("Iteration", [greet] * 3, items=[1, 2, 3], parallel=True, id="iter"),
                ],
                [Node("LLM 1", "llm", id="llm1", text=["a", " b", " c"])],
                [Node("LLM 2", "llm", id="llm2", text=["a", " b"])],
            ]
        )
        yield {"text": "done"}

    mine, theirs = await run(connect, frames_of, answer), real_frames("parallel/wf_stream")
    started = [frame["data"]["node_id"] for frame in mine if frame["event"] == "node_started"]
    assert started[:4] == ["start", "mk", "llm1", "llm2"]
    assert Counter(names(mine)) - Counter(names(theirs)) == Counter()  # how they interleave differs each time
    both = [[one for one in nesting(frames) if one[0].startswith("iteration")] for frames in (mine, theirs)]
    assert both[0] == both[1]


async def test_a_failing_node_ends_the_run_with_its_error(connect, frames_of) -> None:
    def answer(request):
        yield Node("Fetch", "http-request", error="[Errno 111] Connection refused")
        raise AssertionError("nobody asks for more")

    frames = await run(connect, frames_of, answer)
    end = frames[-1]["data"]
    assert (end["status"], end["error"], end["exceptions_count"]) == ("failed", "[Errno 111] Connection refused", 1)


@pytest.mark.parametrize(
    ("mode", "name"), [("workflow", "agent_node/wf_stream"), ("advanced-chat", "agent_node/cf_stream")]
)
async def test_an_agent_node_logs_its_steps_as_recorded(mode, name, connect, frames_of, shape) -> None:
    def answer(request):
        thought = AgentStep("fake-chat Thought", {"output": "thinking"})
        call = AgentStep("CALL current_time", {"output": {"tool_call_id": "x"}})
        yield Node("Agent", "agent", steps=[AgentStep("ROUND 1", steps=[thought, call])], text=["Agent ", "says hi"])
        if mode == "workflow":
            yield {"text": "Agent says hi"}

    mine, theirs = await run(connect, frames_of, answer, mode), real_frames(name)
    assert names(mine) == names(theirs)
    logs, real = ([one for one in frames if one["event"] == "agent_log"] for frames in (mine, theirs))
    assert shape(logs[0], open_members=frozenset({"data", "metadata"})).keys() == shape(real[0]).keys()
    told = [(one["data"]["label"], one["data"]["status"]) for one in logs]
    assert told == [(one["data"]["label"], one["data"]["status"]) for one in real]
    parents = [one["data"]["parent_id"] for one in logs]
    assert parents == [None, *[logs[0]["data"]["id"]] * 4, None]


async def test_text_between_nodes_is_a_models(connect, frames_of) -> None:
    def answer(request):
        yield Node("Look up", "knowledge-retrieval")
        yield "It is"
        yield " so."
        yield Node("Note", "code")
        yield " Really."

    frames = await run(connect, frames_of, answer, "advanced-chat")
    started = [frame["data"]["node_id"] for frame in frames if frame["event"] == "node_started"]
    assert started == ["start", "look_up", "llm", "note", "llm2", "answer"]
    assert frames[-1]["data"]["outputs"]["answer"] == "It is so. Really."
    usage = frames[-2]["metadata"]["usage"]
    assert (frames[-2]["event"], usage["completion_tokens"]) == ("message_end", 4)  # It is so. | Really.


async def test_citations_are_in_the_metadata_and_in_the_history(connect, frames_of) -> None:
    source = CitationResource(position=1, dataset_name="Handbook", content="30 days", score=0.9)

    def answer(request):
        yield source
        yield "30 days"

    client = connect(Emulator(answer, mode="chat"))
    end = frames_of((await client.post("/chat-messages", json=ASK)).text)[-1]
    assert end["metadata"]["retriever_resources"][0]["content"] == "30 days"
    page = await client.get("/messages", params={"user": "user-1", "conversation_id": end["conversation_id"]})
    assert page.json()["data"][0]["retriever_resources"][0]["dataset_name"] == "Handbook"


@pytest.mark.parametrize(
    ("mode", "part"),
    [
        ("chat", Node("x")),
        ("chat", ToolCall("x")),
        ("completion", ToolCall("x")),
        ("workflow", ToolCall("x")),
        ("workflow", OutputBlocked("x")),
        ("advanced-chat", ToolCall("x")),
    ],
)
async def test_what_an_app_cannot_say_is_a_mistake_of_the_function(mode, part, connect) -> None:
    emulator = Emulator(lambda request: iter([part]), mode=mode)
    paths = {"workflow": "/workflows/run", "completion": "/completion-messages"}
    body = RUN if mode == "workflow" else ASK
    reply = await connect(emulator).post(paths.get(mode, "/chat-messages"), json=body)
    assert "internal error" in reply.text
    assert type(part).__name__ in str(emulator.failures[0])
