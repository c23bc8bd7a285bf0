"""Every event of the contract becomes its class, and what is no event is told as such."""

from __future__ import annotations

import json

import pytest

from dify import ResponseValidationError
from dify._streaming import decode as _events
from dify._streaming.decode import EventDecoder, decoder_of
from dify.types import events as t
from tests.support.frames import (
    FORM,
    agent_message,
    container,
    failure,
    file,
    form_filled,
    message,
    message_end,
    node,
    of_run,
    replaced,
    run_finished,
    run_paused,
    run_started,
    speech,
    speech_end,
    sse,
    text_chunk,
    thought,
)
from tests.support.recordings import ROOT, recording

CHAT, COMPLETION, WORKFLOW, DATASOURCE = "chat", "completion", "workflow", "datasource"
KINDS = (CHAT, COMPLETION, WORKFLOW, DATASOURCE)


BRANCH = {"parallel_id": "p", "parallel_branch_id": "b", "parent_parallel_id": None, "created_at": 1795343840}
LOG = {"id": "log", "label": "call", "node_id": "n", "node_execution_id": "e", "status": "start", "data": {}}

# The 29 names of the server's list, its three for datasources, and two of the 0.10 line that are gone.
SAMPLES = [
    ({"event": "ping"}, t.PingEvent, KINDS),
    (failure(), t.ErrorEvent, KINDS),
    (message("Hi"), t.MessageEvent, (CHAT, COMPLETION, WORKFLOW)),
    (message_end(), t.MessageEndEvent, (CHAT, COMPLETION, WORKFLOW)),
    (speech(b"mp3"), t.TTSMessageEvent, (CHAT, COMPLETION, WORKFLOW)),
    (speech_end(), t.TTSMessageEndEvent, (CHAT, COMPLETION, WORKFLOW)),
    (file("f"), t.MessageFileEvent, (CHAT, COMPLETION, WORKFLOW)),
    (replaced("No"), t.MessageReplaceEvent, (CHAT, COMPLETION, WORKFLOW)),
    (thought("a"), t.AgentThoughtEvent, (CHAT,)),
    (agent_message("Hi"), t.AgentMessageEvent, (CHAT,)),
    (run_started(), t.WorkflowStartedEvent, (CHAT, WORKFLOW)),
    (run_paused(), t.WorkflowPausedEvent, (CHAT, WORKFLOW)),
    (run_finished(), t.WorkflowFinishedEvent, (CHAT, WORKFLOW)),
    (node("node_started", "n"), t.NodeStartedEvent, (CHAT, WORKFLOW)),
    (node("node_finished", "n", status="succeeded"), t.NodeFinishedEvent, (CHAT, WORKFLOW)),
    (node("node_retry", "n", status="retry", retry_index=1), t.NodeRetryEvent, (CHAT, WORKFLOW)),
    (container("iteration_started", metadata={}), t.IterationStartedEvent, (CHAT, WORKFLOW)),
    (container("iteration_next", index=1), t.IterationNextEvent, (CHAT, WORKFLOW)),
    (container("iteration_completed", steps=2), t.IterationCompletedEvent, (CHAT, WORKFLOW)),
    (container("loop_started", metadata={}), t.LoopStartedEvent, (CHAT, WORKFLOW)),
    (container("loop_next", index=1, pre_loop_output={}), t.LoopNextEvent, (CHAT, WORKFLOW)),
    (container("loop_completed", steps=2), t.LoopCompletedEvent, (CHAT, WORKFLOW)),
    (text_chunk("Hi"), t.TextChunkEvent, (CHAT, WORKFLOW)),
    (of_run("text_replace", {"text": "No"}), t.TextReplaceEvent, (CHAT, WORKFLOW)),
    (of_run("reasoning_chunk", {"reasoning": "", "is_final": True}), t.ReasoningChunkEvent, (CHAT, WORKFLOW)),
    (of_run("agent_log", LOG), t.AgentLogEvent, (CHAT, WORKFLOW)),
    (of_run("human_input_required", FORM), t.HumanInputRequiredEvent, (CHAT, WORKFLOW)),
    (form_filled(), t.HumanInputFormFilledEvent, (CHAT, WORKFLOW)),
    (of_run("human_input_form_timeout", {"node_id": "ask"}), t.HumanInputFormTimeoutEvent, (CHAT, WORKFLOW)),
    ({"event": "datasource_processing", "total": 1, "completed": 0}, t.DatasourceProcessingEvent, (DATASOURCE,)),
    ({"event": "datasource_completed", "data": [], "time_consuming": 0}, t.DatasourceCompletedEvent, (DATASOURCE,)),
    ({"event": "datasource_error", "error": "no"}, t.DatasourceErrorEvent, (DATASOURCE,)),
    (of_run("parallel_branch_started", BRANCH), t.ParallelBranchStartedEvent, (CHAT, WORKFLOW)),
    (of_run("parallel_branch_finished", BRANCH | {"status": "ok"}), t.ParallelBranchFinishedEvent, (CHAT, WORKFLOW)),
]
PLACES = [(frame, cls, kind) for frame, cls, kinds in SAMPLES for kind in kinds]


