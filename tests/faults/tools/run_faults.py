"""Run every fault of the server, in each of its modes, against an adapter; a forked process for each cell.

  python -m tests.faults.tools.run_faults ADAPTER [--only fault,..] [--retries 0] [--timeout 1.5] [--wall 8] [-j 4] [--out FILE]

A cell is a fault met in one mode: "s" for a stream, "b" for a blocking reply. A process of its own isolates it, measures its
peak memory, and can be killed when it hangs.
Outcomes: ok | typed | timeout (typed, too) | raw:<exception> | silent-trunc | silent-wrong | decoded-bomb | hang | crash
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import select
import signal
import time
import warnings
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

# Everything that a cell imports is imported here, before the first fork: importing takes longer than most cells.
import aiohttp  # noqa: F401
import anyio  # noqa: F401
import httpx_aiohttp  # noqa: F401

import dify

from .adapters import ADAPTERS, Adapter
from .faultserver import PIECES, TEXT
from .processes import Faults, fault_server

BOMBS = ("gzip-bomb", "br-bomb", "zstd-bomb", "double-gzip-bomb", "gzip-bomb-sse")
LONG_GROUPS = ("stream-volume", "compression")
LONG_NAMES = ("64mib", "huge", "endless", "stream-drip")


class Cell(NamedTuple):
    """A fault, met in one mode."""

    fault: dict[str, Any]
    mode: str
    key: str

    @property
    def url(self) -> str:
        """The base URL; the key names the cell in the server's log."""
        name = self.fault["name"]
        return str(self.fault["base_url"]).replace(f"/f/{name}", f"/f/{name};id={self.key}", 1)

    def seconds(self, usual: float) -> float:
        """The time after which the cell counts as hanging."""
        long = self.fault["group"] in LONG_GROUPS or any(part in self.fault["name"] for part in LONG_NAMES)
        return 25 if long else usual


class Running(NamedTuple):
    """A cell in its process."""

    cell: Cell
    pid: int
    started: float
    deadline: float


def judge_text(fault: str, text: str) -> str:
    """Compare the text with what the server sent under that fault."""
    if fault == "stream-100k-events":
        return "ok" if text == "x" * 100_000 else "silent-trunc"
    if fault == "json-64mib-string":
        return "ok" if len(text) == len(TEXT) + (64 << 20) else "silent-trunc"
    if fault == "stream-64mib-line":
        return "ok" if len(text) >= (64 << 20) and text.endswith(PIECES[-1]) else "silent-trunc"
    if fault == "stream-1-byte-chunks-1mib":
        return "ok" if "B" * (1 << 18) in text and text.endswith(PIECES[-1]) else "silent-trunc"
    if fault in BOMBS:
        return "decoded-bomb"
    if fault == "stream-terminal-only":
        return "ok" if text == "" else "silent-wrong"
    if fault == "json-dup-keys":
        return "ok" if text in (TEXT, "EVIL") else "silent-wrong"
    if fault in ("json-lone-surrogate", "json-nul-in-string"):
        return "ok" if text.startswith("a") else "silent-wrong"
    inserted = ("stream-event", "stream-missing", "stream-wrong-types", "stream-bigint", "stream-empty-object")
    if text == TEXT or (fault.startswith(inserted) and text.replace("x", "") == TEXT.replace("x", "")):
        return "ok"
    if fault == "stream-invalid-utf8" and text.replace("a\ufffd\ufffdb", "") == TEXT:
        return "ok"
    return "silent-trunc" if TEXT.startswith(text) or len(text) < len(TEXT) else "silent-wrong"


def verdict(goal: str, outcome: str, retries: int) -> str:
    """Return "pass", "part" or "FAIL" for an outcome."""
    goals, kind = goal.split("|"), outcome.partition(":")[0]
    if goal == "retry-ok":
        met = kind in ("ok", "typed") or (kind == "timeout" and not retries)
    elif kind == "timeout":
        met = goal in ("timeout", "ok|timeout", "typed", "ok|typed")
    else:
        met = kind in goals
    if not met and (kind, goal) == ("typed", "timeout"):
        return "part"  # one of ours, but not a timeout
    return "pass" if met else "FAIL"


def name_of(error: BaseException) -> str:
    """Name the outcome that an exception is."""
    if isinstance(error, dify.APITimeoutError):
        return "timeout"
    if isinstance(error, dify.DifyError):
        return "typed"
    return f"raw:{type(error).__module__.partition('.')[0]}.{type(error).__name__}"


