"""The emulator answers as a Dify 1.14.2 server did, but for a few differences that are listed with their reasons."""

from __future__ import annotations

import asyncio
import json
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import Clock

from .replay import Outcome, replay
from .world import World

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "data").glob("*.json"))
ALLOWED: list[dict[str, str]] = json.loads((HERE / "allowed.json").read_text(encoding="utf-8"))
MOST = 0.02
"""The share of steps that may differ."""


@cache
def scenario_of(name: str) -> dict[str, Any]:
    scenario: dict[str, Any] = json.loads((HERE / "data" / f"{name}.json").read_text(encoding="utf-8"))
    return scenario


@cache
def outcomes_of(name: str) -> list[Outcome]:
    """Replay a scenario, once for all tests."""

    async def main() -> list[Outcome]:
        async with world.emulator:
            return await replay(scenario_of(name), world)

    with pytest.MonkeyPatch.context() as patch:
        world = World.create(Clock().install(patch))
        return asyncio.run(main())


def allowance(step: str, kind: str) -> int | None:
    """Return the place of the entry that allows a difference."""
    matches = (fnmatchcase(step, each["id"]) and each.get("kind", kind) == kind for each in ALLOWED)
    return next((place for place, matched in enumerate(matches) if matched), None)


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_is_answered_as_by_the_server(name) -> None:
    differences = {
        outcome.id: [f"{kind}: {text}" for kind, text in outcome.differences if allowance(outcome.id, kind) is None]
        for outcome in outcomes_of(name)
    }
    assert {step: texts for step, texts in differences.items() if texts} == {}


def test_few_steps_may_differ_and_every_allowance_is_needed() -> None:
    outcomes = [outcome for name in NAMES for outcome in outcomes_of(name)]
    used = {
        step.id: {allowance(step.id, kind) for kind, _ in step.differences} for step in outcomes if step.differences
    }
    assert len(used) <= MOST * sum(not outcome.skipped for outcome in outcomes)
    needed = set().union(*used.values())
    assert [each for place, each in enumerate(ALLOWED) if place not in needed] == []
    assert all(each["reason"] for each in ALLOWED)


def test_the_steps_of_few_apps_are_skipped() -> None:
    skipped = {outcome.id for name in NAMES for outcome in outcomes_of(name) if outcome.skipped}
    # An app without a model provider, an unpublished one, and one whose API is switched off.
    assert len(skipped) == 5
