"""What a command refuses, and what it does where something is missing: one line, an exit code, and nothing is sent."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
import typer

import dify
from dify import Dify
from dify.cli import config, state
from dify.cli.command import _profile_names, _shown_name
from dify.cli.error_messages import error_message
from dify.cli.exits import CommandError, exit_code_for
from dify.testing import Emulator

from .conftest import KNOWLEDGE_KEY
from .terminal import Terminal

Invoke = Callable[..., Any]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("request GET /info --query file@list.json", "--query does not accept files"),
        ("run @list.json", "is not a JSON object"),
        ("run [1]", "is not an input"),
        ("request POST /info {", "the body is not valid JSON"),
        ("forms answer token", "`dify forms answer` requires a terminal"),
        ("emulator --mode robot", "--mode must be one of"),
        ("emulator --host 0.0.0.0", "public"),
    ],
)
def test_a_command_that_cannot_work_says_why(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    result = invoke(*shlex.split(words), base_url="http://127.0.0.1:9")
    assert result.exit_code == 2
    assert expected in " ".join(result.stderr.split())


def test_a_request_has_lists_in_its_query(invoke: Invoke) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        invoke(
            "request", "GET", "/info", "--query", "tag[]=a", "--query", "tag[]=b", "--query", "n=1", base_url=base_url
        )
        assert emulator.requests[-1].params["n"] == "1"
        assert emulator.requests[-1].params["tag"] in ("a", "b")


def test_metadata_is_checked_before_it_is_sent(invoke: Invoke) -> None:
    with Emulator().serve() as base_url:
        with Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
            dataset = client.knowledge.datasets.create("All").id
            line = ["knowledge", "metadata", "set", dataset, "0e1d4b8a-6a51-4f0e-9f0e-3d2c1b0a9f8e"]
            none = invoke(*line, "year:=1", base_url=base_url)
            client.knowledge.metadata.create(dataset, "year", type="number")
        several = invoke(*line, "year:=[1]", base_url=base_url)
        unknown = invoke(*line, "author=Ann", base_url=base_url)
    assert (none.exit_code, "the knowledge base has no fields" in none.stderr) == (4, True)
    assert (several.exit_code, "year must be a text, a number or null" in several.stderr) == (2, True)
    assert (unknown.exit_code, "no metadata field 'author' (fields: year)" in unknown.stderr) == (4, True)


def test_without_an_app_key_the_server_alone_is_shown(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator().serve() as base_url:
        result = invoke("info", "-v", base_url=base_url, key=None)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == f"server\t{base_url}"
    assert result.stderr == "no app key is set, so no app is shown\n"


def test_models_are_a_line_of_json_each(invoke: Invoke) -> None:
    with Emulator().serve() as base_url:
        result = invoke("knowledge", "models", "--json", base_url=base_url)
    assert [sorted(json.loads(line)) for line in result.stdout.splitlines()] == [["model", "provider", "status"]] * len(
        result.stdout.splitlines()
    )


def test_several_documents_are_downloaded_as_an_archive_and_a_text_is_added_without_waiting(
    invoke: Invoke, tmp_path: Path
) -> None:
    with Emulator(index_at_once=True).serve() as base_url:
        with Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
            dataset = client.knowledge.datasets.create("All", indexing_technique="economy").id
            documents = [
                client.knowledge.documents.create_from_file(
                    dataset, (f"{name}.md", name.encode()), process_rule={"mode": "automatic"}
                ).document.id
                for name in ("a", "b")
            ]
        words = ["knowledge", "documents", "download", dataset, *documents, "--out", str(tmp_path / "all.zip")]
        text = ["knowledge", "documents", "add-text", dataset, "Tea", "Green.", "--indexing", "economy", "--no-wait"]
        saved = invoke(*words, base_url=base_url)
        added = invoke(*text, base_url=base_url)
    assert (saved.exit_code, added.exit_code) == (0, 0), added.stderr
    assert (tmp_path / "all.zip").read_bytes().startswith(b"PK")


def test_a_stop_for_an_app_of_another_kind_needs_the_kind(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        result = invoke("stop", "task", "--of", "robot", base_url=base_url)
    assert result.exit_code == 2
    assert "--of is 'robot'; pass --of workflow, chat or completion" in result.stderr
    assert emulator.requests == []


def test_a_deletion_that_is_not_confirmed_is_cancelled() -> None:
    with Terminal("knowledge", "delete", "x", DIFY_KNOWLEDGE_API_KEY=KNOWLEDGE_KEY) as terminal:
        terminal.expect("Delete the knowledge base x and all its documents? [y/N] ")
        terminal.type("no")
        terminal.expect("Error: cancelled")
        terminal.end()
    assert terminal.code == 1


def test_without_the_extra_of_the_emulator_its_option_is_an_error_of_usage(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dify.testing", None)
    result = invoke("chat", "--emulator", "Hello")
    assert (result.exit_code, result.stderr.startswith("Error: --emulator cannot start: ")) == (2, True)
    server = invoke("emulator")
    assert (server.exit_code, server.stderr.startswith("Error: the emulator cannot start: ")) == (2, True)


def test_a_file_of_settings_that_cannot_be_used_is_named(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIFY_CONFIG", str(tmp_path))
    unreadable = invoke("chat", "Hello", key=None)
    assert (unreadable.exit_code, f"cannot read {tmp_path}" in unreadable.stderr) == (2, True)
    assert _profile_names() == []
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CommandError, match="cannot write"):
        config.save_config(tmp_path / "file" / "config.toml", config.Config())
    with pytest.raises(IsADirectoryError):
        state.replace_file(tmp_path, "x")


def test_files_of_windows_are_in_the_directories_of_its_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    windows = SimpleNamespace(name="nt", environ={"APPDATA": str(tmp_path), "LOCALAPPDATA": str(tmp_path / "local")})
    monkeypatch.setattr(config, "os", windows)
    monkeypatch.setattr(state, "os", windows)
    assert config.config_path() == tmp_path / "dify" / "config.toml"
    assert state.state_folder() == tmp_path / "local" / "dify"


def test_a_parameter_without_a_name_of_its_own_is_shown_with_hyphens() -> None:
    assert _shown_name("run_id", str) == "run-id"
    assert _shown_name("run_id", Annotated[str, "a note", typer.Argument()]) == "run-id"
    assert _shown_name("run_id", Annotated[str, typer.Argument(metavar="id")]) == "id"
    assert _shown_name("wait", Annotated[bool, typer.Option("--wait/--no-wait")]) == "--wait"


def test_errors_that_advise_on_time_and_settings() -> None:
    limited = dify.RateLimitError("Slow down.", status_code=429, retry_after=1.5)
    assert error_message(limited, "chat").endswith("(try again in 1.5 s)")
    bare = dify.BadRequestError("indexing_technique is required", status_code=400, reason="indexing_technique_required")
    assert "requires --indexing high_quality or --indexing economy" in error_message(
        bare, "knowledge documents add-text"
    )
    assert exit_code_for(dify.BadRequestError("Failed.", status_code=500)) == 7
