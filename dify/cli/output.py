"""Results: tables on a terminal, tab-separated lines in a pipe, JSON with `--json`."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

from .terminal.screen import Screen, one_line, report, sanitize, to_json

if TYPE_CHECKING:
    from dify import AsyncPager

__all__ = ["Output", "cell", "plain"]


def plain(value: Any) -> Any:
    """Return a value with its models, also those in dicts and lists, as the JSON data that the server sent."""
    match value:
        case dict():
            return {name: plain(item) for name, item in cast("dict[str, Any]", value).items()}
        case list():
            return [plain(item) for item in cast("list[Any]", value)]
        case _:
            dump = getattr(value, "model_dump", None)
            return value if dump is None else dump(mode="json", exclude_unset=True)


def cell(value: Any) -> str:
    """Format a value for people, on one line.

    Example:
        >>> cell(True), cell(None), cell(["a", "b"]), cell({"a": 1})
        ('yes', '', 'a, b', '{"a": 1}')
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case str():
            return one_line(value, 10_000)
        case list() | tuple():
            return ", ".join(cell(item) for item in cast("list[Any]", value))
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _ if hasattr(value, "model_dump"):
            return json.dumps(plain(value), ensure_ascii=False)
        case _:
            return str(value)


def _attribute(item: Any, path: str) -> Any:
    """Return the attribute at a dotted path, or None if a part of the path is missing."""
    return reduce(lambda value, name: getattr(value, name, None), path.split("."), item)


_MIN_WIDTH = 9
"""The narrowest column of a table, in characters, unless its texts are shorter."""


class Output:
    """A writer of a command's results to standard output."""

    def __init__(self, screen: Screen, *, as_json: bool) -> None:
        self._screen = screen
        self._json = as_json
        self._is_terminal = sys.stdout.isatty()

    async def pages(self, pager: AsyncPager[Any], columns: Sequence[str], *, limit: int, all: bool = False) -> None:
        """Print items of a paged list, up to `limit`, and a note if there are more.

        Args:
            pager: The list.
            columns: Dotted paths of the attributes to print.
            limit: Maximum number of items.
            all: Print all items; `limit` is then ignored.
        """
        table_items: list[Any] = []
        items: AsyncIterator[Any] = aiter(pager)
        has_more, count, as_table = False, 0, self._is_terminal and not self._json
        try:
            async for item in items:
                if not all and count == limit:
                    has_more = True
                    break
                count += 1
                if as_table:
                    table_items.append(item)  # the widths of the columns depend on all items
                else:
                    self.rows([item], columns)
        except BaseException:
            if table_items:
                self._print_table(table_items, columns)  # items received before the error are printed
            raise
        if as_table:
            self._print_table(table_items, columns)
        if has_more:
            report(f"showing the first {limit}; for more, pass --limit n or --all", label="Note")

    def rows(self, items: Iterable[Any], columns: Sequence[str]) -> None:
        """Print a list of items."""
        rows = list(items)
        if self._json:
            for item in rows:
                self._screen.line(to_json(plain(item)))
        else:
            self._print_table(rows, columns)

    def item(self, item: Any, columns: Sequence[str] | None = None) -> None:
        """Print one item, one attribute per line: those in `columns`, else all that the server sent."""
        if self._json:
            self._screen.line(to_json(plain(item)))
            return
        if columns is None:
            data = plain(item)
            columns = list(data) if isinstance(data, dict) else []  # pyright: ignore[reportUnknownArgumentType]
        pairs = [(name, cell(item[name] if isinstance(item, dict) else _attribute(item, name))) for name in columns]  # pyright: ignore[reportUnknownArgumentType]
        if not self._is_terminal:
            for name, value in pairs:
                self._screen.line(f"{name}\t{value}")
            return
        width = max((len(name) for name, value in pairs if value), default=0)
        for name, value in pairs:
            if value:
                self._screen.line(f"{name:<{width}}  {sanitize(value)}")

    def text(self, text: str, item: Any = None) -> None:
        """Print a text; with `--json`, print `item` (or the text) as JSON."""
        if self._json:
            self._screen.line(to_json(plain(text if item is None else item)))
        else:
            self._screen.line(sanitize(text) if self._is_terminal else text)

    def status(self, text: str) -> None:
        """Write a note that the command succeeded, for commands without a result."""
        self._screen.note(text)

    def _print_table(self, items: Sequence[Any], columns: Sequence[str]) -> None:
        rows = [[cell(_attribute(item, name)) for name in columns] for item in items]
        if not self._is_terminal:
            for row in rows:
                self._screen.line("\t".join(row))
            return
        from rich.cells import cell_len
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console(highlight=False, markup=False, emoji=False)
        rows = [[sanitize(value) for value in row] for row in rows]
        # Columns that are empty in all rows are left out, to leave room for the others.
        shown = [index for index in range(len(columns)) if not rows or any(row[index] for row in rows)]
        headers = {index: columns[index].rpartition(".")[2].replace("_", " ") for index in shown}
        # Ids and times are never wrapped, so that they can be copied.
        unwrapped = {index for index in shown if columns[index].endswith(("id", "_at"))}
        longest = {
            index: max(cell_len(text) for text in (headers[index], *(row[index] for row in rows))) for index in shown
        }
        min_widths = [longest[index] if index in unwrapped else min(longest[index], _MIN_WIDTH) for index in shown]
        if sum(min_widths) + 2 * (len(shown) - 1) > console.width:
            # Too narrow for a table: print lines as in a pipe, which the terminal wraps. rich would truncate the table.
            for row in rows:
                self._screen.line("\t".join(row))
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for index in shown:
            table.add_column(headers[index], no_wrap=index in unwrapped, overflow="fold")
        for row in rows:
            table.add_row(*(Text(row[index]) for index in shown))
        console.print(table)
