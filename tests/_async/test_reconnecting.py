"""A cut run is picked up through the events endpoint: nothing twice, nothing lost, and the end confirmed."""

import httpx
import pytest

from dify import (
    MessageReplaceEvent,
    StreamInterruptedError,
    TextReplaced,
    WorkflowFailedError,
)
from tests.support import frames
from tests.support.expected import on_screen
from tests.support.frames import (
    form_filled,
    in_chatflow,
    message,
    message_end,
    replaced,
    run_finished,
    run_started,
    run_waiting,
    sse,
)

from .support import Chunks, answered, make_client

RUN = "run-1"


def node(event: str, name: str, **more):
    return frames.node(event, f"exec-{name}", node_id=name, title=name, **more)


def finished(status: str = "succeeded", **more):
    return run_finished(status, **({"outputs": {"text": "done"}} | more))


WHOLE = [
    run_started(),
    node("node_started", "a"),
    node("node_finished", "a", status="succeeded", outputs={"x": "é你🌍"}),
    node("node_started", "b"),
    node("node_finished", "b", status="succeeded", outputs={}),
    finished(),
]
SNAPSHOT = [
    run_started(),
    node("node_started", "a"),
    node("node_finished", "a", status="succeeded", outputs=None),
    node("node_started", "b"),
]


class Script:
    """Answers the first call with a stream that is cut, and every later one by its path, noting what was asked."""

    def __init__(self, first: bytes, *replays: bytes | int, detail: dict | None = None, error: Exception | None = None):
        self.first = first
        self.replays = list(replays)
        self.detail = detail
        self.error = error
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if len(self.asked) == 1:
            return answered(Chunks([self.first], self.error))
        if request.url.path.endswith("/events"):
            reply = self.replays.pop(0) if self.replays else 404
            if isinstance(reply, bytes):
                return answered(Chunks([reply]))
            return httpx.Response(reply, json={"code": "not_found", "message": "no", "status": reply})
        if self.detail is not None and "/workflows/run/" in request.url.path:
            return httpx.Response(200, json=self.detail)
        return httpx.Response(404, json={"code": "not_found", "message": "no", "status": 404})

    @property
    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/v1") for request in self.asked]


def names(events):
    return [(event.event, getattr(getattr(event, "data", None), "id", None)) for event in events]


def names_in(sent):
    return [(frame["event"], frame["data"].get("id")) for frame in sent]


async def collect(stream):
    events = []
    async for event in stream:
        events.append(event)
    return events


async def test_a_cut_run_goes_on_at_every_offset_with_the_whole_sequence_of_events(waits):
    whole = sse(*WHOLE)
    begun = len(sse(WHOLE[0]))
    expected = names_in(WHOLE)
    for offset in range(begun, len(whole), 1):
        script = Script(whole[:offset], sse(*SNAPSHOT, *WHOLE[4:]))
        stream = make_client(script).workflows.stream({})
        assert names(await collect(stream)) == expected, offset
        run = await stream.final()
        assert run.status == "succeeded"
        assert run.reconnects == (0 if len(script.asked) == 1 else 1)


async def test_the_run_is_followed_as_its_user_with_a_snapshot(waits):
    script = Script(sse(*WHOLE[:3]), sse(*SNAPSHOT, *WHOLE[4:]))
    await make_client(script).workflows.run({}, user="bob")
    assert script.paths == ["/workflows/run", f"/workflow/{RUN}/events"]
    assert dict(script.asked[1].url.params) == {"user": "bob", "include_state_snapshot": "true"}


@pytest.mark.parametrize(
    "error", [httpx.ReadError("reset"), httpx.ReadTimeout("silent"), httpx.RemoteProtocolError("cut")]
)
async def test_every_way_to_be_cut_is_picked_up(error, waits):
    script = Script(sse(*WHOLE[:3]), sse(*SNAPSHOT, *WHOLE[4:]), error=error)
    assert (await make_client(script).workflows.run({})).outputs == {"text": "done"}