def name_of(value) -> str | None:
    return value["event"] if isinstance(value, dict) else value if isinstance(value, str) else value.__name__


def test_the_samples_are_all_the_events_there_are():
    assert len(SAMPLES) == 34
    classes = {cls for _, cls, _ in SAMPLES}
    declared = {getattr(t, name) for name in t.__all__ if isinstance(getattr(t, name), type)}
    assert declared - classes == {t.UnknownEvent}


@pytest.mark.parametrize(("frame", "cls", "kind"), PLACES, ids=name_of)
def test_an_event_becomes_its_class(frame, cls, kind):
    for data in (json.dumps(frame), json.dumps(frame, ensure_ascii=False).encode()):
        event = decoder_of(kind)(data)
        assert type(event) is cls
        assert event.event == frame["event"]


@pytest.mark.parametrize(("frame", "cls", "kind"), PLACES, ids=name_of)
def test_a_new_field_of_a_known_event_is_kept(frame, cls, kind):
    event = decoder_of(kind)(json.dumps(frame | {"brand_new": {"a": [1]}}))
    assert type(event) is cls
    assert event.brand_new == {"a": [1]}


NEEDED = [(frame, kind) for frame, _, kinds in SAMPLES for kind in kinds if frame["event"].startswith(("message", "w"))]


@pytest.mark.parametrize(("frame", "kind"), NEEDED, ids=name_of)
def test_a_known_event_that_does_not_validate_raises_with_the_frame(frame, kind):
    # A task_id that is no text cannot be read, nor can an event that has none.
    for broken in (frame | {"task_id": {}}, {"event": frame["event"]}):
        text = json.dumps(broken)
        with pytest.raises(ResponseValidationError) as caught:
            decoder_of(kind)(text)
        assert caught.value.body == text
        assert frame["event"] in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_event_is_passed_on_whole(kind):
    frame = {"event": "dify_2_event", "task_id": "t", "data": {"x": 1.5}}
    for data in (json.dumps(frame), json.dumps(frame).encode()):
        event = decoder_of(kind)(data)
        assert type(event) is t.UnknownEvent
        assert (event.event, event.name, event.data) == ("unknown", "dify_2_event", frame)


def test_an_event_of_another_kind_of_stream_is_unknown_there():
    event = decoder_of("completion")(json.dumps(agent_message("Hi")))
    assert type(event) is t.UnknownEvent
    assert event.data["answer"] == "Hi"


def test_an_event_that_calls_itself_unknown_is_unknown():
    event = decoder_of("chat")('{"event": "unknown", "x": 1}')
    assert (type(event), event.name, event.data) == (t.UnknownEvent, "unknown", {"event": "unknown", "x": 1})


