"""`python -m dify.testing`: an emulator for other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dify import Dify
from dify.testing._serving import load_answer, main, serve_forever

ROOT = Path(__file__).resolve().parents[2]


def test_it_serves_until_ctrl_c(tmp_path) -> None:
    (tmp_path / "answers.py").write_text("def answer(request):\n    return request.query[::-1]\n", encoding="utf-8")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "dify.testing", "--mode", "chat", "--answer", "answers:answer"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        told = dict(process.stdout.readline().strip().split("=", 1) for _ in range(3))
        with Dify(told["DIFY_API_KEY"], base_url=told["DIFY_BASE_URL"], user="alice") as client:
            assert client.chat.send("abc").answer == "cba"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 0


def test_it_can_be_called_by_another_command_and_ended_from_outside() -> None:
    lines: list[str] = []
    ready, end = threading.Event(), threading.Event()

    def say(line: str) -> None:
        lines.append(line)
        if len(lines) == 3:
            ready.set()

    keys = {"api_key": "app-mine", "knowledge_api_key": "dataset-mine"}
    server = threading.Thread(target=serve_forever, kwargs={**keys, "say": say, "until": end}, daemon=True)
    server.start()
    assert ready.wait(10)
    base_url = lines[0].partition("=")[2]
    with Dify("app-mine", base_url=base_url, user="alice") as client:
        assert client.app.info().name == "Emulator"
    assert lines[1:] == ["DIFY_API_KEY=app-mine", "DIFY_KNOWLEDGE_API_KEY=dataset-mine"]
    end.set()
    server.join(10)
    assert not server.is_alive()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "example.com", "::"])
def test_an_address_that_others_reach_must_be_meant(host, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["--host", host])
    assert "add --public" in capsys.readouterr().err


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
