"""Every Python block of the README runs, against the emulator's localhost door."""

import ast
import inspect
import re
import types
from pathlib import Path
from typing import Any

import pytest

from dify import AsyncDify
from dify.testing import Emulator

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


async def run(source: str, names: dict[str, Any]) -> None:
    """Run a block as a notebook would: with `await` at its top."""
    code = compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = types.FunctionType(code, names)()
    if inspect.isawaitable(result):
        await result


def test_there_are_blocks_to_run():
    assert len(BLOCKS) >= 6


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.4")
    with Emulator() as emulator, emulator.serve() as base_url:
        monkeypatch.setenv("DIFY_BASE_URL", base_url)
        monkeypatch.delenv("DIFY_API_KEY", raising=False)
        yield emulator


@pytest.mark.parametrize("block", [b for b in BLOCKS if "asyncio.run" not in b], ids=lambda b: b[:40].strip())
async def test_a_block_runs_as_it_stands(block, server):
    async with AsyncDify(api_key=server.api_key, user="alice") as client:
        names: dict[str, Any] = {"client": client}
        await run(block, names)
        for name, value in list(names.items()):
            if name.startswith("test_"):
                await value()


@pytest.mark.parametrize("block", [b for b in BLOCKS if "asyncio.run" in b], ids=lambda b: b[:40].strip())
def test_a_whole_program_runs_as_it_stands(block, server, capsys):
    exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})
    assert "Echo" in capsys.readouterr().out
