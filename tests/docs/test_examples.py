"""The examples run as they stand, as a user would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dify.testing import Emulator

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


def run(name: str, *arguments: str, **environment: str) -> list[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DIFY_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_both_faces_have_the_tour():
    assert SCRIPTS == ["knowledge.py", "knowledge_sync.py"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_tour_goes_from_an_upload_to_what_is_found_in_it(name):
    lines = run(name, "--emulator")
    assert [line for line in lines if line.startswith("uploaded")] == [
        "uploaded 1/3: leave.md",
        "uploaded 2/3: travel.txt",
        "uploaded 3/3: office.txt",
    ]
    assert [line for line in lines if line.startswith("indexing leave.md")] == [
        "indexing leave.md: waiting 0/0",
        "indexing leave.md: parsing 0/0",
        "indexing leave.md: cleaning 0/0",
        "indexing leave.md: splitting 0/0",
        "indexing leave.md: indexing 0/3",
        "indexing leave.md: completed 3/3",
    ]
    found = [line for line in lines if line.startswith("found")]
    assert found[0].endswith("Everyone has 30 days of leave a year.")
    assert [line for line in lines if line.startswith("chunk")][:2] == [
        "chunk 1/3: # Leave",
        "chunk 2/3: Everyone has 30 days of leave a year.",
    ]
    assert lines[-2].startswith("tagged example")
    assert lines[-1].startswith("deleted Handbook")


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_tour_leaves_nothing_on_a_server_and_takes_files_of_ones_own(name, tmp_path):
    (tmp_path / "mine.txt").write_text("Leave is in July.", encoding="utf-8")
    with Emulator(index_at_once=True) as emulator, emulator.serve() as base_url:
        lines = run(
            name,
            str(tmp_path / "mine.txt"),
            DIFY_BASE_URL=base_url,
            DIFY_KNOWLEDGE_API_KEY=emulator.knowledge_api_key,
        )
        knowledge = emulator.sync_client().knowledge
        assert list(knowledge.datasets.list()) == []
        assert knowledge.tags.list() == []
    assert "chunk 1/1: Leave is in July." in lines
