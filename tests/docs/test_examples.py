"""The examples run as they stand, as a user would run them; and the page of errors misses no code."""

from __future__ import annotations

import ast
import csv
import inspect
import json
import os
import re
import subprocess
import sys
import types
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import dify
from dify import APIStatusError, AsyncDify
from dify._protocol.error_mapping import status_error_from_body
from dify.testing import Emulator, EmulatorError, EmulatorForm, EmulatorRequest
from dify.testing.builders.error_replies import CODES

from ..support.programs import run_script

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
TOURS = ["knowledge.py", "knowledge_sync.py"]
OTHERS = [
    "ask_about_files.py",
    "chat_bot.py",
    "evaluate_csv.py",
    "human_approval.py",
    "knowledge_nightly.py",
    "tour.ipynb",
]


def start(name: str, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DIFY_", "PYTHON"))}
    return run_script(EXAMPLES / name, *arguments, input=stdin, env={**kept, "PYTHONPATH": str(ROOT), **environment})


def run(name: str, *arguments: str, code: int = 0, stdin: str = "", **environment: str) -> list[str]:
    done = start(name, *arguments, stdin=stdin, **environment)
    assert done.returncode == code, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An example as a module, for what is inside it."""
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_every_example_is_run_here_and_listed():
    here = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb")}
    assert here == {*TOURS, *OTHERS}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(here) if f"]({name})" not in listed] == []


# ----------------------------------------------------------------------------------------------- the knowledge tours
@pytest.mark.parametrize("name", TOURS)
def test_the_tour_goes_from_an_upload_to_what_is_found_in_it(name):
    lines = run(name, "--emulator")
    assert [line for line in lines if line.startswith("uploaded")] == [
        "uploaded 1/3: leave.md",
        "uploaded 2/3: travel.txt",
        "uploaded 3/3: office.txt",
    ]
    assert [line for line in lines if line.startswith("indexing leave.md")] == [
        "indexing leave.md: waiting 0/0",
        "indexing leave.md: parsing 0/0",
        "indexing leave.md: cleaning 0/0",
        "indexing leave.md: splitting 0/0",
        "indexing leave.md: indexing 0/3",
        "indexing leave.md: completed 3/3",
    ]
    found = [line for line in lines if line.startswith("found")]
    assert found[0].endswith("Everyone has 30 days of leave a year.")
    assert [line for line in lines if line.startswith("chunk")][:2] == [
        "chunk 1/3: Leave",
        "chunk 2/3: Everyone has 30 days of leave a year.",
    ]
    assert lines[-2].startswith("tagged example")
    assert lines[-1].startswith("deleted Handbook")


@pytest.mark.parametrize("name", TOURS)
def test_the_tour_leaves_nothing_on_a_server_and_takes_files_of_ones_own(name, tmp_path):
    (tmp_path / "mine.txt").write_text("Leave is in July.", encoding="utf-8")
    with Emulator(index_at_once=True) as emulator, emulator.serve() as base_url:
        lines = run(
            name,
            str(tmp_path / "mine.txt"),
            DIFY_BASE_URL=base_url,
            DIFY_KNOWLEDGE_API_KEY=emulator.knowledge_api_key,
        )
        knowledge = emulator.sync_client().knowledge
        assert list(knowledge.datasets.list()) == []
        assert knowledge.tags.list() == []
    assert "chunk 1/1: Leave is in July." in lines


# ------------------------------------------------------------------------------------------------------ the chat bot
def test_the_bot_keeps_a_conversation_for_each_channel():
    lines = run(
        "chat_bot.py", "--emulator", stdin="Hello\ntea ada: What is tea?\ntea bob: And milk?\n!new\nAgain\n!quit\n"
    )
    assert lines == [
        "[general] (1) You said: Hello",
        "[tea] (1) You said: ada: What is tea?",
        "[tea] (2) You said: bob: And milk?",
        "[general] A new conversation.",
        "[general] (1) You said: Again",
    ]


class Wall:
    """A chat service that remembers what stood in each message."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []

    async def post(self, channel: str, text: str) -> int:
        self.messages.append([text])
        return len(self.messages) - 1

    async def edit(self, message: int, text: str) -> None:
        self.messages[message].append(text)


async def say(text: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[list[str]]:
    """What a channel shows after one message."""
    example = load("chat_bot", monkeypatch)
    wall = Wall()
    bot = example.Bot(emulator.client(**options), wall, pause=0)
    await bot.on_message(example.Incoming("tea", "ada", text))
    return wall.messages


async def test_the_bots_message_grows_while_the_answer_comes(monkeypatch):
    async with Emulator(lambda request: "One two three", mode="chat") as emulator:
        [stood] = await say("Hello", emulator, monkeypatch)
    assert list(dict.fromkeys(stood)) == ["...", "One", "One two", "One two three"]


async def test_the_bot_cuts_a_long_answer_into_messages(monkeypatch):
    async with Emulator(lambda request: "x" * 4500, mode="chat") as emulator:
        messages = await say("Hello", emulator, monkeypatch)
    assert [len(message[-1]) for message in messages] == [2000, 2000, 500]


async def test_the_bot_shows_the_delay_of_a_limit_and_the_text_of_an_interrupted_answer(monkeypatch):
    async with Emulator(lambda request: "One two three", mode="chat") as emulator:
        emulator.fail_next(429, retry_after=7, path="/chat-messages")
        [[*_, busy]] = await say("Hello", emulator, monkeypatch, max_retries=0)
        emulator.drop_stream(after=2)
        [[*_, cut]] = await say("Hello", emulator, monkeypatch)
    assert busy == "The app is busy. Please ask again in 7 seconds."
    assert cut == "One two (The connection was lost.)"


async def test_the_bot_starts_a_new_conversation_if_its_own_was_deleted_and_hides_other_errors(monkeypatch, capsys):
    example = load("chat_bot", monkeypatch)
    async with Emulator(mode="chat") as emulator:
        wall = Wall()
        bot = example.Bot(emulator.client(), wall, pause=0)
        await bot.on_message(example.Incoming("tea", "", "one"))
        client = emulator.client(user="channel-tea")
        async for conversation in client.conversations.list():
            await client.conversations.delete(conversation.id)
        await bot.on_message(example.Incoming("tea", "", "two"))
        emulator.fail_next(code="provider_quota_exceeded")
        await bot.on_message(example.Incoming("tea", "", "three"))
    assert [message[-1] for message in wall.messages] == [
        "Echo: one",
        "Echo: two",
        "Something went wrong. The error has been logged.",
    ]
    assert "ProviderQuotaExceededError" in capsys.readouterr().err


# --------------------------------------------------------------------------------------------- questions about files
def test_files_are_asked_about_by_voice_and_what_is_said_is_kept(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"a photo")
    (tmp_path / "question.mp3").write_bytes(b"a voice")
    lines = run(
        "ask_about_files.py",
        "--emulator",
        *("--voice", str(tmp_path / "question.mp3")),
        *("--into", str(tmp_path / "kept")),
        *(str(tmp_path / name) for name in ("photo.jpg", "gone.jpg", "photo.jpg")),
    )
    answer = "You asked: Transcript of question.mp3" + 2 * " photo.jpg is an upload of the type image."
    assert lines[0] == "uploaded photo.jpg, 7 bytes"
    assert lines[1].startswith(f"left out {tmp_path / 'gone.jpg'}: ")
    assert lines[3:] == [
        "heard: Transcript of question.mp3",
        answer,
        "saved answer.mp3, 360 bytes",
        "saved 1-photo.jpg, 7 bytes",
        "saved 2-photo.jpg, 7 bytes",
    ]
    assert (tmp_path / "kept" / "answer.txt").read_text(encoding="utf-8") == answer
    assert (tmp_path / "kept" / "2-photo.jpg").read_bytes() == b"a photo"
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {
        "answer.txt",
        "answer.mp3",
        "1-photo.jpg",
        "2-photo.jpg",
    }


def test_an_answer_that_cannot_be_spoken_is_kept_all_the_same(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"a photo")
    with Emulator(lambda request: "A cat.", mode="chat") as emulator, emulator.serve() as base_url:
        emulator.fail_next(code="provider_not_initialize", path="/text-to-audio")
        server = {"DIFY_BASE_URL": base_url, "DIFY_API_KEY": emulator.api_key}
        arguments = ["--question", "What is it?", "--into", str(tmp_path / "kept"), str(tmp_path / "photo.jpg")]
        lines = run("ask_about_files.py", *arguments, **server)
    assert lines[1] == "A cat."
    assert lines[2].startswith("no answer.mp3: 400 provider_not_initialize")
    assert lines[3:] == ["saved 1-photo.jpg, 7 bytes"]
    assert (tmp_path / "kept" / "answer.txt").read_text(encoding="utf-8") == "A cat."
    assert not (tmp_path / "kept" / "answer.mp3").exists()


def test_without_a_file_that_is_taken_nothing_is_asked(tmp_path):
    with Emulator(mode="chat") as emulator, emulator.serve() as base_url:
        server = {"DIFY_BASE_URL": base_url, "DIFY_API_KEY": emulator.api_key}
        run("ask_about_files.py", str(tmp_path / "gone.jpg"), code=1, **server)
        assert emulator.requests == []


# ------------------------------------------------------------------------------------------------ the human approval
def test_an_approval_is_asked_for_until_there_is_such_a_button(tmp_path):
    state = tmp_path / "run"
    lines = run("human_approval.py", "--emulator", "--state", str(state), "version=2", stdin="go\nperhaps\napprove\n")
    assert lines[1] == "Deploy this version?"
    assert lines[-1].endswith('succeeded: {"deployed": true, "note": "go"}')
    assert not state.exists()


def approval(request: EmulatorRequest) -> Any:
    filled = yield EmulatorForm("Deploy?", inputs=["note"], actions=["approve", "reject"])
    yield {"action": None if filled is None else filled.action}


def test_an_approval_goes_on_with_the_same_run_after_a_restart(tmp_path):
    with Emulator(approval, mode="workflow") as emulator, emulator.serve() as base_url:
        server = {"DIFY_BASE_URL": base_url, "DIFY_API_KEY": emulator.api_key}
        arguments = ["--state", str(tmp_path / "run"), "version=2"]
        first = run("human_approval.py", *arguments, code=1, **server)
        second = run("human_approval.py", *arguments, stdin="no\nreject\n", **server)
        started = [request for request in emulator.requests if request.path == "/workflows/run"]
    assert first[-1] == "start this program again to go on"
    assert second[0].startswith("going on with run ")
    assert second[-1].endswith('succeeded: {"action": "reject"}')
    assert len(started) == 1


def test_an_approval_that_somebody_else_gave_is_not_asked_for(tmp_path):
    with Emulator(approval, mode="workflow") as emulator, emulator.serve() as base_url:
        client = emulator.sync_client(user="approvals")
        paused = client.workflows.run({})
        (tmp_path / "run").write_text(paused.workflow_run_id, encoding="utf-8")
        emulator.expire_forms()
        client.workflows.events(paused.workflow_run_id, include_state_snapshot=True, continue_on_pause=True).final()
        server = {"DIFY_BASE_URL": base_url, "DIFY_API_KEY": emulator.api_key}
        lines = run("human_approval.py", "--state", str(tmp_path / "run"), **server)
    assert lines[-1] == 'succeeded: {"action": null}'


# ------------------------------------------------------------------------------------------------- the nightly sync
def test_a_knowledge_base_follows_its_folder_from_night_to_night(tmp_path):
    folder = tmp_path / "docs"
    (folder / "travel").mkdir(parents=True)
    (folder / "leave.md").write_text("30 days.", encoding="utf-8")
    (folder / "travel" / "trains.txt").write_text("Second class.", encoding="utf-8")
    (folder / "logo.png").write_bytes(b"not for reading")
    with Emulator() as emulator, emulator.serve() as base_url:
        knowledge = emulator.sync_client().knowledge

        def night(code: int = 0) -> str:
            key = emulator.knowledge_api_key
            arguments = ["--poll", "0.01", str(folder), "Handbook"]
            return run(
                "knowledge_nightly.py", *arguments, code=code, DIFY_BASE_URL=base_url, DIFY_KNOWLEDGE_API_KEY=key
            )[-1]

        def names() -> set[str]:
            [dataset] = knowledge.datasets.list()
            return {document.name for document in knowledge.documents.list(dataset.id)}

        assert night() == "Handbook: 2 uploaded, 0 replaced, 0 deleted, 0 unchanged, 0 failed"
        assert names() == {"leave.md", "travel__trains.txt"}
        (folder / "leave.md").write_text("32 days.", encoding="utf-8")
        (folder / "travel" / "trains.txt").unlink()
        (folder / "office.txt").write_text("Opens at seven.", encoding="utf-8")
        assert night() == "Handbook: 1 uploaded, 1 replaced, 1 deleted, 0 unchanged, 0 failed"
        assert names() == {"leave.md", "office.txt"}
        assert night() == "Handbook: 0 uploaded, 0 replaced, 0 deleted, 2 unchanged, 0 failed"


def test_a_file_that_could_not_be_indexed_is_tried_again_the_next_night(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "leave.md").write_text("30 days.", encoding="utf-8")
    broken = [True]

    def read(file: Any) -> str:
        if broken:
            raise EmulatorError(500, "internal_server_error", "the reader is broken")
        return file.content.decode()

    with Emulator(read_document=read) as emulator, emulator.serve() as base_url:
        server = {"DIFY_BASE_URL": base_url, "DIFY_KNOWLEDGE_API_KEY": emulator.knowledge_api_key}
        first = run("knowledge_nightly.py", "--poll", "0.01", str(folder), "Handbook", code=1, **server)
        broken.clear()
        second = run("knowledge_nightly.py", "--poll", "0.01", str(folder), "Handbook", **server)
    assert "the reader is broken" in first[0]
    assert first[-1] == "Handbook: 1 uploaded, 0 replaced, 0 deleted, 0 unchanged, 1 failed"
    assert second[-1] == "Handbook: 0 uploaded, 1 replaced, 0 deleted, 0 unchanged, 0 failed"


# -------------------------------------------------------------------------------------------------- the evaluation
def test_an_evaluation_writes_a_line_for_every_question_and_a_summary(tmp_path):
    (tmp_path / "questions.csv").write_text('question,expected\n"Hello, you",hello\nTea,coffee\n', encoding="utf-8")
    lines = run("evaluate_csv.py", "--emulator", str(tmp_path / "questions.csv"), str(tmp_path / "answers.csv"))
    assert lines[-1].startswith("2 of 2 answered, score 0.50, price 0.00")
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["question"]: row for row in csv.DictReader(file)}
    assert (rows["Hello, you"]["answer"], rows["Hello, you"]["score"]) == ("Echo: Hello, you", "1.0")
    assert (rows["Tea"]["score"], rows["Tea"]["error"]) == ("0.0", "")


async def test_an_evaluation_waits_for_limits_and_notes_what_failed(tmp_path, monkeypatch):
    example = load("evaluate_csv", monkeypatch)
    (tmp_path / "questions.csv").write_text("question,expected\none,one\nbad,bad\n", encoding="utf-8")

    def answer(request: EmulatorRequest) -> str:
        if request.query == "bad":
            raise EmulatorError(400, "completion_request_error", "no model")
        return request.query

    async with Emulator(answer, mode="chat") as emulator:
        emulator.fail_next(429, times=2, path="/chat-messages")
        client = emulator.client(max_retries=0)
        results = await example.run(client, tmp_path / "questions.csv", tmp_path / "answers.csv", 1, pauses=(0, 0))
    assert [(each.question, each.answer, each.score) for each in results] == [("one", "one", 1.0), ("bad", "", 0.0)]
    assert results[1].error.startswith("CompletionRequestError: 400 completion_request_error: no model")


# ---------------------------------------------------------------------------------------------------- the notebook
async def test_the_cells_of_the_notebook_run_in_their_order(capsys):
    notebook = json.loads((EXAMPLES / "tour.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 6
    assert all(cell.get("outputs", []) == [] for cell in notebook["cells"])  # outputs are the reader's to make
    names: dict[str, Any] = {}
    for cell in cells:
        code = compile(cell, "tour.ipynb", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = types.FunctionType(code, names)()
        if inspect.isawaitable(result):
            await result
    assert names["reply"].answer == "You asked: And in one line?"
    assert names["run"].outputs == {"summary": "1 inputs"}
    assert names["found"].records[0].text == "Everyone has 30 days of leave a year."
    assert isinstance(names["client"], AsyncDify)
    assert capsys.readouterr().out == "You asked: And in one line?"


# --------------------------------------------------------------------------------------------- the page of all errors
ROW = re.compile(r"^\| `(?P<code>\w+)`<br>(?P<status>\d+) `(?P<cls>\w+)` \|", re.MULTILINE)


def test_the_page_of_errors_has_every_code_with_its_status_and_class():
    rows = {row["code"]: row for row in ROW.finditer((DOCS / "errors.md").read_text(encoding="utf-8"))}
    assert set(CODES) - set(rows) == set()
    for code, row in rows.items():
        status = int(row["status"])
        error = status_error_from_body({"code": code, "message": "", "status": status}, status=status)
        assert (code, type(error).__name__) == (code, row["cls"])
        assert issubclass(getattr(dify, row["cls"]), APIStatusError)
        assert CODES.get(code, (status, ""))[0] == status


def test_the_page_of_errors_draws_every_class():
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    tree = text.partition("## The tree")[2].partition("##")[0]
    missing = [name for name in dify.errors.__all__ if not re.search(rf"\b{name}\b", tree)]
    assert missing == []
