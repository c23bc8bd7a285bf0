"""What the command says is in words of the command line, and does no harm to the terminal."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import dify
from dify.testing import Emulator

from .conftest import KEY, KNOWLEDGE_KEY, piped

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
