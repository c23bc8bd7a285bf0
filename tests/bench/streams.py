"""Reading streams: CPU for each event, time to the first event, memory of a stream that is open; and single calls."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from . import clients, clients_sync, network
from .plans import Plan
from .server import allow_many_sockets

SLOW = ("openai", "anthropic")
"""Clients that take ten times as long as the others: they get fewer events, and as many as tell what one costs."""


def memory() -> float:
    """What this process holds now, in KiB."""
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
    return float("nan")


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def measured(asked: dict[str, Any]) -> dict[str, float]:
    """The figures of one variant; see `rows.Case` for what may be asked."""
    allow_many_sockets()
    if asked["face"] == "async":
        return asyncio.run(_async(asked))
    return _sync(asked)


def _setting(asked: dict[str, Any]) -> tuple[str, Plan, Any]:
    plan = Plan(**asked["plan"])
    if asked["variant"] in SLOW and plan.frames == "message":
        plan = replace(plan, count=max(plan.count // 8, min(plan.count, 50)))
    if asked["net"] == "socket":
        return asked["url"], plan, None
    if asked["net"] == "memory":
        return network.install(), plan, None
    made = httpx.AsyncClient if asked["face"] == "async" else httpx.Client
    return "http://localhost:1", plan, made(transport=network.Chunks(), timeout=clients.PATIENCE)


class Figures:
    """Sums up what the reads of one variant took: the least of its passes, which other work on the machine disturbed least."""

    def __init__(self) -> None:
        self.begun = 0.0
        self.cpu = 0.0
        self.least = float("inf")
        self.first: list[float] = []
        self._held = 0.0

    def start(self) -> None:
        gc.collect()
        self._held = memory()
        self.begun, self.cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        self.cpu = time.process_time() - self.cpu
        self.least = min(self.least, self.cpu)

    def of_events(self, count: int) -> dict[str, float]:
        late = p99([at - self.begun for at in self.first])
        return {"cpu_us": self.least / count * 1e6, "cpu_ms": self.least * 1e3, "first_ms": late * 1e3}

    def of_calls(self, count: int) -> dict[str, float]:
        return {"cpu_us": self.least / count * 1e6}

    def of_open(self, count: int) -> dict[str, float]:
        gc.collect()
        return {"kib": (memory() - self._held) / count}


def _check(counts: list[int], plan: Plan) -> int:
    least = 1 if plan.frames == "huge" else plan.count
    assert min(counts) >= least, f"{min(counts)} events came of {least}"
    return sum(counts)


async def _async(asked: dict[str, Any]) -> dict[str, float]:
    url, plan, http = _setting(asked)
    client = clients.MAKERS[asked["variant"]](url, plan, http)
    at_once, times, figures = asked["at_once"], asked["times"], Figures()
    work: Callable[[], Any] = client.ask if plan.frames == "reply" else lambda: client.read(figures.first)
    try:
        if plan.hold:
            return await _open(client, at_once, figures)
        for _ in range(asked["warm_up"]):
            await work()
        for _ in range(asked["passes"]):
            counts: list[int] = []
            figures.first.clear()
            figures.start()
            for _ in range(times):
                counts += [await work()] if at_once == 1 else await asyncio.gather(*(work() for _ in range(at_once)))
            figures.stop()
    finally:
        await client.close()
    return figures.of_calls(len(counts)) if plan.frames == "reply" else figures.of_events(_check(counts, plan))


async def _open(client: clients.AsyncClient, at_once: int, figures: Figures) -> dict[str, float]:
    def reading() -> asyncio.Task[int]:
        return asyncio.create_task(client.read(figures.first))  # type: ignore[arg-type]

    async def all_have_begun(count: int) -> None:
        while len(figures.first) < count:
            for task in tasks:
                if task.done():
                    raise RuntimeError("a stream ended that was to stay open") from task.exception()
            await asyncio.sleep(0.01)

    tasks = [reading()]
    await all_have_begun(1)
    figures.start()
    tasks += [reading() for _ in range(at_once - 1)]  # a thousand with the first: clients have limits
    await all_have_begun(at_once)
    found = figures.of_open(at_once - 1)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return found


def _sync(asked: dict[str, Any]) -> dict[str, float]:
    url, plan, http = _setting(asked)
    client = clients_sync.MAKERS[asked["variant"]](url, plan, http)
    at_once, times, figures = asked["at_once"], asked["times"], Figures()
    work: Callable[[], Any] = client.ask if plan.frames == "reply" else lambda: client.read(figures.first)
    threading.stack_size(1 << 19)
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for _ in range(asked["warm_up"]):
                work()
            for _ in range(asked["passes"]):
                counts: list[int] = []
                figures.first.clear()
                figures.start()
                for _ in range(times):
                    counts += [work()] if at_once == 1 else list(pool.map(lambda _: work(), range(at_once)))
                figures.stop()
        finally:
            client.close()
    return figures.of_calls(len(counts)) if plan.frames == "reply" else figures.of_events(_check(counts, plan))
