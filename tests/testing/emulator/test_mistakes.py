"""Wrong arguments of an emulator raise at once, with a message that says what to do; mistakes in its functions are reported."""

from __future__ import annotations

import pytest

from dify import ServerError, WorkflowFailedError
from dify.testing import Emulator, EmulatorForm, serve_forever

# ------------------------------------------------------------------------------------------------------------- settings
MODES = "mode must be 'chat', 'advanced-chat', 'agent-chat', 'completion', 'workflow' or None"


@pytest.mark.parametrize("mode", ["foo", "Chat", "", 3])
def test_a_mode_that_dify_does_not_have_is_refused(mode) -> None:
    for make in (Emulator, Emulator().add_app, lambda mode: serve_forever(mode=mode)):
        with pytest.raises(ValueError, match=f"{MODES}, got {mode!r}"):
            make(mode=mode)


@pytest.mark.parametrize("text", ["hello", "chat"])
def test_a_text_is_no_function(text) -> None:
    said = f"answer must be a function, got '{text}'; for a constant answer pass lambda request: '{text}', .* mode="
    for make in (Emulator, Emulator().add_app):
        with pytest.raises(TypeError, match=said):
            make(text)


@pytest.mark.parametrize("name", ["answer", "transcribe", "read_document"])
def test_what_is_to_be_a_function_must_be_one(name) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a function, got 3"):
        Emulator(**{name: 3})


@pytest.mark.parametrize(("name", "value"), [("delay", -1), ("ping_interval", 0), ("ping_interval", -1)])
def test_times_that_cannot_be_are_refused(name, value) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .* seconds"):
        Emulator(**{name: value})


def test_an_app_that_is_refused_leaves_the_emulator_as_it_was() -> None:
    with Emulator() as emulator:
        with pytest.raises(ValueError, match="mode must be"):
            emulator.add_app(mode="foo")
        assert emulator.sync_client(api_key="app-any").app.info().name == "Emulator"


@pytest.mark.parametrize("name", ["inputs", "actions"])
def test_a_form_wants_lists(name) -> None:
    with pytest.raises(TypeError, match=rf"{name} is a list, and not 'go': {name}=\['go'\]"):
        EmulatorForm("Deploy?", **{name: "go"})


def test_a_form_does_not_expire_before_it_is_there() -> None:
    with pytest.raises(ValueError, match="expires_in is in seconds"):
        EmulatorForm("Deploy?", expires_in=-1)


# --------------------------------------------------------------------------------------------------------------- faults
FAULTS = {
    "fail_next": lambda emulator, **aim: emulator.fail_next(503, **aim),
    "reset_next": lambda emulator, **aim: emulator.reset_next(**aim),
    "delay_next": lambda emulator, **aim: emulator.delay_next(0, **aim),
    "drop_stream": lambda emulator, **aim: emulator.drop_stream(after=0, **aim),
    "stall_stream": lambda emulator, **aim: emulator.stall_stream(after=0, **aim),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("aim", "said"),
    [
        ({"times": 0}, "times must be an integer of at least 1"),
        ({"times": -1}, "times must be an integer of at least 1"),
        ({"path": "/v1/chat-messages"}, "omit the base URL and `/v1`, as in path='/chat-messages'"),
        ({"path": "https://api.dify.ai/v1/info"}, "omit the base URL and `/v1`, as in path='/info'"),
        ({"path": "/chat-message"}, "did you mean /chat-messages"),
        ({"path": "chat-messages"}, "paths start with a slash"),
        (
            {"path": "/conversations/{conversation_id}/name"},
            r"use `\*` for parameters, as in path='/conversations/\*/name'",
        ),
        ({"path": "/workflows/run/"}, "did you mean"),
        ({"path": "/brand-*"}, "matches no route of the API"),
        ({"method": "FETCH"}, "the methods of the API are DELETE, GET, PATCH, POST, PUT"),
        ({"path": "/chat-messages", "method": "GET"}, "the methods of /chat-messages are POST"),
    ],
    ids=str,
)
def test_a_fault_that_no_request_can_meet_is_refused(fault, aim, said) -> None:
    emulator = Emulator()
    with pytest.raises(ValueError, match=said):
        FAULTS[fault](emulator, **aim)
    assert emulator.waiting_faults == []


