"""What the examples of docstrings and the blocks of pages share."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from dify import AsyncDify, Dify

from ..support.public_face import resources

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
def no_wait_between_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator is done at once, and an example that waits for it, or tries again, does so at once."""

    async def turn(seconds: float) -> None:
        await asyncio.sleep(0)

    assert [*resources(AsyncDify), *resources(Dify)]  # they are loaded now
    for name, module in list(sys.modules.items()):
        if name.startswith(("dify._async.", "dify._sync.")) and not name.endswith("._io") and hasattr(module, "sleep"):
            monkeypatch.setattr(module, "sleep", turn if "_async" in name else lambda seconds: None)


@pytest.fixture(autouse=True)
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with the files that the examples upload, and one to download into."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "downloads").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path
