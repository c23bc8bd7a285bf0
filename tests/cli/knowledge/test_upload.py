"""`dify knowledge documents upload` with folders: bars, failures, and an attempt that goes on from the last."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dify import Dify
from dify.cli.knowledge.upload_journal import Journal, files_of
from dify.testing import Emulator, EmulatorError, EmulatorFile

from ..conftest import KNOWLEDGE_KEY, environment, program
from ..terminal import Terminal

Invoke = Callable[..., Any]


class Reader:
    """Reads documents; those that are broken it cannot."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.hold: threading.Event | None = None

    def __call__(self, file: EmulatorFile) -> str:
        if file.name in self.broken:
            raise EmulatorError(400, "invalid_param", "it is torn")
        return file.content.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "handbook"
    (root / "deep").mkdir(parents=True)
    (root / ".git").mkdir()
    for name in ("leave.md", "travel.md", "deep/tea.txt", ".hidden", ".git/config"):
        (root / name).write_text(f"About {name}", encoding="utf-8")
    return root


@pytest.fixture
def server() -> Iterator[tuple[Emulator, Reader, str]]:
    reader = Reader()
    with Emulator(read_document=reader) as emulator, emulator.serve() as base_url:
        yield emulator, reader, base_url


def make_dataset(base_url: str) -> str:
    with Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
        made = client.knowledge.datasets.create("Handbook", indexing_technique="economy")
        rule = {"mode": "automatic"}  # which stays, and which what is uploaded then follows
        first = client.knowledge.documents.create_from_text(
            made.id, "first", "x", indexing_technique="economy", process_rule=rule
        )
        client.knowledge.documents.delete(made.id, first.document.id)
        return made.id


def names_in(base_url: str, dataset: str) -> list[str]:
    with Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
        return sorted(document.name for document in client.knowledge.documents.list(dataset))


def uploads(emulator: Emulator) -> int:
    return sum(request.path.endswith("create-by-file") for request in emulator.requests)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dify.cli.knowledge.uploader._POLL_INTERVAL", 0.01)


def test_a_folder_goes_up_without_what_is_hidden(invoke: Invoke, server: Any, folder: Path) -> None:
    emulator, _, base_url = server
    dataset = make_dataset(base_url)
    words = ["knowledge", "documents", "upload", dataset, str(folder)]

    first = invoke(*words, "-v", base_url=base_url)

    assert first.exit_code == 0, first.stderr
    assert [line.split("\t")[0] for line in first.stdout.splitlines()] == ["indexed"] * 3
    assert first.stderr.splitlines()[-1] == "3 indexed"
    assert names_in(base_url, dataset) == ["deep%2Ftea.txt", "leave.md", "travel.md"]
    again = invoke(*words, "-v", base_url=base_url)
    assert again.stderr.splitlines()[-1] == "3 indexed, 3 of them earlier"
    assert uploads(emulator) == 3


def test_a_knowledge_base_without_an_indexing_technique_is_refused_before_a_file_is_sent(
    invoke: Invoke, server: Any, folder: Path
) -> None:
    emulator, _, base_url = server
    with Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
        bare = client.knowledge.datasets.create("Bare").id
    words = ["knowledge", "documents", "upload", bare, str(folder)]

    result = invoke(*words, base_url=base_url)

    assert (result.exit_code, uploads(emulator), result.stdout) == (2, 0, "")
    assert result.stderr.startswith("Error: the knowledge base 'Bare' has no indexing technique yet; pass --indexing")
    assert result.stderr.count("\n") == 1
    assert invoke(*words, "--indexing", "economy", base_url=base_url).exit_code == 0
    assert names_in(base_url, bare) == ["deep%2Ftea.txt", "leave.md", "travel.md"]


def test_the_first_upload_to_a_knowledge_base_needs_no_rule_and_others_follow(
    invoke: Invoke, server: Any, folder: Path
) -> None:
    emulator, _, base_url = server
    with Dify(knowledge_api_key=KNOWLEDGE_KEY, base_url=base_url) as client:
        bare = client.knowledge.datasets.create("Bare", indexing_technique="economy").id
        assert invoke("knowledge", "documents", "upload", bare, str(folder), base_url=base_url).exit_code == 0
        assert names_in(base_url, bare) == ["deep%2Ftea.txt", "leave.md", "travel.md"]
        first = next(iter(client.knowledge.documents.list(bare)))
        detail = client.knowledge.documents.get(bare, first.id)
    assert detail.dataset_process_rule is not None
    assert detail.dataset_process_rule.mode == "automatic"
    assert uploads(emulator) == 4  # the first one was refused and sent again, with a rule


