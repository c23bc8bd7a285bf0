"""Build the documentation site into site/, and check what was built. Any warning, lost link or forgotten name is an error.

    python scripts/docs.py             build and check
    python scripts/docs.py --check     check a site that is there already

Beside every page goes its Markdown (`chat.html`, `chat.md`), for readers that are no browsers; `llms.txt` leads to those.

The search of the site knows no weights of pages: it puts matches in titles first, those nearest to a title's beginning before
others. So the headings of guides begin with the words that people look for, and what lists names gets longer titles here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from _built_site import problems
from _generated import DOCS, ROOT
from _public_face import public_names, public_path, resource_rooms

SITE = ROOT / "site"
INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)
# Pages that list names, and what the search says before each.
LISTS = {
    "reference/": "Reference",
    "operations.html": "Operations of the Service API",
    "public-face.html": "The whole public face",
}
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


def order_search(index: Path) -> None:
    """Give the entries of the reference their whole names as titles, and drop the empty twins of its pages."""
    found = json.loads(index.read_text(encoding="utf-8"))
    rooms = {room.identifier: f"client.{room.path}" for room in resource_rooms()}
    headed = {item["location"].partition("#")[0] for item in found["items"] if "#" in item["location"]}
    found["items"] = [
        item | {"title": title_of(item["location"], item["title"], rooms)}
        for item in found["items"]
        if item["text"] or item["location"] not in headed or not item["location"].startswith(tuple(LISTS))
    ]
    index.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def title_of(location: str, title: str, rooms: dict[str, str]) -> str:
    """The title of an entry: as it is for guides; what it belongs to and the whole name for what only lists names."""
    page, _, name = location.partition("#")
    before = next((words for start, words in LISTS.items() if page.startswith(start) and name), "")
    if not before or title.startswith(before):
        return title
    for identifier, call in rooms.items():
        if name == identifier or name.startswith(f"{identifier}."):
            return f"{before}: {call}{name.removeprefix(identifier)}"
    return f"{before}: {name if name.startswith('dify.') else title}"


def names() -> set[str]:
    """Every name that the reference must have."""
    found = {public_path(name) for name in public_names("dify")}
    found |= {f"dify.testing.{name}" for name in public_names("dify.testing")}
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
        order_search(SITE / "search.json")
    wrong = problems(SITE, names())
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    pages = len(list(Path(SITE).rglob("*.html")))
    print(f"{pages} pages in {SITE.relative_to(ROOT)}/, {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
