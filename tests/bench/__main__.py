"""python -m tests.bench: see the package."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import __doc__ as about
from .rows import SHORT, Row, Sizes, cases, rows
from .server import running
from .table import Line, Measured, lines, markdown, plain, run, run_once

PACKAGES = ("httpx", "httpcore", "httpx-sse", "pydantic", "openai", "anthropic", "dify-client", "httpx-aiohttp")


def here() -> str:
    """What it ran on."""
    found: list[str] = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine}; {', '.join(found)}"


def wanted(row: Row, only: list[str]) -> bool:
    return not only or any(part.lower() in row.name.lower() for part in only)


def measured(sizes: Sizes, only: list[str] | None = None, rounds: int = 1, keep: Path | None = None) -> list[Line]:
    """The table, or the rows of it that are wanted."""

    def say(words: str) -> None:
        end = "" if sys.stderr.isatty() else "\n"
        print(f"\r{words:70}" if not end else words, end=end, file=sys.stderr, flush=True)

    chosen = [row for row in rows(sizes) if wanted(row, only or [])]
    needed = {(row.face, name) for row in chosen for name in (row.case, *(row.over or ())[:1])}
    to_run = [case for case in cases(sizes) if (case.face, case.name) in needed]
    with running() as url:
        if sizes is SHORT:
            found = run_once(to_run, url)
        else:
            found = Measured.kept_in(keep)
            run(to_run, url, found, rounds=rounds, heavy_rounds=min(rounds, sizes.heavy_rounds), say=say)
    say("")
    return lines(found, to_run, chosen, judge=sizes is not SHORT)


def without_figures(table: list[Line]) -> list[str]:
    """Rows that were not measured, though nothing that they need is missing."""
    return [line.row.name for line in table if line.row.variant == "ours" and None in (line.ours, line.raw)]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=0, help="how often each variant has its turn (5; costly rows 3)")
    parser.add_argument("--only", action="append", default=[], metavar="ROW", help="rows whose name has this in it")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="note figures there as they come, and go on from those it has"
    )
    parser.add_argument(
        "--short", action="store_true", help="everything once and tiny: shows that it runs, judges nothing"
    )
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    asked = parser.parse_args()
    sizes = SHORT if asked.short else Sizes()
    if asked.list:
        print("\n".join(row.name for row in rows(sizes)))
        return
    table = measured(sizes, asked.only, asked.rounds or sizes.rounds, asked.keep)
    print(f"\n{here()}\n\n{plain(table)}")
    if asked.markdown:
        asked.markdown.write_text(f"{here()}\n\n{markdown(table)}", encoding="utf-8")
    if empty := without_figures(table):
        raise SystemExit(f"no figures for: {', '.join(empty)}")


if __name__ == "__main__":
    main()
