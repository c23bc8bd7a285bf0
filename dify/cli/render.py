"""What goes to standard output and standard error, on a terminal and in a pipe."""

from __future__ import annotations

import json
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

    from dify import ChatEvent, CompletionEvent, WorkflowEvent

__all__ = ["Screen", "complain", "error_console", "harmless", "one_line", "to_json", "wire_form"]

# All but tab and line feed: an answer must not move the cursor, retitle the window or hide text. What turns the direction of
# writing around is left out: what is read would not be what is there.
_CONTROLS = {code: "�" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"} | dict.fromkeys(
    (ord("\r"), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)

_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\ud800-\udfff]")


def harmless(text: str) -> str:
    """Text from the server as a terminal may show it: without what would change more than its own place on the screen.

    Example:
        >>> harmless("red: " + chr(27) + "[31m!")
        'red: �[31m!'
    """
    return text.translate(_CONTROLS)


def one_line(text: str, limit: int = 300) -> str:
    """A text on one line, cut where it is long.

    Example:
        >>> one_line("a\\n  b")
        'a b'
    """
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON for people and programs: readable letters, and nothing that a terminal or UTF-8 would choke on.

    Example:
        >>> to_json({"answer": "né"})
        '{"answer": "né"}'
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def wire_form(event: ChatEvent | CompletionEvent | WorkflowEvent) -> dict[str, Any]:
    """An event as the server sent it."""
    if event.event == "unknown":
        return event.data
    return {"event": event.event, **event.model_dump(mode="json", exclude_unset=True)}


def error_console() -> Console:
    """A console on standard error, plain where that is no terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def complain(text: str, *, label: str = "Error") -> None:
    """Say what went wrong, or is odd, on standard error."""
    from rich.text import Text

    sys.stdout.flush()
    style = "bold red" if label == "Error" else "bold yellow"
    error_console().print(Text.assemble((f"{label}: ", style), harmless(text)))


def _is_terminal(stream: TextIO) -> bool:
    # Not rich's word for it: FORCE_COLOR is about colour, and makes no terminal of a pipe.
    return stream.isatty()


class Screen:
    """Where a command writes: the answer to standard output, all else to standard error.

    Attributes:
        talks: Whether notes are shown.
        live: Whether standard error is a terminal on which lines can be redrawn.
    """

    def __init__(self, *, verbose: bool = False, as_json: bool = False) -> None:
        out_is_terminal, err_is_terminal = _is_terminal(sys.stdout), _is_terminal(sys.stderr)
        self.talks = verbose or (err_is_terminal and not as_json)
        self.live = err_is_terminal and not as_json and not self.console.is_dumb_terminal
        self._safe = out_is_terminal
        # Both on one terminal: a note must not begin in the middle of a line of the answer.
        self._shared = out_is_terminal and err_is_terminal
        self._answer_open = False
        self._out_column = False
        self._note_open = False

    @cached_property
    def console(self) -> Console:
        """Standard error."""
        return error_console()

    def answer(self, piece: str) -> None:
        """Show a piece of the answer at once. In a pipe it goes as it came."""
        if not piece:
            return
        self._end_note()
        sys.stdout.write(harmless(piece) if self._safe else piece)
        sys.stdout.flush()
        self._answer_open = self._out_column = not piece.endswith("\n")

    def end_answer(self) -> None:
        """Complete the answer's last line."""
        if self._answer_open:
            self._end_note()
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._answer_open = self._out_column = False

    def line(self, text: str) -> None:
        """Print a line that is data."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Say something beside the answer, dimmed; nothing in a pipe unless asked to be verbose."""
        if self.talks:
            self.say(text)

    def say(self, text: str) -> None:
        """Say something beside the answer, dimmed, in any case."""
        self._begin_note()
        self._dim(text, end="\n")

    def think(self, piece: str) -> None:
        """Show a piece of a thought as it comes, dimmed."""
        if self.talks and piece:
            if not self._note_open:
                self._begin_note()
            self._dim(piece, end="")
            self._note_open = not piece.endswith("\n")

    def _dim(self, text: str, *, end: str) -> None:
        from rich.text import Text

        self.console.print(Text(harmless(text), style="dim"), end=end)
        sys.stderr.flush()

    def _begin_note(self) -> None:
        self._end_note()
        if self._shared and self._out_column:
            sys.stderr.write("\n")  # not to standard output: layout is no part of the answer
            self._out_column = False

    def _end_note(self) -> None:
        if self._note_open:
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._note_open = False
