"""The commands and errors of a conversation, with an editor that returns prepared lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from dify.cli.chat import interactive
from dify.cli.command import Context
from dify.cli.output import Output
from dify.cli.session import Session
from dify.cli.terminal.screen import Screen
from dify.testing import Emulator, EmulatorError, EmulatorRequest

Converse = Callable[..., Any]


class Lines:
    """An editor that returns one line after the other, then the end of input."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = iter(lines)

    async def read(self) -> str | None:
        return next(self._lines, None)


def answer(request: EmulatorRequest) -> str:
    if request.query == "bad":
        raise EmulatorError(400, "invalid_param", "No.")
    files = "".join(f" with {file.name}" for file in request.files)
    return f"{len(request.history) + 1}: {request.query}{files}"


@pytest.fixture
async def converse(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Converse]:
    async with Emulator(answer) as emulator, emulator.client(user="cli") as client:

        async def call(*lines: str, files: tuple[Path, ...] = ()) -> list[str]:
            monkeypatch.setattr(interactive, "open_line_editor", lambda *_: Lines(list(lines)))
            screen = Screen(verbose=False)
            ctx = Context(Session("chat"), client, screen, Output(screen, as_json=False), False, False)
            await interactive.converse(ctx, [], None, files, None, keep_history=False)
            return [request.json["query"] for request in emulator.requests if request.path == "/chat-messages"]

        yield call


async def test_messages_are_sent_and_commands_are_not(
    converse: Converse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("x", encoding="utf-8")

    sent = await converse(
        "   ",
        "one",
        f"/files {note}",
        "two",
        "/history",
        "/history 1",
        "/suggested",
        "/like Very good",
        "/dislike",
        "/help",
        "/new",
        '"""\n/quit\n"""',
        '""""""',
        "/quit",
        "never",
    )

    out, errors = capsys.readouterr()
    assert sent == ["one", "two", "/quit"]
    assert out.splitlines()[:4] == ["1: one", "2: two with note.txt", "1: one", "2: two with note.txt"]
    assert out.splitlines()[4] == "2: two with note.txt"  # of /history 1
    assert out.splitlines()[-1] == "1: /quit"
    assert errors.splitlines()[:2] == [
        "Type a message, /help for the commands, or Ctrl-D to quit.",
        "files for the next message: note.txt",
    ]
    assert errors.count("rating saved") == 2
    assert "started a new conversation" in errors
    assert "Alt-Enter      start a new line" in errors
    assert "Error" not in errors


async def test_a_command_that_cannot_be_run_is_an_error_and_the_conversation_continues(
    converse: Converse, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = await converse(
        "/suggested",
        "/like",
        "/history",
        "/files nothing.txt",
        "/files 'x",
        "/nonsense",
        "bad",
        "good",
        "/history none",
    )

    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error")]
    assert sent == ["bad", "good"]
    assert errors == [
        "Error: there is no answer yet; send a message first",
        "Error: there is no answer to rate yet; send a message first",
        "Error: the conversation has no messages yet",
        "Error: no such file: 'nothing.txt'",
        "Error: a quotation mark or a backslash has no end; put names with spaces in quotation marks",
        "Error: unknown command /nonsense; type /help for the commands",
        "Error: 400 invalid_param: No.",
        "Error: /history takes a number of messages, such as /history 20; without one it shows all",
    ]


async def test_files_of_a_message_that_failed_are_sent_with_the_next_one(
    converse: Converse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("x", encoding="utf-8")
    await converse("bad", "good", "/files", files=(note,))
    out, errors = capsys.readouterr()
    assert out == "1: good with note.txt\n"
    assert errors.splitlines()[-1].endswith(": none")


async def test_an_unexpected_error_is_not_hidden(converse: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr(interactive, "ask", broken)
    with pytest.raises(KeyError):
        await converse("one")


async def test_an_answer_that_is_cancelled_leaves_the_conversation_open_and_a_cancelled_command_ends(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()
    asked: list[str] = []

    async def ask(ctx: Context, query: str, *_: object, **__: object) -> Any:
        asked.append(query)
        started.set()
        if query == "stopped":
            raise asyncio.CancelledError
        await asyncio.Event().wait()

    monkeypatch.setattr(interactive, "ask", ask)
    conversation = asyncio.ensure_future(converse("stopped", "endless", "never"))
    while asked != ["stopped", "endless"]:
        started.clear()
        await started.wait()
    conversation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await conversation
    assert asked == ["stopped", "endless"]
