"""Every command, driven against the emulator's localhost door; a command that is not in the table fails a test."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from dify import Dify
from dify.testing import Emulator

from .conftest import KEY, KNOWLEDGE_KEY

Invoke = Callable[..., Any]

CALLS: list[tuple[str, str]] = [
    ("chat Hello", "Echo: Hello"),
    ("complete topic=tea", "Echo: tea"),
    ("run topic=tea", '"text": "Echo: tea"'),
    ("events {run_id}", '"text": "Echo: tea"'),
    ("events {run_id} --json", '"event": "workflow_finished"'),
    ("status {run_id}", "status\tsucceeded"),
    ("status {run_id} --json", '"status": "succeeded"'),
    ("stop some-task --of workflow -v", ""),
    ("stop some-task --of completion", ""),
    ("stop some-task", ""),
    ("logs", "\tsucceeded\t"),
    ("logs --status failed", ""),
    ("upload notes.txt", "\tnotes.txt"),
    ("upload notes.txt question.mp3 --json", '"name": "question.mp3"'),
    ("download {file_id} --out got.txt", "got.txt"),
    ("transcribe question.mp3", "Transcript of question.mp3"),
    ("speak 'Good morning' --out morning.mp3", "morning.mp3"),
    ("conversations list", "{conversation_id}\t"),
    ("conversations list --json --all", '"id": "{conversation_id}"'),
    ("conversations rename {conversation_id} Rome", "name\tRome"),
    ("conversations rename {conversation_id}", "name\t"),
    ("conversations variables {conversation_id}", "\tshopping\t"),
    ("conversations set-variable {conversation_id} {variable_id} 'value:=[\"tea\"]'", "['tea']"),
    ("conversations delete {conversation_id} --yes && conversations list", ""),
    ("messages list {conversation_id}", "\tWhere should I go?\t"),
    ("messages suggested {message_id}", "What is next?"),
    ("messages rate {message_id} like --comment Good && feedbacks", "\tlike\tGood\t"),
    ("messages rate {message_id} like && messages rate {message_id} none", ""),
    ("annotations list --keyword Where", "\tWhere are you?\tIn Rome.\t"),
    ("annotations create 'Who?' 'Me.'", "question\tWho?"),
    ("annotations update {annotation_id} 'Where are you?' 'In Oslo.'", "answer\tIn Oslo."),
    ("annotations delete {annotation_id} --yes && annotations list", ""),
    ("annotations enable --provider p --model m", "job_status\tcompleted"),
    ("annotations enable --provider p --model m --no-wait", "job_status\twaiting"),
    ("annotations disable", "job_status\tcompleted"),
    ("annotations job enable {job_id}", "job_id\t{job_id}"),
    ("info", "version\t1.14.2"),
    ("info --json", '"mode": "chat"'),
    ("app", "name\tEmulator"),
    ("parameters", "file_upload\t"),
    ("site", "title\tEmulator"),
    ("meta", "tool_icons\t"),
    ("end-user {end_user_id}", "session_id\talice"),
    ("request GET /info", '"name": "Emulator"'),
    ("request GET /datasets --key knowledge --query limit=1", '"data": ['),
    ("help knowledge documents upload", "Usage: dify knowledge documents upload [OPTIONS] dataset-id path...\n"),
    ("version", "dify "),
    ("knowledge list", "{dataset_id}\tAll\t"),
    ("knowledge list --keyword nothing", ""),
    ("knowledge create Handbook --indexing economy", "name\tHandbook"),
    ("knowledge show {dataset_id}", "name\tAll"),
    ("knowledge update {dataset_id} --name Most", "name\tMost"),
    ("knowledge delete {dataset_id} --yes && knowledge list", ""),
    ("knowledge search {dataset_id} apples", "\tfruit.md\tApples are red."),
    ("knowledge search {dataset_id} apples --json", '"score"'),
    ("knowledge models", "\t"),
    ("knowledge documents list {dataset_id}", "{document_id}\tfruit.md\tavailable\t"),
    ("knowledge documents show {dataset_id} {document_id}", "name\tfruit.md"),
    ("knowledge documents upload {dataset_id} notes.txt --rule @rule.json", "indexed\t"),
    (
        "knowledge documents add-text {dataset_id} Tea 'Tea is green.' --indexing high_quality --rule @rule.json",
        "document.name\tTea",
    ),
    ("knowledge documents update-text {dataset_id} {document_id} Tea 'Tea is black.'", "document.name\tTea"),
    ("knowledge documents update-file {dataset_id} {document_id} notes.txt", "document.name\tnotes.txt"),
    ("knowledge documents status {dataset_id} {batch}", "\tcompleted\t"),
    (
        "knowledge documents disable {dataset_id} {document_id} && knowledge documents enable {dataset_id} {document_id}",
        "",
    ),
    (
        "knowledge documents archive {dataset_id} {document_id} && "
        "knowledge documents unarchive {dataset_id} {document_id}",
        "",
    ),
    ("knowledge documents delete {dataset_id} {document_id} --yes && knowledge documents list {dataset_id}", ""),
    ("knowledge documents download {dataset_id} {document_id} --out got.md", "got.md"),
    ("knowledge documents link {dataset_id} {document_id}", "http"),
    ("knowledge segments list {dataset_id} {document_id}", "\tApples are red."),
    ("knowledge segments show {dataset_id} {document_id} {segment_id}", "content\tLemons."),
    ("knowledge segments add {dataset_id} {document_id} Pears --word pear", "\tPears"),
    ("knowledge segments update {dataset_id} {document_id} {segment_id} --content Limes", "content\tLimes"),
    ("knowledge segments delete {dataset_id} {document_id} {segment_id} --yes", ""),
    ("knowledge children list {dataset_id} {document_id} {segment_id}", ""),
    ("knowledge children add {dataset_id} {document_id} {segment_id} Sour", "content\tSour"),
    ("knowledge children update {dataset_id} {document_id} {segment_id} {child_id} Sweet", "content\tSweet"),
    ("knowledge children delete {dataset_id} {document_id} {segment_id} {child_id} --yes", ""),
    ("knowledge tags list", "{tag_id}\tfruit\t"),
    ("knowledge tags create manuals", "name\tmanuals"),
    ("knowledge tags rename {tag_id} fruits", "name\tfruits"),
    ("knowledge tags bind {dataset_id} {tag_id} && knowledge tags of {dataset_id}", "{tag_id}\tfruit"),
    ("knowledge tags unbind {dataset_id} {tag_id}", ""),
    ("knowledge tags delete {tag_id} --yes && knowledge tags list", ""),
    ("knowledge metadata list {dataset_id}", "{field_id}\tyear\tnumber\t"),
    ("knowledge metadata create {dataset_id} author", "name\tauthor"),
    ("knowledge metadata rename {dataset_id} {field_id} published", "name\tpublished"),
    ("knowledge metadata delete {dataset_id} {field_id} --yes", ""),
    ("knowledge metadata built-in {dataset_id}", "document_name\tstring"),
    ("knowledge metadata built-in {dataset_id} --enable", ""),
    ("knowledge metadata set {dataset_id} {document_id} year:=2024", ""),
]
"""A command line, or several in a row, and what the last one prints."""

ELSEWHERE = {
    "batch": "batch/test_command.py",
    "emulator": "admin/test_emulator.py",
    "forms show": "runs/test_forms.py",
    "forms submit": "runs/test_forms.py",
    "forms answer": "runs/test_forms.py",
    "knowledge pipeline upload": "knowledge/test_pipeline.py",
    "knowledge pipeline sources": "knowledge/test_pipeline.py",
    "knowledge pipeline run": "knowledge/test_pipeline.py",
    "knowledge pipeline try-source": "knowledge/test_pipeline.py",
    **{f"profile {name}": "admin/test_profile.py" for name in ("list", "set", "show", "use", "delete", "path")},
}
"""Commands that need more than a line, and the tests that drive them."""


class World:
    """What the placeholders stand for, each made when a command line speaks of it."""

    def __init__(self, client: Dify) -> None:
        self._client = client

    @cached_property
    def _reply(self) -> Any:
        return self._client.chat.send("Where should I go?")

    @cached_property
    def conversation_id(self) -> str:
        return self._reply.conversation_id

    @cached_property
    def message_id(self) -> str:
        return self._reply.message_id

    @cached_property
    def variable_id(self) -> str:
        return self._client.conversations.variables(self.conversation_id).data[0].id

    @cached_property
    def run_id(self) -> str:
        return self._client.workflows.run({"topic": "tea"}).workflow_run_id

    @cached_property
    def file_id(self) -> str:
        photo = self._client.files.upload(("cat.png", b"..."))
        self._client.chat.send("What is this?", files=[photo])  # from now on it can be looked at
        return photo.id

    @cached_property
    def end_user_id(self) -> str:
        return self._client.files.upload(("cat.png", b"...")).created_by or ""

    @cached_property
    def annotation_id(self) -> str:
        return self._client.annotations.create("Where are you?", "In Rome.").id

    @cached_property
    def job_id(self) -> str:
        model = {"embedding_provider_name": "p", "embedding_model_name": "m"}
        return self._client.annotations.enable_reply(**model, score_threshold=0.9).job_id

    @cached_property
    def dataset_id(self) -> str:
        return self._client.knowledge.datasets.create("All", indexing_technique="high_quality").id

    @cached_property
    def _made(self) -> Any:
        file = ("fruit.md", b"Apples are red.")
        return self._client.knowledge.documents.create_from_file(
            self.dataset_id, file, process_rule={"mode": "automatic"}
        )

    @cached_property
    def document_id(self) -> str:
        return self._made.document.id

    @cached_property
    def batch(self) -> str:
        return self._made.batch

    @cached_property
    def segment_id(self) -> str:
        made = self._client.knowledge.segments.create(self.dataset_id, self.document_id, [{"content": "Lemons."}])
        return made.data[0].id

    @cached_property
    def child_id(self) -> str:
        ids = (self.dataset_id, self.document_id, self.segment_id)
        return self._client.knowledge.child_chunks.create(*ids, "Sour.").data.id

    @cached_property
    def tag_id(self) -> str:
        return self._client.knowledge.tags.create("fruit").id

    @cached_property
    def field_id(self) -> str:
        return self._client.knowledge.metadata.create(self.dataset_id, "year", type="number").id

    def __getitem__(self, name: str) -> str:
        return getattr(self, name)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIFY_USER", "alice")
    (tmp_path / "notes.txt").write_text("Some notes.", encoding="utf-8")
    (tmp_path / "rule.json").write_text('{"mode": "automatic"}', encoding="utf-8")
    (tmp_path / "question.mp3").write_bytes(b"...")
    with Emulator(index_at_once=True, variables={"shopping": ["milk"]}) as emulator, emulator.serve() as base_url:
        yield base_url


@pytest.mark.parametrize(("line", "wanted"), CALLS, ids=[line for line, _ in CALLS])
def test_a_command_does_what_it_says(invoke: Invoke, server: str, line: str, wanted: str) -> None:
    with Dify(KEY, knowledge_api_key=KNOWLEDGE_KEY, base_url=server, user="alice") as client:
        world = World(client)
        for name in ("annotation_id", "conversation_id", "document_id", "field_id", "run_id", "tag_id"):
            if "list" in line or "logs" in line or "search" in line or "metadata set" in line:
                world[name]  # there has to be something to list
        outcome: Any = None
        for step in line.split(" && "):
            words = [word.format_map(world) if "{" in word and '"' not in word else word for word in shlex.split(step)]
            outcome = invoke(*words, base_url=server)
            assert (outcome.exit_code, outcome.stderr.count("Error")) == (0, 0), outcome.stderr
        expected = wanted.replace("{", "{{").replace("}", "}}")
        for name in ("conversation_id", "document_id", "dataset_id", "field_id", "job_id", "tag_id"):
            expected = expected.replace(f"{{{{{name}}}}}", f"{{{name}}}")
        assert expected.format_map(world) in outcome.stdout
        if "delete" in line and "list" in line:
            assert outcome.stdout == ""
        if "--json" in line:
            assert all(isinstance(json.loads(each), dict) for each in outcome.stdout.splitlines())
        assert "\x1b" not in outcome.stdout + outcome.stderr


def leaves() -> list[str]:
    """Every command that is no group."""
    import typer

    from dify.cli.app import app

    found: list[str] = []

    def below(command: Any, path: list[str]) -> None:
        if not hasattr(command, "list_commands"):
            found.append(" ".join(path))
            return
        context = typer.Context(command)
        for name in command.list_commands(context):
            below(command.get_command(context, name), [*path, name])

    below(typer.main.get_command(app), [])
    return found


def parameters_of(leaf: str) -> list[Any]:
    """The arguments and options of a command."""
    import typer

    from dify.cli.app import app

    command: Any = typer.main.get_command(app)
    for name in leaf.split():
        command = command.get_command(typer.Context(command), name)
    return command.get_params(typer.Context(command))


def test_every_command_is_in_the_table_or_has_tests_of_its_own() -> None:
    steps = [step for line, _ in CALLS for step in line.split(" && ")]
    driven = {leaf for leaf in leaves() if any(f"{step} ".startswith(f"{leaf} ") for step in steps)}
    assert set(leaves()) - driven == set(ELSEWHERE)
    here = Path(__file__).parent
    for command, name in ELSEWHERE.items():
        last = command.split()[-1]
        assert f'"{last}"' in (here / name).read_text(encoding="utf-8"), command


@pytest.mark.parametrize("leaf", leaves())
def test_every_command_has_help_with_a_first_line(invoke: Invoke, leaf: str) -> None:
    text = invoke(*leaf.split(), "--help").stdout
    assert text.startswith(f"Usage: dify {leaf} [OPTIONS]")
    assert len(text.split("\n\n")[1].strip()) > 10


def test_the_lines_of_the_groups_are_those_of_no_command_that_is_gone() -> None:
    found = leaves()
    assert len(found) == len(set(found)) > 70


@pytest.mark.parametrize("leaf", leaves())
def test_the_help_describes_every_argument_and_option_without_types_of_python(invoke: Invoke, leaf: str) -> None:
    text = invoke(*leaf.split(), "--help").stdout
    usage = text.partition("\n\n")[0]
    assert "[[" not in usage
    assert not usage.endswith("-")
    assert not any(line.endswith("-") for line in usage.splitlines())  # no name is broken
    assert not re.search(r"<(?:str|list|Path|file|int)|x>=|<=x", text)
    assert [parameter.name for parameter in parameters_of(leaf) if not parameter.help] == []


@pytest.mark.parametrize("group", sorted({leaf.rpartition(" ")[0] for leaf in leaves()} - {""}))
def test_the_lines_of_a_group_are_not_cut(invoke: Invoke, group: str) -> None:
    assert "..." not in invoke(*group.split(), "--help").stdout.partition("Commands:")[2]
