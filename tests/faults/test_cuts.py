"""A chat's stream cut at every byte, in four ways: the caller sees the whole answer, or an error that says it is not whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .support import run_tool

pytestmark = pytest.mark.slow

CLEAN = ("stream-cut-clean", "stream-cut-close-delimited")
WAYS = ("stream-cut-clean", "stream-cut-fin", "stream-cut-close-delimited", "stream-rst")


@pytest.mark.timeout(1300)
@pytest.mark.parametrize("face", ["async", "sync"])
def test_no_cut_is_silent_and_no_error_another_librarys(face: str, tmp_path: Path) -> None:
    out = tmp_path / "sweep.json"
    run_tool("run_cut_sweep", face, "--out", str(out), seconds=1200)
    ways: dict[str, dict[str, Any]] = json.loads(out.read_text())
    assert tuple(ways) == WAYS
    for way, found in ways.items():
        assert found["offsets"] == found["bytes"] + 1, way
        assert set(found["outcomes"]) <= {"complete", "typed"}, (way, found["outcomes"])
        assert found["outcomes"]["typed"] > 0
        # Only the line ends behind the last frame may be missing from a whole answer: both, where HTTP reports a clean end.
        assert found["complete_though_cut"] <= (2 if way in CLEAN else 1), way
