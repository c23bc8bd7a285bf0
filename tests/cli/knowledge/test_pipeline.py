"""`dify knowledge pipeline`: "upload", "sources", "run" and "try-source"."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dify.testing import Emulator

Invoke = Callable[..., Any]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Emulator, str]]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manual.txt").write_text("Press the button.", encoding="utf-8")
    with Emulator(index_at_once=True) as emulator, emulator.serve() as base_url:
        yield emulator, base_url


def test_a_file_goes_through_a_pipeline(invoke: Invoke, server: tuple[Emulator, str]) -> None:
    emulator, base_url = server
    dataset = emulator.add_pipeline("Manuals")

    stored = invoke("knowledge", "pipeline", "upload", "manual.txt", base_url=base_url)
    assert "name\tmanual.txt" in stored.stdout
    (source,) = invoke("knowledge", "pipeline", "sources", dataset, base_url=base_url).stdout.splitlines()
    node = source.split("\t")[0]
    done = invoke("knowledge", "pipeline", "run", dataset, node, "--file", "manual.txt", base_url=base_url)
    assert (done.exit_code, done.stdout.splitlines()[0].startswith("batch\t")) == (0, True), done.stderr
    found = invoke("knowledge", "search", dataset, "button", base_url=base_url)
    assert found.stdout.endswith("\tmanual.txt\tPress the button.\n")


def test_a_datasource_node_is_tried(invoke: Invoke, server: tuple[Emulator, str]) -> None:
    emulator, base_url = server
    dataset = emulator.add_pipeline("Pages", datasource_type="website_crawl")
    (source,) = invoke("knowledge", "pipeline", "sources", dataset, base_url=base_url).stdout.splitlines()

    tried = invoke("knowledge", "pipeline", "try-source", dataset, source.split("\t")[0], base_url=base_url)

    events = [json.loads(line)["event"] for line in tried.stdout.splitlines()]
    assert events[-1] == "datasource_completed"


def test_a_draft_is_run_without_documents_and_a_run_need_not_be_waited_for(
    invoke: Invoke, server: tuple[Emulator, str]
) -> None:
    emulator, base_url = server
    dataset = emulator.add_pipeline("Manuals")
    (source,) = invoke("knowledge", "pipeline", "sources", dataset, base_url=base_url).stdout.splitlines()
    line = ["knowledge", "pipeline", "run", dataset, source.split("\t")[0], "--file", "manual.txt"]

    draft = invoke(*line, "--draft", base_url=base_url)
    assert draft.exit_code == 0, draft.stderr
    assert isinstance(json.loads(draft.stdout), dict)
    assert invoke("knowledge", "documents", "list", dataset, base_url=base_url).stdout == ""
    assert invoke(*line, "--no-wait", base_url=base_url).stdout.startswith("batch\t")


def test_a_source_that_is_not_json_is_refused_before_the_file_is_uploaded(
    invoke: Invoke, server: tuple[Emulator, str]
) -> None:
    emulator, base_url = server
    line = ["knowledge", "pipeline", "run", "dataset", "node", "--file", "manual.txt"]
    assert invoke(*line, "--source", "{", base_url=base_url).exit_code == 2
    assert invoke(*line, "--type", "robot", base_url=base_url).exit_code == 2
    assert emulator.requests == []
