"""docs/command-line.md names every command, its lines are ones that the command takes, and its pictures are there."""

from __future__ import annotations

import os
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
PAGES = {
    path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}


def lines_of(text: str) -> list[str]:
    """What a page has somebody type after `dify`, in its blocks."""
    blocks = re.findall(r"^ *```(?:console|bash|sh|shell)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ").partition(" | jq")[0] for block in blocks for line in block.splitlines()]
    return [CALL.split(line)[-1] for line in lines if CALL.search(line)]


CALL = re.compile(r"(?:^|\s)(?:python -m )?dify (?=[a-z-])")
LINES = sorted({line for text in PAGES.values() for line in lines_of(text)})
WORDS = sorted({words for text in PAGES.values() for words in re.findall(r"`dify ([a-z-][^`|]*)", text)})


def found(words: list[str]) -> tuple[Any, typer.Context, list[str]]:
    """The command that is called, and what it is given."""
    from dify.cli.app import app

    command: Any = typer.main.get_command(app)
    context = typer.Context(command, info_name="dify")
    while hasattr(command, "list_commands") and words and not words[0].startswith("-"):
        name, *words = words
        command = command.get_command(context, name)
        assert command is not None, f"there is no command {name!r}"
        context = typer.Context(command, parent=context)
    return command, context, words


def test_every_command_is_shown() -> None:
    shown = [f"{line} " for line in lines_of(PAGE)]
    assert [leaf for leaf in leaves() if not any(line.startswith(f"{leaf} ") for line in shown)] == []


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_one_that_the_command_takes(line: str) -> None:
    command, context, words = found(shlex.split(re.sub(r" [<>] .*| +#.*", "", line)))
    if words != ["--help"]:
        command.make_parser(context).parse_args(words)  # what an option takes is not looked at: there are no such files


@pytest.mark.parametrize("words", WORDS)
def test_what_a_sentence_names_is_there(words: str) -> None:
    command, context, rest = found(words.split())
    known = {option for parameter in command.get_params(context) for option in parameter.opts}
    assert {word for word in rest if word.startswith("-")} <= known


@pytest.mark.parametrize("words", ["knowledge upload", "chat --nonsense"])
def test_what_is_not_there_is_noticed(words: str) -> None:
    with pytest.raises(AssertionError):
        test_what_a_sentence_names_is_there(words)
    with pytest.raises(Exception, match=r"upload|nonsense"):  # the parser has errors of its own
        test_a_line_is_one_that_the_command_takes(words)


def test_the_pictures_are_those_that_the_script_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - closed below
    monkeypatch.setattr("sys.stdin", nothing)
    shown = set(re.findall(r"\(images/(\w+)\.svg\)", PAGE))
    assert shown == {"chat", "run", "upload"}
    script = runpy.run_path(str(ROOT / "scripts" / "screenshots.py"))
    script["main"].__globals__["IMAGES"] = tmp_path
    assert script["main"]() == 0
    nothing.close()
    for name in shown:
        drawn = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
        kept = (ROOT / "docs" / "images" / f"{name}.svg").read_text(encoding="utf-8")
        assert words_of(drawn) == words_of(kept), f"{name}.svg is stale: run scripts/screenshots.py"


def words_of(svg: str) -> list[str]:
    """The words of a picture; how they are drawn differs between releases of rich."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)
