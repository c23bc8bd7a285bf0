"""Runs of knowledge pipelines.

Published ones create documents; drafts show the chunks of the first document.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Self

from dify.types.pipelines import PipelineDataset, PipelineDocument
from dify.types.workflows import RunCreator

from ...script.events import workflow_finished, workflow_started
from ...script.frames import Frame, at
from ...script.ids import Ids, SystemClock, new_id
from ...script.runs import RunScript
from ..answers import EmulatorFile
from ..file_links import signed_url
from ..knowledge.indexing import index
from ..knowledge.models import (
    ACCOUNT,
    PARAGRAPHS,
    SourceFile,
    StoredDataset,
    StoredDocument,
    StoredPipeline,
    StoredRule,
    new_batch,
)
from ..knowledge.splitting import split_text
from ..requests import ApiRequest
from ..responses import dump
from .file_objects import file_object
from .models import Run

__all__ = ["Draft", "PipelineSource", "make_documents"]

ICON = "icon.svg"
"""The icon of the datasource."""


@dataclass(frozen=True)
class PipelineSource:
    """A source of a pipeline run: a file, or the text of a page.

    Attributes:
        info: The item of `datasource_info_list` in the request.
        source: The content; None if the uploaded file does not exist.
        problem: The error message if `source` is None.
    """

    info: dict[str, Any]
    source: SourceFile | None
    problem: str = ""

    @property
    def shown(self) -> dict[str, Any]:
        """The output of the datasource node of a run."""
        return {**self.info, "icon": ICON}

    @classmethod
    def of(cls, call: ApiRequest, pipeline: StoredPipeline, info: dict[str, Any]) -> Self:
        """Return the source that an item of `datasource_info_list` refers to."""
        page: dict[str, Any] = info.get("page") or {}
        name = str(info.get("name") or info.get("title") or page.get("page_name") or "untitled")
        if pipeline.datasource_type == "local_file":
            file_id = str(info.get("reference") or info.get("related_id"))
            stored = call.app.files.get(file_id)
            if stored is None:
                problem = f"UploadFile not found for file_id={file_id}, tenant_id={call.app.tenant_id}"
                return cls(info, None, problem)
            content, mime_type, extension = stored.content, stored.mime_type, stored.extension
        else:
            text = str(info.get("content") or info.get("url") or name)
            content, mime_type, extension, file_id = text.encode(), "text/plain", "txt", new_id()
        return cls(info, SourceFile(name, content, mime_type, extension, len(content), id=file_id))


async def make_documents(call: ApiRequest, dataset: StoredDataset, sources: list[PipelineSource]) -> dict[str, Any]:
    """Create the documents of a published pipeline, and return the response body."""
    batch, documents = new_batch(), list[PipelineDocument]()
    rule = StoredRule(PARAGRAPHS["mode"], PARAGRAPHS["rules"])
    kind = "upload_file" if dataset.pipeline is None else dataset.pipeline.datasource_type
    for item in sources:
        source = item.source or SourceFile(str(item.info.get("name") or "untitled"), b"", "text/plain", "txt", 0)
        document = StoredDocument(
            name=source.name,
            position=dataset.next_position(),
            source=source,
            doc_form="text_model",
            doc_language="English",
            rule=rule,
            batch=batch,
            data_source_type=kind,
        )
        if item.source is None:
            document.status, document.error = "error", item.problem
        dataset.documents[document.id] = document
        documents.append(
            PipelineDocument(
                id=document.id,
                position=document.position,
                data_source_type=kind,
                data_source_info=item.info,
                name=document.name,
                indexing_status="waiting",
                error=None,
                enabled=True,
            )
        )
        if call.app.knowledge.index_at_once:
            await index(call.app.knowledge, dataset, document, call.app.failures)
    about = PipelineDataset(
        id=dataset.id, name=dataset.name, description=dataset.description, chunk_structure="text_model"
    )
    return {"batch": batch, "dataset": dump(about), "documents": [dump(document) for document in documents]}


def _reference(file_id: str) -> str:
    record = json.dumps({"record_id": file_id}, separators=(",", ":"))
    return f"dify-file-ref:{b64encode(record.encode()).decode()}"


class Draft:
    """The run of a draft: it makes no documents, and shows the chunks of the first."""

    def __init__(
        self,
        call: ApiRequest,
        dataset: StoredDataset,
        pipeline: StoredPipeline,
        inputs: dict[str, Any],
        sources: list[PipelineSource],
    ) -> None:
        self._call = call
        self._dataset = dataset
        self._pipeline = pipeline
        self._first = sources[0] if sources else PipelineSource({}, None, "no datasource info")
        account, clock = call.app.knowledge.account_id, SystemClock()
        created_at = clock.now()
        ids = Ids(new_id(), None, None, new_id(), pipeline.workflow_id, account, account, at(created_at))
        self._run = Run(ids, {}, created_at, clock.elapsed())
        system: dict[str, Any] = {"sys.files": [], "sys.user_id": account, "sys.app_id": pipeline.id}
        self._run.inputs = {**inputs, **system, "sys.workflow_id": ids.workflow_id, "sys.workflow_run_id": ids.run_id}
        self._script = RunScript(self._run, clock=clock, new_id=new_id)

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield the events of the run, without a ping first."""
        run, nodes, source = self._run, self._script.nodes, self._first.source
        creator = RunCreator(id=run.user, name=ACCOUNT, email="admin@example.com")
        yield workflow_started(run.ids, run.inputs, at(run.created_at))
        node = nodes.begin(self._pipeline.node_id, "datasource", "emulator")
        yield nodes.started(node, extras={"icon": ICON})
        if source is None:
            problem, inputs = self._first.problem, self._first.shown
            yield nodes.finished(node, status="failed", inputs=inputs, outputs={}, error=problem)
            self._script.settle("failed", error=problem)
            yield workflow_finished(run, creator=creator)
            return
        file = EmulatorFile("custom", "local_file", None, source.id, source.name, source.mime_type, source.content)
        link = signed_url(self._call.app, self._call.origin, source.id)
        held = {**dump(file_object(file, url=link)), "id": source.id, "reference": _reference(source.id)}
        about = {"datasource_info": self._first.shown}
        given = {"file": held, "datasource_type": self._pipeline.datasource_type}
        yield nodes.finished(node, inputs=self._first.shown, outputs=given, execution_metadata=about)
        text = source.content.decode("utf-8-sig", "replace")
        chunks = split_text(text, PARAGRAPHS)
        outputs: dict[str, Any] = {
            "chunk_structure": "text_model",
            "preview": [{"content": chunk} for chunk in chunks],
            "qa_preview": [],
            "total_segments": len(chunks),
        }
        steps: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
            ("extract", "document-extractor", "Extract", {"variable_selector": [node.id, "file"]}, {"text": text}),
            ("chunk", "code", "Chunk", {"text": text}, {"result": chunks}),
            ("knowledge_base", "knowledge-index", "Knowledge Base", {"chunks": chunks}, outputs),
        ]
        for id, kind, title, taken, made in steps:
            node = nodes.begin(id, kind, title)
            yield nodes.started(node)
            process_data = {"documents": [held]} if kind == "document-extractor" else {}
            yield nodes.finished(node, inputs=taken, outputs=made, process_data=process_data)
        self._script.settle("succeeded", outputs=outputs)
        yield workflow_finished(run, creator=creator)

    def reply(self) -> dict[str, Any]:
        """Return the run as a blocking reply shows it."""
        run = self._run
        return {"task_id": run.ids.task_id, "workflow_run_id": run.id, "data": run.reply()}
