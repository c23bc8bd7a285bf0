"""`DifyMock` and `Emulator` send the same events for the same blocks: one engine plays both."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import respx

from dify.testing import (
    AgentStep,
    DifyMock,
    Emulator,
    EmulatorForm,
    Iteration,
    Loop,
    Node,
    Parallel,
    RunFailed,
    ToolCall,
    ToolFile,
    agent_stream,
    chat_stream,
    chatflow_stream,
    completion_stream,
    paused_chatflow_stream,
    paused_workflow_stream,
    replies,
    resumed_stream,
    workflow_stream,
)
from dify.testing.script.ids import Ids
from dify.types import CitationResource

from .emulator.conftest import frames_of

PATHS = {"workflow": "/workflows/run", "completion": "/completion-messages"}
BODY = {"query": "hi", "inputs": {"q": "tea"}, "user": "user-1", "response_mode": "streaming"}
EVENTS = "/workflow/{run}/events"
INPUTS = {"q": "tea"}

NODE = Node(
    "Look up", "http-request", inputs={"url": "x"}, outputs={"status_code": 200}, process_data={"request": "GET"}
)
MODEL = Node("Write", "llm", text=["All", " is", " well."], tokens=3)
AGENT = Node(
    "Agent", "agent", steps=[AgentStep("ROUND 1", steps=[AgentStep("CALL x", {"y": 1})])], text=["Said ", "so"]
)
RETRIED = Node("HTTP", "http-request", retries=["refused", "refused"], outputs={"body": "a"})
HANDLED = Node("HTTP", "http-request", retries=["refused"], error="refused", handled=True, text="default")
BROKEN = Node("Fetch", "http-request", error="[Errno 111] Connection refused")
EACH = Iteration(
    "Each", [[Node("Greet"), MODEL], [Node("Greet"), MODEL]], items=["a", "b"], outputs={"output": ["x", "y"]}
)
AT_ONCE = Iteration("Each", [[MODEL], [MODEL]], parallel=True)
LOOP = Loop("Loop", [[Node("Add", "assigner")]] * 3, inputs={"num": 1}, outputs={"num": 4}, most=5)
NESTED = Loop("Outer", [[Iteration("Inner", [[Node("Add")], [Node("Add")]])]] * 2)
SIDE_BY_SIDE = Parallel([[NODE, EACH], [MODEL], [AGENT, LOOP]])
FAILS_SIDE_BY_SIDE = Parallel([[NODE, BROKEN, Node("Never")], [MODEL, AGENT]])

BLOCKS: dict[str, list[Any]] = {
    "nodes": [NODE, MODEL],
    "an agent": [AGENT],
    "an iteration": [EACH],
    "an iteration at once": [AT_ONCE],
    "a loop": [LOOP],
    "a container in a container": [NESTED],
    "branches": [SIDE_BY_SIDE],
    "a retry": [RETRIED],
    "a handled failure": [HANDLED],
    "a failure": [NODE, BROKEN],
    "a failure in an iteration": [Iteration("Each", [[Node("Greet"), BROKEN], [Node("Greet")]])],
    "a failure in a loop": [Loop("Loop", [[Node("Greet")], [BROKEN]])],
    "a failure in a branch": [FAILS_SIDE_BY_SIDE],
}
TOOLS = [
    ToolCall("current_time", {"timezone": "UTC"}, "12:00"),
    ToolCall("paint", {"what": "cat"}, {"ok": True}, [ToolFile("cat.png", b"png")]),
]
SOURCE = CitationResource(position=1, dataset_name="Handbook", content="30 days", score=0.9)


def fails(request: Any) -> str:
    raise RunFailed("refused")


OUTPUTS = {"a": "x", "b": {"c": 1}}

# The stream of the mock, and the parts of the emulator's answer.
CHATS: dict[str, tuple[str, Any, Any]] = {
    "chat": ("chat", "Hello there,  you", "Hello there,  you"),
    "chat of deltas": ("chat", ["Hel", "lo"], ["Hel", "lo"]),
    "chat with spaces at the end": ("chat", "Hello ", "Hello "),
    "chat with citations": ("chat", chat_stream("30 days", citations=[SOURCE]), [SOURCE, "30", " days"]),
    "completion": ("completion", completion_stream("Hello there"), "Hello there"),
    "agent": ("agent-chat", agent_stream("It is noon."), "It is noon."),
    "agent with tools": ("agent-chat", agent_stream("It is noon.", tools=TOOLS), [*TOOLS, "It", " is", " noon."]),
}
RUNS: dict[str, tuple[str, Any, Any]] = {
    "chatflow": ("advanced-chat", chatflow_stream("Hello there", inputs=INPUTS), "Hello there"),
    "chatflow that fails": ("advanced-chat", chatflow_stream(error="refused", inputs=INPUTS), fails),
    # Without text in its nodes, `chatflow_stream` streams its `answer`.
    **{
        f"chatflow of {name}": (
            "advanced-chat",
            chatflow_stream(nodes=[*blocks, MODEL], inputs=INPUTS),
            [*blocks, MODEL],
        )
        for name, blocks in BLOCKS.items()
    },
    "workflow of text": ("workflow", workflow_stream(inputs=INPUTS), "Hello there"),
    "workflow of outputs": ("workflow", workflow_stream(outputs=OUTPUTS, inputs=INPUTS), OUTPUTS),
    "workflow that fails": ("workflow", workflow_stream(error="refused", inputs=INPUTS), fails),
    **{
        f"workflow of {name}": ("workflow", workflow_stream(blocks, OUTPUTS, inputs=INPUTS), [*blocks, OUTPUTS])
        for name, blocks in BLOCKS.items()
    },
}


@asynccontextmanager
async def emulated(answer: Any, mode: Any) -> AsyncIterator[httpx.AsyncClient]:
    emulator = Emulator(answer, mode=mode)
    headers = {"Authorization": f"Bearer {emulator.api_key}"}
    async with (
        emulator,
        httpx.AsyncClient(transport=emulator.transport(), base_url=emulator.base_url, headers=headers) as client,
    ):
        yield client
        assert emulator.failures == []


@asynccontextmanager
async def mocked(prepare: Callable[[DifyMock], object]) -> AsyncIterator[httpx.AsyncClient]:
    router = respx.Router()
    prepare(DifyMock(router=router))
    transport = httpx.MockTransport(router.async_handler)
    async with httpx.AsyncClient(transport=transport, base_url="https://api.dify.ai/v1") as client:
        yield client


async def sent(client: httpx.AsyncClient, mode: str) -> list[dict[str, Any]]:
    return frames_of((await client.post(PATHS.get(mode, "/chat-messages"), json=BODY)).text)


# ---------------------------------------------------------------------------------------------------------- comparison
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Times and durations, and what follows from the length of the question, which streams of builders do not have.
UNLIKE = frozenset(
    {
        "created_at", "finished_at", "elapsed_time", "latency", "time_to_generate", "expiration_time", "url", "usage",
        "sys.query", "prompts", "total_tokens", "total_price",
    }
)  # fmt: skip


def alike(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Frames without times and costs, whose ids are numbered in the order in which they appear."""
    numbers: dict[str, int] = {}

    def plain(value: Any, name: str = "") -> Any:
        if name in UNLIKE:
            return type(value).__name__
        if name.endswith("_duration_map"):
            return sorted(value)
        if isinstance(value, dict):
            return {key: plain(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, str) and (UUID.fullmatch(value) or name == "form_token"):
            return f"id {numbers.setdefault(value, len(numbers))}"
        return value

    return [plain(frame) for frame in frames]


@pytest.mark.parametrize("name", [*CHATS, *RUNS])
async def test_the_same_blocks_give_the_same_events(name) -> None:
    mode, streamed, parts = {**CHATS, **RUNS}[name]
    answer = parts if callable(parts) else lambda _: parts
    noun = {"workflow": "workflows", "completion": "completions"}.get(mode, "chat")
    async with mocked(lambda mock: getattr(mock, noun).streams(streamed)) as client:
        of_mock = await sent(client, mode)
    async with emulated(answer, mode) as client:
        of_emulator = await sent(client, mode)
    assert len(of_mock) > 1
    assert alike(of_mock) == alike(of_emulator)


@pytest.mark.parametrize("mode", ["workflow", "advanced-chat"])
async def test_the_same_form_gives_the_same_events_before_and_after_the_pause(mode) -> None:
    fields = {"content": "Deploy? {{#$output.note#}}", "inputs": ["note"], "actions": ["approve", "reject"]}
    asked = EmulatorForm(**fields, title="Human Input")
    form = replies.form(asked.content, inputs=asked.fields, actions=asked.buttons)
    values, chatflow = {"note": "go"}, mode == "advanced-chat"
    end: Any = "Deployed." if chatflow else {"deployed": True}
    last = Node("Deploy", "code", text="Deployed.")

    def answer(request):
        yield asked
        yield last if chatflow else end

    def prepare(mock: DifyMock) -> None:
        noun = mock.chat if chatflow else mock.workflows
        paused = paused_chatflow_stream if chatflow else paused_workflow_stream
        ids = Ids.of("chatflow" if chatflow else "workflow")
        rest: dict[str, Any] = {"nodes": [last]} if chatflow else {"outputs": end}
        noun.streams(paused(form, inputs=INPUTS))
        mock.workflows.events.streams(resumed_stream(form, filled=values, ids=ids, **rest))

    async def talk(client: httpx.AsyncClient, *, submit: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        before, text = await sent(client, mode), ""
        token = before[-1]["data"]["reasons"][0]["form_token"]
        run = before[-1]["workflow_run_id"]
        async with client.stream("GET", EVENTS.format(run=run), params={"user": "user-1"}) as reply:
            async for piece in reply.aiter_text():
                if submit and not text:
                    filled = {"inputs": values, "action": "approve", "user": "user-1"}
                    (await client.post(f"/form/human_input/{token}", json=filled)).raise_for_status()
                text += piece
        return before, frames_of(text)

    async with mocked(prepare) as client:
        of_mock = await talk(client, submit=False)
    async with emulated(answer, mode) as client, asyncio.timeout(30):
        of_emulator = await talk(client, submit=True)
    assert alike(of_mock[0]) == alike(of_emulator[0])
    after_mock, after_emulator = (
        [frame for frame in alike(frames) if frame["event"] != "workflow_started"]
        for frames in (of_mock[1], of_emulator[1])
    )
    assert after_mock == after_emulator


def test_each_round_of_a_container_has_its_own_execution_and_its_index() -> None:
    nodes = [event.data for event in workflow_stream([EACH, LOOP]) if event.event in ("node_started", "node_finished")]
    inside = [node for node in nodes if node.iteration_id or node.loop_id]
    assert len({node.id for node in inside}) == len(inside) / 2 == 7
    rounds = [node.execution_metadata for node in inside if node.execution_metadata]
    places = [(metadata.iteration_index, metadata.loop_index) for metadata in rounds]
    assert places == [(0, None)] * 2 + [(1, None)] * 2 + [(None, 0), (None, 1), (None, 2)]