async def test_a_rest_of_a_run_that_is_not_an_event_stream_leaves_the_run_interrupted(waits):
    body = Chunks([b'{"result": "success"}'])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            return answered(body, content_type="application/json")
        return answered(Chunks([sse(*WHOLE[:3])]))

    with pytest.raises(StreamInterruptedError) as caught:
        await make_client(answer, max_retries=2).workflows.run({})
    assert [n.id for n in caught.value.partial.nodes] == ["exec-a"]
    assert body.closed


async def test_a_run_that_ended_meanwhile_ends_with_its_one_frame(waits):
    script = Script(sse(*WHOLE[:3]), sse(finished()))
    events = await collect(make_client(script).workflows.stream({}))
    assert [event.event for event in events] == [
        "workflow_started",
        "node_started",
        "node_finished",
        "workflow_finished",
    ]


async def test_a_replay_that_is_cut_itself_is_picked_up_again(waits):
    script = Script(
        sse(*WHOLE[:2]), sse(*SNAPSHOT[:3]), sse(*SNAPSHOT, *WHOLE[4:]), detail={"id": RUN, "status": "running"}
    )
    run = await make_client(script, max_retries=2).workflows.run({})
    assert run.reconnects == 2
    assert [n.id for n in run.nodes] == ["exec-a", "exec-b"]


async def test_an_end_that_nobody_heard_is_read_from_the_runs_detail(waits):
    detail = {"id": RUN, "workflow_id": "w", "status": "succeeded", "outputs": {"text": "stored"}, "finished_at": 5}
    script = Script(sse(*WHOLE[:3]), sse(*SNAPSHOT), detail=detail)
    run = await make_client(script, max_retries=2).workflows.run({})
    assert run.outputs == {"text": "stored"}
    assert script.paths[-1] == f"/workflows/run/{RUN}"


async def test_a_run_that_failed_meanwhile_raises_as_any_failed_run(waits):
    script = Script(sse(*WHOLE[:3]), sse(finished("failed", error="boom")))
    with pytest.raises(WorkflowFailedError, match="boom"):
        await make_client(script).workflows.run({})


async def test_what_cannot_be_picked_up_raises_with_what_had_come(waits):
    script = Script(sse(*WHOLE[:3]), 404)
    with pytest.raises(StreamInterruptedError) as caught:
        await make_client(script).workflows.run({})
    assert caught.value.workflow_run_id == RUN
    assert [n.id for n in caught.value.partial.nodes] == ["exec-a"]
    assert caught.value.__cause__ is not None


async def test_a_run_that_brings_nothing_new_is_not_asked_for_ever(waits):
    script = Script(sse(*WHOLE[:3]), *[sse(*SNAPSHOT[:3])] * 50, detail={"id": RUN, "status": "running"})
    with pytest.raises(StreamInterruptedError):
        await make_client(script, max_retries=2).workflows.run({})
    assert sum(path.endswith("/events") for path in script.paths) <= 4


async def test_reconnecting_can_be_switched_off():
    script = Script(sse(*WHOLE[:3]), sse(*SNAPSHOT, *WHOLE[4:]))
    with pytest.raises(StreamInterruptedError):
        await make_client(script).workflows.run({}, reconnect=False)
    assert len(script.asked) == 1


async def test_a_stream_cut_before_its_run_has_a_name_is_not_started_again():
    script = Script(b"event: ping\n\n", sse(*WHOLE))
    with pytest.raises(StreamInterruptedError):
        await make_client(script).workflows.run({})
    assert len(script.asked) == 1


async def test_a_chat_without_a_run_has_nothing_to_pick_up():
    script = Script(sse(message("Hel")))
    with pytest.raises(StreamInterruptedError) as caught:
        await make_client(script).chat.send("hi")
    assert caught.value.partial.answer == "Hel"
    assert len(script.asked) == 1


