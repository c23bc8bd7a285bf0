"""The prompt of a conversation: messages of one or several lines, with a history and completion."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..state import replace_file
from .interrupts import keyboard_interrupts

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

__all__ = ["Candidate", "Complete", "LineEditor", "PlainEditor", "PromptEditor", "open_line_editor", "strip_quotes"]

_PROMPT, _CONTINUATION = "> ", ". "

_QUOTES = '"""'
"""The mark at the start and at the end of a message of several lines."""

_MAX_HISTORY = 1_000_000
"""Size in bytes above which the older half of the history is deleted."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A completion of the text before the cursor.

    Attributes:
        text: The text to insert.
        replaces: Number of characters before the cursor that the text replaces.
        label: The text to show in a list of candidates.
    """

    text: str
    replaces: int
    label: str


Complete = Callable[[str], Iterable[Candidate]]
"""A function that returns the completions of the text before the cursor."""


class LineEditor(Protocol):
    """A reader of messages from the terminal."""

    async def read(self) -> str | None:
        """Return the next message, or None at the end of input (Ctrl-D). Ctrl-C discards the text at the prompt."""
        ...


def open_line_editor(complete: Complete, history: Path | None) -> LineEditor:
    """Return an editor with history and completion, or a plain one if prompt_toolkit is missing or the terminal is dumb.

    Args:
        complete: The completions of the text before the cursor.
        history: The file of the messages of earlier conversations; None to keep no history.
    """
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return PlainEditor()
    try:
        return PromptEditor(complete, history)
    except ImportError:
        return PlainEditor()


def is_open(text: str) -> bool:
    '''Return whether a text begins with three quotes and lacks the closing ones.

    Example:
        >>> is_open('"""two'), is_open('"""two\\nlines"""'), is_open("one")
        (True, False, False)
    '''
    text = text.strip()
    return text.startswith(_QUOTES) and (len(text) < 2 * len(_QUOTES) or not text.endswith(_QUOTES))


def strip_quotes(text: str) -> str | None:
    '''Return the text between three quotes, or None for a text without them.

    Example:
        >>> strip_quotes('"""two\\nlines"""')
        'two\\nlines'
    '''
    text = text.strip()
    if not text.startswith(_QUOTES):
        return None
    return text[len(_QUOTES) :].removesuffix(_QUOTES).strip("\n")


class PlainEditor:
    """A line editor without dependencies: `input()`, with the line editing of readline where Python has it."""

    def __init__(self) -> None:
        with suppress(ImportError):
            readline = importlib.import_module("readline")
            # Python switches this off; with it, several pasted lines are one text.
            readline.parse_and_bind("set enable-bracketed-paste on")

    async def read(self) -> str | None:
        """Return the next message, or None at the end of input. The event loop waits, because nothing else runs."""
        return self._read()

    def _read(self) -> str | None:
        with keyboard_interrupts():
            while True:
                try:
                    text = input(_PROMPT)
                    while is_open(text):
                        text += f"\n{input(_CONTINUATION)}"
                    return text
                except EOFError:
                    print()
                    return None
                except KeyboardInterrupt as interrupt:
                    if type(interrupt) is not KeyboardInterrupt:  # a signal to terminate
                        raise
                    print()


class PromptEditor:
    """A line editor of prompt_toolkit.

    Enter sends the message, Alt-Enter starts a new line, and pasted lines stay together.

    Raises:
        ImportError: prompt_toolkit is not installed.
    """

    def __init__(self, complete: Complete, history: Path | None) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import InMemoryHistory
        from prompt_toolkit.shortcuts import CompleteStyle

        self._session = PromptSession[str](
            _PROMPT,
            multiline=True,
            prompt_continuation=_CONTINUATION,
            key_bindings=_key_bindings(),
            completer=_completer(complete),
            complete_style=CompleteStyle.READLINE_LIKE,  # a menu would scroll the conversation away
            complete_while_typing=False,
            history=InMemoryHistory() if history is None else _history_file(history),
            enable_suspend=True,
        )

    async def read(self) -> str | None:
        """Return the next message, or None at the end of input."""
        while True:
            try:
                return await self._session.prompt_async()
            except EOFError:
                return None
            except KeyboardInterrupt:
                continue


def _key_bindings() -> KeyBindings:
    from prompt_toolkit.enums import DEFAULT_BUFFER
    from prompt_toolkit.filters import has_focus
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)  # not in a search of the history

    @bindings.add("enter", filter=typing)
    def enter(event: KeyPressEvent) -> None:  # pyright: ignore[reportUnusedFunction]
        buffer = event.current_buffer
        if is_open(buffer.text):
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @bindings.add("escape", "enter", filter=typing)
    def alt_enter(event: KeyPressEvent) -> None:  # pyright: ignore[reportUnusedFunction]
        event.current_buffer.insert_text("\n")

    return bindings


def _completer(complete: Complete) -> Completer:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    class Candidates(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
            for item in complete(document.text_before_cursor):
                yield Completion(item.text, start_position=-item.replaces, display=item.label)

    return Candidates()


def _history_file(path: Path) -> History:
    from prompt_toolkit.history import FileHistory

    class PrivateHistory(FileHistory):
        """A history that only its owner can read. If the file cannot be read or written, the conversation continues."""

        def load_history_strings(self) -> list[str]:
            with suppress(OSError):
                return list(super().load_history_strings())
            return []

        def store_string(self, string: str) -> None:
            with suppress(OSError):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
                super().store_string(string.encode("utf-8", "replace").decode())  # invalid bytes of the terminal

    _trim(path)
    return PrivateHistory(str(path))


def _trim(path: Path) -> None:
    """Delete the older half of a history that has grown too long."""
    with suppress(OSError):
        if path.stat().st_size > _MAX_HISTORY:
            text = path.read_text(encoding="utf-8", errors="replace")
            replace_file(path, text[text.find("\n# ", len(text) // 2) :])