DEEP = 20_000
NO_EVENTS = {
    "no JSON": "hello",
    "a list": "[]",
    "a number": "1",
    "a string": '"message"',
    "null": "null",
    "no name": "{}",
    "a null name": '{"event": null}',
    "a number as name": '{"event": 7}',
    "a list as name": '{"event": ["message"]}',
    "cut off": '{"event": "message", "answer": "Hel',
    "deep nesting": '{"event": "message", "task_id": "t", "x": ' + "[" * DEEP + "]" * DEEP + "}",
    "deep nesting, unclosed": '{"a":' * DEEP,
    "deep nesting in an unknown event": '{"event": "new", "x": ' + "[" * DEEP + "]" * DEEP + "}",
    "two documents": '{"event": "ping"} {"event": "ping"}',
    "a huge number": '{"event": "message", "created_at": ' + "9" * 5000 + "}",
    "a huge number in an unknown event": '{"event": "new", "x": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", NO_EVENTS.values(), ids=NO_EVENTS)
def test_what_is_no_event_raises_with_the_frame(text, kind):
    for data in (text, text.encode()):
        with pytest.raises(ResponseValidationError) as caught:
            decoder_of(kind)(data)
        assert caught.value.body == text
        assert len(str(caught.value)) < 1000


NO_NUMBERS = {
    "NaN as a time": message("x", created_at=float("nan")),
    "Infinity as a time": message("x", created_at=float("inf")),
}
# Dify writes with Python's own writer, which has words for them: where a field is open, they are taken as they are.
TAKEN = {
    "NaN as seconds": run_finished(elapsed_time=float("nan")),
    "NaN in an output": run_finished(outputs={"x": [float("nan")]}),
    "-Infinity in a new field": message("x", brand_new=float("-inf")),
    "NaN in an unknown event": {"event": "new", "x": float("nan")},
}


@pytest.mark.parametrize("frame", TAKEN.values(), ids=TAKEN)
def test_nan_in_a_number_or_an_open_field_costs_no_stream(frame):
    event = decoder_of("chat")(json.dumps(frame))
    assert "nan" in repr(event) or "inf" in repr(event)


@pytest.mark.parametrize("frame", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_json_has_no_number_for_raises_with_the_frame(frame):
    text = json.dumps(frame)
    with pytest.raises(ResponseValidationError) as caught:
        decoder_of("chat")(text)
    assert caught.value.body == text


def test_invalid_utf8_is_replaced_as_the_standard_asks():
    data = json.dumps(message("A-B")).encode().replace(b"-B", b"\xff\xfeB")
    assert decoder_of("chat")(data).answer == "A\ufffd\ufffdB"


def test_a_lone_surrogate_costs_itself_and_not_the_stream():
    data = json.dumps(message("A")).replace('"A"', '"half \\ud83d and whole \\ud83d\\ude00"')
    for given in (data, data.encode()):
        assert decoder_of("chat")(given).answer == "half \ufffd and whole \U0001f600"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (json.dumps(run_started() | {"data": {}}), "workflow_started.data.id: Field required"),
        ("[1]", "Input should be an object"),
        ("{", "Invalid JSON: EOF while parsing an object at line 1 column 1"),
    ],
)
def test_the_error_of_a_frame_names_the_field_and_the_problem_and_shows_the_frame(data, problem):
    with pytest.raises(ResponseValidationError) as caught:
        decoder_of("chat")(data)
    assert caught.value.message == f"the stream has a frame that is not a valid event: {problem}; frame: {data}"
    assert caught.value.body == data


def test_terminal_escapes_of_a_server_do_not_reach_the_message_raw():
    with pytest.raises(ResponseValidationError) as caught:
        decoder_of("chat")("\x1b[2J\x07 hello")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("large", [0, 1 << 40], ids=["parsed first", "by the validator alone"])
def test_every_recorded_frame_reads_the_same_in_either_way(large, monkeypatch):
    seen = 0
    for name in sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.glob("*/*.sse")):
        one = recording(name)
        kind = "workflow" if one.operation in ("executeWorkflow", "runWorkflowById") else "chat"
        for frame in one.frames:
            data = json.dumps(frame).encode()
            monkeypatch.setattr(_events, "LARGE", len(data) + 1)
            usual = decoder_of(kind)(data)
            monkeypatch.setattr(_events, "LARGE", large)
            event = decoder_of(kind)(data)
            assert (type(event), event) == (type(usual), usual), name
            seen += 1
    assert seen > 100