async def test_text_that_was_shown_is_not_shown_again(waits):
    first = sse(in_chatflow(run_started()), message("Hel"), message("lo"))
    rest = sse(
        in_chatflow(run_started()),
        replaced("Hello wor"),
        message("ld"),
        message_end(),
        in_chatflow(finished(outputs={"answer": "Hello world"})),
    )
    stream = make_client(Script(first, rest)).chat.stream("hi")
    assert [piece async for piece in stream.text_stream] == ["Hel", "lo", " wor", "ld"]
    reply = await stream.final()
    assert (reply.answer, reply.usage.total_tokens, reply.reconnects) == ("Hello world", 3, 1)


async def test_a_snapshot_that_knows_less_than_was_shown_takes_nothing_away(waits):
    first = sse(in_chatflow(run_started()), message("Hello"))
    rest = sse(
        in_chatflow(run_started()),
        replaced(""),
        message(" world"),
        message_end(),
        in_chatflow(finished(outputs={"answer": "Hello world"})),
    )
    stream = make_client(Script(first, rest)).chat.stream("hi")
    assert [piece async for piece in stream.text_stream] == ["Hello", " world"]


async def test_text_lost_between_the_cut_and_the_replay_is_put_right_and_announced(waits):
    first = sse(in_chatflow(run_started()), message("Hel"))
    rest = sse(
        in_chatflow(run_started()),
        replaced(""),
        message("ld"),
        message_end(),
        in_chatflow(finished(outputs={"answer": "Hello world"})),
    )
    stream = make_client(Script(first, rest)).chat.stream("hi")
    pieces = [piece async for piece in stream.text_stream]
    assert pieces == ["Hel", "ld", "Hello world"]
    assert isinstance(pieces[-1], TextReplaced)
    assert (await stream.final()).answer == "Hello world"


async def test_the_replacement_is_an_event_of_its_own(waits):
    first = sse(in_chatflow(run_started()), message("Hel"))
    rest = sse(in_chatflow(run_started()), message_end(), in_chatflow(finished(outputs={"answer": "Hello"})))
    events = await collect(make_client(Script(first, rest)).chat.stream("hi"))
    assert [event.event for event in events][-2:] == ["message_replace", "workflow_finished"]
    assert isinstance(events[-2], MessageReplaceEvent)
    assert events[-2].reason == "reconnected"


async def test_a_chat_whose_run_ended_meanwhile_says_the_rest_of_its_answer(waits):
    first = sse(in_chatflow(run_started()), message("Hel"))
    rest = sse(finished(outputs={"answer": "Hello world"}))  # as servers send it: alone, and without the message's ids
    stream = make_client(Script(first, rest)).chat.stream("hi")
    assert [piece async for piece in stream.text_stream] == ["Hel", "lo world"]
    reply = await stream.final()
    assert (reply.answer, reply.message_id, reply.conversation_id) == ("Hello world", "msg-1", "conv-1")


async def test_a_chat_whose_end_nobody_heard_says_the_rest_of_its_answer(waits):
    detail = finished(outputs={"answer": "Hello world"})["data"] | {"total_steps": 1, "total_tokens": 3}
    script = Script(sse(in_chatflow(run_started()), message("Hel")), sse(in_chatflow(run_started())), detail=detail)
    stream = make_client(script, max_retries=2).chat.stream("hi")
    assert [piece async for piece in stream.text_stream] == ["Hel", "lo world"]
    assert (await stream.final()).answer == "Hello world"


ASKED = [run_started(), node("node_started", "ask")]
GOES_ON = [
    run_waiting("f1"),
    run_started(reason="resumption"),
    node("node_started", "ask"),  # once more, under the id that it had
    form_filled("yes"),
    run_waiting("f2"),
    run_started(reason="resumption"),
    node("node_started", "ask"),
    form_filled("yes"),
    node("node_finished", "ask", status="succeeded", outputs={"said": "yes"}),
    finished(),
]
WAITING = node("node_finished", "ask", status="paused", outputs=None)  # what snapshots alone tell of a node that waits


