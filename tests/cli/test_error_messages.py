"""What the command says is in words of the command line, and does no harm to the terminal."""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import dify
from dify.testing import Emulator

from .conftest import KEY, KNOWLEDGE_KEY, piped
from .test_every_command import leaves, parameters_of

Invoke = Callable[..., Any]


def test_a_web_page_in_place_of_an_answer_hints_at_the_address() -> None:
    from dify.cli.error_messages import error_message

    page = dify.ResponseValidationError("no JSON", body="<!doctype html>", reason="html")
    assert error_message(page, "chat") == "no JSON (check that --base-url or DIFY_BASE_URL is the address of the API)"
    assert error_message(dify.ResponseValidationError("odd", body="{}"), "chat") == "odd"


def test_a_server_that_falls_over_a_first_text_without_a_rule_is_told_with_the_option(invoke: Invoke) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        with dify.Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
            bare = client.knowledge.datasets.create("Bare", indexing_technique="economy").id
        emulator.fail_next(500, code="unknown")
        result = invoke("knowledge", "documents", "add-text", bare, "Tea", "Tea is green.", base_url=base_url)
    assert result.exit_code == 7
    assert "(the first document of a knowledge base requires --rule, such as --rule '{" in result.stderr


class Moved(BaseHTTPRequestHandler):
    """A server that has moved."""

    def do_GET(self) -> None:
        self.send_response(301)
        self.send_header("Location", "https://elsewhere.example/v1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_a_server_that_has_moved_is_named_by_an_option_of_the_command(invoke: Invoke) -> None:
    with HTTPServer(("127.0.0.1", 0), Moved) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            result = invoke("app", base_url=f"http://127.0.0.1:{server.server_port}/v1")
        finally:
            server.shutdown()
            thread.join()

    assert result.exit_code == 1
    assert "https://elsewhere.example/v1" in result.stderr
    assert "set the base URL to the final address" in result.stderr


def test_a_name_that_cannot_be_sent_is_to_be_changed_at_the_file(tmp_path: Path) -> None:
    odd = tmp_path / "bad\udcff.txt"
    odd.write_text("x", encoding="utf-8")
    with Emulator().serve() as base_url:
        result = piped("upload", str(odd), DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)

    assert result.returncode == 2
    assert "rename the file" in result.stderr
    assert "filename=" not in result.stderr


@pytest.mark.parametrize(("option", "choices"), [("--app", "workflow, completion"), ("--format", "csv, jsonl, ndjson")])
def test_a_word_that_an_option_does_not_know_names_those_it_knows(
    invoke: Invoke, tmp_path: Path, option: str, choices: str
) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    rows.write_text("topic\ntea\n", encoding="utf-8")

    result = invoke("batch", str(rows), "--out", str(out), option, "foo", "--emulator")

    assert result.exit_code == 2
    assert f"{option} must be one of {choices}" in result.stderr
    assert not out.exists()


def test_a_terminal_is_not_made_to_write_backwards() -> None:
    from dify.cli.terminal.screen import sanitize

    assert sanitize("a\u202eb\u2066c\u2069\tשלום\r\n\x1b[2J") == "a\\u202eb\\u2066c\\u2069\tשלום\n�[2J"
    assert sanitize("\u061c\u200e\u200f") == "\\u061c\\u200e\\u200f"


def test_bidirectional_controls_are_escaped_in_json_without_changing_its_value() -> None:
    from dify.cli.terminal.screen import to_json

    text = to_json({"answer": "a\u202eb"})

    assert text == '{"answer": "a\\u202eb"}'
    assert json.loads(text) == {"answer": "a\u202eb"}


async def test_no_message_names_an_operation_of_the_client() -> None:
    from dify.cli.error_messages import error_message

    emulator = Emulator()
    async with emulator.client(max_retries=0, timeout=0.05) as client:
        emulator.delay_next(60)
        with pytest.raises(dify.APITimeoutError) as raised:
            await client.chat.send("Hello")

    message = error_message(raised.value, "chat")
    assert "sendChatMessage" in str(raised.value)
    assert message.endswith(" (the server may still be processing the request)")
    assert "sendChatMessage" not in message


COMMANDS = [leaf for leaf in leaves() if leaf.split()[0] not in ("emulator", "help", "profile", "version")]
VALUES = {
    "path": "file.txt",
    "file": "file.txt",
    "rows": "rows.csv",
    "key=value": "a=b",
    "action": "enable",
    "method": "GET",
}
OUT = "out.jsonl"
BAD = ("", "a/b", "a\nb", "1")
PYTHON = re.compile(r"\w=(?!=|text|@|\{)|\w\(|\b[a-z]+_[a-z_]+|None\b")


def lines_with_a_bad_value(leaf: str, bad: tuple[str, ...] = BAD) -> Iterator[list[str]]:
    """Yield command lines of which one argument or option is bad."""
    parameters = parameters_of(leaf)
    arguments = [item for item in parameters if item.param_type_name == "argument"]
    options = [item for item in parameters if item.param_type_name == "option" and not item.is_flag]
    begin = [*leaf.split(), *(option for option in ("--yes",) if any(option in item.opts for item in parameters))]
    if any(item.name == "out" for item in parameters):
        begin += [
            "--out",
            "out.jsonl",
            *(["--overwrite"] if any(item.name == "overwrite" for item in parameters) else []),
        ]
    good = [VALUES.get(item.metavar or "", "x") for item in arguments]
    yield [*begin, "--", *good]
    for value in bad:
        for index in range(len(good)):
            yield [*begin, "--", *good[:index], value, *good[index + 1 :]]
        for option in options:
            if option.name not in ("base_url", "help", "journal", "out", "profile"):
                yield [*begin, option.opts[0], value, "--", *good]


@pytest.mark.parametrize("leaf", COMMANDS)
def test_an_error_of_a_command_names_options_and_not_python_arguments(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaf: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    (tmp_path / "rows.csv").write_text("a\n1\n", encoding="utf-8")
    errors: set[str] = set()
    with Emulator() as emulator, emulator.serve() as base_url:
        for line in lines_with_a_bad_value(leaf):
            result = invoke(*line, base_url=base_url, input="")
            assert result.exit_code in (0, 1, 2, 4, 7), (line, result.output)
            errors |= {error for error in result.stderr.splitlines() if error.startswith("Error: ")}
    # The server's words, what was typed, and the values of an option are shown as they are.
    ours = {
        re.sub(r"'[^']*'|must be one of [^']*", "''", error)
        for error in errors
        if not re.match(r"Error: \d{3}\b", error)
    }
    assert {error for error in ours if PYTHON.search(error)} == set()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("conversations delete a/b --yes", "Error: conversation-id must be one path segment, not 'a/b'"),
        ("run --workflow-id a/b x=1", "Error: --workflow-id must be one path segment, not 'a/b'"),
        ("events a/b", "Error: run-id must be one path segment, not 'a/b'"),
        (
            "knowledge create x --embedding-model m",
            "Error: --embedding-provider is missing: the server ignores --embedd",
        ),
        (
            "knowledge documents add-text x y z --rule 1",
            "Error: Invalid value: the value of --rule must be a JSON object",
        ),
        (
            "knowledge create x --retrieval []",
            "Error: Invalid value: the value of --retrieval must be a JSON object, not a",
        ),
        (
            "knowledge segments update x y z",
            "Error: Invalid value: nothing to change; pass --content, --answer, --word,",
        ),
        (
            "knowledge segments update x y z --content ''",
            "Error: --content is empty: the server ignores it; omit --content",
        ),
        (
            "logs --after yesterday",
            "Error: Invalid value: --after must be an ISO 8601 time, such as 2026-11-01T00:00:00Z",
        ),
        ("logs --status done", "Error: Invalid value: --status must be one of succeeded, failed, stopped, not 'done'"),
        (
            "conversations list --sort name",
            "Error: Invalid value: --sort must be one of created_at, -created_at, updated_",
        ),
        ("chat --conversation 1 Hi", "Error: 400 invalid_param: --conversation: --conversation must be a valid UUID"),
        (
            "annotations delete x --yes",
            "Error: 404: 404 Not Found (this server (1.14.2) has DELETE /apps/annotations/{annot",
        ),
    ],
)
def test_the_words_of_an_error_are_those_of_the_command(invoke: Invoke, words: str, expected: str) -> None:
    with Emulator().serve() as base_url:
        result = invoke(*shlex.split(words), base_url=base_url)
    assert expected in result.stderr


