"""Options of the whole suite: everything, or a folder, runs in parallel; a file or a single test runs in this process.

`--loop uvloop` runs the asynchronous tests on event loops of uvloop.
"""

from __future__ import annotations

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Choose a worker per CPU, and one more for quick tests, where it helps.

    `-n`, `--pdb`, `--collect-only`, `--cov` and `-p no:xdist` have the last word.
    """
    option = config.option
    # A worker loads this file, too, and must not start workers of its own.
    if "PYTEST_XDIST_WORKER" in os.environ or hasattr(config, "workerinput"):
        return
    if not config.pluginmanager.hasplugin("xdist") or option.numprocesses is not None:
        return
    if getattr(option, "cov_source", None):
        return  # pytest-cov has looked at `-n` before: it must be on the command line
    paths = [Path(str(argument).partition("::")[0]) for argument in config.args]
    if any(path.is_dir() for path in paths) and not (option.usepdb or option.trace or option.collectonly):
        # Quick tests often wait for sockets and subprocesses: one more worker uses the CPUs then. Slow ones keep them busy.
        further = 0 if option.markexpr == "slow" else 1
        option.numprocesses, option.dist = (os.cpu_count() or 1) + further, "worksteal"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of the event loop."""
    parser.addoption(
        "--loop", choices=["asyncio", "uvloop"], default="asyncio", help="event loop of asynchronous tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the event loop."""
    if config.getoption("loop") == "uvloop":
        config.pluginmanager.register(Uvloop())


class Uvloop:
    """A plugin that lets pytest-asyncio make event loops of uvloop."""

    def pytest_asyncio_loop_factories(self) -> dict[str, Callable[[], AbstractEventLoop]]:
        """Return the event loops to test on."""
        import uvloop

        return {"uvloop": uvloop.new_event_loop}
