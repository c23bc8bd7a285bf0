"""The rows of a batch: a JSON Lines or CSV file, read row by row, and checked as a whole before anything is run."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .exits import USAGE, Failure

__all__ = ["Row", "Rows", "digest_of"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        number: Which it is in its file, from 1.
        values: Its inputs; a name that ends in "@" has the path of a file to upload, of "[]@" a list of them.
    """

    number: int
    values: dict[str, Any]


def digest_of(values: Any) -> str:
    """What tells whether a row is the same as before.

    Example:
        >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
        True
    """
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Rows:
    """A file of rows. It is read anew each time, so that a large one is never held as a whole."""

    def __init__(self, path: Path, kind: str | None = None) -> None:
        self.path = path
        kind = kind or path.suffix.lstrip(".").lower()
        if kind not in ("csv", "jsonl", "ndjson"):
            raise Failure(f"{path}: is it csv or jsonl? Say --format", USAGE)
        if path.exists() and not path.is_file():
            raise Failure(
                f"{path} is no file that can be read twice: rows are all checked before the first is run", USAGE
            )
        self._csv = kind == "csv"

    def __iter__(self) -> Iterator[Row]:
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._table(file) if self._csv else self._lines(file)
        except OSError as error:
            raise Failure(f"cannot read {self.path}: {error.strerror or error}", USAGE) from None
        except UnicodeDecodeError:
            raise Failure(f"{self.path} is no UTF-8 text", USAGE) from None

    def _lines(self, file: Iterator[str]) -> Iterator[Row]:
        number = 0
        for position, line in enumerate(file, 1):
            if not line.strip():
                continue
            number += 1
            try:
                found = _json(line)
            except (ValueError, RecursionError) as error:
                raise Failure(f"{self.path}, line {position}: no JSON ({error})", USAGE) from None
            if not isinstance(found, dict):
                raise Failure(f"{self.path}, line {position}: a row is a JSON object", USAGE)
            row = cast("dict[str, Any]", found)
            self._check_names(list(row), f"line {position}: ")
            yield Row(number, row)

    def _table(self, file: Iterator[str]) -> Iterator[Row]:
        csv.field_size_limit(1 << 30)  # Python's default refuses a cell of 128 KiB; texts may be longer
        reader = csv.reader(file, strict=True)
        try:
            names = next(reader, None)
            if not names or any(not name.strip() for name in names) or len(set(names)) < len(names):
                raise Failure(f"{self.path}: the first line has to name each column, no name twice", USAGE)
            if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
                raise Failure(f"{self.path}: columns are separated by commas, and {names[0]!r} has none", USAGE)
            self._check_names([name.removesuffix(":=") for name in names])
            number = 0
            for cells in reader:
                if not cells:
                    continue
                number += 1
                if len(cells) != len(names):
                    raise Failure(
                        f"{self.path}, line {reader.line_num}: {len(cells)} cells in place of {len(names)}", USAGE
                    )
                yield Row(number, dict(self._cell(name, cell) for name, cell in zip(names, cells, strict=True)))
        except csv.Error as error:
            raise Failure(f"{self.path}, line {reader.line_num}: {error}", USAGE) from None

    def _check_names(self, names: list[str], place: str = "") -> None:
        """`photo` and `photo@` are one input of the app: which of the two it is to be given, nobody can tell."""
        bare = [name.removesuffix("@").removesuffix("[]") if name.endswith("@") else name for name in names]
        for index, name in enumerate(bare):
            if name in bare[:index]:
                raise Failure(f"{self.path}: {place}two values for the input {name!r}", USAGE)

    def _cell(self, name: str, cell: str) -> tuple[str, Any]:
        """A column named `count:=` holds JSON; any other holds text."""
        if not name.endswith(":="):
            return name, cell
        try:
            return name[:-2], _json(cell) if cell.strip() else None
        except (ValueError, RecursionError) as error:
            raise Failure(
                f"{self.path}: the column {name!r} holds JSON, and {cell[:40]!r} is none ({error})", USAGE
            ) from None


def _json(text: str) -> Any:
    """JSON as others read it too, which Python's NaN and Infinity are not."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number in JSON")

    return json.loads(text, parse_constant=refuse)