ADDRESSES = [
    ("htp:/x", "{} begins with 'htp:/'"),
    ("http://a b", "{} holds a space"),
    ("https://x.example/v1/info", "{} is the address of a single route (leave out what follows /v1)"),
]


@pytest.mark.parametrize(("address", "expected"), ADDRESSES)
def test_a_bad_address_is_named_by_the_place_that_it_comes_from(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, address: str, expected: str
) -> None:
    monkeypatch.setenv("DIFY_BASE_URL", address)
    assert invoke("app").stderr.startswith(f"Error: {expected.format('DIFY_BASE_URL')}")
    assert invoke("app", "--base-url", address).stderr.startswith(f"Error: {expected.format('--base-url')}")
    monkeypatch.delenv("DIFY_BASE_URL")
    invoke("profile", "set", "work", "--base-url", "x.example")
    path = Path(os.environ["DIFY_CONFIG"])
    path.write_text(path.read_text(encoding="utf-8").replace("x.example", address), encoding="utf-8")
    stderr = invoke("app", "--profile", "work", key=None).stderr
    assert "no API key" in stderr or stderr.startswith(f"Error: {expected.format('base_url of the profile ')}")


@pytest.mark.parametrize(
    ("variable", "key", "expected"),
    [
        (
            "DIFY_API_KEY",
            "dataset-1",
            "DIFY_API_KEY is a knowledge key (dataset-…) (pass it as DIFY_KNOWLEDGE_API_KEY)",
        ),
        ("DIFY_KNOWLEDGE_API_KEY", "app-1", "DIFY_KNOWLEDGE_API_KEY is an app key (app-…) (pass it as DIFY_API_KEY)"),
        ("DIFY_API_KEY", "Bearer app-1", "DIFY_API_KEY begins with 'Bearer' (pass the key alone, without the header"),
        ("DIFY_API_KEY", "${KEY}", "DIFY_API_KEY is the placeholder '${KEY}'; the variable was not replaced"),
    ],
)
def test_a_bad_key_is_named_by_its_variable(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, variable: str, key: str, expected: str
) -> None:
    monkeypatch.setenv("DIFY_API_KEY", KEY)
    monkeypatch.setenv(variable, key)
    result = invoke("app", key=None)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {expected}")


