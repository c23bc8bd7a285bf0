"""Wrong arguments of an emulator raise with a message that says what to do; exceptions of its functions are reported."""

from __future__ import annotations

import re

import pytest

from dify import ServerError, WorkflowFailedError
from dify.testing import Emulator, EmulatorForm, serve_forever
from dify.testing.emulator import emulator as emulator_module

# ------------------------------------------------------------------------------------------------------------- settings
MODES = "mode must be 'chat', 'advanced-chat', 'agent-chat', 'completion', 'workflow' or None"


@pytest.mark.parametrize("mode", ["foo", "Chat", "", 3])
def test_a_mode_that_dify_does_not_have_is_refused(mode) -> None:
    for make in (Emulator, Emulator().add_app, lambda mode: serve_forever(mode=mode)):
        with pytest.raises(ValueError, match=f"{MODES}, got {mode!r}"):
            make(mode=mode)


@pytest.mark.parametrize("text", ["hello", "chat"])
def test_a_text_is_not_accepted_as_a_function(text) -> None:
    message = f"answer must be a function, got '{text}'; for a constant answer pass lambda request: '{text}', .* mode="
    for make in (Emulator, Emulator().add_app):
        with pytest.raises(TypeError, match=message):
            make(text)


@pytest.mark.parametrize("name", ["answer", "transcribe", "read_document"])
def test_a_function_argument_must_be_a_function(name) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a function, got 3"):
        Emulator(**{name: 3})


@pytest.mark.parametrize(("name", "value"), [("delay", -1), ("ping_interval", 0), ("ping_interval", -1)])
def test_negative_times_are_refused(name, value) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .* seconds"):
        Emulator(**{name: value})


def test_an_emulator_without_its_extra_names_the_missing_packages(monkeypatch) -> None:
    found = emulator_module.find_spec
    missing = ("uvicorn", "python_multipart")
    monkeypatch.setattr(emulator_module, "find_spec", lambda name: None if name in missing else found(name))
    message = re.escape('the emulator needs uvicorn, python_multipart: pip install "dify[emulator]"')
    with pytest.raises(ImportError, match=message):
        Emulator()


def test_a_refused_app_does_not_change_the_emulator() -> None:
    with Emulator() as emulator:
        with pytest.raises(ValueError, match="mode must be"):
            emulator.add_app(mode="foo")
        assert emulator.sync_client(api_key="app-any").app.info().name == "Emulator"


@pytest.mark.parametrize("name", ["inputs", "actions"])
def test_a_form_requires_lists(name) -> None:
    with pytest.raises(TypeError, match=rf"{name} is a list, and not 'go': {name}=\['go'\]"):
        EmulatorForm("Deploy?", **{name: "go"})


def test_a_form_cannot_expire_before_it_exists() -> None:
    with pytest.raises(ValueError, match="expires_in is in seconds"):
        EmulatorForm("Deploy?", expires_in=-1)


# ------------------------------------------------------------------------------------------- exceptions of functions
def failing(request):
    return {}["oops"]


def failing_later(request):
    yield "Let me"
    raise KeyError("oops")


RAISED = r"internal error.*The emulator's function raised KeyError\('oops'\)"


async def test_both_clients_report_the_exception_of_the_answer_function() -> None:
    async with Emulator(failing) as emulator:
        with pytest.raises(ServerError, match=RAISED):
            await emulator.client(user="alice", max_retries=0).chat.send("Hi")
        with pytest.raises(ServerError, match=RAISED):
            emulator.sync_client(user="alice", max_retries=0).completions.create({"q": "Hi"}, response_mode="blocking")
        assert [repr(failure) for failure in emulator.failures] == ["KeyError('oops')"] * 2


def test_streams_and_runs_report_the_exception_of_the_answer_function() -> None:
    with Emulator(failing_later) as emulator:
        client = emulator.sync_client(user="alice", max_retries=0)
        with pytest.raises(ServerError, match=RAISED):
            client.chat.send("Hi")
        with pytest.raises(WorkflowFailedError, match=RAISED):
            client.workflows.run({"q": "Hi"})


def test_transcribe_reports_the_exception_of_its_function() -> None:
    with Emulator(transcribe=failing) as emulator, pytest.raises(ServerError, match=RAISED):
        emulator.sync_client(user="alice", max_retries=0).audio.transcribe(("a.mp3", b"...", "audio/mpeg"))
