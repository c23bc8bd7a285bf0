"""Walking through a list in pages, to see which items the pages give."""

from __future__ import annotations

from typing import Any

import httpx

from .exchanges import Reply, Step, request_of, send
from .world import World

__all__ = ["walk"]


async def walk(
    client: httpx.AsyncClient, step: Step, known: dict[str, Any], world: World
) -> tuple[dict[str, Any], list[Reply]]:
    """Walk through a list, and return the rule of its pages.

    The rule is "strictly before" if a page begins after all items of the cursor's second, "position" if it begins right
    after the cursor, and "untold" if no two items are of one second.
    """
    rule, replies = step["walk"], list[Reply]()

    async def page(limit: int, cursor: str | None) -> list[dict[str, Any]]:
        request = request_of(step, known, world.keys)
        more = {rule["cursor"]: cursor} if cursor else {}
        request["params"] = {**request.get("params", {}), "limit": limit, **more}
        replies.append(await send(client, request, world, None))
        items: list[dict[str, Any]] = replies[-1].json.get("data", [])
        return items

    whole = await page(rule["whole"], None)
    # A page that goes backwards holds the newest items, oldest first.
    ordered = whole[::-1] if rule.get("backwards") else whole
    stamps = {each["id"]: each[rule["stamp"]] for each in ordered}
    places = {each: place for place, each in enumerate(stamps)}
    follows = {"strictly before": True, "position": True}
    cursor, seen, sizes = None, list[str](), list[int]()
    while len(sizes) < len(whole) + 2:
        items = await page(rule["limit"], cursor)
        sizes.append(len(items))
        ids = [each["id"] for each in (items[::-1] if rule.get("backwards") else items)]
        for name, expected in _expected(rule, stamps, places, cursor).items():
            follows[name] = follows[name] and _same(ids, expected[: rule["limit"]], stamps)
        seen += ids
        if not ids or not replies[-1].json.get("has_more"):
            break
        cursor = ids[-1]
    kept = [name for name, holds in follows.items() if holds]
    ties = len(set(stamps.values())) < len(whole)
    walked: dict[str, Any] = {
        "rule": "untold" if not ties or len(kept) == 2 else kept[0] if kept else "another",
        "loses items": len(set(seen)) < len(whole),
        "gives items twice": len(set(seen)) < len(seen),
    }
    return walked | ({"whole": len(whole), "pages": sizes} if rule.get("exact") else {}), replies


def _expected(
    rule: dict[str, Any], stamps: dict[str, int], places: dict[str, int], cursor: str | None
) -> dict[str, list[str]]:
    ordered = list(stamps)
    if cursor is None:
        return {"strictly before": ordered, "position": ordered}
    stamp, newest_last = stamps[cursor], rule.get("order") == "newest last"
    later = [each for each, time in stamps.items() if (time > stamp if newest_last else time < stamp)]
    return {"strictly before": later, "position": ordered[places[cursor] + 1 :]}


def _same(ids: list[str], expected: list[str], stamps: dict[str, int]) -> bool:
    """Return whether two pages are the same but for the order of items of one second, which is not defined."""
    times = [stamps.get(each) for each in ids]
    return times == [stamps[each] for each in expected] and len(set(ids)) == len(ids)
