"""Links lead to an existing page and heading. Links to other sites are not followed."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .blocks import ROOT, pages

LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
DEFINITION = re.compile(r"^\[([\w.-]+)\]: (\S+)$", re.MULTILINE)
REFERENCE = re.compile(r"\[[^\]]*\]\[([\w.-]+)\]")
DIRECTIVE = re.compile(r"^::: (\S+)$", re.MULTILINE)
EXAMPLES = ("example.com", "example.org", "localhost", "127.0.0.1")
URLS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
BLOB = f"{URLS['Repository']}/blob/main/"
"""Start of the address of a file in the repository, as README.md uses it."""


def prose(path: Path) -> str:
    """Return a page without its code."""
    text = re.sub(r"^( *)(```+).*?^\1\2 *$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "`code`", text)


def links_of(path: Path) -> list[str]:
    """Return the targets of the links of a page."""
    text = prose(path)
    return [*LINK.findall(text), *(target for _, target in DEFINITION.findall(text))]


def anchors_of(path: Path) -> set[str]:
    """Return the anchors that the site gives to the headings of a page, and the names on a page of the reference."""
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
    """Return the anchor of a heading: lower case, no punctuation, hyphens for spaces."""
    words = re.sub(r"[^\w\s-]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", ""))
    ascii_only = words.encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", ascii_only.strip().lower())


def has_anchor(path: Path, anchor: str) -> bool:
    """Return True if a page has this heading, or a page of the reference this name or member."""
    anchors = anchors_of(path)
    if "reference" in path.parts and anchor.startswith("dify"):
        return any(anchor == name or anchor.startswith(f"{name}.") for name in anchors)
    return anchor in anchors


def is_lost(path: Path, link: str) -> bool:
    """Return True if a link of a page has no target."""
    if link.startswith(BLOB):  # a file of this repository
        path, link = ROOT / "README.md", link.removeprefix(BLOB)
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return not is_address(link)
    target = (path.parent / parts.path).resolve() if parts.path else path
    inside = target.is_relative_to(ROOT / "docs") or not path.is_relative_to(ROOT / "docs")
    return not target.is_file() or not inside or bool(parts.fragment and not has_anchor(target, parts.fragment))


def is_address(link: str) -> bool:
    """Return True if a link to another site is https and has a host."""
    parts = urlsplit(link)
    if parts.scheme == "mailto":
        return "@" in parts.path
    return parts.scheme == "https" and "." in parts.netloc and not parts.netloc.endswith(EXAMPLES)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_have_a_target(path: Path):
    assert [link for link in links_of(path) if is_lost(path, link)] == []


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_to_a_name_has_a_definition_or_is_in_the_reference(path: Path):
    text = prose(path)
    defined = {name for name, _ in DEFINITION.findall(text)}
    known = {name for page in (ROOT / "docs" / "reference").glob("*.md") for name in anchors_of(page)}
    for name in set(REFERENCE.findall(text)) - defined:
        assert any(name == public or name.startswith(f"{public}.") for public in known), name


def test_the_readme_has_only_absolute_links_so_that_they_work_on_a_package_index():
    assert [link for link in links_of(ROOT / "README.md") if not urlsplit(link).netloc] == []


def test_the_project_has_one_address():
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    assert site["repo_url"] == URLS["Repository"]
    for name, url in URLS.items():
        assert url.startswith(URLS["Repository"]), name
    ours = [link for page in pages() for link in links_of(page) if "github.com/" in link and "/dify-python" in link]
    assert ours
    assert [link for link in ours if not link.startswith(URLS["Repository"])] == []


def test_a_lost_link_is_reported(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A *heading*, of `sorts`\n\n[one](other.md) ![two](a.png) [three][3]\n\n```text\n[no](link.md)\n```\n\n"
        f"`[no](x.md)`\n\n[3]: {BLOB}gone.md\n"
    )
    assert links_of(page) == ["other.md", "a.png", f"{BLOB}gone.md"]
    assert all(is_lost(page, link) for link in links_of(page))
    assert not is_lost(page, f"{BLOB}README.md#installation")
    assert anchors_of(page) == {"a-heading-of-sorts"}
    assert is_address("https://docs.dify.ai/x")
    assert not is_address("http://docs.dify.ai/x")
    assert not is_address("https://dify.example.com/x")
