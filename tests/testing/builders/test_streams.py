"""Streams are those of a real server: the same events in the same order, with the same names in them."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import pytest

from dify.testing import (
    AgentStep,
    DifyMock,
    Ids,
    Iteration,
    Loop,
    Node,
    Parallel,
    ToolCall,
    Wire,
    agent_stream,
    chat_stream,
    chatflow_stream,
    completion_stream,
    events,
    finished_stream,
    paused_chatflow_stream,
    paused_workflow_stream,
    replies,
    resumed_stream,
    workflow_stream,
)

from ...support.recordings import recording
from ..mock.shapes import differences, names, types


def sent(frames: Any) -> list[dict[str, Any]]:
    """The frames as they are on the wire; pings are the event "ping"."""
    found: list[dict[str, Any]] = []
    for block in Wire(frames).content.decode().split("\n\n")[:-1]:
        found.append({"event": "ping"} if block == "event: ping" else json.loads(block.removeprefix("data: ")))
    return found


def recorded(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in recording(name).content.decode().split("\n\n"):
        if block.strip() == "event: ping":
            found.append({"event": "ping"})
        elif block.startswith("data: "):
            found.append(json.loads(block.removeprefix("data: ")))
    return found


def order(frames: list[dict[str, Any]]) -> list[str]:
    """The events in their order, pieces of text that follow each other as one; nodes with their type."""
    told = []
    for frame in frames:
        data = frame.get("data")
        kind = data.get("node_type") if isinstance(data, dict) else None
        inside = "".join(
            f" in {key}" for key in ("iteration_id", "loop_id") if isinstance(data, dict) and data.get(key)
        )
        told.append(f"{frame['event']} {kind}{inside}" if kind else frame["event"])
    return [event for event, _ in groupby(told)]


FORM = replies.form()

WHOLE = [
    ("chat/stream_hello", lambda: chat_stream()),
    ("agent/fc_second_turn", lambda: agent_stream(tools=[ToolCall("current_time", {}, "12:00")])),
    ("agent/fc_stream_no_tool", lambda: agent_stream()),
    ("completion/stream_think", lambda: completion_stream()),
    ("chatflow/stream_plain", lambda: chatflow_stream(nodes=[Node("Assign", "assigner", text="You said")])),
    ("workflow/events_finished", lambda: finished_stream({"q": "no"})),
    ("hitl/cf_pause_stream", lambda: paused_chatflow_stream()),
    ("hitl/two_pause_stream", lambda: paused_workflow_stream()),
    (
        "errors/chatflow_node_failed_streaming",
        lambda: chatflow_stream(nodes=[Node("HTTP", "http-request")], error="[Errno 111] Connection refused"),
    ),
    (
        "workflow/by_id_streaming",
        lambda: workflow_stream([Node("Cond", "if-else", text="no")], {"q": "no"}),
    ),
    (
        "workflow/stream_retry_default",
        lambda: workflow_stream(
            [
                Node(
                    "HTTP",
                    "http-request",
                    retries=["refused", "refused"],
                    error="Unknown error",
                    handled=True,
                    text="default body",
                )
            ],
            {"body": "default body"},
        ),
    ),
]


@pytest.mark.parametrize(("name", "build"), WHOLE, ids=[name for name, _ in WHOLE])
def test_a_stream_has_the_order_and_the_names_of_the_recorded_one(name, build):
    mine, theirs = sent(build()), recorded(name)
    assert order(mine) == order(theirs)
    first = {frame["event"]: frame for frame in reversed(theirs)}
    for frame in mine:
        assert differences(names(frame), names(first[frame["event"]])) == [], frame["event"]
        assert types(frame, first[frame["event"]]) == [], frame["event"]


def test_iterations_and_loops_are_nested_as_recorded():
    stream = workflow_stream(
        [
            Node("Make", "code"),
            Iteration(
                "Iteration",
                [[Node("Template", "template-transform")]] * 3,
                items=["a", "b", "c"],
                outputs={"output": ["<a>", "<b>", "<c>"]},
                id="iter",
            ),
            Loop(
                "Loop", [[Node("Increase", "assigner")]] * 2, inputs={"num": 1}, outputs={"num": 3}, most=5, id="loop"
            ),
        ],
        {"items": ["<a>"], "num": 3},
    )
    mine, theirs = sent(stream), recorded("workflow/stream_nested")
    plain = [event.replace(" assigner", " code") for event in order(mine)]
    assert [event.split()[0] for event in plain] == [event.split()[0] for event in order(theirs)]
    first = {frame["event"]: frame for frame in reversed(theirs)}
    for frame in mine:
        if frame["event"].startswith(("iteration", "loop")):
            assert differences(names(frame), names(first[frame["event"]])) == [], frame["event"]


def test_an_agent_node_logs_its_steps_as_recorded():
    node = Node("Agent", "agent", steps=[AgentStep("ROUND 1", steps=[AgentStep("CALL x")])], text=["Agent", " says"])
    mine, theirs = sent(chatflow_stream(nodes=[node])), recorded("agent_node/cf_stream")
    assert order(mine) == order(theirs)
    log = next(frame for frame in theirs if frame["event"] == "agent_log")
    for frame in mine:
        if frame["event"] == "agent_log":
            assert differences(names(frame) | {"data": None}, names(log) | {"data": None}) == []
            assert frame["data"].keys() == log["data"].keys()


def test_parallel_branches_take_turns():
    stream = workflow_stream([Parallel([[Node("A"), Node("B")], [Node("C")]])], {})
    started = [frame["data"]["title"] for frame in sent(stream) if frame["event"] == "node_started"]
    assert started == ["Start", "A", "C", "B", "End"]


def test_a_resumed_run_goes_on_as_recorded():
    mine = sent(resumed_stream(FORM, action="reject", filled={"note": "no"}, outputs={"rejected": "no"}))
    theirs = recorded("hitl/events_resume_plain")
    assert order(mine) == order(theirs)
    filled = next(frame for frame in theirs if frame["event"] == "human_input_form_filled")
    mine_filled = next(frame for frame in mine if frame["event"] == "human_input_form_filled")
    assert differences(names(mine_filled), names(filled)) == []
    assert mine[-1]["data"]["total_steps"] == theirs[-1]["data"]["total_steps"]


SINGLE = [
    (events.message_replace("Output blocked."), "chat/moderated_output_stream"),
    (events.tts_message(b"abc"), "chat/tts_autoplay_stream"),
    (events.tts_message_end(), "chat/tts_autoplay_stream"),
    (events.error("completion_request_error"), "agent/fc_error_stream"),
    (events.error("completion_request_error", ids=Ids.of("completion")), "completion/error_stream"),
    (events.error("invalid_param", ids=Ids.of("workflow")), "errors/workflow_noprovider_streaming"),
    (events.worker_error("lang in input form must be"), "chatflow/bad_select_input"),
    (events.form_timeout(FORM), "hitl/timeout_events_resume"),
    (events.datasource_processing(total=2, completed=1), "pipeline/node_run_crawl"),
    (events.datasource_completed([{}]), "pipeline/node_run_crawl"),
    (events.datasource_error("Datasource node data not found"), "pipeline/node_run_unknown_node"),
]


@pytest.mark.parametrize(("event", "name"), SINGLE, ids=[f"{event.event}-{name}" for event, name in SINGLE])
def test_a_single_event_has_the_names_of_the_recorded_one(event, name):
    theirs = next(frame for frame in recorded(name) if frame["event"] == event.event)
    mine = sent([event])[0]
    if event.event == "datasource_completed":
        mine, theirs = mine | {"data": []}, theirs | {"data": []}
    assert differences(names(mine), names(theirs)) == []
    assert types(mine, theirs) == []


# ------------------------------------------------------------------------------------------------ what a client makes of it
def test_the_answer_of_a_chatflow_follows_nodes_that_stream_no_text():
    stream = chatflow_stream("Hello there", nodes=[Node("Assign", "assigner")])
    texts = [(frame.answer, frame.from_variable_selector) for frame in stream if frame.event == "message"]
    assert texts == [("Hello", ["answer", "answer"]), (" there", ["answer", "answer"])]
    assert stream[-1].data.outputs["answer"] == "Hello there"
    failed = chatflow_stream("Hello", nodes=[Node("HTTP", "http-request", error="no answer")])
    assert [frame.event for frame in failed if frame.event == "message"] == []


def test_the_answer_of_a_resumed_chatflow_follows_its_form():
    stream = resumed_stream(answer="Done now", ids=Ids.of("chatflow"))
    assert "".join(frame.answer for frame in stream if frame.event == "message") == "Done now"
    failed = resumed_stream(
        nodes=[Node("HTTP", "http-request", error="no answer")], answer="Done", ids=Ids.of("chatflow")
    )
    assert [frame.event for frame in failed if frame.event == "message"] == []


def test_citations_are_in_the_metadata_of_a_chatflow():
    stream = chatflow_stream("Hello", citations=[replies.citation("Tea is made from leaves.")])
    end = next(frame for frame in stream if frame.event == "message_end")
    assert [one.content for one in end.metadata.retriever_resources] == ["Tea is made from leaves."]


@pytest.mark.parametrize("place", ["iteration_id", "loop_id"])
def test_an_event_of_a_node_names_the_container_around_it(place):
    other = {"iteration_id": "loop_id", "loop_id": "iteration_id"}[place]
    for event in (
        events.node_started("Inner", **{place: "box"}),
        events.node_finished("Inner", **{place: "box"}),
        events.node_retry("Inner", **{place: "box"}),
    ):
        assert getattr(event.data, place) == "box"
        assert not getattr(event.data, other, None)


def test_a_chat_stream_folds_to_what_was_said():
    mock = DifyMock()
    spent = replies.usage(7, 9)
    mock.chat.streams(chat_stream("Hello there", usage=spent, citations=[replies.citation("Tea.")]))
    reply = mock.sync_client().chat.send("Hi")
    assert (reply.answer, reply.usage) == ("Hello there", spent)
    assert reply.metadata.retriever_resources[0].content == "Tea."


def test_an_agents_tools_are_in_the_folded_reply():
    mock = DifyMock()
    mock.chat.streams(agent_stream("It is noon.", tools=[ToolCall("current_time", {"tz": "UTC"}, {"now": "12:00"})]))
    thoughts = mock.sync_client().chat.send("Time?").agent_thoughts
    assert [(one.tool, one.tool_input, one.observation) for one in thoughts[:1]] == [
        ("current_time", '{"current_time": {"tz": "UTC"}}', '{"current_time": "{\\"now\\": \\"12:00\\"}"}')
    ]


def test_a_workflows_nodes_are_in_the_folded_run():
    mock = DifyMock()
    mock.workflows.streams(workflow_stream([Node("Look up", outputs={"found": 3})], {"count": 3}, inputs={"q": "tea"}))
    run = mock.sync_client().workflows.run({"q": "tea"})
    assert run.outputs == {"count": 3}
    assert [(node.title, node.outputs) for node in run.nodes] == [
        ("Start", {"q": "tea"}),
        ("Look up", {"found": 3}),
        ("End", {"count": 3}),
    ]


def test_fresh_ids_differ_and_usual_ids_do_not():
    assert chat_stream() == chat_stream()
    assert Ids.of("chat", fresh=True) != Ids.of("chat", fresh=True)
    assert Ids.of("completion", fresh=True).conversation_id is None
