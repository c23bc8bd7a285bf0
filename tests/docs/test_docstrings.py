"""Every example in the docstrings of both faces runs as it stands, against the emulator."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import textwrap
import types
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from dify import AsyncDify, Dify
from dify.testing import Emulator, EmulatorForm, EmulatorRequest

from ..support.public_face import methods_of, public_classes, public_values, resources

PUBLIC = public_values()


# ---------------------------------------------------------------------------------------------------- the examples
@dataclass(frozen=True)
class Example:
    """One block of Python in a docstring."""

    face: str
    source: str

    @property
    def names(self) -> set[str]:
        """What it uses and does not make."""
        uses = [node for node in ast.walk(ast.parse(self.source)) if isinstance(node, ast.Name)]
        made = {name.id for name in uses if isinstance(name.ctx, ast.Store)}
        return {name.id for name in uses} - made - set(vars(builtins)) | ({"client"} & {name.id for name in uses})


def examples_of(client: type) -> list[Any]:
    """Every example of a face, once, named after the first docstring that shows it."""
    is_async = client is AsyncDify
    documented: dict[str, Any] = dict(methods_of(client))
    documented |= {name: cls for name, cls in public_classes().items() if bool(ONLY_ASYNC.search(name)) == is_async}
    documented |= dict(resources(client))
    found: dict[str, str] = {}
    for name, value in documented.items():
        for block in re.findall(r"^( *)```python\n(.*?)^\1```", inspect.getdoc(value) or "", re.MULTILINE | re.DOTALL):
            found.setdefault(textwrap.dedent(block[1]), name)
    face = "async" if is_async else "plain"
    return [pytest.param(Example(face, source), id=f"{name}-{face}") for source, name in found.items()]


ONLY_ASYNC = re.compile(r"Async|Aio")
ASYNC, PLAIN = examples_of(AsyncDify), examples_of(Dify)


# ------------------------------------------------------------------------------------------- what examples speak of
NODE = "1711527000000"


def answer(request: EmulatorRequest) -> Any:
    """Says again what was asked; a run with the input `ask` waits for a person."""
    return waiting() if "ask" in request.inputs else f"Echo: {request.query or dict(request.inputs)}"


def waiting() -> Iterator[Any]:
    filled = yield EmulatorForm("Go?", inputs=["note"], actions=["approve", "reject"])
    yield {"action": filled.action}


class Things:
    """Objects that the names in the examples stand for, each made when an example uses it."""

    def __init__(self, emulator: Emulator, example: Example) -> None:
        self._emulator = emulator
        self._client = emulator.sync_client(user="alice")
        self._source = example.source

    def _app(self, kind: str) -> Dify:
        """A client with the key of an app of a kind; the emulator has one app of every kind."""
        return self._client

    def _pipeline(self, datasource_type: str) -> str:
        """Id of a knowledge base with a pipeline."""
        return self._emulator.add_pipeline(datasource_type=datasource_type, node_id=NODE)

    def _named(self, name: str) -> str:
        """A name for a knowledge base or a tag; a server takes each once."""
        return name

    def _made(self, batch: Any) -> Any:
        """A document whose indexing has begun; the emulator has finished it."""
        return batch

    @cached_property
    def _conversation(self) -> Any:
        kind = "chatflow" if "variable" in self._source else "chat"
        return self._app(kind).chat.send("Where should I go?")

    @property
    def conversation_id(self) -> str:
        return self._conversation.conversation_id

    @property
    def message_id(self) -> str:
        return self._conversation.message_id

    @property
    def variable_id(self) -> str:
        return self._app("chatflow").conversations.variables(self.conversation_id).data[0].id

    @property
    def workflow_run_id(self) -> Any:
        return self._app("workflow").workflows.run({"q": "tea"}).workflow_run_id

    @property
    def form_token(self) -> Any:
        [form] = self._app("human_input").workflows.run({"ask": "a person"}).forms
        return form.form_token

    @property
    def file_id(self) -> str:
        photo = self._app("chat").files.upload(("cat.png", b"..."))
        self._app("chat").chat.send("What is this?", files=[photo])  # from now on it can be looked at
        return photo.id

    @property
    def end_user_id(self) -> Any:
        return self._app("chat").files.upload(("cat.png", b"...")).created_by

    @property
    def annotation_id(self) -> str:
        return self._app("chat").annotations.create("Where are you?", "In Rome.").id

    @property
    def job_id(self) -> str:
        model = {"embedding_provider_name": "p", "embedding_model_name": "m"}
        return self._app("chat").annotations.enable_reply(**model, score_threshold=0.9).job_id

    @cached_property
    def dataset_id(self) -> str:
        if ".pipelines." in self._source:
            kind = "website_crawl" if "website_crawl" in self._source else "local_file"
            return self._pipeline(kind)
        made = self._client.knowledge.datasets.create(self._named("All"), indexing_technique="high_quality").id
        if "datasets.retrieve(" in self._source:  # a search needs something that is indexed
            documents, embeds = self._client.knowledge.documents, {"indexing_technique": "high_quality"}
            batch = documents.create_from_text(made, "Leave", "30 days of leave.", **embeds).batch
            documents.wait_indexed(made, batch, poll_interval=0.05)
        return made

    @cached_property
    def created(self) -> Any:
        rule = {"mode": "automatic"}
        batch = self._client.knowledge.documents.create_from_text(
            self.dataset_id, "Fruit", "Apples are red.", indexing_technique="high_quality", process_rule=rule
        )
        return self._made(batch)

    @property
    def document_id(self) -> str:
        return self.created.document.id

    @cached_property
    def segment_id(self) -> str:
        made = self._client.knowledge.segments.create(self.dataset_id, self.document_id, [{"content": "Lemons."}])
        return made.data[0].id

    @property
    def child(self) -> Any:
        ids = (self.dataset_id, self.document_id, self.segment_id)
        return self._client.knowledge.child_chunks.create(*ids, "Apples are red.").data

    @cached_property
    def tag(self) -> Any:
        return self._client.knowledge.tags.create(self._named("fruit"))

    @property
    def tag_id(self) -> str:
        return self.tag.id

    @property
    def field(self) -> Any:
        return self._client.knowledge.metadata.create(self.dataset_id, "written", type="number")

    @property
    def uploaded(self) -> Any:
        return self._client.knowledge.pipelines.upload_file(("notes.txt", b"Hello"))

    @property
    def node_id(self) -> str:
        return NODE


# --------------------------------------------------------------------------------------------------------- running
@contextmanager
def emulator_for(example: Example, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator; with its localhost door where the example makes a client of its own."""
    with Emulator(answer, index_at_once=True, variables={"shopping": ["milk"]}) as emulator:
        if "Dify(" not in example.source:
            yield emulator
            return
        with emulator.serve() as url:
            monkeypatch.setenv("DIFY_BASE_URL", url)
            yield emulator