def test_what_failed_is_named_and_tried_again_by_the_next_call(invoke: Invoke, server: Any, folder: Path) -> None:
    emulator, reader, base_url = server
    dataset = make_dataset(base_url)
    words = ["knowledge", "documents", "upload", dataset, str(folder), "--json"]
    reader.broken = {"travel.md"}

    first = invoke(*words, base_url=base_url)

    assert first.exit_code == 1
    assert "1 of 3 files failed" in first.stderr
    states = {Path(each["file"]).name: each for each in map(json.loads, first.stdout.splitlines())}
    assert states["travel.md"]["state"] == "failed"
    assert "it is torn" in states["travel.md"]["error"]
    reader.broken = set()
    assert invoke(*words, base_url=base_url).exit_code == 0
    assert uploads(emulator) == 4
    assert names_in(base_url, dataset) == ["deep%2Ftea.txt", "leave.md", "travel.md"]  # not twice


def test_a_file_that_has_changed_replaces_its_document(invoke: Invoke, server: Any, folder: Path) -> None:
    _, _, base_url = server
    dataset = make_dataset(base_url)
    words = ["knowledge", "documents", "upload", dataset, str(folder), "--match", "*.md"]
    assert invoke(*words, base_url=base_url).exit_code == 0
    (folder / "leave.md").write_text("Something else altogether", encoding="utf-8")
    assert invoke(*words, base_url=base_url).exit_code == 0
    assert names_in(base_url, dataset) == ["leave.md", "travel.md"]
    how = {"search_method": "keyword_search", "top_k": 3, "score_threshold_enabled": False, "reranking_enable": False}
    found = invoke("knowledge", "search", dataset, "altogether", "--retrieval", json.dumps(how), base_url=base_url)
    assert "Something else altogether" in found.stdout


def test_a_file_that_arrived_though_the_attempt_was_killed_is_not_sent_again(
    invoke: Invoke, server: Any, folder: Path, tmp_path: Path
) -> None:
    emulator, _, base_url = server
    dataset = make_dataset(base_url)
    journal = tmp_path / "journal.jsonl"
    words = ["knowledge", "documents", "upload", dataset, str(folder / "leave.md"), "--journal", str(journal)]
    assert invoke(*words, base_url=base_url).exit_code == 0
    begun = [line for line in journal.read_text(encoding="utf-8").splitlines() if '"begun"' in line]
    journal.write_text(begun[0] + '\n{"file": "/x", "sta', encoding="utf-8")  # as a kill leaves it

    assert invoke(*words, base_url=base_url).exit_code == 0
    assert uploads(emulator) == 1
    assert names_in(base_url, dataset) == ["leave.md"]


