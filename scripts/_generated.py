"""Shared by the scripts that write pages: write the pages, or with `--check` compare them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


def write_or_check(pages: Mapping[Path, str], arguments: list[str], script: str, usage: str | None) -> int:
    """Write the pages that differ from their files; with `--check`, report them instead. Return the exit code.

    Args:
        pages: Text of every page by its path.
        arguments: Arguments of the command line.
        script: File name of the script, for the message.
        usage: Text to print for unknown arguments.
    """
    if arguments not in ([], ["--check"]):
        print(usage)
        return 2
    stale = [path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        name = path.relative_to(ROOT).as_posix()
        if arguments:
            print(f"stale, run scripts/{script}: {name}", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages[path], encoding="utf-8")
            print(f"written: {name}")
    return 1 if arguments and stale else 0