def following(*replies: bytes):
    """A run that is followed over its pauses; its detail says that it waits."""
    detail = finished("paused", total_steps=1, total_tokens=3)["data"]
    return make_client(Script(*replies, detail=detail)).workflows.events(RUN, continue_on_pause=True)


async def test_a_run_that_is_cut_while_it_waits_or_after_goes_on_as_if_it_had_not_been(waits):
    expected = names_in([*ASKED, *GOES_ON])
    for cut in range(1, len(GOES_ON)):
        told = GOES_ON[:cut]
        snapshot = [*ASKED, WAITING, told[-1]] if told[-1]["event"] == "workflow_paused" else ASKED
        stream = following(sse(*ASKED, *told), sse(*snapshot, *GOES_ON[cut:]))
        assert names(await collect(stream)) == expected, cut
        run = await stream.final()
        assert [(node.node_id, node.outputs) for node in run.nodes] == [("ask", {"said": "yes"})]


async def test_a_pause_that_is_over_is_not_told_again_by_a_server_that_is_late(waits):
    cut = next(index for index, frame in enumerate(GOES_ON) if frame["event"] == "workflow_started") + 1
    stream = following(sse(*ASKED, *GOES_ON[:cut]), sse(*ASKED, WAITING, GOES_ON[0], *GOES_ON[cut:]))
    assert names(await collect(stream)) == names_in([*ASKED, *GOES_ON])


async def test_a_pause_that_nobody_heard_of_is_told(waits):
    stream = following(sse(*ASKED), sse(*ASKED, WAITING, *GOES_ON))
    assert [event.event for event in await collect(stream)].count("workflow_paused") == 2


async def test_a_run_is_waited_for_however_often_its_silent_stream_is_closed(waits):
    silent = [sse(*ASKED, WAITING, GOES_ON[0])] * 9
    stream = following(sse(*ASKED, GOES_ON[0]), *silent, sse(*ASKED, *GOES_ON[1:]))
    assert [event.event for event in await collect(stream)].count("workflow_paused") == 2
    assert (await stream.final()).reconnects == 10
    assert len(waits) == 9  # with a pause before each but the first


async def test_a_run_that_waits_and_cannot_be_followed_any_more_is_no_reply(waits):
    stream = following(sse(*ASKED, GOES_ON[0]), 404)
    with pytest.raises(StreamInterruptedError) as caught:
        await collect(stream)
    assert caught.value.partial.paused
    assert caught.value.workflow_run_id == RUN


async def followed(*live, answer="Because fun"):
    """What a chatflow's run says whose snapshot has an answer already, and then goes on with `live`."""
    end = in_chatflow(finished(outputs={"answer": "Because fun"}))
    reply = sse(in_chatflow(run_started()), replaced(answer), *live, message_end(), end)
    stream = make_client(lambda request: answered(Chunks([reply]))).chat.events(RUN, include_state_snapshot=True)
    pieces = [piece async for piece in stream.text_stream]
    return pieces, (await stream.final()).answer


async def test_text_that_a_snapshot_and_the_stream_behind_it_both_tell_is_put_right_at_the_end():
    pieces, answer = await followed(message("fun"))
    assert (pieces, answer) == (["Because fun", "fun", "Because fun"], "Because fun")
    assert isinstance(pieces[-1], TextReplaced)


async def test_text_that_neither_a_snapshot_nor_the_stream_behind_it_tells_is_told_at_the_end():
    assert await followed(answer="Because ") == (["Because ", "Because fun"], "Because fun")
    assert await followed(message("fun"), answer="") == (["", "fun", "Because fun"], "Because fun")


async def test_a_snapshot_whose_text_goes_on_is_told_as_it_comes():
    assert await followed(message("fun"), answer="Because ") == (["Because ", "fun"], "Because fun")


def blocked(text: str = "Output blocked.") -> dict:
    return replaced(text, reason="output_moderation")


