"""A chat's stream cut at every byte, in four ways: the caller sees the whole answer, or an error that says it is not whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .support import ADAPTERS, needs_tools, run_tool

pytestmark = [needs_tools, pytest.mark.slow]

# In the face without `await` the sweep makes one call at a time, so it looks at every fourth byte there; the code that reads
# streams is the same, written by scripts/unasync.py.
STEPS = {"async": 1, "sync": 4}

WAYS = ("stream-cut-clean", "stream-cut-fin", "stream-cut-close-delimited", "stream-rst")


@pytest.mark.timeout(1300)
@pytest.mark.parametrize("face", STEPS)
def test_no_cut_is_silent_and_no_error_another_librarys(face: str, tmp_path: Path) -> None:
    out = tmp_path / "sweep.json"
    run_tool("run_cut_sweep.py", ADAPTERS[face].name, str(STEPS[face]), str(out), face=face, seconds=1200)
    ways: dict[str, dict[str, Any]] = {
        name.rpartition(" ")[2]: found for name, found in json.loads(out.read_text()).items()
    }
    assert tuple(ways) == WAYS
    for way, found in ways.items():
        length = found["bytes"]
        assert found["offsets"] == len(range(0, length + 1, STEPS[face])), way
        assert set(found["outcomes"]) <= {"complete", "typed"}, (way, found["outcomes"])
        assert found["outcomes"]["typed"] > 0
        # Only the line end behind the last frame may be missing from a whole answer.
        assert found["complete_though_cut_before_end"] <= 1, way
