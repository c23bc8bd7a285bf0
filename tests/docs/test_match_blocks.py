"""The `match` statements on the pages pass pyright in strict mode, which also requires that they handle every event."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from .blocks import ROOT, Block, blocks_of, pages

BLOCKS = [
    block
    for page in pages()
    for block in blocks_of(page)
    if block.language == "python"
    and block.kind != "no"
    and any(isinstance(node, ast.Match) for node in ast.walk(block.tree()))
]
CONFIG = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "venvPath": str(ROOT), "venv": ".venv"}


def as_module(block: Block) -> str:
    """Return a block as a module; a cell becomes the body of a function that takes the client."""
    if block.kind != "cell":
        return block.source
    start, client = ("async def", "AsyncDify") if block.is_async else ("def", "Dify")
    return f"from dify import {client}\n\n\n{start} example(client: {client}) -> None:\n{indent(block.source, '    ')}"


def errors_of(sources: dict[str, str], folder: Path) -> list[str]:
    """Check modules with one process of pyright and return its errors."""
    for name, source in sources.items():
        (folder / name).write_text(source, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    found = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"] == len(sources), done.stderr
    return [
        f"{Path(item['file']).name}:{item['range']['start']['line'] + 1}: {item['message']}"
        for item in found["generalDiagnostics"]
        if item["severity"] == "error"
    ]


@pytest.mark.slow
def test_the_match_statements_of_the_pages_pass_pyright_strict(tmp_path: Path):
    modules = {
        f"{block.page.replace('/', '_')}_{block.line}.py".replace(".md", ""): as_module(block) for block in BLOCKS
    }
    assert len(modules) >= 6
    assert errors_of(modules, tmp_path) == []


@pytest.mark.slow
def test_a_match_that_ignores_some_events_is_reported(tmp_path: Path):
    source = (
        "from dify import Dify, MessageEvent\n\n\ndef example(client: Dify) -> None:\n"
        "    for event in client.chat.stream('Hello'):\n"
        "        match event:\n            case MessageEvent(answer=delta):\n                print(delta)\n"
    )
    assert "do not exhaustively handle all values" in "".join(errors_of({"page.py": source}, tmp_path))
