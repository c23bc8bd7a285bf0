"""Reading streams: CPU for each event, time to the first event, memory of a stream that is open; and single calls."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
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


def measured(asked: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The figures of each variant; see `rows.Case` for what may be asked."""
    allow_many_sockets()
    if asked["face"] == "async":
        return asyncio.run(_async(asked))
    return _sync(asked)


def _setting(asked: dict[str, Any], variant: str) -> tuple[str, Plan, Any]:
    plan = Plan(**asked["plan"])
    if variant in SLOW and plan.frames == "message":
        plan = replace(plan, count=max(plan.count // 8, min(plan.count, 50)))
    if asked["net"] == "socket":
        return asked["url"], plan, None
    if asked["net"] == "memory":
        return network.install(), plan, None
    made = httpx.AsyncClient if asked["face"] == "async" else httpx.Client
    return "http://localhost:1", plan, made(transport=network.Chunks(), timeout=clients.PATIENCE)


class Figures:
    """Sums up what the reads of one variant took; the least of its passes is what other work on the machine disturbed least."""

    def __init__(self) -> None:
        self.begun = 0.0
        self.passes: list[float] = []
        self.counts: list[int] = []
        self.first: list[float] = []
        self._held = 0.0

    def forget(self) -> None:
        """What came in the pass before; its time stays."""
        self.counts.clear()
        self.first.clear()

    def start(self) -> None:
        gc.collect()
        self._held = memory()
        self.begun, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        self.passes.append(time.process_time() - self._cpu)

    def of(self, plan: Plan) -> dict[str, float]:
        least = min(self.passes)
        if plan.frames == "reply":
            return {"cpu_us": least / len(self.counts) * 1e6}
        late = p99([at - self.begun for at in self.first])
        return {"cpu_us": least / _check(self.counts, plan) * 1e6, "cpu_ms": least * 1e3, "first_ms": late * 1e3}

    def of_open(self, count: int) -> dict[str, float]:
        gc.collect()
        return {"kib": (memory() - self._held) / count}


class Side:
    """One variant at work in this process, which may be one of several."""

    def __init__(self, asked: dict[str, Any], variant: str) -> None:
        url, self.plan, http = _setting(asked, variant)
        makers: dict[str, Callable[..., Any]] = clients.MAKERS if asked["face"] == "async" else clients_sync.MAKERS
        self.client = makers[variant](url, self.plan, http)
        self.figures = Figures()

    def work(self) -> Any:
        """One call or stream of it."""
        return self.client.ask() if self.plan.frames == "reply" else self.client.read(self.figures.first)


def _in_turns(sides: dict[str, Side], passes: int) -> Iterator[Side]:
    """Who reads next: each once in a pass, and who was last begins the next."""
    order = [*sides.values()]
    for _ in range(passes):
        yield from order
        order.reverse()


def _told(sides: dict[str, Side]) -> dict[str, dict[str, float]]:
    """The figures of each; beside them what it took in a pass over what each of the others did in the same, the median."""
    found = {variant: side.figures.of(side.plan) for variant, side in sides.items()}
    for variant, side in sides.items():
        for other in sides.keys() - {variant}:
            pairs = zip(side.figures.passes, sides[other].figures.passes, strict=True)
            ratio = median(mine / theirs for mine, theirs in pairs)
            found[variant] |= {f"{key} over {other}": ratio for key in ("cpu_us", "cpu_ms")}
    return found


def _check(counts: list[int], plan: Plan) -> int:
    least = 1 if plan.frames == "huge" else plan.count
    assert min(counts) >= least, f"{min(counts)} events came of {least}"
    return sum(counts)


async def _async(asked: dict[str, Any]) -> dict[str, dict[str, float]]:
    sides = {variant: Side(asked, variant) for variant in asked["variants"]}
    at_once, times = asked["at_once"], asked["times"]
    try:
        for variant, side in sides.items():
            if side.plan.hold:
                return {variant: await _open(side.client, at_once, side.figures)}
            for _ in range(asked["warm_up"]):
                await side.work()
        for side in _in_turns(sides, asked["passes"]):
            figures = side.figures
            figures.forget()
            figures.start()
            for _ in range(times):
                if at_once == 1:
                    figures.counts.append(await side.work())
                else:
                    figures.counts += await asyncio.gather(*(side.work() for _ in range(at_once)))
            figures.stop()
    finally:
        for side in sides.values():
            await side.client.close()
    return _told(sides)


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


def _sync(asked: dict[str, Any]) -> dict[str, dict[str, float]]:
    sides = {variant: Side(asked, variant) for variant in asked["variants"]}
    at_once, times = asked["at_once"], asked["times"]
    threading.stack_size(1 << 19)
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for side in sides.values():
                for _ in range(asked["warm_up"]):
                    side.work()
            for side in _in_turns(sides, asked["passes"]):
                figures, work = side.figures, side.work
                figures.forget()
                figures.start()
                for _ in range(times):
                    figures.counts += [work()] if at_once == 1 else pool.map(lambda _: work(), range(at_once))  # noqa: B023
                figures.stop()
        finally:
            for side in sides.values():
                side.client.close()
    return _told(sides)
