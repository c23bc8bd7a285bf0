"""Build the documentation site into site/, and check what was built. Any warning, lost link or forgotten name is an error.

    python scripts/docs.py             build and check
    python scripts/docs.py --check     check a site that is there already

Beside every page goes its Markdown (`chat.html`, `chat.md`), for readers that are no browsers; `llms.txt` leads to those.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from _built_site import problems
from _generated import DOCS, ROOT
from _public_face import public_names, resource_rooms

SITE = ROOT / "site"
INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)
LEFTOVERS = ("__pycache__", ".pytest_cache", ".ruff_cache")


def build() -> int:
    """Run the generator; gives its exit code."""
    for cache in [path for name in LEFTOVERS for path in DOCS.rglob(name)]:
        shutil.rmtree(cache)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, check=False).returncode


def copy_markdown() -> None:
    """Put the source of every page beside it, with the files that it includes."""
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        text = INCLUDED.sub(lambda found: (ROOT / found[1]).read_text(encoding="utf-8"), text)
        target = SITE / page.relative_to(DOCS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def names() -> set[str]:
    """Every name that the reference must have."""
    found = {f"{package}.{name}" for package in ("dify", "dify.testing") for name in public_names(package)}
    for room in resource_rooms():
        found.add(room.identifier)
        found |= {f"{room.identifier}.{name}" for name, value in vars(room.owner).items() if is_shown(name, value)}
    return found


def is_shown(name: str, value: object) -> bool:
    return not name.startswith("_") and callable(value)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    if not arguments:
        failed = build()
        if failed:
            return failed
        copy_markdown()
    wrong = problems(SITE, names())
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    pages = len(list(Path(SITE).rglob("*.html")))
    print(f"{pages} pages in {SITE.relative_to(ROOT)}/, {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
