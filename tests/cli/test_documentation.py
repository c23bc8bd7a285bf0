"""docs/command-line.md names every command, its lines are ones that the command takes, and its pictures are there."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from .test_every_command import leaves

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [
    line.removeprefix("$ ").partition(" | jq")[0]
    for text in (PAGE, README)
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if re.match(r"\$ (\w+ show dify \| )?dify ", line)
]


def test_every_command_is_shown() -> None:
    words = [line.partition("dify ")[2] + " " for line in LINES]
    assert [leaf for leaf in leaves() if not any(line.startswith(f"{leaf} ") for line in words)] == []


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_one_that_the_command_takes(line: str) -> None:
    from dify.cli.app import app

    words = shlex.split(re.sub(r" [<>] .*| +#.*", "", re.split(r"(?:^|\| )dify ", line)[-1]))
    command: Any = typer.main.get_command(app)
    context = typer.Context(command, info_name="dify")
    while hasattr(command, "list_commands"):
        command = command.get_command(context, words.pop(0))
        assert command is not None
        context = typer.Context(command, parent=context)
    if words != ["--help"]:
        command.make_parser(context).parse_args(words)  # what an option takes is not looked at: there are no such files


def test_the_pictures_are_those_that_the_script_draws(tmp_path: Path) -> None:
    shown = set(re.findall(r"\(images/(\w+)\.svg\)", PAGE))
    assert shown == {"chat", "run", "upload"}
    script = runpy.run_path(str(ROOT / "scripts" / "screenshots.py"))
    script["main"].__globals__["IMAGES"] = tmp_path
    assert script["main"]() == 0
    for name in shown:
        drawn = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
        kept = (ROOT / "docs" / "images" / f"{name}.svg").read_text(encoding="utf-8")
        assert words_of(drawn) == words_of(kept), f"{name}.svg is stale: run scripts/screenshots.py"


def words_of(svg: str) -> list[str]:
    """The words of a picture; how they are drawn differs between releases of rich."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)