def test_a_bad_key_of_a_profile_is_named_by_the_profile(invoke: Invoke) -> None:
    invoke("profile", "set", "work", "--base-url", "x.example", "--api-key", input="app-1\n", key=None)
    path = Path(os.environ["DIFY_CONFIG"])
    path.write_text(path.read_text(encoding="utf-8").replace("app-1", "dataset-1"), encoding="utf-8")
    result = invoke("app", "--profile", "work", key=None)
    assert result.stderr.startswith("Error: api_key of the profile 'work' is a knowledge key (dataset-…)")


def test_advice_about_arguments_of_python_alone_is_left_out() -> None:
    from dify.cli.error_messages import SettingsSource, error_message

    source = SettingsSource(options={"concurrency": "--concurrency"})
    odd = dify.ConfigurationError("x is wrong", hint="pass http_client=httpx.AsyncClient()")
    assert error_message(odd, "run", source) == "x is wrong"
    known = dify.ConfigurationError("max_connections is 0", hint="pass a larger max_connections=")
    assert error_message(known, "run", source) == "--concurrency is 0 (pass a larger --concurrency)"
    pool = dify.APITimeoutError("all connections are in use", reason="pool", hint="raise `max_connections=`")
    assert error_message(pool, "batch", source) == "all connections are in use (pass a smaller --concurrency)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "400: 2 validation errors for P a.b Field required [type=missing, input_value={'x': [1]}, input_type=dict] For "
            "further information visit https://errors.pydantic.dev/2/v/missing sort_by Value error, no [type=value_error] For "
            "further information visit https://errors.pydantic.dev/2/v/value_error",
            "400: a.b: Field required --sort: no",
        ),
        ("1 validation error for P name Too long [type=too_long, input_value='aaaa", "name: Too long"),
        ("The validation failed [type=x]", "The validation failed [type=x]"),
    ],
)
def test_messages_of_pydantic_are_shortened(text: str, expected: str) -> None:
    from dify.cli.wording import translate_validation

    assert translate_validation(text, {"sort_by": "--sort"}.get) == expected
