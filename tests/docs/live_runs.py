"""Runs the blocks of the pages, the examples of docstrings and the example programs on a real server."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

import dify
from dify import AsyncDify, Dify

from ..support.public_face import public_values
from . import test_docstrings as docstrings
from .blocks import ROOT, Block, blocks_of, pages
from .cells import Section, save, start
from .conftest import FILES
from .live import LiveServer, NotRun, first_line, kind_of

PUBLIC = public_values()
EXAMPLES = ROOT / "docs" / "examples"
HIERARCHICAL = {
    "mode": "hierarchical",
    "rules": {
        "pre_processing_rules": [],
        "segmentation": {"separator": "\n\n", "max_tokens": 200},
        "parent_mode": "paragraph",
        "subchunk_segmentation": {"separator": " ", "max_tokens": 60},
    },
}
TESTING = re.compile(r"\b(dify\.testing|dify_mock|Emulator|emulator)\b")
NEEDS_NO_SERVER = "uses dify.testing, which needs no server"
SECONDS = 180

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0f01f0005010101a7e2"
    "a0d50000000049454e44ae426082"
)
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 69>>stream
BT /F 18 Tf 20 100 Td (Everyone has 30 days of leave a year.) Tj  ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one block or program: `state` is "ran", "failed" or "not run"."""

    group: str
    name: str
    state: str
    reason: str = ""
    seconds: float = 0.0
    output: str = ""