# ------------------------------------------------------------------------------------------------------------ the decoder
def test_a_decoder_gives_events_as_soon_as_their_bytes_are_complete():
    decoder = EventDecoder("chat", 1000)
    content = sse(message("Hel"), {"event": "ping"}, message("lo"))
    decoded = [[event.event for event in decoder.feed(bytes([byte]))] for byte in content]
    assert [names for names in decoded if names] == [["message"], ["ping"], ["message"]]
    assert decoded[-1] == ["message"]


def test_a_decoder_reads_the_events_before_a_broken_one():
    events = EventDecoder("chat", 1000).feed(sse(message("Hel"), "no event", message("lo")))
    assert next(events).answer == "Hel"
    with pytest.raises(ResponseValidationError):
        next(events)


@pytest.mark.parametrize("extra", [b"data: [DONE]\n\n", b"data:\n\n", b"data: \n\n", b"data\n\n", b"data:\ndata:\n\n"])
@pytest.mark.parametrize("kind", KINDS)
def test_empty_data_and_the_done_marker_of_gateways_are_no_events(extra, kind):
    content = extra + b'data: {"event": "ping"}\n\n' + extra + extra + b'data: {"event": "ping"}\n\n' + extra
    for size in (1, 7, len(content)):
        decoder = EventDecoder(kind, 1000)
        pieces = [content[at : at + size] for at in range(0, len(content), size)]
        assert [event.event for piece in pieces for event in decoder.feed(piece)] == ["ping", "ping"]


def test_an_event_over_the_limit_is_refused_with_the_limit():
    with pytest.raises(ResponseValidationError, match="an event is larger than 100 bytes") as caught:
        EventDecoder("chat", 100).feed(sse(message("x" * 100)))
    assert caught.value.__suppress_context__


def test_a_decoder_is_idle_after_comments_and_blank_lines():
    decoder = EventDecoder("chat", 1000)
    assert not decoder.idle
    list(decoder.feed(b": comment\n\n"))
    assert decoder.idle
    list(decoder.feed(b"event: ping\n\n"))
    assert not decoder.idle


@pytest.mark.parametrize("missing", [1, 2])
def test_a_last_event_that_lacks_its_blank_line_is_delivered_at_the_end(missing):
    content = sse(message("Hello"), message_end())
    decoder = EventDecoder(CHAT, 1 << 20)
    assert [event.event for event in decoder.feed(content[:-missing])] == ["message"]
    assert [event.event for event in decoder.finish()] == ["message_end"]


def test_a_last_event_that_was_cut_is_dropped():
    content = sse(message_end())
    for end in range(len(content) - 2):
        decoder = EventDecoder(CHAT, 1 << 20)
        assert list(decoder.feed(content[:end])) == decoder.finish() == []


@pytest.mark.parametrize("separator", ["\n", " "], ids=["a line end", "a space"])
@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_data_lines_without_blank_lines_between_them_are_an_error_that_says_so(separator, ending):
    frames = [json.dumps(frame) for frame in (message("Hel"), message("lo"), message_end())]
    content = separator.join(f"data: {frame}" for frame in frames) + ending
    decoder = EventDecoder(CHAT, 1 << 20)
    with pytest.raises(ResponseValidationError, match="has `data:` lines without a blank line between them") as caught:
        list(decoder.feed(content.encode())) + decoder.finish()
    assert caught.value.body == (f"{separator}data: " if separator == " " else separator).join(frames)


def test_an_event_of_several_data_lines_is_one_event():
    content = b'data: {"event": "new",\ndata: "answer": "Hi"}\n\n'
    [event] = EventDecoder(CHAT, 1 << 20).feed(content)
    assert event.data == {"event": "new", "answer": "Hi"}
