"""Somebody at a terminal: the command as a program on a pseudo-terminal, read and typed to."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..support.programs import PIPE, start
from .conftest import COMMAND, environment

_PATIENCE = 60.0
"""Seconds; on a busy machine a program may need many to begin. Nothing waits for them to pass but a test that fails."""

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")
_FORWARD = re.compile(r"(\x08?)\x1b\[(\d*)C")
"""Moves of the cursor to the right, over spaces that are not written."""

_POSITION_REQUEST = b"\x1b[6n"
"""The request for the position of the cursor, which a terminal answers."""


class Terminal:
    """The command on a terminal of 80 columns.

    Attributes:
        seen: All that the terminal got, as it came.
        code: The exit code, once it has ended.
    """

    def __init__(self, *args: str, rows: int = 24, pipe_stdout: bool = False, **env: str) -> None:
        self._ours, its = pty.openpty()
        self._rows = rows
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
        self.process = start(
            COMMAND,
            *args,
            env=environment(**env),
            stdin=its,
            stdout=PIPE if pipe_stdout else its,
            stderr=its,
            terminal=True,  # what is typed as Ctrl-C reaches it as a signal
        )
        os.close(its)
        self.seen = ""
        self.code: int | None = None
        self._read = 0

    @property
    def text(self) -> str:
        """What the terminal got, without its control codes."""
        return _CODES.sub("", _FORWARD.sub(lambda move: " " * (int(move[2] or 1) - bool(move[1])), self.seen))

    def expect(self, wanted: str, seconds: float = _PATIENCE) -> None:
        """Read on until this has come, after what was waited for before."""
        end = time.monotonic() + seconds
        while (found := self.text.find(wanted, self._read)) < 0:
            if not self._more(end):
                raise AssertionError(f"{wanted!r} never came; the terminal got:\n{self.text}")
        self._read = found + len(wanted)

    def _more(self, end: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0, end - time.monotonic()))
        try:
            data = os.read(self._ours, 65536) if ready else b""
        except OSError:
            data = b""  # Linux says EIO where the other side has been closed
        self.seen += data.decode("utf-8", "replace")
        for _ in range(data.count(_POSITION_REQUEST)):
            self.write(f"\x1b[{self._rows};1R")  # the last line, where a cursor is after some output
        return bool(data)

    def write(self, keys: str) -> None:
        """Send keys as they are."""
        os.write(self._ours, keys.encode())

    def paste(self, text: str) -> None:
        """Paste a text as a terminal with bracketed paste does."""
        self.write(f"\x1b[200~{text}\x1b[201~")

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{line}\n".encode())

    def press(self, key: str) -> None:
        """Press Ctrl and a letter."""
        os.write(self._ours, bytes([ord(key.upper()) - 64]))

    def interrupt_until(self, happened: Callable[[], bool]) -> None:
        """Press Ctrl-C at a question, once more where that fell into the moment before the line is waited for.

        Python only notes a signal that comes between its last look and the system's wait for a key.
        """
        for _ in range(10):
            self.press("c")
            if happened():
                return
        raise AssertionError(f"Ctrl-C did nothing; the terminal got:\n{self.text}")

    def comes(self, wanted: str, seconds: float = 2) -> bool:
        """Whether this comes soon."""
        try:
            self.expect(wanted, seconds)
        except AssertionError:
            return False
        return True

    def ends(self, seconds: float = 2) -> bool:
        """Whether the command ends soon."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self._more(min(end, time.monotonic() + 0.05))
        return self.process.poll() is not None

    def end(self, seconds: float = _PATIENCE) -> str:
        """Read to the end, and give what a piped standard output got."""
        end = time.monotonic() + seconds
        while self._more(end):
            pass
        out = b"" if self.process.stdout is None else self.process.stdout.read()
        self.code = self.process.wait(max(1, end - time.monotonic()))
        return out.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        os.close(self._ours)
