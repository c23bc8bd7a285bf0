"""Every operation once, by the clients' own calls, and what went over the wire meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from dify import AsyncDify, InputFile
from dify._operations import OPERATIONS
from dify.testing import Emulator, EmulatorForm, Node, ToolCall
from dify.testing.emulator.asgi import AsyncTransport
from dify.types.pipelines import LocalFile

TEXT = "Apples are red.\n\nBananas are yellow."
PARENTS = {
    "mode": "hierarchical",
    "rules": {
        "pre_processing_rules": [],
        "parent_mode": "paragraph",
        "segmentation": {"separator": "\n\n", "max_tokens": 200},
        "subchunk_segmentation": {"separator": " ", "max_tokens": 60},
    },
}


@dataclass
class RecordedResponse:
    """An answer that went over the wire."""

    operation: str
    status: int
    kind: str
    content: bytes
    app: str

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(line[6:]) for line in self.content.split(b"\n") if line.startswith(b"data: ")]


def operation_of(method: str, path: str) -> str | None:
    """The operation that a request belongs to; fixed parts of a path go before parameters."""
    for one in sorted(OPERATIONS.values(), key=lambda one: one.path.count("{")):
        if one.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", one.path), path):
            return one.id
    return None


@dataclass
class Tap:
    """An ASGI app around the emulator's, which keeps what is answered."""

    app: Any
    kind: str
    seen: list[RecordedResponse] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        head: dict[str, Any] = {}
        body = bytearray()

        async def keep(message: Any) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            else:
                body.extend(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, keep)
        finally:
            operation = operation_of(scope["method"], scope["path"].removeprefix("/v1"))
            if operation is not None and head:
                headers = {name.decode(): value.decode() for name, value in head["headers"]}
                kind = headers.get("content-type", "")
                self.seen.append(RecordedResponse(operation, head["status"], kind, bytes(body), self.kind))


@asynccontextmanager
async def tapped(emulator: Emulator, kind: str, seen: list[RecordedResponse]) -> AsyncIterator[AsyncDify]:
    """A client whose answers are kept."""
    tap = Tap(emulator.app, kind, seen)
    async with emulator, httpx.AsyncClient(transport=AsyncTransport(tap)) as http_client:
        yield AsyncDify(
            emulator.api_key,
            knowledge_api_key=emulator.knowledge_api_key,
            base_url=emulator.base_url,
            user="alice",
            http_client=http_client,
        )


async def drained(stream: Any) -> Any:
    """Every event of a stream."""
    return [event async for event in stream]


async def of_chats(client: AsyncDify) -> None:
    """Chat, completion, files, and what an app knows."""
    await drained(client.chat.stream("hi"))
    reply = await client.chat.send("hi", response_mode="blocking")
    conversation, message = reply.conversation_id, reply.message_id
    await client.chat.stop(reply.task_id)
    done = await client.completions.create({"query": "hi"}, response_mode="blocking")
    await drained(client.completions.stream({"query": "hi"}))
    await client.completions.stop(done.task_id)
    photo = await client.files.upload(("cat.png", b"...", "image/png"))
    await client.chat.send("look", files=[InputFile.from_upload(photo)], conversation_id=conversation)
    await client.files.download(photo.id).read()
    await client.end_users.get(str(photo.created_by))
    await client.conversations.list()
    await client.conversations.rename(conversation, "Mine")
    variables = await client.conversations.variables(conversation)
    await client.conversations.update_variable(conversation, variables.data[0].id, 5)
    await client.messages.list(conversation)
    await client.messages.suggested_questions(message)
    await client.messages.feedback(message, "like")
    await client.app.feedbacks()
    await client.app.info()
    await client.app.parameters()
    await client.app.meta()
    await client.app.site()
    await client.audio.transcribe(("a.mp3", b"...", "audio/mp3"))
    await client.audio.synthesize("hello").read()
    made = await client.annotations.create("Q", "A")
    await client.annotations.list()
    await client.annotations.update(made.id, "Q2", "A2")
    job = await client.annotations.enable_reply(
        embedding_provider_name="p", embedding_model_name="m", score_threshold=0.9
    )
    await client.annotations.reply_status("enable", job.job_id)
    await client.annotations.delete(made.id)
    await client.conversations.delete(conversation)


async def of_runs(client: AsyncDify, version: str) -> None:
    """Workflows, their runs, and forms; `version` is the id of the app's workflow."""
    run = await client.workflows.run({"q": "x"}, response_mode="blocking")
    token = run.forms[0].form_token
    await client.workflows.get(run.workflow_run_id)
    await client.workflows.logs()
    form = await client.human_input.get(token)
    await client.human_input.submit(token, action="approve", inputs={form.inputs[0].output_variable_name: "n"})
    events = client.workflows.events(run.workflow_run_id, include_state_snapshot=True)
    await drained(events)
    await drained(client.workflows.events(run.workflow_run_id))
    await drained(client.workflows.stream({"q": "x"}, workflow_id=version))
    again = await client.workflows.run({"q": "x"}, workflow_id=version, response_mode="blocking")
    await client.workflows.stop(again.task_id)
    await drained(client.workflows.stream({"q": "x"}))


