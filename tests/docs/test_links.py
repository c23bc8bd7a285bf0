"""Links lead somewhere: to a page that is there, and to a heading of it. Links out of the project are not followed."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .blocks import ROOT, pages

LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"\[[^\]]*\]\[([\w.]+)\]")
DIRECTIVE = re.compile(r"^::: (\S+)$", re.MULTILINE)
EXAMPLES = ("example.com", "example.org", "localhost", "127.0.0.1")


def prose(path: Path) -> str:
    """A page without its code."""
    text = re.sub(r"^( *)(```+).*?^\1\2 *$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "`code`", text)


def links_of(path: Path) -> list[str]:
    """Where a page's links lead."""
    return LINK.findall(prose(path))


def anchors_of(path: Path) -> set[str]:
    """The headings of a page as the site names them, and what is on a page of the reference."""
    text = re.sub(r"^( *)(```+).*?^\1\2 *$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    seen: Counter[str] = Counter()
    anchors = set[str](re.findall(r"<a id=\"([^\"]+)\"", text)) | set(DIRECTIVE.findall(text))
    for heading in re.findall(r"^#+ +(.+?)\s*#*$", text, re.MULTILINE):
        if named := re.search(r"\{ *#([\w-]+) *\}$", heading):
            anchors.add(named[1])
            continue
        slug = slug_of(heading)
        anchors.add(f"{slug}_{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return anchors


def slug_of(heading: str) -> str:
    """The anchor of a heading: lower case, no punctuation, hyphens for spaces."""
    words = re.sub(r"[^\w\s-]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", ""))
    ascii_only = words.encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", ascii_only.strip().lower())


def is_there(path: Path, anchor: str) -> bool:
    """Whether a page has this heading, or a page of the reference this name, or a member of it."""
    anchors = anchors_of(path)
    if "reference" in path.parts and anchor.startswith("dify"):
        return any(anchor == name or anchor.startswith(f"{name}.") for name in anchors)
    return anchor in anchors


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_lead_somewhere(path: Path):
    lost = list[str]()
    for link in links_of(path):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            if not is_an_address(link):
                lost.append(link)
            continue
        target = (path.parent / parts.path).resolve() if parts.path else path
        inside = target.is_relative_to(ROOT / "docs") or not path.is_relative_to(ROOT / "docs")
        if not target.is_file() or not inside or (parts.fragment and not is_there(target, parts.fragment)):
            lost.append(link)
    assert lost == []


def is_an_address(link: str) -> bool:
    """Whether a link out of the project has the shape of one: https, a host, no space."""
    parts = urlsplit(link)
    if parts.scheme == "mailto":
        return "@" in parts.path
    return parts.scheme == "https" and "." in parts.netloc and not parts.netloc.endswith(EXAMPLES)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_to_a_name_is_to_one_of_the_reference(path: Path):
    known = {name for page in (ROOT / "docs" / "reference").glob("*.md") for name in anchors_of(page)}
    for name in REFERENCE.findall(prose(path)):
        assert any(name == one or name.startswith(f"{one}.") for one in known), name


def test_a_lost_link_is_seen(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A *heading*, of `sorts`\n\n[one](other.md) ![two](a.png)\n\n```text\n[no](link.md)\n```\n\n`[no](x.md)`\n"
    )
    assert links_of(page) == ["other.md", "a.png"]
    assert anchors_of(page) == {"a-heading-of-sorts"}
    assert is_an_address("https://docs.dify.ai/x")
    assert not is_an_address("http://docs.dify.ai/x")
    assert not is_an_address("https://dify.example.com/x")
