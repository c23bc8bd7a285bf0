"""`python -m dify.testing`: an emulator for other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from dify import Dify
from dify.testing import serve_forever
from dify.testing.emulator import command
from dify.testing.emulator.command import load_answer, main

ROOT = Path(__file__).resolve().parents[3]


def test_it_serves_until_ctrl_c(tmp_path) -> None:
    (tmp_path / "answers.py").write_text("def answer(request):\n    return request.query[::-1]\n", encoding="utf-8")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "dify.testing", "--mode", "chat", "--answer", "answers:answer"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        variables = dict(process.stdout.readline().strip().split("=", 1) for _ in range(3))
        with Dify(variables["DIFY_API_KEY"], base_url=variables["DIFY_BASE_URL"], user="alice") as client:
            assert client.chat.send("abc").answer == "cba"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 0


def test_it_can_be_called_by_another_command_and_ended_from_outside() -> None:
    variables: dict[str, str] = {}
    ready, end = threading.Event(), threading.Event()

    def on_start(environment: Mapping[str, str]) -> None:
        variables.update(environment)
        ready.set()

    keys = {"api_key": "app-mine", "knowledge_api_key": "dataset-mine"}
    server = threading.Thread(target=serve_forever, kwargs={**keys, "on_start": on_start, "until": end}, daemon=True)
    server.start()
    assert ready.wait(60)
    with Dify("app-mine", base_url=variables.pop("DIFY_BASE_URL"), user="alice") as client:
        assert client.app.info().name == "Emulator"
    assert variables == {"DIFY_API_KEY": "app-mine", "DIFY_KNOWLEDGE_API_KEY": "dataset-mine"}
    end.set()
    server.join(60)
    assert not server.is_alive()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "example.com", "::"])
def test_an_address_that_other_machines_reach_must_be_allowed(host, capsys) -> None:
    assert main(["--host", host]) == 1
    assert "add --public" in capsys.readouterr().err
    with pytest.raises(ValueError, match="public=True"):
        serve_forever(host=host)


def test_whoever_calls_it_is_variables_of_ctrl_c() -> None:
    def press(variables: Mapping[str, str]) -> None:
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            serve_forever(on_start=press)
    finally:
        signal.signal(signal.SIGINT, before)


def test_it_prints_the_variables_of_the_server_and_ends_with_ctrl_c(monkeypatch, capsys) -> None:
    def press(variables: Mapping[str, str]) -> None:
        printed(variables)
        signal.raise_signal(signal.SIGINT)

    printed = command._print
    monkeypatch.setattr(command, "_print", press)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main([]) == 0
    finally:
        signal.signal(signal.SIGINT, before)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        "DIFY_BASE_URL",
        "DIFY_API_KEY",
        "DIFY_KNOWLEDGE_API_KEY",
        "stopped",
    ]


@pytest.mark.parametrize("where", ["answers", "no_such_module:answer", "json:nothing", "json:__name__"])
def test_an_answer_function_that_is_not_there_is_named(where, capsys) -> None:
    with pytest.raises(ValueError, match=where.partition(":")[0]):
        load_answer(where)
    assert main(["--answer", where]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_a_port_that_is_taken_is_an_error_and_no_traceback(capsys) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 1
    assert capsys.readouterr().err.startswith("error: ")
