"""The results of a batch as a CSV table, written from the results file that serves as the journal."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, cast

from ..exits import FAILED, USAGE, CommandError
from ..state import replacing
from .results import ResultsFile

__all__ = ["journal_of", "write_csv"]

_NESTED = ("inputs", "outputs")


def journal_of(path: Path) -> Path:
    """Return the path of the results file beside a CSV file.

    Raises:
        CommandError: The CSV file exists and was not written by a batch.
    """
    journal = path.with_name(f"{path.name}.jsonl")
    if path.exists() and not journal.exists():
        raise CommandError(f"--out {path} exists and is not a result of a batch; choose another path", USAGE)
    return journal


def write_csv(results: ResultsFile, path: Path) -> None:
    """Replace the CSV file by a table of the results: `row`, `status`, `inputs.NAME`, `outputs.NAME`, then other fields.

    Raises:
        CommandError: The file cannot be written.
    """
    columns = ["row", "status"]
    for nested in (*_NESTED, None):
        for result, _ in results:
            columns += [name for name in _cells(result, nested) if name not in columns]
    try:
        with (
            replacing(path, mode=results.path.stat().st_mode & 0o777) as temporary,
            temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
        ):
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            for result, _ in results:
                writer.writerow({k: v for nested in (*_NESTED, None) for k, v in _cells(result, nested).items()})
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}", FAILED) from None


def _cells(result: dict[str, Any], nested: str | None) -> dict[str, str]:
    """Return the cells of one of the nested objects, or of the other fields."""
    if nested is None:
        return {name: _text(value) for name, value in result.items() if name not in _NESTED}
    values = result.get(nested)
    if not isinstance(values, dict):
        return {}
    return {f"{nested}.{name}": _text(value) for name, value in cast("dict[str, Any]", values).items()}


def _text(value: Any) -> str:
    """Return a text as it is, and any other value as JSON; None is an empty cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
