"""The rows of a batch: a JSON Lines or CSV file, read row by row."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..exits import USAGE, CommandError

__all__ = ["Row", "RowFile", "input_digest"]


@dataclass(frozen=True, slots=True)
class Row:
    """The inputs of one run.

    Attributes:
        number: Position in the file, from 1.
        values: Inputs by name; a name that ends in "@" holds the path of a file to upload, in "[]@" a list of paths.
    """

    number: int
    values: dict[str, Any]


def input_digest(values: Any) -> str:
    """Return a digest of a row's inputs, which detects rows that were changed between two attempts.

    Example:
        >>> input_digest({"a": 1, "b": 2}) == input_digest({"b": 2, "a": 1})
        True
    """
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class RowFile:
    """A file of rows. Each iteration reads the file again, so that a large one is never in memory as a whole."""

    def __init__(self, path: Path, format: str | None = None) -> None:
        self.path = path
        format = format or path.suffix.lstrip(".").lower()
        if format not in ("csv", "jsonl", "ndjson"):
            raise CommandError(f"cannot tell the format of {path} from its name; pass --format csv or jsonl", USAGE)
        if path.exists() and not path.is_file():
            raise CommandError(
                f"{path} is not a regular file; rows are read twice, first to check them and then to run them", USAGE
            )
        self._is_csv = format == "csv"

    def __iter__(self) -> Iterator[Row]:
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._csv_rows(file) if self._is_csv else self._json_rows(file)
        except OSError as error:
            raise CommandError(f"cannot read {self.path}: {error.strerror or error}", USAGE) from None
        except UnicodeDecodeError:
            raise CommandError(f"{self.path} is not UTF-8 text", USAGE) from None

    def _json_rows(self, file: Iterator[str]) -> Iterator[Row]:
        number = 0
        for position, line in enumerate(file, 1):
            if not line.strip():
                continue
            number += 1
            try:
                value = _parse_json(line)
            except (ValueError, RecursionError) as error:
                raise CommandError(f"{self.path}, line {position}: invalid JSON: {error}", USAGE) from None
            if not isinstance(value, dict):
                raise CommandError(f"{self.path}, line {position}: a row must be a JSON object", USAGE)
            values = cast("dict[str, Any]", value)
            self._check_names(list(values), f"line {position}: ")
            yield Row(number, values)

    def _csv_rows(self, file: Iterator[str]) -> Iterator[Row]:
        csv.field_size_limit(1 << 30)  # Python's default rejects cells of more than 128 KiB
        reader = csv.reader(file, strict=True)
        try:
            names = next(reader, None)
            if not names or any(not name.strip() for name in names) or len(set(names)) < len(names):
                raise CommandError(f"{self.path}: the first line must contain a unique name for each column", USAGE)
            if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
                raise CommandError(
                    f"{self.path}: the header {names[0]!r} contains no comma; separate columns by commas", USAGE
                )
            self._check_names([name.removesuffix(":=") for name in names])
            number = 0
            for cells in reader:
                if not cells:
                    continue
                number += 1
                if len(cells) != len(names):
                    raise CommandError(
                        f"{self.path}, line {reader.line_num}: expected {len(names)} cells, found {len(cells)}", USAGE
                    )
                yield Row(number, dict(self._parse_cell(name, cell) for name, cell in zip(names, cells, strict=True)))
        except csv.Error as error:
            raise CommandError(f"{self.path}, line {reader.line_num}: {error}", USAGE) from None

    def _check_names(self, names: list[str], place: str = "") -> None:
        """Reject two values for the same input, such as `photo` and `photo@`."""
        inputs = [name.removesuffix("@").removesuffix("[]") if name.endswith("@") else name for name in names]
        for index, name in enumerate(inputs):
            if name in inputs[:index]:
                raise CommandError(f"{self.path}: {place}two values for the input {name!r}", USAGE)

    def _parse_cell(self, name: str, cell: str) -> tuple[str, Any]:
        """Return an input's name and value; a column such as `count:=` contains JSON, any other contains text."""
        if not name.endswith(":="):
            return name, cell
        try:
            return name[:-2], _parse_json(cell) if cell.strip() else None
        except (ValueError, RecursionError) as error:
            raise CommandError(
                f"{self.path}: invalid JSON {cell[:40]!r} in the column {name!r}: {error}", USAGE
            ) from None


def _parse_json(text: str) -> Any:
    """Parse standard JSON, without Python's NaN and Infinity."""

    def reject(name: str) -> None:
        raise ValueError(f"{name} is not a JSON number")

    return json.loads(text, parse_constant=reject)
