"""The bars of an upload into a knowledge base."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from dify.cli.knowledge.upload_bars import UploadBars, bars_of, showing_upload
from dify.cli.terminal.screen import Screen


def test_bars_count_files_that_are_sent_and_documents_that_are_indexed(tmp_path: Path) -> None:
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    one.write_text("12345", encoding="utf-8")
    two.write_text("", encoding="utf-8")
    shown = io.StringIO()
    with bars_of(console=Console(file=shown, force_terminal=True, width=200)) as progress:
        bars = UploadBars(Screen(), [one, two], progress)
        bars.begin(one)(5)
        bars.sent(one)
        bars.indexing(one, 1, 4)
        bars.indexing(one, 4, 4)
        bars.indexed(one)
        bars.failed(two, "it is \x1b[31mempty")
        bars.sent(two)
        bars.indexed(two)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue())
    assert "upload" in text
    assert "2/2 files" in text
    assert "2/2 documents" in text
    assert "Error: two.md: it is �[31mempty" in text


def test_without_a_terminal_there_are_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.md"
    with showing_upload(Screen(verbose=True), [path]) as bars:
        bars.begin(path)(5)
        bars.sent(path, "skipped")
        bars.indexing(path, 1, 4)
        bars.indexed(path)
        bars.failed(path, "gone")
    assert capsys.readouterr().err == f"skipped {path}\nError: {path}: gone\n"
