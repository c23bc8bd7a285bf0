"""Build the documentation site into site/, and check it. Warnings, lost links and missing names are errors.

    python scripts/docs.py             build and check
    python scripts/docs.py --check     check an existing site

The Markdown of every page is copied beside it (`chat.html`, `chat.md`), for programs; `llms.txt` links to it.

The search of the site has no weights: it ranks matches in titles first, and earlier positions in a title before later ones. For
that reason headings of guides begin with the words that readers search for, and entries of generated pages get longer titles.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from _built_site import problems
from _generated import DOCS, ROOT
from _public_api import public_names, public_path, resources

SITE = ROOT / "site"
INCLUDE = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)
TABLE = re.compile(r"<table>(.*?)</table>", re.DOTALL)
HEADER = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<td\b")
TAG = re.compile(r"<[^>]+>")
GENERATED = {
    "reference/": "Reference",
    "operations.html": "Operations of the Service API",
    "full-api/": "Full API",
}
"""Starts of the addresses of generated pages, with the beginning of the titles of their entries in the search."""
CACHES = ("__pycache__", ".pytest_cache", ".ruff_cache")


def build() -> int:
    """Run the generator and return its exit code, or 1 if griffe reports a docstring, which the generator ignores."""
    for cache in [path for name in CACHES for path in DOCS.rglob(name)]:
        shutil.rmtree(cache)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    env = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=env, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    print(done.stdout, end="")
    return done.returncode or int("griffe: " in done.stdout)


def copy_markdown() -> None:
    """Copy the Markdown of every page beside it, with included files."""
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        text = INCLUDE.sub(lambda match: (ROOT / match[1]).read_text(encoding="utf-8"), text)
        target = SITE / page.relative_to(DOCS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def label_tables(page: str) -> str:
    """Return a page whose table cells have the header of their column as `data-label`, which narrow screens show."""

    def labelled(table: re.Match[str]) -> str:
        headers = [html.escape(html.unescape(TAG.sub("", header)).strip()) for header in HEADER.findall(table[0])]

        def row(match: re.Match[str]) -> str:
            labels = iter(headers)
            return CELL.sub(lambda cell: f'{cell[0]} data-label="{next(labels, "")}"', match[0])

        return ROW.sub(row, table[0])

    return TABLE.sub(labelled, page)


def title_search_entries(index: Path) -> None:
    """Give entries of generated pages their full names as titles, and remove empty entries of these pages."""
    found = json.loads(index.read_text(encoding="utf-8"))
    calls = {resource.identifier: f"client.{resource.path}" for resource in resources()}
    with_sections = {item["location"].partition("#")[0] for item in found["items"] if "#" in item["location"]}
    found["items"] = [
        item | {"title": title_of(item["location"], item["title"], calls)}
        for item in found["items"]
        if item["text"] or item["location"] not in with_sections or not item["location"].startswith(tuple(GENERATED))
    ]
    index.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def title_of(location: str, title: str, calls: dict[str, str]) -> str:
    """Return the title of a search entry: unchanged for guides, the full name for generated pages."""
    page, _, name = location.partition("#")
    before = next((words for start, words in GENERATED.items() if page.startswith(start) and name), "")
    if not before or title.startswith(before):
        return title
    for identifier, call in calls.items():
        if name == identifier or name.startswith(f"{identifier}."):
            return f"{before}: {call}{name.removeprefix(identifier)}"
    return f"{before}: {name if name.startswith('dify.') else title}"


def required_names() -> set[str]:
    """Return every name that the reference must contain."""
    names = {public_path(name) for name in public_names("dify")}
    names |= {f"dify.testing.{name}" for name in public_names("dify.testing")}
    for resource in resources():
        names.add(resource.identifier)
        names |= {
            f"{resource.identifier}.{name}" for name, value in vars(resource.owner).items() if is_method(name, value)
        }
    return names


def is_method(name: str, value: object) -> bool:
    return not name.startswith("_") and callable(value)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    if not arguments:
        if failed := build():
            return failed
        copy_markdown()
        for page in SITE.rglob("*.html"):
            page.write_text(label_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
        title_search_entries(SITE / "search.json")
    found = problems(SITE, required_names())
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    pages = len(list(SITE.rglob("*.html")))
    print(f"{pages} pages in {SITE.relative_to(ROOT)}/, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
