"""What the scripts that write pages share: write, or with `--check` only look."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


def write_or_check(pages: Mapping[Path, str], arguments: list[str], script: str, usage: str | None) -> int:
    """Write what differs from what is there; with `--check` say so, and fail. Gives the exit code.

    Args:
        pages: The text of every page.
        arguments: The arguments of the command line.
        script: The script's name, for people to run.
        usage: What to show for other arguments.
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
