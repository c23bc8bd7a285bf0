"""Prompts without a terminal: answers that tests prepare, signals, and the ends of streams."""

from __future__ import annotations

import asyncio
import builtins
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import dify
from dify.cli import runner
from dify.cli.chat.view import ChatView, print_summary
from dify.cli.exits import CommandError
from dify.cli.session import Session
from dify.cli.terminal import form_prompts, prompts
from dify.cli.terminal.interrupts import Terminated, _stop, keyboard_interrupts, on_interrupt, stop_on_interrupt
from dify.cli.terminal.line_editor import PlainEditor
from dify.cli.terminal.screen import Screen
from dify.testing import Emulator, EmulatorForm, EmulatorRequest
from dify.types import FormInput, FormSource, PauseReason

from .conftest import chat_frame

Invoke = Callable[..., Any]


def prepared(monkeypatch: pytest.MonkeyPatch, module: Any, *lines: str | None) -> list[str]:
    """Answer the prompts of a module with these lines; return the prompts."""
    shown: list[str] = []
    answers = iter(lines)

    def prompt(text: str) -> str | None:
        shown.append(text)
        return next(answers)

    monkeypatch.setattr(module, "prompt_line", prompt)
    return shown


# ------------------------------------------------------------------------------------------------------------- forms
def test_a_choice_ends_with_the_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    prepared(monkeypatch, prompts, "9", "north", None)
    assert prompts.prompt_choice("region: ", ["north", "south"]) == 0
    assert prompts.prompt_choice("region: ", ["north", "south"]) is None
    assert "enter a number from 1 to 2" in capsys.readouterr().err


async def test_the_fields_of_a_form_have_defaults_and_files_are_asked_for_until_they_are_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    both = f"{tmp_path / 'a.txt'} {tmp_path / 'b.txt'}"
    form = PauseReason(
        type="human_input_required",
        form_token="token",
        inputs=[
            FormInput(
                type="paragraph", output_variable_name="note", default=FormSource(type="constant", value="as before")
            ),
            FormInput(type="file", output_variable_name="scan"),
            FormInput(type="file-list", output_variable_name="scans"),
        ],
        actions=[],
    )
    async with Emulator() as emulator, emulator.client(user="cli") as client:
        shown = prepared(monkeypatch, form_prompts, "", both, "", str(tmp_path / "a.txt"), "", both)
        answer = await form_prompts._prompt_form(client, Screen(), form, {})
        assert answer is None  # the form has no action
        prepared(monkeypatch, form_prompts, "note", None)
        assert await form_prompts._prompt_form(client, Screen(), form, {}) is None  # Ctrl-D

    assert shown[0] == "note [as before]: "
    errors = capsys.readouterr().err
    assert errors.count("enter the path of one file") == 2
    assert errors.count("enter at least one path") == 1


def two_forms(request: EmulatorRequest) -> Iterator[Any]:
    first = yield EmulatorForm("First?", actions=["yes", "no"])
    second = yield EmulatorForm("Second?", actions=["left", "right"])
    words = f"{first.action}, {second.action}"
    yield words if request.query is not None else {"text": words}


@pytest.mark.parametrize(("command", "mode"), [(["chat", "Hello"], "advanced-chat"), (["run"], "workflow")])
def test_the_forms_of_a_run_are_asked_one_after_the_other(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, command: list[str], mode: Any
) -> None:
    module = "dify.cli.chat.ask" if command[0] == "chat" else "dify.cli.runs.run"
    asked: list[str | None] = []

    async def answer_forms(client: dify.AsyncDify, screen: Screen, forms: Any, message: str) -> None:
        for form in forms:
            asked.append(form.form_content)
            await client.human_input.submit(form.form_token, action=form.actions[-1].id, inputs={})

    monkeypatch.setattr(f"{module}.is_interactive", lambda: True)
    monkeypatch.setattr(f"{module}.answer_forms", answer_forms)
    with Emulator(two_forms, mode=mode).serve() as base_url:
        result = invoke(*command, base_url=base_url)
    assert result.exit_code == 0, result.stderr
    assert asked == ["First?", "Second?"]
    assert "no, right" in result.stdout


