"""Questions to the user at the terminal: a line, a secret, a choice."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .interrupts import keyboard_interrupts
from .screen import report, sanitize

__all__ = ["is_interactive", "prompt_choice", "prompt_line", "prompt_secret"]


def is_interactive() -> bool:
    """Return whether the user can be prompted: standard input and standard error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def prompt_line(prompt: str) -> str | None:
    """Read a line from the terminal; return None at the end of input (Ctrl-D). The prompt goes to standard error."""
    with keyboard_interrupts():
        sys.stdout.flush()
        sys.stderr.write(prompt)
        sys.stderr.flush()
        try:
            return input()
        except EOFError:
            sys.stderr.write("\n")
            return None


def prompt_secret(prompt: str) -> str:
    """Read a text without echoing it; from a pipe, read one line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    from getpass import getpass

    with keyboard_interrupts():
        return getpass(prompt, stream=sys.stderr).strip()


def prompt_choice(prompt: str, options: Sequence[str], *, default: str | None = None) -> int | None:
    """Ask for one of the options, by number or by name; return its index, or None at the end of input."""
    for number, option in enumerate(options, 1):
        sys.stderr.write(f"  {number}  {sanitize(option)}\n")
    while True:
        line = prompt_line(prompt)
        if line is None:
            return None
        line = line.strip()
        if not line and default in options:
            return options.index(default)
        if line.isdecimal() and 1 <= int(line) <= len(options):
            return int(line) - 1
        if line in options:
            return options.index(line)
        report(f"enter a number from 1 to {len(options)}", label="Note")