async def of_knowledge(client: AsyncDify, pipeline: str, crawl: str) -> None:
    """Knowledge bases and all that is in them."""
    know = client.knowledge
    base = (await know.datasets.create("Base", indexing_technique="high_quality")).id
    await know.datasets.list()
    await know.datasets.get(base)
    await know.datasets.update(base, name="Fruit")
    embeds: Any = {"indexing_technique": "high_quality"}
    made = await know.documents.create_from_text(base, "Fruit", TEXT, process_rule={"mode": "automatic"}, **embeds)
    document = made.document.id
    await know.documents.create_from_file(base, ("a.txt", TEXT.encode(), "text/plain"))
    await know.datasets.retrieve(base, "apples")
    await know.documents.list(base)
    await know.documents.get(base, document)
    await know.documents.indexing_status(base, made.batch)
    await know.documents.update_from_text(base, document, name="Fruit", text=TEXT)
    file = ("b.txt", TEXT.encode(), "text/plain")
    await know.documents.update_from_file(base, document, file)
    await know.documents.replace_file(base, document, file)
    await know.documents.set_status(base, "disable", [document])
    await know.documents.set_status(base, "enable", [document])
    await know.documents.download_url(base, document)
    await know.documents.download_zip(base, [document]).read()
    chunk = (await know.segments.create(base, document, [{"content": "Lemons."}])).data[0].id
    await know.segments.list(base, document)
    await know.segments.get(base, document, chunk)
    await know.segments.update(base, document, chunk, content="Limes.")
    await know.segments.delete(base, document, chunk)
    parent = (await know.datasets.create("Parents", indexing_technique="high_quality")).id
    rule: Any = {"doc_form": "hierarchical_model", "process_rule": PARENTS}
    whole = (await know.documents.create_from_text(parent, "P", TEXT, **rule, **embeds)).document.id
    held = (await know.segments.list(parent, whole)).data[0].id
    child = (await know.child_chunks.create(parent, whole, held, "Red.")).data.id
    await know.child_chunks.list(parent, whole, held)
    await know.child_chunks.update(parent, whole, held, child, "Green.")
    await know.child_chunks.delete(parent, whole, held, child)
    tag = (await know.tags.create("fruit")).id
    await know.tags.list()
    await know.tags.update(tag, "fruits")
    await know.tags.bind([tag], target_id=base)
    await know.tags.for_dataset(base)
    await know.tags.unbind([tag], target_id=base)
    await know.tags.delete(tag)
    field_id = (await know.metadata.create(base, "written", type="number")).id
    await know.metadata.list(base)
    await know.metadata.update(base, field_id, "year")
    await know.metadata.built_in(base)
    await know.metadata.enable_built_in(base)
    values = [{"id": field_id, "name": "year", "value": 5}]
    await know.metadata.update_documents(base, [{"document_id": document, "metadata_list": values}])
    await know.metadata.delete(base, field_id)
    await know.models.list("llm")
    uploaded = await know.pipelines.upload_file(("note.txt", TEXT.encode(), "text/plain"))
    node = (await know.pipelines.datasource_plugins(pipeline))[0]
    given: Any = {
        "inputs": {},
        "datasource_type": "local_file",
        "datasource_info_list": [LocalFile.from_upload(uploaded)],
        "start_node_id": node.node_id,
    }
    await know.pipelines.run(pipeline, **given)
    await know.pipelines.run(pipeline, is_published=False, response_mode="blocking", **given)
    await drained(know.pipelines.stream(pipeline, **given))
    found = know.pipelines.run_datasource_node(
        crawl, "datasource", inputs={"url": "https://a.test"}, datasource_type="website_crawl", is_published=True
    )
    await drained(found)
    await know.documents.delete(base, document)
    await know.datasets.delete(base)


def asking(request: Any) -> Any:
    """A workflow that asks."""
    filled = yield EmulatorForm("Note? {{#$output.note#}}", inputs=["note"])
    yield {"note": filled.inputs["note"] if filled else None}


def flowing(request: Any) -> Any:
    """A chatflow with a node."""
    yield Node("Look up", "knowledge-retrieval")
    yield "All is well."


def acting(request: Any) -> Any:
    """An agent with a tool."""
    yield "Let me see. "
    yield ToolCall("clock", {}, "12:00")
    yield "Noon."


async def every_operation() -> list[RecordedResponse]:
    """What is answered to every operation."""
    seen: list[RecordedResponse] = []
    async with tapped(Emulator(variables={"count": 1}), "chat", seen) as client:
        await of_chats(client)
    async with tapped(Emulator(acting, mode="agent-chat"), "agent", seen) as client:
        await drained(client.chat.stream("hi"))
    async with tapped(Emulator(flowing, mode="advanced-chat"), "chatflow", seen) as client:
        await drained(client.chat.stream("hi"))
        await client.chat.send("hi", response_mode="blocking")
    workflow = Emulator(asking, mode="workflow")
    async with tapped(workflow, "workflow", seen) as client:
        await of_runs(client, workflow.workflow_id)
    emulator = Emulator(index_at_once=True)
    async with tapped(emulator, "knowledge", seen) as client:
        crawl = emulator.add_pipeline("Crawl", datasource_type="website_crawl")
        await of_knowledge(client, emulator.add_pipeline("Files"), crawl)
    return seen