@pytest.mark.parametrize("command", [["chat", "Hello"], ["run"]])
def test_a_pause_without_a_form_is_not_asked_for(
    invoke: Invoke, scripted: Any, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    module = "dify.cli.chat.ask" if command[0] == "chat" else "dify.cli.runs.run"
    monkeypatch.setattr(f"{module}.is_interactive", lambda: True)
    pause = {"workflow_run_id": "r", "paused_nodes": ["n"], "reasons": [], "status": "paused"}
    base_url = scripted(
        [
            chat_frame("workflow_started", workflow_run_id="r", data={"id": "r"}),
            chat_frame("workflow_paused", workflow_run_id="r", data=pause),
        ]
    )
    result = invoke(*command, base_url=base_url)
    assert result.exit_code == 1
    assert "is waiting for a person" in result.stderr


# -------------------------------------------------------------------------------------------------------------- view
def test_an_answer_after_a_pause_is_shown_from_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    view = ChatView(Screen(), before="Hello")
    view.finish("Hel")  # the server repeats the answer
    view.finish("Hello there")
    other = ChatView(Screen(), before="Hello")
    other.finish(" again")  # the server sends what is new
    assert capsys.readouterr().out == " there again"


def test_an_event_before_the_first_snapshot_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    event: Any = SimpleNamespace(event="message")
    stream: Any = SimpleNamespace(snapshot=None)
    ChatView(Screen()).show(event, stream)
    assert capsys.readouterr().out == ""


def test_a_chunk_that_comes_as_a_file_is_a_part_of_the_answer(invoke: Invoke, scripted: Any) -> None:
    base_url = scripted(
        [
            chat_frame("message", id="m", answer="One"),
            chat_frame("message_file", id="f", answer=" two"),
            chat_frame("message_end", id="m", metadata={}),
        ]
    )
    assert invoke("chat", "Hi", base_url=base_url).stdout.startswith("One")


def test_a_partial_success_is_a_warning_and_a_missing_conversation_is_not_noted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = SimpleNamespace(status="partial-succeeded", workflow_run_id="r", error=None)
    reply: Any = SimpleNamespace(conversation_id=None, usage=None, workflow_run=run)
    print_summary(Screen(verbose=True), reply)
    assert capsys.readouterr().err == "Warning: run r succeeded partially: some nodes failed\n"


def test_a_completion_that_the_server_replaces_is_printed_anew(invoke: Invoke, scripted: Any) -> None:
    base_url = scripted(
        [
            chat_frame("message", id="m", answer="Bad"),
            chat_frame("message_replace", answer="Good", reason="output_moderation"),
            chat_frame("message_end", id="m", metadata={}),
        ]
    )
    result = invoke("complete", "topic=tea", base_url=base_url)
    assert (result.stdout, result.stderr) == ("Bad\nGood\n", "[the server replaced the text]\n")
    as_json = invoke("complete", "topic=tea", "--json", base_url=base_url)
    assert '"event": "message_replace"' in as_json.stdout


# ---------------------------------------------------------------------------------------------------------- signals
async def test_a_stop_that_fails_is_reported() -> None:
    async def refuse() -> None:
        raise dify.APIConnectionError("the connection was lost", sent=True)

    async def accept() -> None:
        pass

    assert await _stop(accept) == "sent a stop request to the server"
    assert await _stop(refuse) == (
        "the stop request failed (APIConnectionError), so the run may continue on the server"
    )


class Stream:
    """A stream that notes whether it was stopped."""

    def __init__(self, task_id: str | None) -> None:
        self.task_id = task_id
        self.stopped = False

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass

    async def stop(self) -> None:
        self.stopped = True


@pytest.mark.parametrize("task_id", ["t", None])
@pytest.mark.parametrize("error", [BrokenPipeError, asyncio.CancelledError])
async def test_a_stream_is_stopped_when_its_reader_leaves(
    task_id: str | None, error: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    stream: Any = Stream(task_id)
    with pytest.raises(error):
        async with stop_on_interrupt(stream):
            raise error
    assert stream.stopped is (task_id is not None)
    if error is asyncio.CancelledError and task_id is None:
        assert "the run cannot be stopped and may continue" in capsys.readouterr().err


def test_outside_of_the_main_thread_ctrl_c_has_no_handler() -> None:
    async def work() -> None:
        with on_interrupt(lambda: None):
            entered.append(True)

    entered: list[bool] = []
    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()
    assert entered == [True]


def test_a_signal_that_is_ignored_stays_ignored_at_a_prompt() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with keyboard_interrupts():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
            with pytest.raises(Terminated) as raised:
                signal.raise_signal(signal.SIGTERM)
            assert raised.value.code == 143
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_the_plain_prompt_reads_lines_until_the_end_of_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: Iterator[Any] = iter(["one", KeyboardInterrupt(), '"""two', 'lines"""', Terminated(15), EOFError()])

    def read(prompt: str) -> str:
        line = next(lines)
        if isinstance(line, BaseException):
            raise line
        return line

    monkeypatch.setattr(builtins, "input", read)
    editor = PlainEditor()
    assert await editor.read() == "one"
    assert await editor.read() == '"""two\nlines"""'
    with pytest.raises(Terminated):
        await editor.read()
    assert await editor.read() is None
    assert capsys.readouterr().out == "\n\n"


# ------------------------------------------------------------------------------------------------------------ runner
def test_an_error_after_a_signal_is_the_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    async def work() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise dify.APIConnectionError("cut off", sent=True) from None

    with pytest.raises(typer.Exit) as ended:
        runner.run_command(Session("chat", emulator=True), work)
    assert ended.value.exit_code == 143


def test_a_warning_is_a_line_and_a_mistake_of_our_own_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    async def mistake() -> None:
        runner._show_warning("plain http")
        raise ExceptionGroup("several", [KeyError("a mistake")])

    with pytest.raises(KeyError):
        runner.run_command(Session("chat", emulator=True), mistake)
    assert capsys.readouterr().err == "Warning: plain http\n"


def test_standard_output_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer

    monkeypatch.setattr(runner, "_flush_stdout", lambda: False)
    monkeypatch.setattr(runner, "_discard_stdout", lambda: None)
    with pytest.raises(typer.Exit) as ended:
        runner.exit_with_error(OSError(28, "No space left on device"), "chat")
    assert ended.value.exit_code == 1
    assert "cannot write to standard output: No space left on device" in capsys.readouterr().err
    with pytest.raises(typer.Exit) as silent:
        runner.exit_with_error(CommandError("", 130), "batch")
    assert silent.value.exit_code == 130
