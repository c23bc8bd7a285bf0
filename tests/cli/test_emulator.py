"""`dify "emulator"`: a server in another process, which the command then talks to."""

from __future__ import annotations

import json
import signal
import subprocess

from .conftest import environment, piped, program


def test_it_says_where_it_is_and_answers_until_it_is_ended() -> None:
    with subprocess.Popen(
        program("emulator", "--port", "0", "--delay", "0"), env=environment(), stdout=subprocess.PIPE, text=True
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
    with subprocess.Popen(
        program("emulator", "--port", "0", "--mode", "workflow", "--json"),
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
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


def test_a_port_that_is_taken_is_said() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        result = piped("emulator", "--port", str(server.getsockname()[1]))

    assert result.returncode == 1
    assert "cannot listen on port" in result.stderr


def test_an_unknown_mode_is_wrong_usage() -> None:
    assert piped("emulator", "--mode", "nonsense").returncode == 2
