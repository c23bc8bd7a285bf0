"""Lists: a table where it fits on the terminal, lines elsewhere; what has come is shown, whatever happens then."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dify.cli.output import Output, cell
from dify.cli.terminal.screen import Screen

COLUMNS = ("id", "name", "started_at", "error", "note")
STARTED = datetime(2026, 11, 23, 3, 4, 5, tzinfo=UTC)
ITEMS = [
    SimpleNamespace(
        id=f"0e1d4b8a-6a51-4f0e-9f0e-3d2c1b0a9f{n:02}", name=name, started_at=STARTED, error=None, note=note
    )
    for n, (name, note) in enumerate(
        [("A name of several words", "short"), ("数据分析报告", "a/long/path/without/a/gap" * 3)]
    )
]


class Stream(io.StringIO):
    """Standard output, as a terminal or not."""

    terminal = True

    def isatty(self) -> bool:
        return self.terminal


def said(monkeypatch: pytest.MonkeyPatch, width: int, items: list[Any]) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    with redirect_stdout(Stream()) as stdout:
        Output(Screen(), as_json=False).rows(items, COLUMNS)
    return re.sub(r"\x1b\[[0-9;]*m", "", stdout.getvalue())


def letters(text: str) -> Counter[str]:
    return Counter("".join(text.split()))


@pytest.mark.parametrize("width", [20, 40, 60, 79, 80, 81, 85, 90, 100, 120, 200])
def test_no_width_drops_a_letter_or_cuts_an_id_or_a_time(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    shown = said(monkeypatch, width, ITEMS)

    lines = shown.splitlines()
    if "\t" not in shown:  # a table: its first line has the heads
        assert lines[0].split() == ["id", "name", "started", "at", "note"]  # no item has an error
        lines = lines[1:]
    values = [cell(getattr(item, name)) for item in ITEMS for name in COLUMNS]
    assert letters("".join(lines)) == letters("".join(values))
    for item in ITEMS:
        assert item.id in shown
        assert cell(item.started_at) in shown


def test_a_terminal_that_is_wide_enough_has_a_table_and_a_narrow_one_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\t" not in said(monkeypatch, 80, ITEMS)
    narrow = said(monkeypatch, 60, ITEMS)
    assert narrow.splitlines()[0] == f"{ITEMS[0].id}\tA name of several words\t{cell(STARTED)}\t\tshort"


def test_a_table_without_rows_has_its_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, 80, []).split() == ["id", "name", "started", "at", "error", "note"]


@pytest.mark.parametrize("terminal", [True, False])
async def test_what_was_fetched_before_an_error_is_printed(terminal: bool) -> None:
    stdout = Stream()
    stdout.terminal = terminal
    printed: list[str] = []

    async def items() -> AsyncIterator[Any]:
        for item in ITEMS:
            yield item
            printed.append(stdout.getvalue())
        raise OSError("the next page is not to be had")

    pages: Any = items()
    with redirect_stdout(stdout), pytest.raises(OSError, match="next page"):
        await Output(Screen(), as_json=False).pages(pages, COLUMNS, limit=20, all=True)

    assert all(item.id in stdout.getvalue() for item in ITEMS)
    # In a pipe each is there before the next is asked for.
    assert [item.id in before for item, before in zip(ITEMS, printed, strict=True)] == [not terminal] * 2


async def test_a_list_that_is_longer_than_its_limit_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def items() -> AsyncIterator[Any]:
        for item in ITEMS:
            yield item

    pages: Any = items()
    stdout = Stream()
    with redirect_stdout(stdout):
        await Output(Screen(), as_json=False).pages(pages, ("name",), limit=1)
    assert "A name of several words" in stdout.getvalue()
    assert ITEMS[1].name not in stdout.getvalue()
    assert capsys.readouterr().err == "Note: showing the first 1; for more, pass --limit n or --all\n"


def test_an_item_has_aligned_lines_on_a_terminal_and_tabs_in_a_pipe() -> None:
    item = {"id": "x", "name": None, "description": "a\x1b[31m\nb"}
    for terminal, expected in (
        (True, "id           x\ndescription  a�[31m b\n"),
        (False, "id\tx\nname\t\ndescription\ta\x1b[31m b\n"),
    ):
        stdout = Stream()
        stdout.terminal = terminal
        with redirect_stdout(stdout):
            Output(Screen(), as_json=False).item(item)
        assert stdout.getvalue() == expected


def test_a_value_that_is_not_an_object_is_an_item_without_lines() -> None:
    with redirect_stdout(Stream()) as stdout:
        output = Output(Screen(), as_json=True)
        output.text("plain")
        output.text("path", {"path": "x"})
        Output(Screen(), as_json=False).item(["a", "b"])
    assert stdout.getvalue() == '"plain"\n{"path": "x"}\n'
