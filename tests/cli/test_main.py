from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dify

from .conftest import environment, piped

Invoke = Callable[..., Any]


def python(code: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(command, env=environment(**env), capture_output=True, text=True, timeout=60, check=False)


LOADED = """
import atexit, sys
from dify.cli import main
heavy = {"httpx", "pydantic", "asyncio", "rich", "dify.errors", "dify.types", "dify.testing"}
atexit.register(lambda: print(*sorted(heavy & set(sys.modules)), file=sys.stderr))
main()
"""


@pytest.mark.parametrize("args", [("--help",), ("--version",)])
def test_help_and_version_load_neither_the_client_nor_what_it_needs(args: tuple[str, ...]) -> None:
    result = python(LOADED, *args)

    assert (result.returncode, result.stderr) == (0, "\n")


def test_help_loads_no_command_and_few_modules() -> None:
    code = """
import atexit, sys
from dify.cli import main
@atexit.register
def told():
    print(len(sys.modules), *sorted(name for name in sys.modules if name.startswith("dify.")), file=sys.stderr)
main()
"""
    count, *ours = python(code, "--help").stderr.split()

    assert ours == [
        "dify._lazy",
        "dify._mixed_install",
        "dify._version",
        "dify.cli",
        "dify.cli.app",
        "dify.cli.exits",
        "dify.cli.groups",
        "dify.cli.main",
        "dify.cli.terminal",
        "dify.cli.terminal.streams",
    ]
    # importing httpx and pydantic, which the command has no need of here, comes to about 600
    assert int(count) < 300


@pytest.mark.parametrize("command", ["chat", "run", "batch", "info", "knowledge", "profile"])
def test_help_of_a_command_does_not_load_the_client(command: str) -> None:
    result = python(LOADED, command, "--help")

    assert result.returncode == 0
    # typer itself may load pydantic (from 0.2x on), to read a command's parameters.
    assert set(result.stderr.split()) <= {"pydantic", "asyncio"}


def test_help_shows_the_commands_examples_and_exit_codes(invoke: Invoke) -> None:
    text = invoke("--help").stdout

    for wanted in ("chat", "run", "DIFY_API_KEY", "Examples:", 'dify chat --emulator "Hello"', "Exit codes:", "130  "):
        assert wanted in text
    assert "key=@path" in invoke("run", "--help").stdout
    assert "DIFY_USER" in invoke("chat", "--help").stdout


def test_help_in_a_pipe_has_no_escape_codes() -> None:
    for name in ("PLAIN", "GITHUB_ACTIONS"):
        result = piped("chat", "--help", **{name: "true"})
        assert result.returncode == 0
        assert "\x1b" not in result.stdout


def test_help_groups_the_commands_and_links_to_the_documentation(invoke: Invoke) -> None:
    text = invoke("--help").stdout

    for heading in ("Apps:\n  chat ", "Files and audio:\n  upload ", "Knowledge bases:\n  knowledge "):
        assert heading in text
    assert "https://docs.dify.ai" in text


def test_the_help_command_prints_what_the_option_prints(invoke: Invoke) -> None:
    assert invoke("help").stdout == invoke("--help").stdout
    assert invoke("help", "knowledge", "tags").stdout == invoke("knowledge", "tags", "--help").stdout


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [(["chta"], "'chat'"), (["help", "runn"], "'run'"), (["knowledge", "documents", "uplod"], "'upload'")],
)
def test_an_unknown_command_suggests_a_similar_one(invoke: Invoke, words: list[str], suggestion: str) -> None:
    result = invoke(*words)

    assert result.exit_code == 2
    assert f"No such command {words[-1]!r}. Did you mean {suggestion}" in result.stderr


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("chat", "[OPTIONS] [message]"),
        ("upload", "[OPTIONS] file..."),
        ("run", "[OPTIONS] [key=value...]"),
        ("profile show", "[OPTIONS] name"),
    ],
)
def test_a_usage_line_marks_optional_and_repeatable_arguments(invoke: Invoke, command: str, usage: str) -> None:
    assert invoke(*command.split(), "--help").stdout.startswith(f"Usage: dify {command} {usage}\n")


def test_no_command_shows_the_help(invoke: Invoke) -> None:
    result = invoke()

    assert result.exit_code in (0, 2)  # typer's releases differ
    assert "Usage: dify" in result.output


def test_version(invoke: Invoke) -> None:
    assert invoke("version").stdout == invoke("--version").stdout == f"dify {dify.__version__}\n"


def test_the_program_and_the_module_are_the_same_command() -> None:
    assert piped("chat", "--emulator", "Hello").stdout == "Echo: Hello\n"


@pytest.mark.parametrize("module", ["typer", "rich"])
def test_without_its_extra_the_command_says_what_to_install(module: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from dify.cli import main; main()"
    result = python(code, "chat", "--emulator", "Hello")

    assert result.returncode == 2
    assert 'pip install "dify[cli]"' in result.stderr
    assert "Traceback" not in result.stderr


def test_without_the_emulators_extra_the_option_says_what_to_install() -> None:
    code = "import sys; sys.modules['starlette'] = None; from dify.cli import main; main()"
    result = python(code, "chat", "--emulator", "Hello")

    assert result.returncode == 2
    assert "starlette" in result.stderr
    assert 'pip install "dify[emulator]"' in result.stderr


def test_a_terminals_narrow_encoding_does_not_end_an_answer() -> None:
    result = piped("chat", "--emulator", "東京 ok", PYTHONIOENCODING="ascii")

    assert result.returncode == 0
    assert result.stdout == "Echo: ?? ok\n"


def test_it_uses_only_the_public_face() -> None:
    sources = sorted((Path(dify.__file__).parent / "cli").rglob("*.py"))
    assert len(sources) > 30
    for source in sources:
        text = source.read_text(encoding="utf-8")
        assert "from .._" not in text
        assert "dify._" not in text
        assert "httpx" not in text


def test_the_module_is_the_command_too() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "dify", "chat", "--emulator", "Hello"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "Echo: Hello\n", "")


def test_the_module_without_the_extra_says_what_to_install() -> None:
    code = (
        "import runpy, sys; sys.modules['rich'] = None; runpy.run_module('dify', run_name='__main__', alter_sys=True)"
    )
    result = python(code)

    assert result.returncode == 2
    assert 'pip install "dify[cli]"' in result.stderr
