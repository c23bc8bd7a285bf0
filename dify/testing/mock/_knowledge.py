"""The operations of knowledge bases, as a mock has them: `mock.knowledge.datasets`, `mock.knowledge.documents`, ..."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from dify.types import DatasourceEvent, RetrieveRecord

from ..builders import events, replies, streams
from ..builders.wire import Frame
from ..script.ids import Ids
from ._calls import MockCall
from ._plans import Answered
from ._routes import JSONRoute
from ._table import SUCCESS, Bytes, Empty, Items, Json, Pages, Resource, Stream

__all__ = ["FILES_HOST", "KNOWLEDGE_RESOURCES", "Documents", "Knowledge"]

FILES_HOST = "files.dify.test"
"""Where links to files lead that a mock gives."""

_DATASET = "/datasets/{dataset_id}"
_DOCUMENTS = f"{_DATASET}/documents"
_DOCUMENT = f"{_DOCUMENTS}/{{document_id}}"
_SEGMENTS = f"{_DOCUMENT}/segments"
_SEGMENT = f"{_SEGMENTS}/{{segment_id}}"
_CHUNKS = f"{_SEGMENT}/child_chunks"
_PIPELINE = f"{_DATASET}/pipeline"
_BUILT_IN = f"{_DATASET}/metadata/built-in"


class Datasets(Resource):
    """Knowledge bases."""

    prefix = "knowledge.datasets"

    create = Json("createDataset", "POST", "/datasets", replies.dataset)
    list = Pages("listDatasets", "/datasets", "page", replies.dataset)
    get = Json("getDatasetDetail", "GET", _DATASET, replies.dataset)
    update = Json("updateDataset", "PATCH", _DATASET, replies.dataset)
    delete = Empty("deleteDataset", "DELETE", _DATASET)
    retrieve = Json("retrieveSegments", "POST", f"{_DATASET}/retrieve", replies.retrieve_result)

    def finds(self, *found: str | RetrieveRecord) -> Resource:
        """Let searches find these texts, or records from `replies.retrieve_record(...)`."""

        def result(call: MockCall) -> Answered:
            return replies.retrieve_result(*found, query=call.query or "")

        self.retrieve.answers(result)
        return self


class Documents(Resource):
    """Documents."""

    prefix = "knowledge.documents"

    create_from_text = Json(
        "createDocumentFromText", "POST", f"{_DATASET}/document/create-by-text", replies.document_batch
    )
    create_from_file = Json(
        "createDocumentFromFile", "POST", f"{_DATASET}/document/create-by-file", replies.document_batch
    )
    list = Pages("listDocuments", _DOCUMENTS, "page", replies.document)
    get = Json("getDocumentDetail", "GET", _DOCUMENT, replies.document_detail)
    delete = Empty("deleteDocument", "DELETE", _DOCUMENT)
    update_from_text = Json("updateDocumentByText", "POST", f"{_DOCUMENT}/update-by-text", replies.document_batch)
    update_from_file = Json("updateDocumentByFile", "POST", f"{_DOCUMENT}/update-by-file", replies.document_batch)
    replace_file = Json("updateDocument", "PATCH", _DOCUMENT, replies.document_batch)
    indexing_status = Json(
        "getDocumentIndexingStatus", "GET", f"{_DOCUMENTS}/{{batch}}/indexing-status", replies.indexing_status
    )
    set_status = Empty("batchUpdateDocumentStatus", "PATCH", f"{_DOCUMENTS}/status/{{action}}", SUCCESS)
    download_url = Json("downloadDocument", "GET", f"{_DOCUMENT}/download", replies.download_url)
    download = Bytes("signedFile", "GET", "/{file_name}", based=False)
    download_zip = Bytes("downloadDocumentsZip", "POST", f"{_DOCUMENTS}/download-zip")

    def indexing(self, *, steps: int = 3, error: str | None = None) -> JSONRoute[Any]:
        """Let a document's indexing come to its end, a step with each look at it.

        Args:
            steps: How many looks it takes, the last of which finds it "completed".
            error: Why it fails; the last look then finds "error".
        """
        if steps < 1:
            raise ValueError("steps counts looks: 1 or more")
        before = steps - 1
        early = ("waiting", "parsing", "cleaning", "splitting")[: max(0, before - 1)]
        route = self.indexing_status
        for state in early:
            route.returns(replies.indexing_status(state))
        left = before - len(early)
        for number in range(left):
            route.returns(replies.indexing_status("indexing", completed_segments=number, total_segments=left))
        if error is None:
            total = max(left, 1)
            last = replies.indexing_status("completed", completed_segments=total, total_segments=total)
        else:
            last = replies.indexing_status("error", error=error)
        return route.returns(last)

    def downloads(self, content: bytes, *, filename: str = "handbook.md") -> Resource:
        """Let `documents.download` bring a file: the link to it, and what lies there."""
        self.download_url.returns(replies.download_url(f"https://{FILES_HOST}/{filename}"))
        self.download.sends(content, filename=filename)
        return self


class Segments(Resource):
    """Chunks."""

    prefix = "knowledge.segments"

    create = Json("createSegments", "POST", _SEGMENTS, replies.segment_list)
    list = Pages("listSegments", _SEGMENTS, "segments", replies.segment)
    get = Json("getSegmentDetail", "GET", _SEGMENT, replies.segment_detail)
    update = Json("updateSegment", "POST", _SEGMENT, replies.segment_detail)
    delete = Empty("deleteSegment", "DELETE", _SEGMENT)


class ChildChunks(Resource):
    """Chunks within chunks."""

    prefix = "knowledge.child_chunks"

    create = Json("createChildChunk", "POST", _CHUNKS, replies.child_chunk_detail)
    list = Pages("getChildChunks", _CHUNKS, "total_pages", replies.child_chunk)
    update = Json("updateChildChunk", "PATCH", f"{_CHUNKS}/{{child_chunk_id}}", replies.child_chunk_detail)
    delete = Empty("deleteChildChunk", "DELETE", f"{_CHUNKS}/{{child_chunk_id}}")


class Tags(Resource):
    """Tags."""

    prefix = "knowledge.tags"

    create = Json("createKnowledgeTag", "POST", "/datasets/tags", replies.tag)
    list = Items("getKnowledgeTags", "/datasets/tags", replies.tag)
    update = Json("updateKnowledgeTag", "PATCH", "/datasets/tags", replies.tag)
    delete = Empty("deleteKnowledgeTag", "DELETE", "/datasets/tags")
    bind = Empty("bindTagsToDataset", "POST", "/datasets/tags/binding")
    unbind = Empty("unbindTagFromDataset", "POST", "/datasets/tags/unbinding")
    for_dataset = Json("queryDatasetTags", "GET", f"{_DATASET}/tags", replies.dataset_tags)


class Metadata(Resource):
    """Metadata."""

    prefix = "knowledge.metadata"

    create = Json("createMetadataField", "POST", f"{_DATASET}/metadata", replies.metadata_field, status=201)
    list = Json("listMetadataFields", "GET", f"{_DATASET}/metadata", replies.metadata_fields)
    update = Json("updateMetadataField", "PATCH", f"{_DATASET}/metadata/{{metadata_id}}", replies.metadata_field)
    delete = Empty("deleteMetadataField", "DELETE", f"{_DATASET}/metadata/{{metadata_id}}")
    built_in = Json("getBuiltInMetadataFields", "GET", _BUILT_IN, replies.built_in_fields)
    enable_built_in = Empty("toggleBuiltInMetadataField", "POST", f"{_BUILT_IN}/{{action}}", SUCCESS)
    disable_built_in = Empty("toggleBuiltInMetadataField", "POST", f"{_BUILT_IN}/{{action}}", SUCCESS)
    update_documents = Empty("batchUpdateDocumentMetadata", "POST", f"{_DOCUMENTS}/metadata", SUCCESS)


class Models(Resource):
    """The AI models of the workspace."""

    prefix = "knowledge.models"

    list = Json(
        "getAvailableModels", "GET", "/workspaces/current/models/model-types/{model_type}", replies.model_providers
    )


def _datasource(text: Sequence[str] | str, _: Ids) -> Sequence[Frame]:
    pages = [{"content": text}] if isinstance(text, str) else [{"content": one} for one in text]
    return [events.datasource_completed(pages, total=len(pages), completed=len(pages))]


def _draft(text: Sequence[str] | str, ids: Ids) -> Sequence[Frame]:
    return streams.workflow_stream(outputs={"preview": [{"content": text}]}, ids=ids)


def _no_reply() -> list[DatasourceEvent]:
    return []


class Pipelines(Resource):
    """Knowledge pipelines. `run` answers as published ones do, `stream` as drafts."""

    prefix = "knowledge.pipelines"

    upload_file = Json(
        "uploadPipelineFile", "POST", "/datasets/pipeline/file-upload", replies.pipeline_file, status=201
    )
    datasource_plugins = Items("listDatasourcePlugins", f"{_PIPELINE}/datasource-plugins", replies.datasource_plugin)
    run_datasource_node = Stream(
        "runDatasourceNode", "POST", f"{_PIPELINE}/datasource/nodes/{{node_id}}/run", "workflow", _datasource, _no_reply
    )
    run = Json("runPipeline", "POST", f"{_PIPELINE}/run", replies.pipeline_run)
    stream = Stream("runPipeline", "POST", f"{_PIPELINE}/run", "workflow", _draft, replies.workflow_run)


KNOWLEDGE_RESOURCES: tuple[type[Resource], ...] = (
    Datasets,
    Documents,
    Segments,
    ChildChunks,
    Tags,
    Metadata,
    Models,
    Pipelines,
)


class Knowledge(Resource):
    """Everything that takes the knowledge key."""

    prefix = "knowledge"

    @cached_property
    def datasets(self) -> Datasets:
        """Knowledge bases."""
        return Datasets(self._owner)

    @cached_property
    def documents(self) -> Documents:
        """Documents."""
        return Documents(self._owner)

    @cached_property
    def segments(self) -> Segments:
        """Chunks."""
        return Segments(self._owner)

    @cached_property
    def child_chunks(self) -> ChildChunks:
        """Chunks within chunks."""
        return ChildChunks(self._owner)

    @cached_property
    def tags(self) -> Tags:
        """Tags."""
        return Tags(self._owner)

    @cached_property
    def metadata(self) -> Metadata:
        """Metadata."""
        return Metadata(self._owner)

    @cached_property
    def models(self) -> Models:
        """The AI models of the workspace."""
        return Models(self._owner)

    @cached_property
    def pipelines(self) -> Pipelines:
        """Knowledge pipelines."""
        return Pipelines(self._owner)
