"""Every block of Python on the pages runs unchanged with the emulator; CONVENTIONS.md describes how."""

from __future__ import annotations

import json
import tomllib
from contextlib import AsyncExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from .blocks import Block, blocks_of, pages
from .cells import Section, save, start

NOT_RUN: dict[str, int] = {
    "CONTRIBUTING.md": 2,
    "docs/migrating.md": 4,
    "docs/performance.md": 1,
}
"""Number of blocks that are not run (`run: no`): code of other libraries or missing frameworks, and parts of files."""

PYTEST = ["-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "dify.testing.pytest"]
PYTEST += ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
BLOCKS = [block for page in pages() for block in blocks_of(page)]
RUN = [block for block in BLOCKS if block.language in ("python", "pycon") and block.kind != "no"]
LANGUAGES = {
    "python",
    "pycon",
    "pyi",
    "console",
    "text",
    "json",
    "toml",
    "ini",
    "html",
    "javascript",
    "css",
    "yaml",
    "diff",
    "",
}


def by_section() -> list[Any]:
    """Return the cells and programs under each heading."""
    cells = [block for block in RUN if block.kind != "pytest"]
    grouped = groupby(cells, lambda block: (block.page, block.section))
    return [pytest.param(list(blocks), id=f"{page}-{section or 'top'}") for (page, section), blocks in grouped]


def by_page() -> list[Any]:
    """Return the test files of each page."""
    grouped = groupby([block for block in RUN if block.kind == "pytest"], lambda block: block.page)
    return [pytest.param(list(blocks), id=page) for page, blocks in grouped]


@pytest.fixture
def files(desk: Path, request: pytest.FixtureRequest) -> None:
    """Save the files that the page shows."""
    page = request.node.callspec.params["blocks"][0].page
    for block in RUN:
        if block.page == page and block.file:
            save(block, desk / block.file)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("blocks", by_section())
async def test_the_blocks_of_a_section_run(blocks: list[Block], desk, monkeypatch):
    async with AsyncExitStack() as stack:
        section = Section(desk, monkeypatch, stack)
        for block in blocks:
            await section.run(block)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("blocks", by_page())
def test_the_test_files_of_a_page_pass(blocks: list[Block], desk, monkeypatch):
    names = [block.file or f"test_line_{block.line}.py" for block in blocks]
    for block, name in zip(blocks, names, strict=True):
        save(block, desk / name)
    for name in ("DIFY_BASE_URL", "DIFY_API_KEY", "DIFY_KNOWLEDGE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    start([str(block) for block in blocks], desk, *PYTEST, "--rootdir", str(desk), *names)


def test_there_are_blocks_to_run():
    assert len([block for block in RUN if not block.setup]) >= 12


def test_a_block_that_is_not_run_is_python_has_a_reason_and_is_counted():
    not_run = [block for block in BLOCKS if block.kind == "no" and block.language == "python"]
    for block in not_run:
        assert block.tree()
        assert len(block.mark("no") or "") > 10, f"{block}: the mark has no reason"
    counted = {page: len(list(group)) for page, group in groupby(not_run, lambda block: block.page)}
    assert counted == NOT_RUN


def test_a_block_has_a_known_language():
    assert {str(block) for block in BLOCKS if block.language not in LANGUAGES} == set()


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in ("toml", "json")], ids=str)
def test_toml_and_json_blocks_parse(block: Block):
    if block.language == "toml":
        tomllib.loads(block.source)
    else:
        json.loads(block.source.replace("...", "null") if "..." in block.source else block.source)