def run_cell(adapter: Adapter, cell: Cell, retries: int, timeout: float, report: int) -> None:
    """Run a cell in this process, write its outcome into the pipe, and exit."""
    # A bomb that is not stopped raises MemoryError instead of taking all memory of the machine.
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    try:
        reply = adapter(cell.url, cell.mode == "s", retries, timeout)
        text = asyncio.run(reply) if asyncio.iscoroutine(reply) else reply
        outcome, detail = judge_text(cell.fault["name"], text), f"len={len(text)}"
    except BaseException as error:  # noqa: BLE001 - its type is the outcome
        outcome, detail = name_of(error), f"{type(error).__name__}: {str(error)[:200]}"
        if len(str(error)) > 100_000:
            detail += f" ...(a message of {len(str(error))} characters)"
    seconds = round(time.monotonic() - started, 3)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    os.write(report, json.dumps([outcome, detail, seconds, memory]).encode())
    os._exit(0)


def memory_of(pid: int) -> int:
    """Return the peak memory of a process in MiB, or -1 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return -1
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM")), -1)


def start(adapter: Adapter, cell: Cell, arguments: argparse.Namespace) -> tuple[int, Running]:
    """Fork a process for a cell; return the pipe that its outcome comes through."""
    report, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(report)
        run_cell(adapter, cell, arguments.retries, arguments.timeout, write)
    os.close(write)
    now = time.monotonic()
    return report, Running(cell, pid, now, now + cell.seconds(arguments.wall))


def collect(report: int, running: Running, readable: bool) -> list[Any] | None:
    """Return [outcome, detail, seconds, MiB] of a cell that has ended or run out of time, or None."""
    took = round(time.monotonic() - running.started, 1)
    if readable:
        data = os.read(report, 65536)
    elif time.monotonic() > running.deadline:
        data = json.dumps(["hang", "killed", took, memory_of(running.pid)]).encode()
        os.kill(running.pid, signal.SIGKILL)
    else:
        return None
    os.close(report)
    _, status = os.waitpid(running.pid, 0)
    return list(json.loads(data)) if data else [f"crash:signal{status & 127}", f"status {status}", took, -1]


def record(server: Faults, cell: Cell, ended: list[Any], retries: int) -> dict[str, Any]:
    """Put together what is known of a cell."""
    outcome, detail, seconds, memory = ended
    log = server.get(f"/__log__?id={cell.key}")
    return {
        "out": outcome,
        "detail": detail,
        "wall": seconds,
        "rss_mb": memory,
        "requests": len(log),
        "gaps": [round(later["t"] - earlier["t"], 2) for earlier, later in pairwise(log)],
        "key_leak": [
            entry["listener"]
            for entry in log
            if entry["listener"] not in ("main", "tls") and (entry["auth"] or entry["api_key"])
        ],
        "verdict": verdict(cell.fault["goal"], outcome, retries),
    }


def run(server: Faults, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run all cells, `-j` at the same time."""
    faults = [fault for fault in server.get("/__catalog__") if fault["group"] != "download"]
    if arguments.only:
        faults = [fault for fault in faults if fault["name"] in arguments.only.split(",")]
    if any(fault["group"] == "compression" for fault in faults):
        print("bombs on the wire:", server.get("/__warm__"), flush=True)
    pairs = [(fault, mode) for fault in faults for mode in fault["modes"]]
    waiting = [Cell(fault, mode, str(index)) for index, (fault, mode) in enumerate(pairs)][::-1]
    running: dict[int, Running] = {}
    results: dict[str, Any] = {}
    gc.freeze()
    while waiting or running:
        while waiting and len(running) < arguments.j:
            report, started = start(ADAPTERS[arguments.adapter], waiting.pop(), arguments)
            running[report] = started
        readable, _, _ = select.select(list(running), [], [], 0.1)
        for report, started in list(running.items()):
            ended = collect(report, started, report in readable)
            if ended is not None:
                del running[report]
                fault = started.cell.fault
                about = results.setdefault(fault["name"], {"goal": fault["goal"], "group": fault["group"], "cells": {}})
                about["cells"][started.cell.mode] = record(server, started.cell, ended, arguments.retries)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter", choices=ADAPTERS)
    parser.add_argument("--only", help="names of faults, separated by commas")
    parser.add_argument("--retries", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=1.5, help="the client's timeout, in seconds")
    parser.add_argument("--wall", type=float, default=8, help="seconds after which most cells count as hanging")
    parser.add_argument("-j", type=int, default=4, help="cells at the same time")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    with fault_server() as server:
        results = run(server, arguments)
    cells = [cell for fault in results.values() for cell in fault["cells"].values()]
    print(len(cells), "cells:", dict(Counter(cell["verdict"] for cell in cells)))
    print(dict(Counter(cell["out"] for cell in cells)))
    print("key leaks:", sum(bool(cell["key_leak"]) for cell in cells))
    print("most memory:", max((cell["rss_mb"] for cell in cells), default=0), "MiB")
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