def test_killed_in_the_middle_the_next_attempt_sends_the_rest(invoke: Invoke, server: Any, tmp_path: Path) -> None:
    emulator, _, base_url = server
    dataset = make_dataset(base_url)
    root = tmp_path / "many"
    root.mkdir()
    for n in range(40):
        (root / f"{n:02}.txt").write_text(f"Number {n}", encoding="utf-8")
    journal = tmp_path / "journal.jsonl"
    words = ["knowledge", "documents", "upload", dataset, str(root), "--no-wait", "--journal", str(journal)]
    env = environment(DIFY_KNOWLEDGE_API_KEY=KNOWLEDGE_KEY, DIFY_BASE_URL=base_url)
    with subprocess.Popen(program(*words), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not journal.exists() or journal.read_bytes().count(b'"uploaded"') < 10:
            assert process.poll() is None
            threading.Event().wait(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)

    result = invoke(*words, base_url=base_url)

    assert result.exit_code == 0, result.stderr
    assert names_in(base_url, dataset) == [f"{n:02}.txt" for n in range(40)]
    assert uploads(emulator) == 40


def test_on_a_terminal_there_are_bars_for_uploads_and_for_indexing(server: Any, folder: Path, tmp_path: Path) -> None:
    _, _, base_url = server
    dataset = make_dataset(base_url)
    env = {"DIFY_KNOWLEDGE_API_KEY": KNOWLEDGE_KEY, "DIFY_BASE_URL": base_url, "XDG_STATE_HOME": str(tmp_path)}
    with Terminal("knowledge", "documents", "upload", dataset, str(folder), **env) as terminal:
        terminal.expect("upload")
        terminal.expect("indexing")
        terminal.expect("3/3 documents")
        terminal.expect("3 indexed")
        terminal.end()
    assert terminal.code == 0


def test_files_for_calls_have_bars_too(server: Any, folder: Path) -> None:
    _, _, base_url = server
    env = {"DIFY_API_KEY": "app-x", "DIFY_BASE_URL": base_url}
    with Terminal("upload", str(folder / "leave.md"), str(folder / "travel.md"), **env) as terminal:
        terminal.expect("2 files")
        terminal.expect("leave.md\n")
        terminal.expect("travel.md\n")
        terminal.end()
    assert terminal.code == 0


def test_the_journal_is_read_past_a_line_that_was_cut(tmp_path: Path) -> None:
    path, file = tmp_path / "j", tmp_path / "a.txt"
    file.write_text("a", encoding="utf-8")
    journal = Journal(path)
    journal.note(file, "begun", file.stat())
    path.write_bytes(path.read_bytes() + b'{"file": "b')
    Journal(path).note(file, "uploaded", file.stat(), document_id="d", batch="b")
    entry = Journal(path).of(file)
    assert entry is not None
    assert (entry.state, entry.document_id, Journal(path).document_ids) == ("uploaded", "d", {"d"})
    assert path.stat().st_mode & 0o777 == 0o600


def test_named_files_are_taken_even_if_hidden(folder: Path) -> None:
    assert [path.name for path in files_of([folder / ".hidden", folder], ["*.txt"])] == [".hidden", "tea.txt"]


def test_no_files_are_a_failure(invoke: Invoke, server: Any, folder: Path) -> None:
    _, _, base_url = server
    result = invoke("knowledge", "documents", "upload", "some-id", str(folder), "--match", "*.x", base_url=base_url)
    assert (result.exit_code, "no files" in result.stderr) == (1, True)


def test_a_file_that_vanishes_or_cannot_be_read_fails_alone(
    invoke: Invoke, server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, _, base_url = server
    dataset = make_dataset(base_url)
    words = ["knowledge", "documents", "upload", dataset, str(folder), "--json"]
    (folder / "nowhere.md").symlink_to(folder / "nothing.md")
    found = files_of([folder], [])
    assert [path.name for path in found] == ["tea.txt", "leave.md", "nothing.md", "travel.md"]
    monkeypatch.setattr("dify.cli.knowledge.upload_journal.files_of", lambda *_: found)
    (folder / "leave.md").unlink()  # after the folder was looked through

    result = invoke(*words, base_url=base_url)

    message = json.loads(result.stderr.splitlines()[-1])["error"]["message"]
    assert (result.exit_code, message[:23]) == (1, "2 of 4 files failed; to")
    states = {Path(each["file"]).name: each for each in map(json.loads, result.stdout.splitlines())}
    assert {name: each["state"] for name, each in states.items()} == {
        "tea.txt": "indexed",
        "leave.md": "failed",
        "nothing.md": "failed",
        "travel.md": "indexed",
    }
    assert "No such file or directory" in states["leave.md"]["error"]
    assert names_in(base_url, dataset) == ["deep%2Ftea.txt", "travel.md"]
    (folder / "leave.md").write_text("It is back", encoding="utf-8")
    (folder / "nothing.md").write_text("It is there", encoding="utf-8")
    assert invoke(*words, base_url=base_url).exit_code == 0
    assert uploads(emulator) == 4


def test_a_file_that_cannot_be_read_any_more_keeps_its_document(
    invoke: Invoke, server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, base_url = server
    dataset = make_dataset(base_url)
    words = ["knowledge", "documents", "upload", dataset, str(folder / "leave.md")]
    assert invoke(*words, base_url=base_url).exit_code == 0
    (folder / "leave.md").write_text("Something else altogether", encoding="utf-8")
    read = Path.open

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path.name == "leave.md":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        result = invoke(*words, base_url=base_url)
    assert (result.exit_code, "Permission denied" in result.stderr) == (1, True)
    assert names_in(base_url, dataset) == ["leave.md"]
    assert invoke(*words, base_url=base_url).exit_code == 0
    assert names_in(base_url, dataset) == ["leave.md"]


def test_a_folder_that_cannot_be_listed_is_not_passed_over_in_silence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    look = os.scandir

    def refuse(path: Any) -> Any:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert [path.name for path in files_of([folder], ["*.md"])] == ["deep", "leave.md", "travel.md"]


def test_links_in_a_circle_are_one_file_that_fails(folder: Path) -> None:
    (folder / "round.md").symlink_to("round.md")
    assert [path.name for path in files_of([folder], ["*.md"])] == ["leave.md", "round.md", "travel.md"]


def test_names_that_are_no_utf8_or_hold_line_ends_do_not_spoil_the_journal(tmp_path: Path) -> None:
    path, odd, long = tmp_path / "j", tmp_path / "a\udcff.txt", tmp_path / "a\u2028b.txt"
    for file in (odd, long):
        file.write_text("a", encoding="utf-8")
        Journal(path).note(file, "uploaded", file.stat(), document_id=file.name)
    assert Journal(path).document_ids == {odd.name, long.name}
    assert Journal(path).of(odd) is not None


def test_a_journal_that_cannot_be_written_is_named_before_anything_is_sent(
    invoke: Invoke, server: Any, folder: Path, tmp_path: Path
) -> None:
    emulator, _, base_url = server
    dataset = make_dataset(base_url)
    words = ["knowledge", "documents", "upload", dataset, str(folder), "--journal"]
    (tmp_path / "file").touch()

    below_a_file = invoke(*words, str(tmp_path / "file" / "j"), base_url=base_url)
    a_folder = invoke(*words, str(tmp_path), base_url=base_url)

    assert (below_a_file.exit_code, a_folder.exit_code) == (1, 2)
    assert "cannot write the journal" in below_a_file.stderr
    assert "is not a regular file" in a_folder.stderr
    assert uploads(emulator) == 0


@pytest.fixture
def many(tmp_path: Path) -> Path:
    root = tmp_path / "many"
    root.mkdir()
    for n in range(12):
        (root / f"{n:02}.txt").write_text(f"Number {n}", encoding="utf-8")
    return root


def test_an_unknown_knowledge_base_ends_the_upload_at_the_first_file(invoke: Invoke, server: Any, many: Path) -> None:
    emulator, _, base_url = server
    words = ["knowledge", "documents", "upload", "0e1d4b8a-6a51-4f0e-9f0e-3d2c1b0a9f8e", str(many)]

    first = invoke(*words, base_url=base_url)

    assert (first.exit_code, first.stdout) == (4, "")
    assert first.stderr.startswith("Error: 404 ")
    assert first.stderr.endswith("; 12 of 12 files were not uploaded\n")
    assert len(emulator.requests) == 1
    # The next attempt looks for the one that was sent; another may set out meanwhile.
    assert invoke(*words, base_url=base_url).exit_code == 4
    assert len(emulator.requests) <= 3


def test_a_refused_key_ends_the_upload_and_what_is_done_is_printed(invoke: Invoke, server: Any, many: Path) -> None:
    emulator, _, base_url = server
    dataset = make_dataset(base_url)
    words = ["knowledge", "documents", "upload", dataset, str(many), "--concurrency", "1"]
    for name in ("00.txt", "01.txt"):
        assert invoke(*words[:-3], str(many / name), base_url=base_url).exit_code == 0
    emulator.fail_next(status=403, path="*/create-by-file")

    result = invoke(*words, base_url=base_url)

    assert result.exit_code == 3
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == ["indexed"] * 2
    assert result.stderr.startswith("Error: 403 ")
    assert result.stderr.endswith("; 10 of 12 files were not uploaded\n")
    assert uploads(emulator) == 3
    assert invoke(*words, base_url=base_url).exit_code == 0
    assert names_in(base_url, dataset) == [f"{n:02}.txt" for n in range(12)]


def test_a_document_that_vanishes_while_it_is_indexed_fails_alone(invoke: Invoke, server: Any, folder: Path) -> None:
    emulator, _, base_url = server
    dataset = make_dataset(base_url)
    emulator.fail_next(status=404, path="*/indexing-status")

    result = invoke("knowledge", "documents", "upload", dataset, str(folder), base_url=base_url)

    assert (result.exit_code, result.stderr.splitlines()[-1][:24]) == (1, "Error: 1 of 3 files fail")
    assert sorted(line.split("\t")[0] for line in result.stdout.splitlines()) == ["failed", "indexed", "indexed"]
    assert uploads(emulator) == 3


def test_a_key_that_is_refused_while_files_are_indexed_leaves_them_uploaded(
    invoke: Invoke, server: Any, folder: Path
) -> None:
    emulator, _, base_url = server
    dataset = make_dataset(base_url)
    words = ["knowledge", "documents", "upload", dataset, str(folder / "leave.md")]
    emulator.fail_next(status=401, path="*/indexing-status")

    refused = invoke(*words, base_url=base_url)

    assert (refused.exit_code, refused.stdout.split("\t")[0], "left" in refused.stderr) == (3, "uploaded", False)
    assert invoke(*words, base_url=base_url).exit_code == 0
    assert uploads(emulator) == 1
