"""The prompt of a conversation on a pseudo-terminal: pasted text, several lines, history, completion and Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dify.cli.chat.completions import complete
from dify.cli.terminal.line_editor import PlainEditor, open_line_editor
from dify.testing import Emulator

from ..conftest import KEY
from ..terminal import Terminal


@contextmanager
def chatting(emulator: Emulator, *args: str, **env: str) -> Iterator[Terminal]:
    """The command at its prompt."""
    with (
        emulator.serve() as base_url,
        Terminal("chat", *args, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url, **env) as terminal,
    ):
        terminal.expect("Ctrl-D to quit.")
        terminal.expect("> ")
        yield terminal


def quit(terminal: Terminal) -> None:
    terminal.type("/quit")
    terminal.end()
    assert terminal.code == 0


def messages(emulator: Emulator) -> list[str]:
    return [request.json["query"] for request in emulator.requests if request.path == "/chat-messages"]


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"], ids=["prompt_toolkit", "plain"])
def test_several_pasted_lines_are_one_message(term: str) -> None:
    with Emulator() as emulator:
        with chatting(emulator, TERM=term) as terminal:
            terminal.paste("Traceback:\n  File one\n/usr/bin/two")
            terminal.expect("/usr/bin/two")
            terminal.type("")
            terminal.expect("Echo: Traceback:")
            quit(terminal)
        assert messages(emulator) == ["Traceback:\n  File one\n/usr/bin/two"]


def test_a_pasted_text_that_begins_with_a_slash_is_a_message_and_not_a_command() -> None:
    with Emulator() as emulator:
        with chatting(emulator) as terminal:
            terminal.paste("/usr/bin/env: no such file\nWhy?")
            terminal.type("")
            terminal.expect("Echo: /usr/bin/env")
            quit(terminal)
        assert messages(emulator) == ["/usr/bin/env: no such file\nWhy?"]


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"], ids=["prompt_toolkit", "plain"])
def test_three_quotes_begin_and_end_a_message_of_several_lines(term: str) -> None:
    with Emulator() as emulator:
        with chatting(emulator, TERM=term) as terminal:
            terminal.type('"""')
            terminal.type("  one")
            terminal.type("/quit")
            terminal.type('"""')
            terminal.expect("Echo:   one\n/quit")
            quit(terminal)
        assert messages(emulator) == ["  one\n/quit"]


def test_alt_enter_starts_a_new_line() -> None:
    with Emulator() as emulator:
        with chatting(emulator) as terminal:
            terminal.write("one\x1b\rtwo\r")
            terminal.expect("Echo: one\ntwo")
            quit(terminal)
        assert messages(emulator) == ["one\ntwo"]


def test_the_history_is_kept_for_the_next_conversation_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "dify" / "chat_history"
    state = {"XDG_STATE_HOME": str(tmp_path)}
    with Emulator() as emulator:
        with chatting(emulator, **state) as terminal:
            terminal.write("one\x1b\rtwo\r")
            terminal.expect("Echo: one\ntwo")
            quit(terminal)
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        assert KEY not in file.read_text(encoding="utf-8")
        with chatting(emulator, **state) as terminal:
            terminal.write("\x1b[A\x1b[A")  # the arrow up, past /quit
            terminal.expect("two")
            terminal.write("\r")
            terminal.expect("Echo: one\ntwo")
            quit(terminal)
        assert messages(emulator) == ["one\ntwo", "one\ntwo"]


@pytest.mark.parametrize(("args", "env"), [(["--no-history"], {}), ([], {"DIFY_HISTORY": "0"})], ids=["option", "env"])
def test_no_history_is_kept_on_request(tmp_path: Path, args: list[str], env: dict[str, str]) -> None:
    with Emulator() as emulator, chatting(emulator, *args, XDG_STATE_HOME=str(tmp_path), **env) as terminal:
        terminal.type("secret")
        terminal.expect("Echo: secret")
        terminal.expect("> ")
        terminal.write("\x1b[A")
        terminal.expect("secret")  # in this conversation the arrow up works
        terminal.press("c")
        quit(terminal)
    assert list(tmp_path.rglob("*")) == []


