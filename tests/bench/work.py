"""Measurements in a process of their own: what to measure comes as JSON on its input, and the figures go out so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .clients import NotInstalled

ROOT = Path(__file__).parents[2]


Found = dict[str, dict[str, float]]
"""Figures of each variant."""


def run(asked: dict[str, Any]) -> Found:
    """The figures of the variants that are asked for, from a process that does nothing else.

    Raises:
        NotInstalled: A package that is to be measured is not there.
    """
    (figures,) = run_together([asked])
    if "missing" in figures:
        raise NotInstalled(figures["missing"])
    return figures


def run_together(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures of several jobs from one process: quick, and good for seeing that they run."""
    command = [sys.executable, "-m", "tests.bench.work"]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(asked), capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{asked if len(asked) == 1 else 'measuring'} failed:\n{done.stderr[-2000:]}")
    figures: list[dict[str, Any]] = json.loads(done.stdout)
    return figures


def measure(asked: dict[str, Any], *, apart: bool = True) -> Found:
    """The figures of the variants of one case; with `apart` from a process of their own."""
    if asked["job"] == "streams":
        return run(asked)
    (variant,) = asked["variants"]
    one = asked | {"variant": variant}
    if asked["job"] == "transfers":
        from .transfers import client_side, measured

        return {variant: measured(one, (lambda job: run(job)[variant]) if apart else client_side)}
    from .imports import measured as imported

    return {variant: imported(one)}


def _figures(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        if asked["job"] == "transfer":
            from .transfers import client_side

            return {asked["variant"]: client_side(asked)}
        from .streams import measured

        return measured(asked)
    except NotInstalled as error:
        return {"missing": str(error)}


if __name__ == "__main__":
    print(json.dumps([_figures(one) for one in json.load(sys.stdin)]))
