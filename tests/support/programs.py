"""Python programs as processes of their own that start in milliseconds.

Importing the client, the emulator and the command takes longer than most of what tests ask of a program. So one process, the
parent of all programs of a test run, imports them once and forks for each program. What a test gets is a real process: with its
own standard streams, environment, directory, signals and terminal. Only the start and the end of an interpreter are left out; a
program whose environment says how an interpreter starts is started in the usual way.
"""

from __future__ import annotations

import array
import asyncio
import atexit
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import random
import signal
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

ROOT = Path(__file__).parents[2]
PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL

AT_START = ("PYTHONUNBUFFERED", "PYTHONIOENCODING", "DIFY_LOG")
"""What is read when the interpreter starts, or when the client is imported."""

_START = "from tests.support.programs import serve; serve(globals())"
_SCRIPT = """
import os, runpy, sys
del sys.argv[0]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_LENGTH = 8


class Forked:
    """A program that has been forked; the part of `subprocess.Popen` that tests use.

    Attributes:
        pid: The process.
        returncode: The exit code, or minus the signal that ended it; None while it runs.
    """

    def __init__(
        self,
        code: str,
        *args: str,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stdin: int | None = DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
        text: bool = False,
        terminal: bool = False,
    ) -> None:
        self.returncode: int | None = None
        theirs: list[int] = []
        self.stdin, self.stdout, self.stderr = (
            self._stream(index, wanted, text, theirs) for index, wanted in enumerate((stdin, stdout, stderr))
        )
        request = {"code": code, "args": args, "env": dict(env), "cwd": str(cwd or Path.cwd()), "terminal": terminal}
        request["measured"] = "coverage" in sys.modules and sys.modules["coverage"].Coverage.current() is not None
        self._status = _Parent.running().start(request, theirs)
        for descriptor in theirs:
            os.close(descriptor)
        self.pid = int.from_bytes(_exactly(self._status, _LENGTH))

    @staticmethod
    def _stream(index: int, wanted: int | None, text: bool, theirs: list[int]) -> IO[Any] | None:
        if wanted != PIPE:
            at = os.open(os.devnull, os.O_RDWR) if wanted == DEVNULL else os.dup(index if wanted is None else wanted)
            theirs.append(at)
            return None
        reading, writing = os.pipe()
        theirs.append(writing if index else reading)
        ours = os.fdopen(reading, "rb") if index else os.fdopen(writing, "wb")
        return io.TextIOWrapper(ours, encoding="utf-8", line_buffering=True) if text else ours

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        if self.returncode is not None:
            return self.returncode
        self._status.setblocking(False)
        try:
            return self._ended()
        except BlockingIOError:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        if self.returncode is not None:
            return self.returncode
        self._status.settimeout(timeout)
        try:
            return self._ended()
        except TimeoutError:
            raise subprocess.TimeoutExpired("program", timeout or 0) from None

    def _ended(self) -> int:
        status = int.from_bytes(_exactly(self._status, _LENGTH))
        self._status.close()
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Write to its input, read its output to the end, and wait for its end."""
        outputs: dict[int, Any] = {}

        def read(index: int, stream: IO[Any]) -> None:
            outputs[index] = stream.read()

        streams = [(index, one) for index, one in enumerate((self.stdout, self.stderr)) if one and not one.closed]
        threads = [threading.Thread(target=read, args=each, daemon=True) for each in streams]
        for thread in threads:
            thread.start()
        if self.stdin is not None:
            try:
                self.stdin.write(input or ("" if isinstance(self.stdin, io.TextIOBase) else b""))
                self.stdin.close()
            except BrokenPipeError:
                pass
        for thread in threads:
            thread.join(timeout)
        self.wait(timeout)
        return outputs.get(0), outputs.get(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait(60)


def start(code: str, *args: str, env: Mapping[str, str], **streams: Any) -> Forked:
    """Start `python -c code *args`.

    Args:
        code: The program.
        args: Its arguments.
        env: Its environment.
        streams: `cwd`, `stdin`, `stdout`, `stderr` and `text` as for `subprocess.Popen`, but with no input by default;
            and `terminal`, to make standard input the terminal that controls the program, in a session of its own.
    """
    if any(env.get(name) for name in AT_START) or env.get("PYTHONWARNINGS", "error") != "error":
        if streams.pop("terminal", False):
            streams |= {"start_new_session": True, "preexec_fn": _control_terminal}
        command = [sys.executable, "-c", code, *args]
        return cast("Forked", subprocess.Popen(command, env=env, **{"stdin": DEVNULL, **streams}))
    return Forked(code, *args, env=env, **streams)


def run_script(path: Path, *args: str, **how: Any) -> subprocess.CompletedProcess[Any]:
    """Run a file to its end."""
    return run(_SCRIPT, str(path), *args, **how)


def run(
    code: str,
    *args: str,
    env: Mapping[str, str],
    input: Any = None,
    stdin: int | None = DEVNULL,
    stdout: int | None = PIPE,
    stderr: int | None = PIPE,
    cwd: Path | None = None,
    text: bool = True,
    timeout: float = 60,
) -> subprocess.CompletedProcess[Any]:
    """Run a program to its end, as `subprocess.run` does."""
    if input is not None:
        stdin = PIPE
    with start(code, *args, env=env, stdin=stdin, stdout=stdout, stderr=stderr, cwd=cwd, text=text) as program:
        try:
            out, err = program.communicate(input, timeout)
        except BaseException:
            program.kill()
            raise
    return subprocess.CompletedProcess([code, *args], program.returncode or 0, out, err)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError("the parent of the programs has ended")
        data += more
    return data


class _Parent:
    """The process that the programs are forked from."""

    _parent: _Parent | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._control = ours
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DIFY_", "PYTHON"))}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-X", "utf8", "-c", _START, str(theirs.fileno())],
            env=kept | {"PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the tests is not for it
        )
        theirs.close()
        atexit.register(self._end)

    @classmethod
    def running(cls) -> _Parent:
        with cls._lock:
            cls._parent = cls._parent or cls()
            return cls._parent

    def start(self, request: dict[str, Any], streams: list[int]) -> socket.socket:
        """Ask for a program; return the connection that its process, and at its end its status, come through."""
        ours, theirs = socket.socketpair()
        body = json.dumps(request).encode()
        with theirs, self._lock:
            rights = array.array("i", [*streams, theirs.fileno()])
            self._control.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        ours.sendall(len(body).to_bytes(_LENGTH) + body)
        return ours

    def _end(self) -> None:
        self._control.close()
        self._process.wait(60)