SECRET = in_chatflow(
    finished(outputs={"answer": "the secret word"})
)  # the run's outputs still hold what was taken back


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ([message("the secret")], [replaced("the secret"), message(" word"), blocked(), message_end(), SECRET]),
        ([message("the secret"), blocked()], [replaced("Output blocked."), message_end(), SECRET]),
        ([message("the secret"), blocked()], [replaced("the secret word"), message_end(), SECRET]),
        ([message("the secret"), blocked()], [replaced("the secret"), blocked(), message_end(), SECRET]),
        ([message("the secret"), blocked(), message_end()], [replaced("Output blocked."), SECRET]),
        ([message("the secret"), blocked()], [SECRET]),
        ([message("the secret"), blocked("")], [replaced("the secret"), message_end(), SECRET]),
    ],
)
async def test_what_moderation_took_back_is_not_put_right_after_a_cut(first, rest, waits):
    error = httpx.ReadError("reset")
    script = Script(sse(in_chatflow(run_started()), *first), sse(in_chatflow(run_started()), *rest), error=error)
    stream = make_client(script).chat.stream("hi")
    pieces = [piece async for piece in stream.text_stream]
    expected = next(frame["answer"] for frame in [*first, *rest] if frame.get("reason"))
    assert on_screen(pieces) == expected
    assert [str(piece) for piece in pieces if isinstance(piece, TextReplaced)] == [expected]
    assert (await stream.final()).answer == expected


async def test_what_moderation_took_back_is_not_put_right_by_the_runs_detail(waits):
    detail = SECRET["data"] | {"total_steps": 1, "total_tokens": 3}
    script = Script(
        sse(in_chatflow(run_started()), message("the secret"), blocked()),
        sse(in_chatflow(run_started())),
        detail=detail,
    )
    stream = make_client(script, max_retries=2).chat.stream("hi")
    assert on_screen([piece async for piece in stream.text_stream]) == "Output blocked."
    assert (await stream.final()).answer == "Output blocked."


async def test_what_moderation_took_back_is_not_put_right_in_a_run_that_is_followed():
    reply = sse(in_chatflow(run_started()), replaced("the secret"), message(" word"), blocked(), message_end(), SECRET)
    stream = make_client(lambda request: answered(Chunks([reply]))).chat.events(RUN, include_state_snapshot=True)
    assert on_screen([piece async for piece in stream.text_stream]) == "Output blocked."
    assert (await stream.final()).answer == "Output blocked."


async def test_an_answer_that_moderation_emptied_stays_empty():
    reply = sse(in_chatflow(run_started()), message("the secret word"), blocked(""), message_end(), SECRET)
    stream = make_client(lambda request: answered(Chunks([reply]))).chat.stream("hi")
    assert (await stream.final()).answer == ""


async def test_a_run_that_asks_the_same_twice_and_is_told_the_same_twice_tells_both():
    reply = sse(*ASKED, WAITING, *GOES_ON)
    client = make_client(lambda request: answered(Chunks([reply])))
    stream = client.workflows.events(RUN, include_state_snapshot=True, continue_on_pause=True)
    expected = names_in([*ASKED, WAITING, *GOES_ON])
    assert names(await collect(stream)) == expected


@pytest.mark.parametrize("times", [1, 2])
async def test_what_a_snapshot_told_is_not_told_again_by_the_stream_behind_it(times):
    reply = sse(*SNAPSHOT * times, *WHOLE[3:])
    client = make_client(lambda request: answered(Chunks([reply])))
    events = await collect(client.workflows.events(RUN, include_state_snapshot=True))
    assert names(events) == names_in(WHOLE)


async def test_a_workflows_output_named_answer_is_no_text_on_the_screen(waits):
    script = Script(sse(run_started()), sse(finished(outputs={"answer": "no text"})))
    events = await collect(make_client(script).workflows.stream({}))
    assert [event.event for event in events] == ["workflow_started", "workflow_finished"]
