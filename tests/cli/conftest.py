"""The command, called in three ways: in this process, as a program in pipes, and as a program on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import dify
from dify.testing import no_waits

from ..support.programs import PIPE, run, start

KEY = "app-0123456789-secret"
KNOWLEDGE_KEY = "dataset-0123456789-secret"

# Python ignores SIGINT where its parent did, as in a background job of a shell; a person's terminal never does.
COMMAND = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from dify.cli import main; main()"


def environment(**more: str) -> dict[str, str]:
    """The environment without anything that speaks to the command, and with what the test wants."""
    ours = ("DIFY_", "PYTHON", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    root = str(Path(dify.__file__).parents[1])
    ours_now = {"PYTHONPATH": root, "PYTHONWARNINGS": "error", "PYTHONUTF8": "1", "DIFY_CONFIG": os.devnull}
    return {**kept, **ours_now, "TERM": "xterm-256color", **more}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("DIFY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DIFY_CONFIG", str(tmp_path / "settings" / "config.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def invoke() -> Callable[..., Any]:
    """Call the command in this process; gives exit code, stdout and stderr. The client makes no pauses."""

    def call(*args: str, base_url: str | None = None, key: str | None = KEY, input: str | None = None) -> Any:
        from dify.cli.app import app

        env = {} if base_url is None else {"DIFY_BASE_URL": base_url}
        env |= {} if key is None else {"DIFY_API_KEY": key, "DIFY_KNOWLEDGE_API_KEY": KNOWLEDGE_KEY}
        with no_waits():
            result = CliRunner().invoke(app, list(args), env=env, input=input, prog_name="dify")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert not (key or "").strip() or key not in result.output
        assert KNOWLEDGE_KEY not in result.output
        return result

    return call


def program(*args: str) -> list[str]:
    return [sys.executable, "-c", COMMAND, *args]


def piped(*args: str, input: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command with pipes for everything."""
    return run(COMMAND, *args, env=environment(**env), input=input)


def on_terminal(*args: str, pipe_stdout: bool = False, **env: str) -> tuple[int, str, str]:
    """Run the command on a pseudo-terminal; gives exit code, what the terminal got, and what a piped stdout got."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    stdout = PIPE if pipe_stdout else its
    with start(COMMAND, *args, env=environment(**env), stdin=its, stdout=stdout, stderr=its) as process:
        os.close(its)
        seen = b""
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:
            pass  # Linux says EIO where the other side has been closed
        finally:
            os.close(ours)
        out = process.stdout.read() if process.stdout is not None else b""
        code = process.wait(timeout=60)
    return code, seen.decode().replace("\r\n", "\n"), out.decode()


IDS = {
    "task_id": "8f0d1f8e-6e6c-4b8e-9df3-0f6f2c1a7a10",
    "message_id": "1d3cb7f1-0d1f-4f5e-8f9e-6c1f3a6d2b11",
    "conversation_id": "c4b0a2de-55a5-4d0e-a1a7-7c9f0e8d3c12",
    "created_at": 1795343632,
}


@pytest.fixture
def scripted() -> Iterator[Callable[[Sequence[dict[str, Any]]], str]]:
    """A server that answers every POST with the same frames, and then closes; for what the emulator never sends."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(frames: Sequence[dict[str, Any]]) -> str:
        body = "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def chat_frame(event: str, **members: Any) -> dict[str, Any]:
    return {"event": event, **IDS, **members}
