"""`dify download`, and the other commands that save a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dify import Dify
from dify.testing import Emulator

from ..conftest import KEY, KNOWLEDGE_KEY

Invoke = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[str]:
    with Emulator(index_at_once=True).serve() as base_url:
        yield base_url


def words_for(command: str, base_url: str) -> list[str]:
    with Dify(KEY, knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url, user="cli") as client:
        if command == "speak":
            return ["speak", "Hello"]
        if command == "download":
            photo = client.files.upload(("cat.png", b"meow"))
            client.chat.send("What is this?", files=[photo])
            return ["download", photo.id]
        dataset = client.knowledge.datasets.create("All", indexing_technique="economy").id
        document = client.knowledge.documents.create_from_file(
            dataset, ("cat.md", b"meow"), process_rule={"mode": "automatic"}
        ).document
        return ["knowledge", "documents", "download", dataset, document.id]


COMMANDS = ["download", "speak", "knowledge documents download"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("in_folder", [False, True], ids=["file", "folder"])
def test_a_file_that_exists_is_replaced_only_on_request(
    invoke: Invoke, server: str, tmp_path: Path, command: str, in_folder: bool
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder if in_folder else folder / "mine.bin"
    words = [*words_for(command, server), "--out", str(out)]
    path = Path(invoke(*words, base_url=server).stdout.strip())
    content = path.read_bytes()
    path.write_bytes(b"precious")

    refused = invoke(*words, base_url=server)

    assert refused.exit_code == 1
    assert f"{path} exists; pass --overwrite" in refused.stderr
    assert path.read_bytes() == b"precious"
    assert invoke(*words, "--overwrite", base_url=server).exit_code == 0
    assert path.read_bytes() == content
    assert [entry.name for entry in folder.iterdir()] == [path.name]  # nothing else is left behind


def test_a_file_that_exists_is_refused_before_the_request(invoke: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "mine.bin"
    out.write_bytes(b"precious")
    emulator = Emulator()
    with emulator.serve() as base_url:
        result = invoke("download", "some-file", "--out", str(out), base_url=base_url)

    assert (result.exit_code, emulator.requests) == (1, [])


def test_a_missing_directory_is_named(invoke: Invoke, tmp_path: Path) -> None:
    with Emulator().serve() as base_url:
        result = invoke("download", "some-file", "--out", str(tmp_path / "no" / "file"), base_url=base_url)

    assert result.exit_code == 1
    assert f"no directory '{tmp_path / 'no'}'" in result.stderr
