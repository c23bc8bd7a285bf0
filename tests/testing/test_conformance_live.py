"""The conformance suite against a server that it knows by address and keys alone: here an emulator's localhost door."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dify._operations import OPERATIONS

from ..conformance.targets import BASE_URL, KEYS, PIPELINES, emulated

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
    workspace = target.emulator._state.workspace
    datasets = set(workspace.knowledge.datasets) - set(target.pipelines.values())
    return len(datasets) + sum(len(app.conversations) for app in workspace.apps.values())


@pytest.mark.slow
def test_with_all_keys_nothing_is_skipped_nothing_is_left_and_every_operation_is_touched(served):
    keys = {KEYS[kind]: key for kind, key in served.keys.items()}
    pipelines = {PIPELINES[source]: id for source, id in served.pipelines.items()}
    output = run({BASE_URL: served.base_url, **keys, **pipelines}, "tests/conformance")
    assert "skipped" not in output
    assert "in-process" not in output
    assert re.search(r"^\d\d\d passed", output, re.MULTILINE)
    for face in ("async", "sync"):
        assert f"live, {face}: {len(OPERATIONS)} of {len(OPERATIONS)} operations" in output
    assert left_behind(served) == 0


def test_a_part_of_the_suite_prints_what_it_did_not_touch_and_passes(served):
    keys = {KEYS[kind]: key for kind, key in served.keys.items()}
    output = run({BASE_URL: served.base_url, **keys}, "tests/conformance/test_pipelines.py", "-k", "says_so")
    assert re.search(r"^live, sync: 2 of 82 operations, \d+ responses$", output, re.MULTILINE)
    assert re.search(r"^  untouched: sendChatMessage, .*, runPipeline$", output, re.MULTILINE)
    assert "FAILED" not in output


def test_what_has_no_key_is_skipped_by_name(served):
    said = run({BASE_URL: served.base_url, KEYS["workflow"]: served.keys["workflow"]}, "tests/conformance/test_app.py")
    for kind in ("chat", "agent", "completion", "chatflow", "human_input"):
        assert f"{KEYS[kind]} is not set: no {kind.replace('_', ' ')} app to test" in said
    assert re.search(r"^2 passed, \d+ skipped", said, re.MULTILINE)
