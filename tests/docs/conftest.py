"""Fixtures for the examples of docstrings and the blocks of pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dify.testing import no_waits

FILES = {
    "cat.png": b"not much, but a file",
    "dog.png": b"not much, but a file",
    "photo.jpg": b"not much, but a file",
    "report.pdf": b"%PDF-1.4",
    "handbook.pdf": b"Everyone has 30 days of leave a year.",
    "handbook.md": b"# Leave\n\nEveryone has 30 days of leave a year.\n",
    "notes.txt": b"Tea is made from leaves.\n",
    "question.mp3": b"not much, but a file",
    "questions.csv": b"question,expected\nWhat is Dify?,Dify\nHow much leave?,30\n",
}


@pytest.fixture(autouse=True)
def skipped_pauses() -> Iterator[None]:
    """Skip the delays of polling and retries."""
    with no_waits():
        yield


@pytest.fixture(autouse=True)
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working directory with the files that the examples upload, and a folder for downloads."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "downloads").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path
