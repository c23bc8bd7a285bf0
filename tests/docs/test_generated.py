"""Generated pages are up to date, and the reference and the Full API contain every public name."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

import dify
import dify.testing
from dify import AsyncDify

from ..support.public_face import public_methods, public_paths, public_values, resources
from .blocks import ROOT

DOCS = ROOT / "docs"
SHOWN = {
    name
    for page in (DOCS / "reference").glob("*.md")
    for name in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
}
FULL_API = "".join(page.read_text(encoding="utf-8") for page in sorted((DOCS / "full-api").glob("*.md")))


@pytest.mark.parametrize("script", ["operations_page.py", "full_api_pages.py", "reference_pages.py"])
def test_no_generated_page_is_stale(script: str):
    command = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_reference_has_every_public_name():
    names = public_paths()
    names |= {f"dify.testing.{name}" for name in dify.testing.__all__}
    assert names - SHOWN == set()


def test_the_reference_has_every_resource():
    owners = {f"{owner.__module__}.{owner.__qualname__}" for _, owner in resources(AsyncDify) if public_methods(owner)}
    public = {name for name in owners if not is_part(name)}
    assert public
    assert public - SHOWN == set()


def is_part(name: str) -> bool:
    """Return True if a class is a base of a resource, whose methods are shown with the resource."""
    owner = next(cls for _, cls in resources(AsyncDify) if f"{cls.__module__}.{cls.__qualname__}" == name)
    return any(issubclass(cls, owner) and cls is not owner for _, cls in resources(AsyncDify))


def test_the_full_api_has_every_name_and_every_call():
    for name in {*public_values(), *dify.testing.__all__}:
        assert re.search(rf"\b{name}\b", FULL_API), name
    for dotted, owner in resources(AsyncDify):
        for method in public_methods(owner):
            if not is_part(f"{owner.__module__}.{owner.__qualname__}"):
                assert f".{method}(" in FULL_API, f"{dotted}.{method}"


def test_every_page_is_in_the_navigation_and_in_the_map_for_language_models():
    nav = re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text(encoding="utf-8"))
    assert len(nav) == len(set(nav))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert pages == set(nav)
    llms = (DOCS / "llms.txt").read_text(encoding="utf-8")
    assert {
        page for page in nav if f"({page})" not in llms and f"({page.replace('.md', '.html')})" not in llms
    } == set()


def test_the_tools_that_build_the_site_are_pinned():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    pinned = [requirement.partition("==")[0] for requirement in groups["docs"] if "==" in requirement]
    assert {"zensical", "mkdocstrings", "mkdocstrings-python"} <= set(pinned)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("testing", ["dify.testing.Emulator", "dify.testing.DifyMock"]),
        ("client", ["dify.AsyncDify", "dify.Dify"]),
        ("events", ["dify.MessageEvent"]),
        ("models", ["dify.ChatResponse"]),
    ],
)
def test_a_reference_page_begins_with_the_names_that_most_readers_look_for(page: str, names: list[str]):
    text = (DOCS / "reference" / f"{page}.md").read_text(encoding="utf-8")
    assert re.findall(r"^::: (\S+)$", text, re.MULTILINE)[: len(names)] == names


def test_the_site_shows_the_version_of_the_package():
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    assert site["extra"]["release"] == dify.__version__
