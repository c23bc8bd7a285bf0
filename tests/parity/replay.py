"""Sending the steps of a scenario one after the other, and comparing each answer with the real one."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from .exchanges import Missing, Reply, Step, fill, request_of, send
from .paging import walk
from .pointers import find
from .shapes import merged, shape_differences, shape_of
from .world import World

__all__ = ["Outcome", "replay"]

_UUID = re.compile(r"\b[0-9a-f]{8}([-_])[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])")


@dataclass
class Outcome:
    """What came of a step.

    Attributes:
        id: The step's id.
        differences: The kind and the text of each difference.
        skipped: Whether the step needs an app that the emulator does not have.
    """

    id: str
    differences: list[tuple[str, str]] = field(default_factory=list)
    skipped: bool = False


async def replay(scenario: dict[str, Any], world: World) -> list[Outcome]:
    """Send a scenario to the emulator."""
    known: dict[str, Any] = {
        **world.values,
        "user": f"u{random.randrange(100_000, 1_000_000)}",
        "rand": str(random.randrange(100_000, 1_000_000)),
        "unknown": "00000000-0000-4000-8000-00000000dead",
    }
    async with world.client() as client:
        return [await _play(client, step, known, world) for step in scenario["steps"]]


async def _play(client: httpx.AsyncClient, step: Step, known: dict[str, Any], world: World) -> Outcome:
    if step["key"] not in world.keys and step["key"] != "none":
        return Outcome(step["id"], skipped=True)
    if "wait" in step:
        world.clock.advance(step["wait"])
        await world.settle()
    try:
        if "walk" in step:
            walked, replies = await walk(client, step, known, world)
        else:
            walked, replies = None, await _ask(client, step, known, world)
    except Missing as missing:
        return Outcome(step["id"], [("blocked", f"{missing} was not saved")])
    _save(step.get("save", {}), replies[0], known)
    for name, value in step.get("names", {}).items():
        known[name] = fill(value, known)
    loose = set(step.get("loose", []))
    differences = [*_compared(step, replies, known), *(_paging(step, walked) if walked else ())]
    return Outcome(step["id"], [(kind, text) for kind, text in differences if kind not in loose])


async def _ask(client: httpx.AsyncClient, step: Step, known: dict[str, Any], world: World) -> list[Reply]:
    times, stop_after = step.get("times", 1), step.get("stop_after")
    if times > 1:
        limit = asyncio.Semaphore(step.get("at_once", 1))

        async def one(number: int) -> Reply:
            async with limit:
                return await send(client, request_of(step, {**known, "i": str(number)}, world.keys), world, stop_after)

        return list(await asyncio.gather(*map(one, range(times))))
    until = step.get("until")
    deadline = world.clock.seconds + (until or {}).get("within", 0)
    while True:
        reply = await send(client, request_of(step, known, world.keys), world, stop_after)
        values = find(reply.json, until["at"]) if until else []
        if not until or world.clock.seconds > deadline or (values and all(each in until["in"] for each in values)):
            return [reply]
        world.clock.advance(until.get("every", 0.25))
        await world.settle()


def _save(rules: dict[str, Any], reply: Reply, known: dict[str, Any]) -> None:
    for name, rule in rules.items():
        event, pointer = (rule.get("event"), rule["at"]) if isinstance(rule, dict) else (None, rule)
        sources = [reply.json]
        if reply.frames is not None:
            sources = [frame for frame in reply.frames if event is None or frame.get("event") == event]
        values = list(itertools.chain.from_iterable(find(source, pointer) for source in sources))
        if values and values[0] is not None:
            known[name] = values if "*" in pointer else values[0]


# --------------------------------------------------------------------------------------------------------- comparing
def _neutral(value: Any, known: dict[str, Any]) -> Any:
    """Return a text without what varies."""
    if not isinstance(value, str):
        return value
    names = [(each, name) for name, each in known.items() if isinstance(each, str) and len(each) > 5]
    for each, name in sorted(names, key=lambda pair: -len(pair[0])):
        value = value.replace(each, f"${{{name}}}")
    value = _UUID.sub("<id>", value)
    value = re.sub(r"errors\.pydantic\.dev/\d+\.\d+", "errors.pydantic.dev/2.x", value)
    return re.sub(r"input_value=(?=[^\n]*\.\.\.)[^\n]*?, input_type", "input_value=<cut>, input_type", value)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _differ(kind: str, real: Any, own: Any, where: str = "") -> tuple[str, str]:
    return kind, f"{where}really {_short(real)}, here {_short(own)}"


def _compared(step: Step, replies: list[Reply], known: dict[str, Any]) -> Iterable[tuple[str, str]]:
    real, first = step["real"], replies[0]
    statuses = real["status"] if isinstance(real["status"], list) else [real["status"]]
    if first.status not in statuses:
        yield _differ(
            "status", real["status"], f"{first.status} {_neutral(first.body[:160].decode(errors='replace'), known)}"
        )
    tally = {str(status): count for status, count in sorted(Counter(each.status for each in replies).items())}
    if real.get("tally", tally) != tally:
        yield _differ("status", real["tally"], tally)
    if real.get("content_type") != first.media_type:
        yield _differ("content-type", real.get("content_type"), first.media_type)
    for name, value in real.get("headers", {}).items():
        own = _neutral(first.headers.get(name), known)
        if value != own:
            yield _differ("header", value, own, f"{name}: ")
    comparable = first.status in statuses and real.get("content_type") == first.media_type
    yield from _errors(real, first, known, comparable, first.status in statuses)
    if comparable:
        yield from _bodies(step, replies)
        yield from _values(real, first, known)


def _errors(
    real: dict[str, Any], reply: Reply, known: dict[str, Any], comparable: bool, same_status: bool
) -> Iterable[tuple[str, str]]:
    own = _error_of(reply)
    if "error" in real and own is not None:
        own = {key: _neutral(value, known) for key, value in own.items()}
        yield from (
            _differ(kind, real["error"].get(kind), own.get(kind))
            for kind in ("code", "message")
            if real["error"].get(kind) != own.get(kind)
        )
        compared = {"code", "message"} | (set() if same_status else {"status"})
        for key in sorted((real["error"].keys() | own.keys()) - compared):
            if real["error"].get(key) != own.get(key):
                yield _differ("shape", real["error"].get(key), own.get(key), f"error.{key}: ")
    elif comparable and ("error" in real or own is not None):
        yield _differ("code", real.get("error", "no error"), own or "no error")


def _error_of(reply: Reply) -> dict[str, Any] | None:
    if reply.frames is not None:
        failed = next((frame for frame in reply.frames if frame.get("event") == "error"), None)
        return None if failed is None else {key: failed.get(key) for key in ("code", "message", "status")}
    return reply.json if isinstance(reply.json, dict) and reply.status >= 400 else None


def _bodies(step: Step, replies: list[Reply]) -> Iterable[tuple[str, str]]:
    real, first, ignore = step["real"], replies[0], step.get("ignore", [])
    if first.frames is not None and "events" in real:
        wanted, given = [name.rstrip("+") for name in real["events"]], _sequence(first.frames)
        if real.get("events_begin"):
            given = given[: len(wanted)]
        if wanted != given:
            yield _differ("events", real["events"], given)
        by_name: dict[str, list[dict[str, str]]] = {}
        for frame in itertools.chain.from_iterable(each.frames or [] for each in replies):
            by_name.setdefault(_name_of(frame), []).append(shape_of(frame))
        for name in real.get("shapes", {}).keys() & by_name.keys():
            found = shape_differences(real["shapes"][name], merged(by_name[name]), ignore)
            yield from (("shape", f"{name}{text}") for text in found)
    bodies = [shape_of(each.json) for each in replies if each.status < 400 and each.frames is None]
    is_json = first.json is not None or first.body.strip() == b"null"
    if "shape" in real:
        own = merged(bodies) if is_json else {}
        yield from (("shape", text) for text in shape_differences(real["shape"], own, ignore))
    if "bytes" in real:
        size = None if is_json or first.frames is not None else "some" if first.body else "none"
        if size != real["bytes"]:
            yield _differ("shape", f"{real['bytes']} bytes", size)


def _sequence(frames: list[dict[str, Any]]) -> list[str]:
    """The names of the events in their order, repeats in a row once."""
    return [name for name, _ in itertools.groupby(str(frame["event"]) for frame in frames if "event" in frame)]


def _name_of(frame: dict[str, Any]) -> str:
    name, data = str(frame.get("event")), frame.get("data")
    is_node = name in ("node_started", "node_finished", "node_retry") and isinstance(data, dict)
    return f"{name}:{data['node_type']}" if is_node and isinstance(data, dict) else name


def _values(real: dict[str, Any], reply: Reply, known: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for pointer, wanted in real.get("values", {}).items():
        source, inner = reply.json, pointer
        if pointer.startswith("@"):
            event, _, inner = pointer[1:].partition("/")
            source = next((frame for frame in reply.frames or [] if frame.get("event") == event), None)
        found = find(source, inner)
        if inner.endswith("#"):
            found = [len(each) for each in find(source, inner[:-2])[:1] if isinstance(each, list)]
        if not found:
            if not real.get("shape"):
                yield _differ("value", wanted, "nothing", f"{pointer}: ")
        elif (own := _neutral(found[0], known)) != wanted:
            yield _differ("value", wanted, own, f"{pointer}: ")


def _paging(step: Step, own: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for key, wanted in step["real"]["walk"].items():
        # Where no two items of one second stood at the end of a page, the rule could not be seen.
        if "untold" not in (wanted, own.get(key)) and key in own and wanted != own[key]:
            yield _differ("walk", wanted, own[key], f"{key}: ")
