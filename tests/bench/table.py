"""Runs the cases, variants taking turns, and sets the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from .clients import NotInstalled
from .rows import PEERS, Case, Face, Row
from .work import Found, measure, run_together

NAMES = {"ours-aiohttp": "ours on aiohttp", "raw-default": "raw, 100 connections"}
PEER_ROUNDS = 2
"""Turns of the peers, which take ten times as long as the others; nothing is judged by them."""
HEAD = ("measure", "ours", "raw httpx", "others", "ratio", "goal", "reached")


@dataclass
class Measured:
    """The figures of every round, by face, case and variant."""

    figures: dict[tuple[Face, str, str], list[dict[str, float]]] = field(default_factory=dict)
    missing: dict[tuple[Face, str, str], str] = field(default_factory=dict)
    """Why there are none, in the words of the table."""

    kept: Path | None = None
    """Where each measurement is noted, too."""

    def add(self, where: tuple[Face, str, str], figures: dict[str, float]) -> None:
        """Note the figures of one more turn."""
        self.figures.setdefault(where, []).append(figures)
        if self.kept is not None:
            with self.kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps([where, figures]) + "\n")

    @classmethod
    def kept_in(cls, path: Path | None) -> Measured:
        """What an earlier run has kept there, to go on with."""
        found = cls(kept=path)
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                where, figures = json.loads(line)
                found.figures.setdefault(tuple(where), []).append(figures)
        return found

    def values(self, face: Face, case: str, variant: str, key: str) -> list[float]:
        return [one[key] for one in self.figures.get((face, case, variant), []) if key in one]


def run(
    cases: Iterable[Case], url: str, found: Measured, *, rounds: int, heavy_rounds: int, say: Callable[[str], None]
) -> None:
    """All variants of a case after one another, in another order each round, and that again and again.

    What the machine does meanwhile, it so does to all of them; and a ratio is taken within a round. What `found` holds
    already is not measured again; interrupted, it keeps what it has.
    """
    try:
        for case in cases:
            for number in range(heavy_rounds if case.heavy else rounds):
                _round(found, case, number, url, say)
    except KeyboardInterrupt:
        say("interrupted: what follows is what was measured until then\n")


def _round(found: Measured, case: Case, number: int, url: str, say: Callable[[str], None]) -> None:
    turns = case.turns
    first = number % len(turns)
    for variants in (*turns[first:], *turns[:first]):
        wanted = [variant for variant in variants if _is_wanted(found, case, variant, number)]
        if not wanted:
            continue
        say(f"{case.face} {case.name}, round {number + 1}: {', '.join(variants)}")
        for variant, result in _measured(found, case, variants, url, say).items():
            found.add((case.face, case.name, variant), result)


def _is_wanted(found: Measured, case: Case, variant: str, number: int) -> bool:
    where = (case.face, case.name, variant)
    enough = len(found.figures.get(where, ())) > number or (variant in PEERS[case.face] and number >= PEER_ROUNDS)
    return where not in found.missing and not enough


def _measured(found: Measured, case: Case, variants: tuple[str, ...], url: str, say: Callable[[str], None]) -> Found:
    try:
        return measure(_job(case, variants, url))
    except NotInstalled:
        why = "not installed"
    except RuntimeError as failed:  # so many connections are too much for some: the others' figures still count
        why = "failed"
        say(f"{failed}\n")
    found.missing |= {(case.face, case.name, variant): why for variant in variants}
    return {}


def _job(case: Case, variants: tuple[str, ...], url: str) -> dict[str, Any]:
    return case.asked | {"face": case.face, "variants": variants, "url": url}


def run_once(cases: Iterable[Case], url: str) -> Measured:
    """Every variant once, as many in one process as can be: what they cost means nothing then, but they have run."""
    found = Measured()
    shared: dict[str, list[tuple[Case, tuple[str, ...]]]] = {}

    def note(case: Case, variants: tuple[str, ...], figures: dict[str, Any]) -> None:
        for variant in variants:
            where = (case.face, case.name, variant)
            if "missing" in figures:
                found.missing[where] = "not installed"
            else:
                found.figures[where] = [figures[variant]]

    for case in cases:
        for variants in case.turns:
            if case.asked["job"] == "streams":
                # one kind of network for each process
                shared.setdefault(case.asked["net"], []).append((case, variants))
                continue
            try:
                note(case, variants, measure(_job(case, variants, url), apart=False))
            except NotInstalled as error:
                note(case, variants, {"missing": str(error)})
    for jobs in shared.values():
        results = run_together([_job(case, variants, url) for case, variants in jobs])
        for (case, variants), figures in zip(jobs, results, strict=True):
            note(case, variants, figures)
    return found


@dataclass(frozen=True)
class Line:
    """A row with its figures."""

    row: Row
    cells: tuple[str, ...]
    ours: float | None
    raw: float | None
    ratio: float | None
    met: bool | None


def ratio_of(found: Measured, row: Row) -> float | None:
    """The median of the ratios, each taken within a pass where both were at work in one process, or else within a round."""
    if row.over is None:
        return None
    case, variant = row.over
    if within := found.values(row.face, row.case, row.variant, f"{row.key} over {variant}"):
        return median(within)
    ours = found.values(row.face, row.case, row.variant, row.key)
    theirs = found.values(row.face, case, variant, row.key)
    if not ours or not theirs:
        return None
    if len(ours) != len(theirs):
        return median(ours) / median(theirs)
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def line_of(found: Measured, case: Case, row: Row, judge: bool) -> Line:
    """One row."""

    def shown(variant: str) -> str:
        if values := found.values(row.face, row.case, variant, row.key):
            return f"{number(median(values))} {row.unit}"
        return found.missing.get((row.face, row.case, variant), "–")

    values = found.values(row.face, row.case, row.variant, row.key)
    ours = median(values) if values else None
    beside = found.values(row.face, row.case, "raw", row.key)
    ratio = ratio_of(found, row)
    judged = ours if row.over is None else ratio
    met = None if judged is None or row.goal is None or not judge else judged <= row.goal
    others = [v for v in case.variants if v not in (row.variant, "raw", "ours-aiohttp")]
    goal = "–" if row.goal is None else f"≤ {row.goal:g}" + (f" {row.unit}" if row.over is None else " ×")
    told = "–" if ratio is None else f"{ratio:.2f} × {row.over_words}"
    cells = (
        f"{row.title} ({row.face})",
        shown(row.variant),
        shown("raw") if "raw" in case.variants else "–",
        ", ".join(f"{NAMES.get(v, v)} {shown(v)}" for v in others) or "–",
        told,
        goal,
        {True: "yes", False: "no", None: "–"}[met],
    )
    return Line(row, cells, ours, median(beside) if beside else None, ratio, met)


def number(value: float) -> str:
    """Three digits are as many as mean anything."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def lines(found: Measured, cases: Iterable[Case], rows: Iterable[Row], *, judge: bool) -> list[Line]:
    """The table, in the order of the rows; without a judgement where the sizes mean nothing."""
    by_name = {(case.face, case.name): case for case in cases}
    return [line_of(found, by_name[row.face, row.case], row, judge) for row in rows]


def plain(table: list[Line]) -> str:
    """The table for a terminal."""
    cells = [HEAD, *(line.cells for line in table)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def markdown(table: list[Line]) -> str:
    """The table for the docs."""
    rule = "|".join(["---"] * len(HEAD))
    body = "\n".join("| " + " | ".join(line.cells) + " |" for line in table)
    return f"| {' | '.join(HEAD)} |\n|{rule}|\n{body}\n"
