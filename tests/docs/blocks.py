"""The fenced blocks of the pages and the marks above them; CONVENTIONS.md describes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>```+)(?P<language>[\w+-]*)(?P<rest>.*)$")
MARK = re.compile(r"<!--\s*(?:run:\s*|(live):\s*)(.*?)\s*-->")
FILE = re.compile(r"# ([\w/]+\.py)\n")
HEADING = re.compile(r"^##? (.+)$")
TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


@dataclass(frozen=True)
class Block:
    """A block. Readers do not see a `setup`."""

    page: str
    line: int
    section: str
    language: str
    source: str
    marks: tuple[str, ...] = field(default=())
    setup: bool = False

    def mark(self, name: str) -> str | None:
        """Return the text of a mark after its name, or None without such a mark."""
        texts = [mark.removeprefix(name).lstrip(" ,") for mark in self.marks if re.match(rf"{name}\b", mark)]
        return texts[0] if texts else None

    @property
    def file(self) -> str | None:
        """The file name in its mark or its first line, or None."""
        first = FILE.match(self.source)
        return self.mark("file") or (first[1] if first else None)

    @property
    def kind(self) -> str:
        """The way it runs: "cell", "program", "pytest" or "no"."""
        for kind in ("no", "cell", "program", "pytest"):
            if self.mark(kind) is not None:
                return kind
        if re.search(r"^\s*(async )?def test_", self.source, re.MULTILINE):
            return "pytest"
        if "asyncio.run(" in self.source or re.search(r"^if __name__ == .__main__.:", self.source, re.MULTILINE):
            return "program"
        return "cell"

    @property
    def is_async(self) -> bool:
        """True if its client is an `AsyncDify`."""
        if self.mark("async") is not None or self.mark("sync") is not None:
            return self.mark("async") is not None
        waits = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)
        nodes = [*ast.walk(self.tree())]
        return any(isinstance(node, waits) or (isinstance(node, ast.comprehension) and node.is_async) for node in nodes)

    def tree(self) -> ast.AST:
        """Parse the block, with the line numbers of its page."""
        source = "\n" * (self.line - 1) + self.source
        return compile(source, self.page, "exec", flags=TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Return every Markdown page for readers."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(path: Path) -> list[Block]:
    """Return the fenced blocks and hidden setups of a page in order."""
    return list(_blocks(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8").splitlines()))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    section, marks, number = "", [], 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if heading := HEADING.match(line):
            section = heading[1]
        elif line.strip() == "<!-- setup":
            end = next(n for n in range(number, len(lines)) if lines[n].strip() == "-->")
            yield Block(page, number + 1, section, "python", dedent("\n".join(lines[number:end])) + "\n", setup=True)
            number = end + 1
        elif found := MARK.findall(line):
            marks += [" ".join(part for part in parts if part) for parts in found]
        elif fence := FENCE.match(line):
            closing = fence["indent"] + fence["ticks"]
            try:
                end = next(n for n in range(number, len(lines)) if lines[n].rstrip() == closing)
            except StopIteration:
                raise ValueError(f"{page}:{number}: this block has no end") from None
            source = dedent("\n".join(lines[number:end])) + "\n"
            yield Block(page, number + 1, section, fence["language"], source, tuple(marks))
            number, marks = end + 1, []
        elif line.strip():
            marks = []