async def attempt(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run an example to its end."""
    with emulator_for(example, monkeypatch) as emulator:
        things = Things(emulator, example)
        names: dict[str, Any] = {}
        for name in sorted(example.names - {"client"}):
            names[name] = PUBLIC[name] if name in PUBLIC else getattr(things, name)
        async with AsyncExitStack() as stack:
            if "client" in example.names and example.face == "async":
                names["client"] = await stack.enter_async_context(emulator.client(user="alice"))
                stack.push_async_callback(emulator.aclose)
            elif "client" in example.names:
                names["client"] = emulator.sync_client(user="alice")
            await run(example.source, names)
    assert not emulator.failures


async def run(source: str, names: dict[str, Any]) -> None:
    """Run it as a notebook would: with `await` at its top."""
    code = compile(source, "<example>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = types.FunctionType(code, names)()
    if inspect.isawaitable(result):
        await result


# ----------------------------------------------------------------------------------------------------------- tests
def test_both_faces_show_the_same_examples_and_many():
    assert len(ASYNC) - 1 == len(PLAIN) > 100  # aiohttp has no plain face


@pytest.mark.parametrize("example", [*ASYNC, *PLAIN])
async def test_an_example_runs_as_it_stands(example, monkeypatch):
    await attempt(example, monkeypatch)