ID = "9a8b7c6d-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "path",
    [
        "*",
        "/info",
        "/info*",
        "/datasets/*",
        "/datasets/*/documents/*/segments",
        f"/datasets/{ID}/documents",
        f"/conversations/{ID}/*",
        "*/stop",
        "/chat-messages/*/stop",
        "/workflow?/run",
        "/[cw]*",
        "/apps/annotation-reply/enable",
        f"/files/{ID}/file-preview",
        "/messages/*/feedbacks",
    ],
)
def test_a_path_of_the_api_is_taken_with_stars_or_without(path) -> None:
    emulator = Emulator()
    emulator.fail_next(503, path=path)
    assert emulator.waiting_faults == [f"a failure with status 503 for {path}"]


def test_faults_wait_until_a_request_has_met_them() -> None:
    with Emulator() as emulator:
        client = emulator.sync_client(user="alice")
        emulator.fail_next(503, times=5, path="/info", method="get")
        emulator.reset_next()
        emulator.delay_next(0.5, path="/site")
        emulator.drop_stream(after=2)
        emulator.stall_stream(after=3)
        assert emulator.waiting_faults == [
            "a failure with status 503 for GET /info",
            "a reset for any request",
            "a delay of 0.5 seconds for /site",
            "a stream that is cut after 2 events for any request",
            "a stream that is stalled after 3 events for any request",
        ]
        with pytest.raises(ServerError):
            client.with_options(max_retries=0).app.info()
        assert emulator.waiting_faults[0] == "a reset for any request"
        emulator.clear_faults()
        assert emulator.waiting_faults == []


@pytest.mark.parametrize("status", [0, 200, 302, 999])
def test_a_status_that_is_no_error_is_refused(status) -> None:
    with pytest.raises(ValueError, match=f"status must be from 400 to 599, got {status}"):
        Emulator().fail_next(status)


def test_a_code_is_no_status() -> None:
    with pytest.raises(TypeError, match=r"status must be an integer, .* code='provider_quota_exceeded'"):
        Emulator().fail_next("provider_quota_exceeded")


def test_other_numbers_that_cannot_be_are_refused() -> None:
    emulator = Emulator()
    with pytest.raises(ValueError, match="retry_after must be 0 seconds or more"):
        emulator.fail_next(429, retry_after=-1)
    with pytest.raises(ValueError, match="seconds must be 0 or more"):
        emulator.delay_next(-1)
    with pytest.raises(ValueError, match="after must be a number of events"):
        emulator.drop_stream(after=-1)
    with pytest.raises(ValueError, match="after must be a number of events"):
        emulator.stall_stream(after=-1)


# ------------------------------------------------------------------------------------------- a mistake in the function
def mistaken(request):
    return {}["oops"]


def mistaken_later(request):
    yield "Let me"
    raise KeyError("oops")


RAISED = r"internal error.*The emulator's function raised KeyError\('oops'\)"


async def test_what_the_function_raised_is_told_to_both_faces() -> None:
    async with Emulator(mistaken) as emulator:
        with pytest.raises(ServerError, match=RAISED):
            await emulator.client(user="alice", max_retries=0).chat.send("Hi")
        with pytest.raises(ServerError, match=RAISED):
            emulator.sync_client(user="alice", max_retries=0).completions.create({"q": "Hi"}, response_mode="blocking")
        assert [repr(each) for each in emulator.failures] == ["KeyError('oops')"] * 2


def test_so_it_is_in_the_middle_of_a_stream_or_a_run() -> None:
    with Emulator(mistaken_later) as emulator:
        client = emulator.sync_client(user="alice", max_retries=0)
        with pytest.raises(ServerError, match=RAISED):
            client.chat.send("Hi")
        with pytest.raises(WorkflowFailedError, match=RAISED):
            client.workflows.run({"q": "Hi"})


def test_so_it_is_of_what_hears_audio() -> None:
    with Emulator(transcribe=mistaken) as emulator, pytest.raises(ServerError, match=RAISED):
        emulator.sync_client(user="alice", max_retries=0).audio.transcribe(("a.mp3", b"...", "audio/mpeg"))
