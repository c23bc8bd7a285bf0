"""Results: tables for people, tab-separated lines in a pipe, JSON for programs that ask for it."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

from .render import Screen, complain, harmless, one_line, to_json

if TYPE_CHECKING:
    from dify import AsyncPager

__all__ = ["Output", "cell", "plain"]


def plain(value: Any) -> Any:
    """A model as the server sent it; anything else as it is."""
    dump = getattr(value, "model_dump", None)
    return value if dump is None else dump(mode="json", exclude_unset=True)


def cell(value: Any) -> str:
    """A value as a person reads it, on one line.

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
            return ", ".join(cell(each) for each in cast("list[Any]", value))
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _ if hasattr(value, "model_dump"):
            return json.dumps(plain(value), ensure_ascii=False)
        case _:
            return str(value)


def _member(value: Any, path: str) -> Any:
    """What a dotted path leads to; None where something on the way is not there."""
    return reduce(lambda found, name: getattr(found, name, None), path.split("."), value)


_LEAST = 9
"""How narrow a column of a table may get, at the least."""


class Output:
    """Where a command's results go."""

    def __init__(self, screen: Screen, *, as_json: bool) -> None:
        self._screen = screen
        self._json = as_json
        self._wide = sys.stdout.isatty()

    async def pages(self, pager: AsyncPager[Any], columns: Sequence[str], *, limit: int, all: bool = False) -> None:
        """The items of a list that comes in pages, as many as are wanted; says when there are more."""
        items: list[Any] = []
        walk: AsyncIterator[Any] = aiter(pager)
        more, count, as_table = False, 0, self._wide and not self._json
        try:
            async for item in walk:
                if not all and count == limit:
                    more = True
                    break
                count += 1
                if as_table:
                    items.append(item)  # how wide the columns are is known when all are there
                else:
                    self.rows([item], columns)
        except BaseException:
            if items:
                self._table(items, columns)  # what has come is not lost
            raise
        if as_table:
            self._table(items, columns)
        if more:
            complain(f"there are more than these {limit}: --limit N or --all", label="Note")

    def rows(self, items: Iterable[Any], columns: Sequence[str]) -> None:
        """A list that is there already."""
        found = list(items)
        if self._json:
            for item in found:
                self._screen.line(to_json(plain(item)))
        else:
            self._table(found, columns)

    def one(self, thing: Any, columns: Sequence[str] | None = None) -> None:
        """One thing: a line for each of these members, or of all that are there."""
        if self._json:
            self._screen.line(to_json(plain(thing)))
            return
        if columns is None:
            found = plain(thing)
            columns = list(found) if isinstance(found, dict) else []  # pyright: ignore[reportUnknownArgumentType]
        pairs = [(name, cell(thing[name] if isinstance(thing, dict) else _member(thing, name))) for name in columns]  # pyright: ignore[reportUnknownArgumentType]
        if not self._wide:
            for name, value in pairs:
                self._screen.line(f"{name}\t{value}")
            return
        width = max((len(name) for name, value in pairs if value), default=0)
        for name, value in pairs:
            if value:
                self._screen.line(f"{name:<{width}}  {harmless(value)}")

    def text(self, text: str, thing: Any = None) -> None:
        """A text that is the result; `thing` is what programs get."""
        self._screen.line(to_json(plain(text if thing is None else thing)) if self._json else self._safe(text))

    def done(self, text: str) -> None:
        """Something was done that has no result: said to people only."""
        self._screen.note(text)

    def _safe(self, text: str) -> str:
        return harmless(text) if self._wide else text

    def _table(self, items: Sequence[Any], columns: Sequence[str]) -> None:
        rows = [[cell(_member(item, name)) for name in columns] for item in items]
        if not self._wide:
            for row in rows:
                self._screen.line("\t".join(row))
            return
        from rich.cells import cell_len
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console(highlight=False, markup=False, emoji=False)
        rows = [[harmless(value) for value in row] for row in rows]
        # A column without a value in any row would only make the others narrow.
        kept = [at for at in range(len(columns)) if not rows or any(row[at] for row in rows)]
        heads = {at: columns[at].rpartition(".")[2].replace("_", " ") for at in kept}
        whole = {at for at in kept if columns[at].endswith(("id", "_at"))}  # cut or folded they cannot be copied
        longest = {at: max(cell_len(text) for text in (heads[at], *(row[at] for row in rows))) for at in kept}
        least = sum(longest[at] if at in whole else min(longest[at], _LEAST) for at in kept) + 2 * (len(kept) - 1)
        if least > console.width:  # lines as in a pipe: the terminal folds them, where rich would cut the table
            for row in rows:
                self._screen.line("\t".join(row))
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for at in kept:
            table.add_column(heads[at], no_wrap=at in whole, overflow="fold")
        for row in rows:
            table.add_row(*(Text(row[at]) for at in kept))
        console.print(table)
