"""Failures of several files or rows are reported once for each cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify import Dify
from dify.cli.causes import Causes
from dify.testing import Emulator, EmulatorError, EmulatorFile, EmulatorRequest

from .conftest import KNOWLEDGE_KEY

Invoke = Callable[..., Any]


def test_failures_that_differ_in_names_and_ids_have_one_cause() -> None:
    causes = Causes("files")

    new = [
        causes.add("a.md", "'a.md' is too large"),
        causes.add("b.md", "'b.md' is too large"),
        causes.add("c.md", "document 8f0d1f8e-6e6c-4b8e-9df3-0f6f2c1a7a10 could not be indexed"),
        causes.add("d.md", "document 1d3cb7f1-0d1f-4f5e-8f9e-6c1f3a6d2b11 could not be indexed"),
        causes.add("e.md", "e.md: Permission denied"),
        causes.add("f.md", "'f.md' is too large"),
    ]

    assert new == [True, False, True, False, True, False]
    assert causes.summary() == [
        "3 files, the first a.md: 'a.md' is too large",
        "2 files, the first c.md: document 8f0d1f8e-6e6c-4b8e-9df3-0f6f2c1a7a10 could not be indexed",
        "e.md: e.md: Permission denied",
    ]
    assert len(causes.summary(repeated=True)) == 2


def test_a_summary_has_at_most_five_causes() -> None:
    causes = Causes("rows")
    for number in range(8):
        causes.add(f"row {number}", f"error of kind {number * 'x'}")
    assert causes.summary()[5:] == ["3 other errors"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(6):
        (folder / f"file {number}.md").write_text(f"text {number}", encoding="utf-8")
    return folder


def refuse(file: EmulatorFile) -> str:
    raise EmulatorError(400, "invalid_param", "No such model.")


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_files_of_a_knowledge_upload_that_fail_alike_are_reported_once(
    invoke: Invoke, files: Path, options: list[str]
) -> None:
    with Emulator(read_document=refuse, index_at_once=True).serve() as base_url:
        with Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
            dataset = client.knowledge.datasets.create("All", indexing_technique="economy").id
        result = invoke("knowledge", "documents", "upload", dataset, str(files), *options, base_url=base_url)

    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 6  # each file has its result
    lines = result.stderr.splitlines()
    if options:
        assert [json.loads(line)["error"]["code"] for line in lines] == ["failed"]
        return
    assert len(lines) == 3
    assert "No such model" in lines[0]
    assert lines[1].startswith("Error: 6 files, the first ")
    assert lines[2] == "Error: 6 of 6 files failed; to retry them, run the command again"


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_uploads_that_fail_alike_are_reported_once(invoke: Invoke, files: Path, options: list[str]) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        emulator.fail_next(400, code="unsupported_file_type", times=6)
        paths = sorted(map(str, files.iterdir()))
        result = invoke("upload", *paths, "--concurrency", "1", *options, base_url=base_url)

    assert (result.exit_code, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    if options:
        errors = [json.loads(line)["error"] for line in lines]
        assert [error.get("file") for error in errors] == [*paths, None]
        assert {error["code"] for error in errors[:-1]} == {"unsupported_file_type"}
        return
    assert len(lines) == 3
    assert lines[0].startswith(f"Error: {paths[0]}: 400 unsupported_file_type")
    assert lines[1].startswith(f"Error: 6 files, the first {paths[0]}: 400 unsupported_file_type")
    assert lines[2] == "Error: 6 of 6 files could not be uploaded"


def test_rows_that_fail_alike_are_reported_once(invoke: Invoke, tmp_path: Path) -> None:
    def answer(request: EmulatorRequest) -> dict[str, Any]:
        if request.inputs["n"] % 2:
            raise EmulatorError(400, "invalid_param", "n is odd")
        return {}

    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f'{{"n": {number}}}\n' for number in range(1, 7)), encoding="utf-8")
    with Emulator(answer, mode="workflow").serve() as base_url:
        result = invoke("batch", str(rows), "--out", str(tmp_path / "out.jsonl"), base_url=base_url)

    assert result.exit_code == 1
    assert "3 rows, the first row 1: " in result.stderr
    assert result.stderr.count("n is odd") == 1


def test_an_error_that_every_file_would_have_ends_the_upload(invoke: Invoke, files: Path) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        with Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
            dataset = client.knowledge.datasets.create("All", indexing_technique="high_quality").id
        line = ["knowledge", "documents", "upload", dataset, str(files)]
        emulator.fail_next(
            400, code="provider_not_initialize", path=f"/datasets/{dataset}/document/create-by-file", times=6
        )
        result = invoke(*line, base_url=base_url)

    assert sum(request.path.endswith("create-by-file") for request in emulator.requests) == 1
    assert "6 of 6 files were not uploaded" in result.stderr
    assert len(result.stderr.splitlines()) == 1