async def outcome(group: str, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> Outcome:
    """Run one thing to its end, with what it prints kept."""
    printed, started = io.StringIO(), time.monotonic()
    try:
        with contextlib.redirect_stdout(printed):
            async with asyncio.timeout(SECONDS):
                await work()
    except NotRun as reason:
        return Outcome(group, name, "not run", str(reason))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - every failure of an example is a line of the report
        text = f"{printed.getvalue()}{error}" if isinstance(error, AssertionError) else printed.getvalue()
        return Outcome(group, name, "failed", first_line(error), time.monotonic() - started, text)
    return Outcome(group, name, "ran", "", time.monotonic() - started, printed.getvalue())


@contextlib.contextmanager
def folder_with_files() -> Iterator[Path]:
    """A working directory with the files that the pages upload, as servers can read them."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "downloads").mkdir()
        for file, content in FILES.items():
            made = PDF if file.endswith(".pdf") else PNG if file.endswith((".png", ".jpg")) else content
            (folder / file).write_bytes(made)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


# ----------------------------------------------------------------------------------------------------------- pages
class LiveSection(Section):
    """The blocks under one heading, with clients of a real server."""

    def __init__(
        self, server: LiveServer, folder: Path, monkeypatch: pytest.MonkeyPatch, stack: AsyncExitStack
    ) -> None:
        super().__init__(folder, monkeypatch, stack)
        self._server = server
        self._kind = "chat"

    async def run(self, block: Block) -> None:
        """Run one block; raises `NotRun` for one that cannot run on a server."""
        mark = block.mark("live") or ""
        if block.kind == "no" or mark.startswith("no"):
            raise NotRun((block.mark("no") or mark.removeprefix("no")).lstrip(" ,"))
        if block.kind == "pytest" or TESTING.search(block.source):
            raise NotRun(NEEDS_NO_SERVER)
        self._kind = mark or kind_of(block.source)
        source = self._server.filled_in(block.source, self._kind)
        for name, value in self._server.environment(self._kind).items():
            self._monkeypatch.setenv(name, value)
        block = replace(block, source=source)
        if block.kind == "program":
            save(block, self._folder / "program.py")
            start([str(block)], self._folder, "program.py")
        else:
            await self._expecting(block)

    async def _given(self, block: Block, stack: AsyncExitStack) -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "page"}
        if ".pipelines" in block.source:
            names["dataset_id"] = self._server.pipeline("local_file")
        if block.is_async:
            names["client"] = await stack.enter_async_context(self._server.client(self._kind, AsyncDify))
        else:
            names["client"] = stack.enter_context(self._server.client(self._kind))
        return names


async def run_pages(server: LiveServer, wanted: re.Pattern[str]) -> list[Outcome]:
    """Run every block of Python of every page."""
    done: list[Outcome] = []
    for page in pages():
        blocks = [block for block in blocks_of(page) if block.language == "python" and not block.setup]
        done += await _run_blocks(server, "pages", blocks, wanted)
    return done


async def _run_blocks(server: LiveServer, group: str, blocks: list[Block], wanted: re.Pattern[str]) -> list[Outcome]:
    done: list[Outcome] = []
    for _, of_section in groupby(blocks, lambda block: block.section):
        section_blocks = list(of_section)
        if not any(wanted.search(str(block)) for block in section_blocks):
            continue
        server.new_section()
        with folder_with_files() as folder, pytest.MonkeyPatch.context() as monkeypatch:
            async with AsyncExitStack() as stack:
                section = LiveSection(server, folder, monkeypatch, stack)
                for block in section_blocks:
                    done.append(await outcome(group, str(block), partial(section.run, block)))
    return done


# ------------------------------------------------------------------------------------------------------ docstrings
class LiveThings(docstrings.Things):
    """Objects that the names in docstrings stand for, made on the real server."""

    def __init__(self, server: LiveServer, example: docstrings.Example) -> None:
        self._server = server
        self._client = server.client("knowledge")
        self._source = example.source

    def _app(self, kind: str) -> Dify:
        return self._server.client(kind)

    def _pipeline(self, datasource_type: str) -> str:
        return self._server.pipeline(datasource_type)

    def _named(self, name: str) -> str:
        return self._server.named(name)

    def _made(self, batch: Any) -> Any:
        self._client.knowledge.documents.wait_indexed(self.dataset_id, batch.batch, poll_interval=0.2)
        return batch

    @cached_property
    def created(self) -> Any:
        if "child_chunk" not in self._source:
            return super().created
        batch = self._client.knowledge.documents.create_from_text(
            self.dataset_id,
            "Fruit",
            "Apples are red.",
            indexing_technique="high_quality",
            doc_form="hierarchical_model",
            process_rule=HIERARCHICAL,
        )
        return self._made(batch)

    @property
    def workflow_run_id(self) -> Any:
        if ".chat." in self._source:
            return self._app("chatflow").chat.send("What changed?").workflow_run_id
        return super().workflow_run_id

    @property
    def job_id(self) -> str:
        return self._server.enable_annotation_replies()

    @property
    def node_id(self) -> str:
        [node] = self._client.knowledge.pipelines.datasource_plugins(self.dataset_id)
        assert node.node_id is not None
        return node.node_id


async def run_docstrings(server: LiveServer, wanted: re.Pattern[str]) -> list[Outcome]:
    """Run the example of every docstring of both faces."""
    done: list[Outcome] = []
    for parameters in (*docstrings.ASYNC, *docstrings.PLAIN):
        if wanted.search(str(parameters.id)):
            [example] = parameters.values
            server.new_section()
            with folder_with_files(), pytest.MonkeyPatch.context() as monkeypatch:
                work = partial(_run_docstring, server, example, monkeypatch)
                done.append(await outcome("docstrings", str(parameters.id), work))
    return done


async def _run_docstring(server: LiveServer, example: docstrings.Example, monkeypatch: pytest.MonkeyPatch) -> None:
    if TESTING.search(example.source):
        raise NotRun(NEEDS_NO_SERVER)
    kind = kind_of(example.source)
    for name, value in server.environment(kind).items():
        monkeypatch.setenv(name, value)
    things = LiveThings(server, example)
    if "disable_reply(" in example.source:  # servers leave the job waiting if annotation replies are off already
        server.enable_annotation_replies()
    names: dict[str, Any] = {}
    for name in sorted(example.names - {"client"}):
        names[name] = PUBLIC[name] if name in PUBLIC else getattr(things, name)
    source = server.filled_in(example.source, kind)
    async with AsyncExitStack() as stack:
        if "client" in example.names and example.face == "async":
            names["client"] = await stack.enter_async_context(server.client(kind, AsyncDify))
        elif "client" in example.names:
            names["client"] = stack.enter_context(server.client(kind))
        await docstrings.run(source, names)
    if isinstance(job := names.get("job"), dify.types.AnnotationReplyJob):
        server.wait_for_annotation_replies(job)


# -------------------------------------------------------------------------------------------------------- programs
def programs(server: LiveServer) -> list[tuple[str, str, list[str], str]]:
    """The example programs: file, kind of app, arguments, standard input."""
    tag = server.tag
    nightly = ["--poll", "0.2", "pages", f"Handbook {tag}"]
    return [
        ("knowledge.py", "knowledge", [], ""),
        ("knowledge_sync.py", "knowledge", [], ""),
        ("knowledge_nightly.py", "knowledge", nightly, ""),
        ("knowledge_nightly.py", "knowledge", nightly, ""),
        ("bot/sync_knowledge.py", "knowledge", [f"Handbook sync {tag}", "pages"], ""),
        ("bot/sync_knowledge.py", "knowledge", [f"Handbook sync {tag}", "pages"], ""),
        ("chat_bot.py", "chat", [], "Hello\ntea ada: What is tea?\ntea bob: And milk?\n!new\nAgain\n!quit\n"),
        ("evaluate_csv.py", "chat", ["questions.csv", "answers.csv"], ""),
        ("ask_about_files.py", "chat", ["--voice", "question.mp3", "--into", "kept", "photo.jpg", "cat.png"], ""),
        ("human_approval.py", "human_input", ["version=2"], "go\napprove\n"),
    ]


async def run_examples(server: LiveServer, wanted: re.Pattern[str]) -> list[Outcome]:
    """Run the programs and the notebook of docs/examples."""
    done: list[Outcome] = []
    with folder_with_files() as folder:
        (folder / "pages" / "travel").mkdir(parents=True)
        (folder / "pages" / "leave.md").write_text("Everyone has 30 days of leave a year.\n")
        (folder / "pages" / "travel" / "trains.txt").write_text("Trains are booked in second class.\n")
        for name, kind, arguments, stdin in programs(server):
            if wanted.search(name):
                work = partial(_run_program, server, folder, name, kind, arguments, stdin)
                done.append(await outcome("examples", name, work))
                leave = folder / "pages" / "leave.md"
                leave.write_text("Everyone has 32 days of leave a year.\n")  # the second run of a program replaces it
    notebook = json.loads((EXAMPLES / "tour.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    blocks = [
        Block("docs/examples/tour.ipynb", number, "", "python", cell + "\n") for number, cell in enumerate(cells, 1)
    ]
    return done + await _run_blocks(server, "examples", blocks, wanted)


async def _run_program(
    server: LiveServer, folder: Path, name: str, kind: str, arguments: list[str], stdin: str
) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DIFY_")}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(EXAMPLES / name), *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env={**kept, **server.environment(kind), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        timeout=SECONDS - 5,
        check=False,
    )
    print(done.stdout)
    if done.returncode or done.stderr.strip():
        raise AssertionError(f"exit status {done.returncode}: {done.stderr.strip()[-1500:]}")
