"""Gunicorn with a preloaded app, Celery's prefork pool and `multiprocessing`: every worker gets its own answers."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ..support import programs
from ..support.server import PATIENCE, Server
from .support import echo, environment_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]

WORKERS = 4
CALLS = 100

CLIENT = """
import os
from dify import Dify

client = Dify(user="alice", max_retries=0, timeout=20)
assert client.chat.send("first").answer == "first"  # in the parent of all workers


def answer(query):
    return f"{os.getpid()} {client.chat.send(query).answer}"
"""

GUNICORN = """
from client import answer


def app(environ, start_response):
    body = answer(environ["QUERY_STRING"]).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

CELERY = """
from celery import Celery
from client import answer

folder = "{folder}"
app = Celery("tasks", broker="filesystem://", backend="file://" + folder + "/results")
app.conf.broker_transport_options = {{"data_folder_in": folder + "/queue", "data_folder_out": folder + "/queue"}}
ask = app.task(answer, name="ask")
"""

MULTIPROCESSING = """
import multiprocessing
from client import answer

with multiprocessing.get_context("fork").Pool({workers}) as pool:
    print(*pool.map(answer, [f"query-{{n}}" for n in range({calls})], chunksize=1), sep="\\n")
"""


@contextmanager
def module(folder: Path, server: Server, *command: str) -> Generator[subprocess.Popen[bytes]]:
    """Run `python -m ...` with its children in the folder, which has a module `client`."""
    (folder / "client.py").write_text(CLIENT)
    environment = environment_of(server) | {"PYTHONPATH": os.pathsep.join([str(folder), str(programs.ROOT)])}
    del environment["PYTHONWARNINGS"]  # these programs have warnings of their own
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def check(answers: list[str], server: Server) -> None:
    """Check that each query has its own answer, that several workers answered, and that each had its own connections."""
    workers = {answer.split()[0] for answer in answers}
    assert sorted(answer.split()[1] for answer in answers) == sorted(f"query-{n}" for n in range(CALLS))
    assert len(workers) > 1
    assert len(server.requests) == 1 + CALLS
    assert server.connections > len(workers)


def test_gunicorn_with_a_preloaded_app(tmp_path: Path) -> None:
    path = tmp_path / "socket"

    def ask(query: str) -> str:
        connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(PATIENCE)
        connection.sock.connect(str(path))
        try:
            connection.request("GET", f"/?{query}")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    (tmp_path / "web.py").write_text(GUNICORN)
    options = ["--preload", "--workers", str(WORKERS), "--threads", "4", "--bind", f"unix:{path}"]
    with Server(echo) as server, module(tmp_path, server, "gunicorn", "web:app", *options) as process:
        assert server.has_seen(1), (tmp_path / "output").read_text()
        while not path.exists():
            assert process.poll() is None, (tmp_path / "output").read_text()
        with ThreadPoolExecutor(16) as threads:
            check(list(threads.map(ask, [f"query-{n}" for n in range(CALLS)])), server)


def test_a_prefork_pool_of_celery(tmp_path: Path) -> None:
    for name in ("queue", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "tasks.py").write_text(CELERY.format(folder=tmp_path))
    sender = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from celery import Celery
folder = {str(tmp_path)!r}
app = Celery("sender", broker="filesystem://", backend="file://" + folder + "/results")
app.conf.broker_transport_options = {{"data_folder_in": folder + "/queue", "data_folder_out": folder + "/queue"}}
results = [app.send_task("ask", [f"query-{{n}}"]) for n in range({CALLS})]
print(*[result.get(timeout=60, interval=0.05) for result in results], sep="\\n")
"""
    options = ["--pool", "prefork", "--concurrency", str(WORKERS), "--without-gossip", "--without-mingle"]
    with Server(echo) as server, module(tmp_path, server, "celery", "-A", "tasks", "worker", *options):
        assert server.has_seen(1), (tmp_path / "output").read_text()
        sent = subprocess.run(
            [sys.executable, "-c", sender], capture_output=True, text=True, timeout=PATIENCE * 4, check=False
        )
        assert sent.returncode == 0, sent.stderr + (tmp_path / "output").read_text()
        check(sent.stdout.split("\n")[:CALLS], server)


def test_a_pool_of_multiprocessing(tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text(MULTIPROCESSING.format(workers=WORKERS, calls=CALLS))
    with Server(echo) as server, module(tmp_path, server, "pool") as process:
        assert process.wait(PATIENCE * 2) == 0, (tmp_path / "output").read_text()
        check((tmp_path / "output").read_text().splitlines(), server)
