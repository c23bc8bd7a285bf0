"""Pages use the words of httpx's or Django's documentation; this test reports phrases that are not plain technical English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .blocks import ROOT, pages

BANNED = {
    "(is|are|was|were|be|been) (told|given|said|met|begun)": "use the verb of the field: passed, returned, raised, created, …",
    "(said|told|tells|theirs|begun|went on)\\b": "use: sent, returned, reports, started, continued, …",
    "(go|goes|going) on": "use: continue",
    "by itself|by themselves|of its own|of your own": "use: automatically, internally, its own, your own …",
    "as a rule": "use: usually, or state the exception",
    "at work": "use: in progress, in parallel",
    "nobody|somebody": "name who: another user, a person",
    "the one\\b[^.|]*\\bthe other": "repeat the nouns",
    "what (came|comes|had come|has come|goes|stands)\\b": "use a noun: the result, the events, …",
    "no (answer|stream|chat app|workflow|uuid|json) that": "write what it is, without the negation",
    "would do\\b": "write the condition",
    "word for word|in good order|in force|in its place|takes? back|took back|falls? silent": "use plain words",
    "tried again|tries again|try again": "use: retried, retry",
    "picked up|pick(s)? .{0,12}\\bup\\b": "use: reconnected, resumed",
    "public face|whole public": "use: public API",
    "(is|are|was) (not )?there\\b": "use: exists, is available",
}
"""Regular expressions of phrases, with a hint."""
PHRASES = {re.compile(rf"\b(?:{phrase})", re.IGNORECASE): hint for phrase, hint in BANNED.items()}
GENERATED = ("docs/operations.md", "docs/reference/", "docs/full-api/")


def lines_of(path: Path) -> list[str]:
    """Return the lines of a page, with comments and code removed so that line numbers stay the same."""
    text = path.read_text(encoding="utf-8")
    for pattern in (r"<!--.*?-->", r"^( *)(```+).*?^\1\2 *$", r"(`+)(?!`).+?(?<!`)\1(?!`)"):
        text = re.sub(pattern, lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    return text.splitlines()


def offenders(name: str, lines: list[str]) -> list[str]:
    """Return a line for every banned phrase of a page, also of phrases that continue on the next line."""
    found: list[str] = []
    for number, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=True), start=1):
        for phrase, hint in PHRASES.items():
            match = phrase.search(f"{line} {following}")
            if match and match.start() < len(line):
                found.append(f"{name}:{number}: {match[0]!r}: {hint}")
    return found


@pytest.mark.parametrize(
    "path",
    [path for path in pages() if not path.relative_to(ROOT).as_posix().startswith(GENERATED)],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_page_has_no_banned_phrase(path: Path):
    assert offenders(path.relative_to(ROOT).as_posix(), lines_of(path)) == []


def test_banned_phrases_are_reported_with_their_line(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n\nA run goes\non.\n\n```text\nit goes on\n```\n\nIt is `as a rule` fine, as a rule.\n")
    assert [line.partition(": ")[0] for line in offenders("page.md", lines_of(page))] == ["page.md:3", "page.md:10"]
