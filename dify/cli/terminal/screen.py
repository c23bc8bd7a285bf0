"""Writing to standard output and standard error, on a terminal and in a pipe."""

from __future__ import annotations

import json
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from dify import ChatEvent, CompletionEvent, WorkflowEvent

__all__ = ["Screen", "error_console", "event_to_dict", "one_line", "report", "report_json", "sanitize", "to_json"]

# All control characters but tab and line feed: an answer must not move the cursor, change the window's title or hide text.
# Bidirectional controls are escaped, because they make text read differently from what it is.
_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS: dict[int, str | None] = {
    **{code: "�" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"},
    **{code: f"\\u{code:04x}" for code in _BIDIRECTIONAL},
    ord("\r"): None,
}

_UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f\ud800-\udfff{''.join(map(chr, _BIDIRECTIONAL))}]")


def sanitize(text: str) -> str:
    """Replace control characters and escape bidirectional ones, so that a server's text is safe to show on a terminal.

    Example:
        >>> sanitize("red: " + chr(27) + "[31m!")
        'red: �[31m!'
    """
    return text.translate(_CONTROLS)


def one_line(text: str, limit: int = 300) -> str:
    """Join a text into one line, truncated to `limit` characters.

    Example:
        >>> one_line("a\\n  b")
        'a b'
    """
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Encode a value as JSON with readable letters, and without characters that a terminal or UTF-8 cannot take.

    Example:
        >>> to_json({"answer": "né"})
        '{"answer": "né"}'
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def event_to_dict(event: ChatEvent | CompletionEvent | WorkflowEvent) -> dict[str, Any]:
    """Return an event as the server sent it."""
    if event.event == "unknown":
        return event.data
    return {"event": event.event, **event.model_dump(mode="json", exclude_unset=True)}


def error_console() -> Console:
    """Return a console on standard error; without colors if that is not a terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def report_json(error: dict[str, Any]) -> None:
    """Print an error as one line of JSON on standard error."""
    sys.stdout.flush()
    sys.stderr.write(f"{to_json({'error': error})}\n")
    sys.stderr.flush()


def report(text: str, *, label: str = "Error") -> None:
    """Print an error, or a note with another label, on standard error."""
    from rich.text import Text

    sys.stdout.flush()
    style = "bold red" if label == "Error" else "bold yellow"
    error_console().print(Text.assemble((f"{label}: ", style), sanitize(text)))


class Screen:
    """A writer of answers and results to standard output, and of everything else to standard error.

    Attributes:
        verbose: Whether notes are printed.
        live: Whether standard error is a terminal on which lines can be redrawn.
    """

    def __init__(self, *, verbose: bool = False, as_json: bool = False) -> None:
        # isatty and not rich's is_terminal, which is true for a pipe if FORCE_COLOR is set.
        stdout_is_terminal, stderr_is_terminal = sys.stdout.isatty(), sys.stderr.isatty()
        self.verbose = verbose or (stderr_is_terminal and not as_json)
        self.live = stderr_is_terminal and not as_json and not self.console.is_dumb_terminal
        self._sanitizes = stdout_is_terminal
        # Both streams on one terminal: a note must not begin in the middle of a line of the answer.
        self._shares_terminal = stdout_is_terminal and stderr_is_terminal
        self._answer_open = False
        self._mid_line = False
        self._thought_open = False

    @cached_property
    def console(self) -> Console:
        """A console on standard error."""
        return error_console()

    def answer(self, chunk: str) -> None:
        """Write a chunk of the answer and flush it. In a pipe it is written unchanged."""
        if not chunk:
            return
        self._end_thought()
        sys.stdout.write(sanitize(chunk) if self._sanitizes else chunk)
        sys.stdout.flush()
        self._answer_open = self._mid_line = not chunk.endswith("\n")

    def end_answer(self) -> None:
        """End the last line of the answer."""
        if self._answer_open:
            self._end_thought()
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._answer_open = self._mid_line = False

    def line(self, text: str) -> None:
        """Write a line of results."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Write a dimmed line to standard error, if that is a terminal or `--verbose` is set."""
        if self.verbose:
            self.message(text)

    def message(self, text: str) -> None:
        """Write a dimmed line to standard error."""
        self._begin_note()
        self._write_dimmed(text, end="\n")

    def thought(self, chunk: str) -> None:
        """Write a chunk of a model's reasoning, dimmed, like a note."""
        if self.verbose and chunk:
            if not self._thought_open:
                self._begin_note()
            self._write_dimmed(chunk, end="")
            self._thought_open = not chunk.endswith("\n")

    def _write_dimmed(self, text: str, *, end: str) -> None:
        from rich.text import Text

        self.console.print(Text(sanitize(text), style="dim"), end=end)
        sys.stderr.flush()

    def _begin_note(self) -> None:
        self._end_thought()
        if self._shares_terminal and self._mid_line:
            sys.stderr.write("\n")  # not to standard output: the line break is not part of the answer
            self._mid_line = False

    def _end_thought(self) -> None:
        if self._thought_open:
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._thought_open = False
