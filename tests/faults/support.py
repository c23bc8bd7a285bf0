"""The programs under tests/faults/tools, run as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

from .tools.processes import ENVIRONMENT, ROOT, Faults, fault_server

__all__ = ["Faults", "fault_server", "run_tool"]


def run_tool(name: str, *arguments: str, seconds: float) -> str:
    """Run a program to its end and return what it printed; every process that it started ends with it."""
    program = subprocess.Popen(
        [sys.executable, "-m", f"tests.faults.tools.{name}", *arguments],
        cwd=ROOT,
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