def serve(namespace: dict[str, Any]) -> None:
    """Serve requests until the tests end; in the process of a program, run that in the namespace of `__main__`."""
    _import_everything()
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the processes that watch the programs
    size = array.array("i").itemsize
    while True:
        message, ancillary, _, _ = control.recvmsg(1, socket.CMSG_SPACE(4 * size))
        if not message:
            os._exit(0)
        rights = array.array("i", b"".join(data for _, _, data in ancillary))
        if os.fork() == 0:
            control.close()
            _perform(_watched(rights), namespace)
            return
        for descriptor in rights:
            os.close(descriptor)


def _import_everything() -> None:
    import dify

    for module in pkgutil.walk_packages(dify.__path__, "dify."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in (
        "anyio._backends._asyncio",
        "rich.progress",
        "rich.live",
        "typer.rich_utils",
        "uvicorn.protocols.http.h11_impl",
    ):
        importlib.import_module(name)
    asyncio.run(_build_models())
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(60)  # of the loop that has ended; it ends, too
    assert threading.active_count() == 1, "a process with threads cannot be forked"
    gc.collect()
    gc.freeze()


async def _build_models() -> None:
    """Make a few calls: models are built when they are first used."""
    from dify.testing import Emulator

    async with Emulator() as emulator, emulator.client() as client:
        await client.chat.stream("x").final()
    async with Emulator(mode="workflow") as emulator, emulator.client() as client:
        await client.workflows.stream({}).final()
        base = await client.knowledge.datasets.create("x")
        await client.knowledge.documents.create_from_text(base.id, "x", "x", indexing_technique="economy")


def _watched(rights: array.array[int]) -> str:
    """Fork the program, and tell of its end; only the program itself returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = socket.socket(fileno=rights[3])
    request = json.loads(_exactly(status, int.from_bytes(_exactly(status, _LENGTH))))
    pid = os.fork()
    if pid:
        for descriptor in rights[:3]:
            os.close(descriptor)
        try:
            status.sendall(pid.to_bytes(_LENGTH))
            status.sendall(os.waitpid(pid, 0)[1].to_bytes(_LENGTH))
        finally:
            os._exit(0)
    status.detach()
    for number, descriptor in enumerate(rights[:3]):
        os.dup2(descriptor, number)
    os.closerange(3, max(rights) + 1)
    return _begun(request)


_AT_END: list[Any] = []


@atexit.register  # before anything else is, so that it is called last
def _at_end() -> None:
    for call in _AT_END:
        call()


def _perform(code: str, namespace: dict[str, Any]) -> None:
    """Run the program; what ends well, or with a number, ends without the interpreter freeing what was imported."""
    ended: list[int] = []

    def leave() -> None:
        if ended:
            gc.collect()  # what was not closed warns
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            except (OSError, ValueError):
                return  # the interpreter says so in its own way
            os._exit(ended[0] & 0xFF)

    _AT_END.append(leave)
    try:
        exec(compile(code, "<program>", "exec"), namespace)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            ended.append(end.code or 0)
        raise
    ended.append(0)


def _measure() -> None:
    """Measure the coverage of this process; pytest-cov finds the data beside its own."""
    from coverage import Coverage

    coverage = Coverage(data_file=str(ROOT / ".coverage"), data_suffix=True, config_file=str(ROOT / "pyproject.toml"))
    coverage.start()

    def save() -> None:
        coverage.stop()
        coverage.save()

    atexit.register(save)


def _control_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _begun(request: dict[str, Any]) -> str:
    """Make this process what an interpreter is when a program begins."""
    if request["terminal"]:
        os.setsid()
        _control_terminal()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random.seed()
    sys.argv = ["-c", *request["args"]]
    sys.stdin = open(  # noqa: SIM115
        0, encoding="utf-8", closefd=False
    )
    sys.stdout = open(  # noqa: SIM115
        1, "w", encoding="utf-8", closefd=False, buffering=1 if os.isatty(1) else -1
    )
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", closefd=False, buffering=1, errors="backslashreplace"
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    if request["measured"]:
        _measure()
    return str(request["code"])
