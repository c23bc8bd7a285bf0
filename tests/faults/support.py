"""The programs of the project's shared tools, run as processes of their own, where a checkout of them lies beside this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT.parent / "shared" / "tools"

needs_tools = pytest.mark.skipif(
    not (TOOLS / "faultserver.py").is_file(), reason="needs ../shared/tools, which is no part of this repository"
)

OURS = ROOT / "tests" / "support"
ADAPTERS = {
    "async": TOOLS / "adapter.py",
    "sync": OURS / "fault_adapter_sync.py",
    "aiohttp": OURS / "fault_adapter_aiohttp.py",
}
"""What the tools call: the client of each face, and that on aiohttp, behind the same few methods."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | {
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
}


WARM_START = (
    "import aiohttp, anyio, httpx_aiohttp, runpy, sys; from dify import *; "
    "del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
)
"""The runner makes a process for each cell; what they all need is loaded once, before: loading takes longer than most cells."""


def run_tool(name: str, *arguments: str, face: str, seconds: float) -> str:
    """Run a program of the tools to its end and return what it printed; whatever it started ends with it.

    It runs where the face's adapter lies: the runner puts the adapter's name into addresses, where a path would not do.
    """
    command = [sys.executable, "-c", WARM_START, str(TOOLS / name), *arguments]
    program = subprocess.Popen(
        command,
        cwd=ADAPTERS[face].parent,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = program.communicate(timeout=seconds)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    assert program.returncode == 0, printed
    return printed


class Faults:
    """The fault server, in a process of its own."""

    def __init__(self, bases: dict[str, Any]) -> None:
        self.base = str(bases["main"])

    def get(self, path: str) -> Any:
        """What one of its pages about itself says."""
        with urllib.request.urlopen(self.base + path, timeout=60) as answer:
            return json.loads(answer.read())

    def catalogue(self, group: str) -> list[dict[str, Any]]:
        """The faults of a group."""
        return [fault for fault in self.get("/__catalog__") if fault["group"] == group]

    def connections(self) -> int:
        """How many are open, but for the one that asks."""
        return int(self.get("/__conns__")["open"])


@contextmanager
def fault_server() -> Iterator[Faults]:
    """Runs it while the block lasts."""
    command = [sys.executable, str(TOOLS / "faultserver.py")]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            yield Faults(json.loads(program.stdout.readline()))
        finally:
            program.kill()
