"""`dify "emulator"`: a server in another process, which the command then talks to."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from ...support.programs import PIPE, start
from ..conftest import COMMAND, environment, piped


def test_it_says_where_it_is_and_answers_until_it_is_ended() -> None:
    with start(
        COMMAND, "emulator", "--port", "0", "--delay", "0", env=environment(), stdout=PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(3)]
        variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        try:
            chat = piped("chat", "Hello", **variables)
            made = piped("knowledge", "create", "Handbook", **variables)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)

    assert process.returncode == 130
    assert (chat.returncode, chat.stdout) == (0, "Echo: Hello\n")
    assert "name\tHandbook" in made.stdout


def test_it_ends_when_asked_to_and_can_be_of_one_kind() -> None:
    with start(
        COMMAND, "emulator", "--port", "0", "--mode", "workflow", "--json", env=environment(), stdout=PIPE, text=True
    ) as process:
        assert process.stdout is not None
        variables = json.loads(process.stdout.readline())
        try:
            info, chat = piped("info", **variables), piped("chat", "Hello", **variables)
        finally:
            process.terminate()
            process.communicate(timeout=60)

    assert process.returncode == 0
    assert "kind\tworkflow" in info.stdout
    assert chat.returncode == 2
    assert "dify run" in chat.stderr


def test_it_answers_as_a_function_says(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("def answer(request):\n    return request.query[::-1]\n", encoding="utf-8")
    words = ("emulator", "--port", "0", "--host", "localhost", "--answer", "answers:answer", "--json")
    with start(COMMAND, *words, env=environment(), cwd=tmp_path, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        variables = json.loads(process.stdout.readline())
        try:
            chat = piped("chat", "abc", **variables)
        finally:
            process.terminate()
            process.communicate(timeout=60)

    assert (chat.stdout, process.returncode) == ("cba\n", 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--answer", "no_such_module:answer"), "cannot load the answer function"),
        (("--host", "0.0.0.0"), "add --public"),
    ],
)
def test_what_it_cannot_serve_is_wrong_usage(words: tuple[str, str], said: str) -> None:
    result = piped("emulator", "--port", "0", *words)
    assert (result.returncode, said in result.stderr, result.stdout) == (2, True, "")


def test_a_port_that_is_taken_is_said() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        result = piped("emulator", "--port", str(server.getsockname()[1]))

    assert result.returncode == 1
    assert "cannot listen on port" in result.stderr


def test_an_unknown_mode_is_wrong_usage() -> None:
    assert piped("emulator", "--mode", "nonsense").returncode == 2