def test_a_history_that_cannot_be_written_does_not_end_the_conversation(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text("a file", encoding="utf-8")
    with Emulator() as emulator, chatting(emulator, XDG_STATE_HOME=str(state)) as terminal:
        terminal.type("one")
        terminal.expect("Echo: one")
        quit(terminal)


def test_a_long_history_is_trimmed_to_its_newer_half(tmp_path: Path) -> None:
    file = tmp_path / "dify" / "chat_history"
    file.parent.mkdir()
    file.write_text("".join(f"\n# day\n+{number:0100}\n" for number in range(10_000)), encoding="utf-8")
    with Emulator() as emulator, chatting(emulator, XDG_STATE_HOME=str(tmp_path)) as terminal:
        terminal.write("\x1b[A")
        terminal.expect("9999")
        terminal.press("c")
        quit(terminal)
    kept = file.read_text(encoding="utf-8")
    assert kept.startswith("\n# day\n+")
    assert "9999\n" in kept
    assert 500_000 < len(kept) < 600_000


def test_tab_completes_commands_and_paths(tmp_path: Path) -> None:
    folder = tmp_path / "my files"
    folder.mkdir()
    (folder / "scan one.pdf").write_text("x", encoding="utf-8")
    with Emulator() as emulator, chatting(emulator) as terminal:
        terminal.write("/sug\t\r")
        terminal.expect("/suggested")
        terminal.expect("Error: there is no answer yet")
        terminal.expect("> ")
        terminal.write(f"/fi\t{tmp_path}/my\tsc\t\r")
        terminal.expect("files for the next message: scan one.pdf")
        terminal.expect("> ")
        terminal.write("/\t")
        terminal.expect("/dislike")
        terminal.expect("/suggested")
        terminal.expect("> /")  # the prompt again
        terminal.press("c")
        quit(terminal)


def test_ctrl_c_discards_the_text_and_ctrl_d_quits() -> None:
    with Emulator() as emulator:
        with chatting(emulator) as terminal:
            terminal.write("never\x03")
            terminal.expect("> ")
            terminal.write("sent\r")
            terminal.expect("Echo: sent")
            terminal.expect("> ")
            os.kill(terminal.process.pid, signal.SIGINT)  # as from another terminal
            terminal.expect("> ")
            terminal.type("again")
            terminal.expect("Echo: again")
            terminal.expect("> ")
            terminal.press("d")
            terminal.end()
            assert terminal.code == 0
        assert messages(emulator) == ["sent", "again"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("term", ["xterm-256color", "dumb"], ids=["prompt_toolkit", "plain"])
def test_a_signal_to_terminate_ends_the_prompt(term: str, number: int, code: int) -> None:
    with Emulator() as emulator, chatting(emulator, TERM=term) as terminal:
        for _ in range(10):  # Python does not notice a signal that comes just before it waits for a key
            os.kill(terminal.process.pid, number)
            if terminal.ends(1):
                break
        terminal.end()
    assert terminal.code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/l", ["/like "]),
        ("/history 1", []),
        ("hello", []),
        ("/one\n/l", []),
        ("/files ", ["a\\ b.txt ", "a.txt ", "folder/"]),
        ("/files a", ["a\\ b.txt ", "a.txt "]),
        ("/files 'a", ["a b.txt' ", "a.txt' "]),
        ('/files "a', ['a b.txt" ', 'a.txt" ']),
        ("/files a\\ ", ["a\\ b.txt "]),
        ("/files a' '", ["a\\ b.txt "]),
        ("/files 'folder'/", ["folder/it\\'s.txt "]),
        ("/files 'folder/", ["it's.txt' "]),
        ("/files a.txt folder/i", ["it\\'s.txt "]),
        ("/files .h", [".hidden "]),
        ("/files https://x/", []),
        ("/files ~nobody-of-this-name/", []),
        ("/files missing/", []),
    ],
)
def test_completions_are_quoted_as_the_command_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: list[str]
) -> None:
    for name in ("a b.txt", "a.txt", ".hidden", "folder/it's.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [candidate.text for candidate in complete(text)] == expected


def test_without_prompt_toolkit_the_prompt_is_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)
    assert isinstance(open_line_editor(complete, None), PlainEditor)
