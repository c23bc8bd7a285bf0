"""Operations of knowledge bases on a mock, such as `mock.knowledge.datasets`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from dify.types import DatasourceEvent, RetrieveRecord

from ..builders import events, replies, streams
from ..builders.wire import Frame
from ..script.ids import Ids
from .calls import MockCall
from .operations import SIGNED_FILE
from .planned_responses import MockedResponse
from .routes import JSONRoute
from .table import Bytes, Empty, Items, Json, Pages, Resource, Stream

__all__ = ["FILES_HOST", "KNOWLEDGE_RESOURCES", "Documents", "Knowledge"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

FILES_HOST = "files.dify.test"
"""Host of the links to files of a mock."""


class Datasets(Resource):
    """Knowledge bases."""

    prefix = "knowledge.datasets"

    create = Json("createDataset", replies.dataset)
    list = Pages("listDatasets", replies.dataset)
    get = Json("getDatasetDetail", replies.dataset)
    update = Json("updateDataset", replies.dataset)
    delete = Empty("deleteDataset")
    retrieve = Json("retrieveSegments", replies.retrieve_result)

    def finds(self, *found: str | RetrieveRecord) -> Resource:
        """Respond to searches with these texts or `replies.retrieve_record(...)`s."""

        def result(call: MockCall) -> MockedResponse:
            return replies.retrieve_result(*found, query=call.query or "")

        self.retrieve.answers(result)
        return self


class Documents(Resource):
    """Documents."""

    prefix = "knowledge.documents"

    create_from_text = Json("createDocumentFromText", replies.document_batch)
    create_from_file = Json("createDocumentFromFile", replies.document_batch)
    list = Pages("listDocuments", replies.document)
    get = Json("getDocumentDetail", replies.document_detail)
    delete = Empty("deleteDocument")
    update_from_text = Json("updateDocumentByText", replies.document_batch)
    update_from_file = Json("updateDocumentByFile", replies.document_batch)
    replace_file = Json("updateDocument", replies.document_batch)
    indexing_status = Json("getDocumentIndexingStatus", replies.indexing_status)
    set_status = Empty("batchUpdateDocumentStatus")
    download_url = Json("downloadDocument", replies.download_url)
    download = Bytes(SIGNED_FILE)
    download_zip = Bytes("downloadDocumentsZip")

    def indexing(self, *, steps: int = 3, error: str | None = None) -> JSONRoute[Any]:
        """Complete the indexing of a document, one step with each status request.

        Args:
            steps: Number of status requests, the last of which returns "completed".
            error: Reason for a failure; the last status is then "error".
        """
        if steps < 1:
            raise ValueError("steps must be 1 or more")
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
        """Respond to `documents.download` with a file: the link, and its content."""
        self.download_url.returns(replies.download_url(f"https://{FILES_HOST}/{filename}"))
        self.download.sends(content, filename=filename)
        return self


class Segments(Resource):
    """Chunks."""

    prefix = "knowledge.segments"

    create = Json("createSegments", replies.segment_list)
    list = Pages("listSegments", replies.segment, "segments")
    get = Json("getSegmentDetail", replies.segment_detail)
    update = Json("updateSegment", replies.segment_detail)
    delete = Empty("deleteSegment")


class ChildChunks(Resource):
    """Child chunks."""

    prefix = "knowledge.child_chunks"

    create = Json("createChildChunk", replies.child_chunk_detail)
    list = Pages("getChildChunks", replies.child_chunk, "total_pages")
    update = Json("updateChildChunk", replies.child_chunk_detail)
    delete = Empty("deleteChildChunk")


class Tags(Resource):
    """Tags."""

    prefix = "knowledge.tags"

    create = Json("createKnowledgeTag", replies.tag)
    list = Items("getKnowledgeTags", replies.tag)
    update = Json("updateKnowledgeTag", replies.tag)
    delete = Empty("deleteKnowledgeTag")
    bind = Empty("bindTagsToDataset")
    unbind = Empty("unbindTagFromDataset")
    for_dataset = Json("queryDatasetTags", replies.dataset_tags)


class Metadata(Resource):
    """Metadata."""

    prefix = "knowledge.metadata"

    create = Json("createMetadataField", replies.metadata_field)
    list = Json("listMetadataFields", replies.metadata_fields)
    update = Json("updateMetadataField", replies.metadata_field)
    delete = Empty("deleteMetadataField")
    built_in = Json("getBuiltInMetadataFields", replies.built_in_fields)
    enable_built_in = Empty("toggleBuiltInMetadataField")
    disable_built_in = Empty("toggleBuiltInMetadataField")
    update_documents = Empty("batchUpdateDocumentMetadata")


class Models(Resource):
    """The AI models of the workspace."""

    prefix = "knowledge.models"

    list = Json("getAvailableModels", replies.model_providers)


def _datasource(text: Sequence[str] | str, _: Ids) -> Sequence[Frame]:
    pages = [{"content": text}] if isinstance(text, str) else [{"content": one} for one in text]
    return [events.datasource_completed(pages, total=len(pages), completed=len(pages))]


def _draft(text: Sequence[str] | str, ids: Ids) -> Sequence[Frame]:
    return streams.workflow_stream(outputs={"preview": [{"content": text}]}, ids=ids)


def _no_reply() -> list[DatasourceEvent]:
    return []


class Pipelines(Resource):
    """Knowledge pipelines.

    `run` responds like a published pipeline, `stream` like a draft.
    """

    prefix = "knowledge.pipelines"

    upload_file = Json("uploadPipelineFile", replies.pipeline_file)
    datasource_plugins = Items("listDatasourcePlugins", replies.datasource_plugin)
    run_datasource_node = Stream("runDatasourceNode", "workflow", _datasource, _no_reply)
    run = Json("runPipeline", replies.pipeline_run)
    stream = Stream("runPipeline", "workflow", _draft, replies.workflow_run)


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
    """Resources that need the knowledge key."""

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
        """Child chunks."""
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
