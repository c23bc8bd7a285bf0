"""Errors of commands with `--json`: one object on standard error, with the exit codes of the text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify.testing import Emulator, EmulatorError, EmulatorRequest

from .conftest import KEY
from .test_error_messages import COMMANDS, OUT, lines_with_a_bad_value
from .test_every_command import parameters_of

Invoke = Callable[..., Any]


def error_in(result: Any) -> dict[str, Any]:
    (line,) = result.stderr.splitlines()
    document = json.loads(line)
    assert list(document) == ["error"]
    assert document["error"]["exit_code"] == result.exit_code
    return document["error"]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(400, "invalid_param", 1), (401, "unauthorized", 3), (404, "not_found", 4), (500, "internal_server_error", 7)],
)
@pytest.mark.parametrize("command", [["chat", "Hello"], ["run", "topic=tea"], ["complete", "topic=tea"]])
def test_an_error_of_the_server_has_its_code_and_status(
    invoke: Invoke, command: list[str], status: int, code: str, expected: int
) -> None:
    def answer(request: EmulatorRequest) -> str:
        raise EmulatorError(status, code, "Two\nlines.")

    with Emulator(answer).serve() as base_url:
        result = invoke(*command, "--json", base_url=base_url)

    error = error_in(result)
    assert (result.exit_code, error["code"], error["status"]) == (expected, code, status)
    assert "Two lines." in error["message"]


@pytest.mark.parametrize(
    "words",
    [
        ["chat", "--json", "--nonsense"],
        ["chta", "--json"],
        ["upload", "--json", "missing.txt"],
        ["knowledge", "lst", "--json"],
        ["batch", "--json"],
        ["chat", "--json", "--file", "missing.txt", "Hello"],
    ],
)
def test_invalid_usage_is_an_object_too(invoke: Invoke, words: list[str]) -> None:
    result = invoke(*words)

    assert result.exit_code == 2
    assert error_in(result)["code"] == "usage"


def test_a_missing_key_is_an_object_too(invoke: Invoke) -> None:
    result = invoke("app", "--json", key=None)

    assert result.exit_code == 2
    assert "DIFY_API_KEY" in error_in(result)["message"]


def test_a_connection_that_fails_is_an_object_too(invoke: Invoke) -> None:
    result = invoke("app", "--json", base_url="http://127.0.0.1:1")

    assert result.exit_code == 6
    assert error_in(result)["type"] == "APIConnectionError"


def test_json_behind_the_end_of_the_options_is_a_message(invoke: Invoke) -> None:
    result = invoke("chat", "--nonsense", "--", "--json")

    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


@pytest.mark.parametrize("leaf", [leaf for leaf in COMMANDS if any("--json" in p.opts for p in parameters_of(leaf))])
def test_with_json_every_line_of_standard_error_is_json(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaf: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    (tmp_path / "rows.csv").write_text("a\n1\n", encoding="utf-8")
    with Emulator() as emulator, emulator.serve() as base_url:
        for line in lines_with_a_bad_value(leaf, bad=("a/b",)):
            for key in (KEY, None):
                at = line.index("--")
                result = invoke(*line[:at], "--json", *line[at:], base_url=base_url, key=key, input="")
                errors = [text for text in result.stderr.splitlines() if not text.endswith(f"writing results to {OUT}")]
                assert [list(json.loads(text)) for text in errors] == [["error"]] * len(errors), line
                assert (result.exit_code != 0) is bool(errors), (line, result.output)
                if errors:
                    assert json.loads(errors[-1])["error"]["exit_code"] == result.exit_code
