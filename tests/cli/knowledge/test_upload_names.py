"""`dify knowledge documents upload` and names: a name of its own for each file, and no document lost to another one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from dify.cli.exits import CommandError
from dify.cli.knowledge.upload_journal import Journal, files_of
from dify.cli.knowledge.upload_names import document_name, names_of
from dify.cli.knowledge.upload_plan import Planner
from dify.cli.knowledge.uploader import _stat_readable

from .server import DATASET, KnowledgeServer, serve


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dify.cli.knowledge.uploader._POLL_INTERVAL", 0.01)


@pytest.fixture
def knowledge() -> Iterator[KnowledgeServer]:
    knowledge = KnowledgeServer()
    server, knowledge.base_url = serve(knowledge)  # type: ignore[attr-defined]
    yield knowledge
    server.shutdown()
    server.server_close()


@pytest.fixture
def upload(invoke: Callable[..., Any], knowledge: KnowledgeServer, tmp_path: Path) -> Callable[..., Any]:
    """Call the command with a journal of this test."""

    def call(*words: Any, journal: str = "journal.jsonl") -> Any:
        line = ["knowledge", "documents", "upload", DATASET, *map(str, words), "--journal", str(tmp_path / journal)]
        return invoke(*line, base_url=knowledge.base_url)  # type: ignore[attr-defined]

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "hb"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        (root / name / "index.md").write_text(f"About {name}", encoding="utf-8")
    return root


BOTH = {"a%2Findex.md": "About a", "b%2Findex.md": "About b"}


def test_two_files_of_one_name_become_two_documents(upload: Any, knowledge: KnowledgeServer, folder: Path) -> None:
    result = upload(folder, "--json")
    assert result.exit_code == 0, result.stderr
    assert knowledge.contents == BOTH
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["name"], row["state"]) for row in rows] == [(name, "indexed") for name in BOTH]
    assert upload(folder).exit_code == 0
    assert knowledge.count("create-by-file") == 2


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{path}", ["a%2Findex.md", "b%2Findex.md"]),
        ("{root}/{path}", ["hb%2Fa%2Findex.md", "hb%2Fb%2Findex.md"]),
        ("{parent} - {name}", ["a - index.md", "b - index.md"]),
        ("{stem} of {parent}{suffix}", ["index of a.md", "index of b.md"]),
        ("{{{parent}}}.md", ["{a}.md", "{b}.md"]),
    ],
)
def test_a_template_names_the_documents(
    upload: Any, knowledge: KnowledgeServer, folder: Path, template: str, names: list[str]
) -> None:
    result = upload(folder, "--name-template", template)
    assert result.exit_code == 0, result.stderr
    assert sorted(knowledge.contents) == names


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{nome}", "unknown field {nome} in --name-template; use {path} {parent}"),
        ("{}", "unknown field {}"),
        ("{path.parent}", "unknown field {path.parent}"),
        ("{path!r}", "remove the format or conversion"),
        ("{path:>9}", "remove the format or conversion"),
        ("{path", "invalid --name-template"),
        ("{stem}", "end the name in the file's extension (.md)"),
        ("{name}", "would have the same document name 'index.md'"),
        ("one.md", "would have the same document name 'one.md'"),
    ],
)
def test_a_template_that_cannot_work_is_refused_before_anything_is_sent(
    upload: Any, knowledge: KnowledgeServer, folder: Path, template: str, words: str
) -> None:
    result = upload(folder, "--name-template", template)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.replace(", {", " {").split())
    assert knowledge.requests == []


def test_two_folders_with_the_same_paths_are_refused_and_told_apart_by_their_root(
    upload: Any, knowledge: KnowledgeServer, folder: Path
) -> None:
    result = upload(folder / "a", folder / "b")
    assert result.exit_code == 2
    assert f"{folder}/a/index.md and {folder}/b/index.md would have the same document name 'index.md'" in result.stderr
    assert "'{root}/{path}'" in result.stderr
    assert knowledge.requests == []
    assert upload(folder / "a", folder / "b", "--name-template", "{root}/{path}").exit_code == 0
    assert knowledge.contents == BOTH


def test_a_file_that_is_passed_twice_is_one(upload: Any, knowledge: KnowledgeServer, folder: Path) -> None:
    assert upload(folder, folder / "a" / "index.md").exit_code == 0
    assert knowledge.contents == BOTH


# ------------------------------------------------------------------------------------------ documents of other origin
def test_a_document_of_that_name_is_an_error_and_nothing_is_sent(
    upload: Any, knowledge: KnowledgeServer, folder: Path
) -> None:
    knowledge.put("b%2Findex.md", b"Of someone else")
    result = upload(folder)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "already contains a document 'b%2Findex.md' not created by this upload" in result.stderr
    assert "nothing was uploaded. Pass --replace" in result.stderr
    assert knowledge.contents == {"b%2Findex.md": "Of someone else"}
    assert knowledge.count("POST") == 0


@pytest.mark.parametrize("words", [["--replace"], ["--if-exists", "replace"]])
def test_it_is_replaced_on_request(upload: Any, knowledge: KnowledgeServer, folder: Path, words: list[str]) -> None:
    old = knowledge.put("b%2Findex.md", b"Of someone else")
    assert upload(folder, *words).exit_code == 0
    assert knowledge.contents == BOTH
    assert old.id in knowledge.documents
    assert knowledge.count("DELETE") == 0


def test_it_is_skipped_on_request(upload: Any, knowledge: KnowledgeServer, folder: Path) -> None:
    old = knowledge.put("b%2Findex.md", b"Of someone else")
    result = upload(folder, "--if-exists", "skip")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split("\t")[:2] == ["skipped", old.id]
    assert knowledge.contents == BOTH | {"b%2Findex.md": "Of someone else"}
    knowledge.documents.clear()
    knowledge.put("a%2Findex.md", b"x")
    assert upload(folder, "--if-exists", "skip").exit_code == 0  # a file that was skipped is not taken for uploaded
    assert knowledge.contents["b%2Findex.md"] == "About b"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"enabled": False}, "it is disabled"),
        ({"archived": True}, "it is archived"),
        ({"data_source_type": "notion_import"}, "not created from a file"),
    ],
)
def test_what_the_server_would_not_replace_is_refused(
    upload: Any, knowledge: KnowledgeServer, folder: Path, more: dict[str, Any], reason: str
) -> None:
    knowledge.put("b%2Findex.md", b"Of someone else", **more)
    result = upload(folder, "--replace")
    assert (result.exit_code, reason in result.stderr, knowledge.count("POST")) == (1, True, 0)


def test_two_documents_of_one_name_are_not_replaced(upload: Any, knowledge: KnowledgeServer, folder: Path) -> None:
    knowledge.put("b%2Findex.md", b"1", enabled=False)
    knowledge.put("b%2Findex.md", b"2")
    result = upload(folder, "--replace")
    assert (result.exit_code, "2 documents have that name" in result.stderr, knowledge.count("POST")) == (1, True, 0)


def test_contradictory_options_are_refused(upload: Any, knowledge: KnowledgeServer, folder: Path) -> None:
    assert upload(folder, "--replace", "--if-exists", "skip").exit_code == 2
    assert upload(folder, "--if-exists", "overwrite").exit_code == 2
    assert knowledge.requests == []


def test_a_text_replaces_a_document_of_its_name_unless_told_otherwise(
    invoke: Callable[..., Any], knowledge: KnowledgeServer
) -> None:
    knowledge.put("Leave", b"30 days")
    words = ["knowledge", "documents", "add-text", DATASET, "Leave", "32 days", "--no-wait", "--if-exists"]
    failed = invoke(*words, "error", base_url=knowledge.base_url)  # type: ignore[attr-defined]
    assert (failed.exit_code, "already" in failed.stderr) == (1, True)
    skipped = invoke(*words, "skip", "-v", base_url=knowledge.base_url)  # type: ignore[attr-defined]
    assert (skipped.exit_code, skipped.stdout, "skipped" in skipped.stderr) == (0, "", True)
    assert knowledge.count("POST") == 0
    assert invoke(*words, "replace", base_url=knowledge.base_url).exit_code == 4  # type: ignore[attr-defined]
    assert knowledge.count("create-by-text") == 1  # which this server does not have


# ------------------------------------------------------------------------------------------------------- later attempts
def test_a_changed_file_replaces_its_own_document_in_place(
    upload: Any, knowledge: KnowledgeServer, folder: Path
) -> None:
    upload(folder)
    ids = set(knowledge.documents)
    (folder / "a" / "index.md").write_text("Another text", encoding="utf-8")
    assert upload(folder).exit_code == 0
    assert knowledge.contents == BOTH | {"a%2Findex.md": "Another text"}
    assert set(knowledge.documents) == ids
    assert knowledge.count("DELETE") == 0


def test_a_document_that_someone_else_replaced_is_not_ours_any_more(
    upload: Any, knowledge: KnowledgeServer, folder: Path
) -> None:
    upload(folder)
    knowledge.put("a%2Findex.md", b"Of someone else")  # keeps the id
    (folder / "a" / "index.md").write_text("Another text", encoding="utf-8")
    result = upload(folder)
    assert (result.exit_code, "'a%2Findex.md'" in result.stderr) == (1, True)
    assert knowledge.contents["a%2Findex.md"] == "Of someone else"


def test_sent_again_every_file_replaces_its_own_document(upload: Any, knowledge: KnowledgeServer, folder: Path) -> None:
    upload(folder)
    assert upload(folder, "--again").exit_code == 0
    assert (knowledge.contents, len(knowledge.documents), knowledge.count("create-by-file")) == (BOTH, 2, 4)


def test_another_folder_with_the_same_paths_does_not_take_over_by_mistake(
    upload: Any, knowledge: KnowledgeServer, folder: Path, tmp_path: Path
) -> None:
    upload(folder)
    other = tmp_path / "other" / "a"
    other.mkdir(parents=True)
    (other / "index.md").write_text("Of the other folder", encoding="utf-8")
    assert upload(other.parent).exit_code == 1
    assert knowledge.contents == BOTH
    assert upload(other.parent, "--replace").exit_code == 0
    # The document is the other folder's now: the first folder neither takes it for its own nor deletes it.
    result = upload(folder)
    assert (result.exit_code, "'a%2Findex.md'" in result.stderr) == (1, True)
    assert knowledge.contents == BOTH | {"a%2Findex.md": "Of the other folder"}


def test_under_another_template_a_changed_file_leaves_no_old_document_behind(
    upload: Any, knowledge: KnowledgeServer, folder: Path
) -> None:
    upload(folder)
    (folder / "a" / "index.md").write_text("Another text", encoding="utf-8")
    assert upload(folder, "--name-template", "{parent} {name}").exit_code == 0
    assert knowledge.contents == {"a index.md": "Another text", "b%2Findex.md": "About b"}


def test_the_old_document_stays_if_someone_else_has_replaced_it(
    upload: Any, knowledge: KnowledgeServer, folder: Path
) -> None:
    upload(folder)
    knowledge.put("a%2Findex.md", b"Of someone else")
    (folder / "a" / "index.md").write_text("Another text", encoding="utf-8")
    assert upload(folder, "--name-template", "{parent} {name}").exit_code == 0
    assert knowledge.contents == BOTH | {"a index.md": "Another text", "a%2Findex.md": "Of someone else"}


def as_killed(journal: Path, file: str) -> None:
    """Leave a journal as a kill does: the last line of the file says that it was being sent."""
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").split("\n") if line]
    kept = [line for line in lines if file not in line["file"] or line["state"] == "begun"]
    assert len(kept) < len(lines)
    journal.write_text("\n".join(map(json.dumps, kept)), encoding="utf-8")


def test_a_replacement_that_arrived_before_a_kill_is_not_sent_again(
    upload: Any, knowledge: KnowledgeServer, folder: Path, tmp_path: Path
) -> None:
    knowledge.put("a%2Findex.md", b"About x")  # of the same size
    upload(folder / "a" / "index.md", "--name-template", "a/{name}", "--replace")
    as_killed(tmp_path / "journal.jsonl", "index.md")
    assert upload(folder / "a" / "index.md", "--name-template", "a/{name}").exit_code == 0
    assert (knowledge.contents, knowledge.count("create-by-file")) == ({"a%2Findex.md": "About a"}, 1)


def test_a_replacement_that_did_not_arrive_before_a_kill_is_sent(
    upload: Any, knowledge: KnowledgeServer, folder: Path, tmp_path: Path
) -> None:
    old = knowledge.put("a%2Findex.md", b"About x")  # of the same size
    before = old.upload_id
    upload(folder / "a" / "index.md", "--name-template", "a/{name}", "--replace")
    as_killed(tmp_path / "journal.jsonl", "index.md")
    old.content, old.upload_id = b"About x", before
    assert upload(folder / "a" / "index.md", "--name-template", "a/{name}").exit_code == 0
    assert knowledge.contents == {"a%2Findex.md": "About a"}


def test_a_file_that_changed_after_a_kill_replaces_what_had_arrived(
    upload: Any, knowledge: KnowledgeServer, folder: Path, tmp_path: Path
) -> None:
    upload(folder)
    as_killed(tmp_path / "journal.jsonl", "a/index.md")
    (folder / "a" / "index.md").write_text("Another text", encoding="utf-8")
    assert upload(folder).exit_code == 0
    assert knowledge.contents == BOTH | {"a%2Findex.md": "Another text"}


def test_a_journal_of_an_older_version_that_lost_a_file_sends_both_and_deletes_nothing(
    upload: Any, knowledge: KnowledgeServer, folder: Path, tmp_path: Path
) -> None:
    lost = knowledge.put("index.md", b"About b")  # all that is left of two files that were sent as index.md
    with (tmp_path / "journal.jsonl").open("w", encoding="utf-8") as journal:
        for state in ("begun", "uploaded", "indexed"):
            for path in (folder / "a" / "index.md", folder / "b" / "index.md"):
                made = {} if state == "begun" else {"document_id": lost.id, "batch": "x"}
                seen = path.stat()
                entry = {"file": str(path), "state": state, "size": seen.st_size, "changed": seen.st_mtime_ns, **made}
                journal.write(json.dumps(entry) + "\n")
    assert upload(folder).exit_code == 0
    assert knowledge.contents == BOTH | {"index.md": "About b"}
    assert upload(folder).exit_code == 0
    assert knowledge.count("create-by-file") == 2


def test_a_document_belongs_to_the_file_that_was_sent_last(folder: Path, tmp_path: Path) -> None:
    a, b = folder / "a" / "index.md", folder / "b" / "index.md"
    journal = Journal(tmp_path / "j")
    journal.note(a, "uploaded", a.stat(), document_id="d", name="x", upload_id="1")
    journal.note(b, "begun", b.stat(), document_id="d", name="x", upload_id="1")
    assert journal.is_free("d", a)  # it has not been replaced yet
    journal.note(b, "uploaded", b.stat(), document_id="d", name="x", upload_id="2")
    for read in (journal, Journal(tmp_path / "j")):
        first, second = read.of(a), read.of(b)
        assert first is not None
        assert second is not None
        assert (first.state, first.document_id, second.document_id) == ("replaced", None, "d")
        assert (read.is_free("d", a), read.is_free("d", b)) == (False, True)


def test_a_paused_document_fails_at_once_with_its_reason(upload: Any, knowledge: KnowledgeServer, folder: Path) -> None:
    put = knowledge.put

    def paused(name: str, content: bytes = b"", **more: Any) -> Any:
        document = put(name, content, **more)
        document.indexing_status, document.error = "paused", "quota exceeded"
        return document

    knowledge.put = paused  # type: ignore[method-assign]
    result = upload(folder)
    assert (result.exit_code, result.stderr.count("is paused: quota exceeded")) == (1, 2)


# ------------------------------------------------------------------------------------------------- large knowledge bases
def fill(knowledge: KnowledgeServer, count: int) -> None:
    for n in range(count):
        knowledge.put(f"page {n}.md")


@pytest.mark.parametrize(
    ("documents", "files", "lookups"),
    [(0, 1, 1), (10_000, 1, 1), (10_000, 2, 3), (250, 2, 3), (250, 20, 3), (300, 20, 4), (2_000, 15, 16)],
)
def test_names_are_looked_up_with_as_few_requests_as_the_server_allows(
    upload: Any, knowledge: KnowledgeServer, tmp_path: Path, documents: int, files: int, lookups: int
) -> None:
    fill(knowledge, documents)
    root = tmp_path / "many"
    root.mkdir()
    for n in range(files):
        (root / f"file {n:02}.md").write_text("x", encoding="utf-8")
    assert upload(root, "--no-wait").exit_code == 0
    assert knowledge.count(f"GET /v1/datasets/{DATASET}/documents") == lookups
    requests = len(knowledge.requests)
    assert upload(root, "--no-wait").exit_code == 0
    assert len(knowledge.requests) == requests  # an upload with nothing left to send asks nothing


@pytest.mark.parametrize("documents", [0, 250, 10_000])
def test_a_document_is_found_in_a_small_and_in_a_large_knowledge_base(
    upload: Any, knowledge: KnowledgeServer, folder: Path, documents: int
) -> None:
    knowledge.put("b%2Findex.md", b"Of someone else")
    fill(knowledge, documents)
    assert upload(folder).exit_code == 1
    assert knowledge.count("POST") == 0


# -------------------------------------------------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/index.md", "a%2Findex.md"),
        ("a\\b.md", "a%5Cb.md"),
        ("100% sure.md", "100% sure.md"),
        ("a%2Fb.md", "a%252Fb.md"),
        ("%/x.md", "%%2Fx.md"),
        ("%2/5.md", "%2%2F5.md"),
        ("line\nend.md", "line%0Aend.md"),
        ("\udcff.md", "%FF.md"),
        ("\x85.md", "%C2%85.md"),
        ("ü/日本.md", "ü%2F日本.md"),
    ],
)
def test_a_name_is_escaped_so_that_the_path_can_be_read_back(path: str, name: str) -> None:
    assert document_name(path) == name
    assert unquote(name, errors="surrogateescape") == path


def test_long_names_stay_apart_and_within_what_the_server_keeps(tmp_path: Path) -> None:
    names = {document_name(f"{'deep.er/' * 40}{n}.md") for n in range(50)}
    assert len(names) == 50
    assert {len(name) for name in names} == {200}
    assert all(name.endswith(".md") for name in names)
    assert document_name("x" * 197 + ".md") == "x" * 197 + ".md"


def test_paths_are_those_that_the_user_sees_also_through_links(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "blob").write_text("x", encoding="utf-8")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "leave.md").symlink_to(real / "blob")
    [source] = files_of([linked], [])
    assert (source.path, source.relative, source.root) == (real / "blob", "leave.md", "linked")
    os.chdir(linked)
    [source] = files_of([Path()], [])
    assert (source.relative, source.root) == ("leave.md", "linked")


def test_a_file_without_an_extension_needs_none_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("x", encoding="utf-8")
    sources = files_of([tmp_path / "README"], [])
    assert list(names_of(sources, "{root} {stem}").values()) == [f"{tmp_path.name} README"]
    with pytest.raises(CommandError, match="unknown field"):
        names_of(sources, "{0}")


def killed(upload: Any, folder: Path, tmp_path: Path) -> Path:
    """Upload one file, and leave the journal as a kill before its answer does; return the file."""
    path = folder / "a" / "index.md"
    assert upload(path).exit_code == 0
    as_killed(tmp_path / "journal.jsonl", "index.md")
    return path


def test_a_document_that_arrived_before_a_kill_is_waited_for(
    upload: Any, knowledge: KnowledgeServer, folder: Path, tmp_path: Path
) -> None:
    path = killed(upload, folder, tmp_path)
    [document] = knowledge.documents.values()
    states = iter(["indexing", "indexing", "completed", "completed"])
    before = knowledge.answer

    def answer(method: str, target: str, body: bytes) -> tuple[int, Any]:
        if target.endswith(f"/documents/{document.id}"):
            document.indexing_status = next(states)
        return before(method, target, body)

    knowledge.answer = answer  # type: ignore[method-assign]
    assert upload(path).exit_code == 0
    assert knowledge.count("create-by-file") == 1


@pytest.mark.parametrize(("state", "words"), [("error", "could not be indexed: torn"), ("paused", "is paused: torn")])
def test_a_document_that_arrived_before_a_kill_and_failed_is_an_error(
    upload: Any, knowledge: KnowledgeServer, folder: Path, tmp_path: Path, state: str, words: str
) -> None:
    path = killed(upload, folder, tmp_path)
    [document] = knowledge.documents.values()
    document.indexing_status, document.error = state, "torn"
    result = upload(path)
    assert (result.exit_code, words in result.stderr) == (1, True)


def test_a_file_that_changes_after_the_plan_is_planned_again(
    upload: Any, knowledge: KnowledgeServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "a" / "index.md"
    assert upload(path).exit_code == 0
    plan = Planner.steps_for
    calls: list[int] = []

    async def steps_for(self: Planner, sources: Any) -> Any:
        steps = await plan(self, sources)
        if not calls:
            path.write_text("About another a", encoding="utf-8")
        calls.append(len(steps))
        return steps

    monkeypatch.setattr(Planner, "steps_for", steps_for)
    assert upload(path).exit_code == 0
    assert calls == [0, 1]
    assert knowledge.contents == {"index.md": "About another a"}


def test_a_document_that_belongs_to_another_file_is_not_deleted(
    upload: Any, knowledge: KnowledgeServer, folder: Path, tmp_path: Path
) -> None:
    a, b = folder / "a" / "index.md", folder / "b" / "index.md"
    assert upload(a).exit_code == 0
    [document] = knowledge.documents.values()
    seen = b.stat()
    with (tmp_path / "journal.jsonl").open("a", encoding="utf-8") as journal:
        entry = {"file": str(b), "state": "uploaded", "size": seen.st_size, "changed": seen.st_mtime_ns}
        journal.write(json.dumps({**entry, "document_id": document.id, "name": "index.md", "upload_id": "x"}) + "\n")
    a.write_text("About a new a", encoding="utf-8")
    assert upload(a, "--name-template", "new {name}").exit_code == 0
    assert sorted(knowledge.contents) == ["index.md", "new index.md"]


def test_a_mistake_in_an_upload_is_not_hidden(upload: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr("dify.cli.knowledge.uploader.ProgressFile", broken)
    with pytest.raises(KeyError):
        upload(folder / "a" / "index.md")


def test_a_named_pipe_is_not_opened_before_it_is_sent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert _stat_readable(tmp_path / "pipe").st_size == 0
