"""The conformance suite against a server that it knows by address and keys alone: here an emulator's localhost door."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..conformance.targets import BASE_URL, KEYS, emulated

ROOT = Path(__file__).resolve().parents[2]


def run(environment: dict[str, str], *files: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DIFY_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def served():
    with emulated("localhost") as target:
        yield target


def left_behind(target) -> int:
    workspace = target.emulator._core.workspace
    return len(workspace.knowledge.datasets) + sum(len(app.conversations) for app in workspace.apps.values())


def test_with_all_keys_nothing_is_skipped_and_nothing_is_left(served):
    keys = {KEYS[kind]: key for kind, key in served.keys.items()}
    said = run({BASE_URL: served.base_url, **keys}, "tests/conformance/test_app.py", "tests/conformance/test_runs.py")
    assert "skipped" not in said
    assert "in-process" not in said
    assert re.search(r"^\d\d passed", said, re.MULTILINE)
    assert left_behind(served) == 0


def test_what_has_no_key_is_skipped_by_name(served):
    said = run({BASE_URL: served.base_url, KEYS["workflow"]: served.keys["workflow"]}, "tests/conformance/test_app.py")
    for kind in ("chat", "agent", "completion", "chatflow", "human_input"):
        assert f"{KEYS[kind]} is not set: no {kind.replace('_', ' ')} app to test" in said
    assert re.search(r"^2 passed, \d+ skipped", said, re.MULTILINE)
