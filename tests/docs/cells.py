"""Run the blocks of a section of a page one after another, like the cells of a notebook."""

from __future__ import annotations

import ast
import doctest
import inspect
import os
import subprocess
import sys
import types
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from dify.testing import Emulator

from ..support.programs import run_script
from .blocks import ROOT, Block

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Section:
    """The state of the blocks under one heading: an emulator, a folder, and the names that they define."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, stack: AsyncExitStack) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._stack = stack
        self._names: dict[str, Any] = {}
        self._emulator: Emulator | None = None

    async def run(self, block: Block) -> None:
        """Run a block and raise its errors."""
        if self._emulator is None and not block.setup:
            self._use(Emulator(index_at_once=True, variables={"shopping": ["milk"]}))
        if block.setup or block.language == "pycon" or block.kind == "cell":
            await self._expecting(block)
        elif block.kind == "program":
            save(block, self._folder / "program.py")
            kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
            done = run_script(self._folder / "program.py", env={**kept, "PYTHONPATH": str(ROOT)}, cwd=self._folder)
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"

    def _use(self, emulator: Emulator) -> None:
        self._emulator = self._stack.enter_context(emulator)
        url = self._stack.enter_context(emulator.serve())
        self._monkeypatch.setenv("DIFY_BASE_URL", url)
        self._monkeypatch.setenv("DIFY_API_KEY", emulator.api_key)
        self._monkeypatch.setenv("DIFY_KNOWLEDGE_API_KEY", emulator.knowledge_api_key)

    async def _expecting(self, block: Block) -> None:
        expected = block.mark("raises")
        if expected is None:
            return await self._cell(block)
        try:
            await self._cell(block)
        except Exception as error:
            if expected not in [cls.__name__ for cls in type(error).__mro__]:
                raise
            return None
        raise AssertionError(f"{block}: {expected} was not raised")

    async def _cell(self, block: Block) -> None:
        async with AsyncExitStack() as stack:
            given = await self._given(block, stack)
            names = {**given, **self._names}
            if block.language == "pycon":
                self._prompts(block, names)
            else:
                code = compile(block.tree(), block.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                result = types.FunctionType(code, names)()
                if inspect.isawaitable(result):
                    await result
            self._names = {name: value for name, value in names.items() if given.get(name) is not value}
        made = self._names.pop("emulator", None) if block.setup else None
        if made is not None:
            self._use(made)

    async def _given(self, block: Block, stack: AsyncExitStack) -> dict[str, Any]:
        if self._emulator is None:
            return {"__name__": "page"}
        if block.language != "pycon" and block.is_async:
            client: Any = await stack.enter_async_context(self._emulator.client(user="alice"))
        else:
            client = stack.enter_context(self._emulator.sync_client(user="alice"))
        return {"__name__": "page", "emulator": self._emulator, "client": client}

    def _prompts(self, block: Block, names: dict[str, Any]) -> None:
        said: list[str] = []
        test = doctest.DocTestParser().get_doctest(block.source, names, block.page, block.page, block.line - 1)
        test.globs = names
        result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append, clear_globs=False)
        assert not result.failed, f"{block}\n{''.join(said)}"


def save(block: Block, path: Path) -> None:
    """Save a block to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.source, encoding="utf-8")


def start(names: list[str], folder: Path, *arguments: str) -> None:
    """Run a new interpreter in the folder; its exit code must be 0."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, "\n".join([*names, done.stdout, done.stderr])
