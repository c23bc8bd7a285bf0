"""The table of operations of Dify's Service API.

It has routes, keys, retry rules, responses and client methods. Pure data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = [
    "OPERATIONS",
    "SERVER_ONLY",
    "TEXT_PARAMETERS",
    "KeyKind",
    "Operation",
    "Paging",
    "Release",
    "ResponseKind",
    "ServerRoute",
    "missing_route",
    "refuses_before_work",
    "release_of",
]

Release = Literal["0.10", "1.9", "1.14"]
"""The oldest of the tested releases that has a route; the route may have been added between two of them."""

V0: Release = "0.10"
V1: Release = "1.9"
V2: Release = "1.14"

KeyKind = Literal["app", "knowledge", "none"]
"""The API key that a request sends."""

ResponseKind = Literal["json", "stream", "bytes"]
"""The kind of a response body: JSON (or nothing), server-sent events, or a file."""

Paging = Literal["first_id", "last_id", "page"]
"""The parameter that selects a page: a cursor before its first item, a cursor after its last item, or a number."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A documented operation of the Service API.

    Attributes:
        id: Name in Dify's API description.
        method: HTTP method.
        path: Path below the base URL, with parameters in braces.
        since: Oldest tested release that has the route.
        calls: Methods of the client that send it, the usual one first.
        key: The API key that it requires.
        repeatable: Sending it twice is harmless, so it is retried after lost connections and gateway errors.
        status: HTTP status of a successful response in current releases. The client accepts every 2xx status.
        response: Kind of the response body. Operations with "stream" return JSON in blocking mode.
        paging: Parameter that selects a page of a list; None for other operations.
    """

    id: str
    method: str
    path: str
    since: Release
    calls: tuple[str, ...]
    key: KeyKind
    repeatable: bool
    status: int
    response: ResponseKind
    paging: Paging | None


@dataclass(frozen=True, slots=True)
class ServerRoute:
    """A route that servers have and Dify does not document.

    Attributes:
        method: HTTP method.
        path: Path below the base URL.
        call: Method of the client that sends it, or None if the client has none.
        reason: Why the client has or lacks such a method.
    """

    method: str
    path: str
    call: str | None
    reason: str


def _op(
    id: str,
    method: str,
    path: str,
    since: Release,
    *calls: str,
    repeatable: bool = False,
    status: int | None = None,
    response: ResponseKind = "json",
    paging: Paging | None = None,
) -> Operation:
    """Return an operation with the defaults of its method.

    Only POST and PATCH have to state that they are repeatable.
    """
    return Operation(
        id,
        method,
        path,
        since,
        calls,
        key="knowledge" if calls[0].startswith("knowledge.") else "app",
        repeatable=repeatable or method in ("GET", "PUT", "DELETE"),
        status=status or (204 if method == "DELETE" else 200),
        response=response,
        paging=paging,
    )


_DATASET = "/datasets/{dataset_id}"
_DOCUMENTS = f"{_DATASET}/documents"
_DOCUMENT = f"{_DOCUMENTS}/{{document_id}}"
_SEGMENTS = f"{_DOCUMENT}/segments"
_SEGMENT = f"{_SEGMENTS}/{{segment_id}}"
_CHUNKS = f"{_SEGMENT}/child_chunks"
_PIPELINE = f"{_DATASET}/pipeline"

# fmt: off
_TABLE = (
    # messages and runs
    _op("sendChatMessage", "POST", "/chat-messages", V0, "chat.send", "chat.stream", response="stream"),
    _op("stopChatMessageGeneration", "POST", "/chat-messages/{task_id}/stop", V0, "chat.stop", repeatable=True),
    _op("createCompletionMessage", "POST", "/completion-messages", V0,
        "completions.create", "completions.stream", response="stream"),
    _op("stopGenerate", "POST", "/completion-messages/{task_id}/stop", V0, "completions.stop", repeatable=True),
    _op("executeWorkflow", "POST", "/workflows/run", V0, "workflows.run", "workflows.stream", response="stream"),
    _op("runWorkflowById", "POST", "/workflows/{workflow_id}/run", V1,
        "workflows.run", "workflows.stream", response="stream"),
    _op("stopWorkflowTaskGeneration", "POST", "/workflows/tasks/{task_id}/stop", V0,
        "workflows.stop", repeatable=True),
    _op("getWorkflowRunDetail", "GET", "/workflows/run/{workflow_run_id}", V0, "workflows.get"),
    _op("getWorkflowLogs", "GET", "/workflows/logs", V0, "workflows.logs", paging="page"),
    _op("streamWorkflowEvents", "GET", "/workflow/{workflow_run_id}/events", V2,
        "workflows.events", "chat.events", response="stream"),
    _op("getChatflowHumanInputForm", "GET", "/form/human_input/{form_token}", V2, "human_input.get"),
    _op("submitChatflowHumanInputForm", "POST", "/form/human_input/{form_token}", V2, "human_input.submit"),
    # conversations and messages
    _op("getConversationsList", "GET", "/conversations", V0, "conversations.list", paging="last_id"),
    _op("renameConversation", "POST", "/conversations/{conversation_id}/name", V0, "conversations.rename"),
    _op("deleteConversation", "DELETE", "/conversations/{conversation_id}", V0, "conversations.delete"),
    _op("getConversationVariables", "GET", "/conversations/{conversation_id}/variables", V1,
        "conversations.variables", paging="last_id"),
    _op("updateChatConversationVariable", "PUT", "/conversations/{conversation_id}/variables/{variable_id}", V1,
        "conversations.update_variable"),
    _op("getConversationHistory", "GET", "/messages", V0, "messages.list", paging="first_id"),
    _op("getSuggestedQuestions", "GET", "/messages/{message_id}/suggested", V0, "messages.suggested_questions"),
    _op("postChatMessageFeedback", "POST", "/messages/{message_id}/feedbacks", V0,
        "messages.feedback", repeatable=True),
    # files, audio, the app
    _op("uploadChatFile", "POST", "/files/upload", V0, "files.upload", status=201),
    _op("previewChatFile", "GET", "/files/{file_id}/preview", V1, "files.download", response="bytes"),
    _op("audioToText", "POST", "/audio-to-text", V0, "audio.transcribe"),
    _op("textToAudioChat", "POST", "/text-to-audio", V0, "audio.synthesize", response="bytes"),
    _op("getChatAppInfo", "GET", "/info", V0, "app.info"),
    _op("getChatAppParameters", "GET", "/parameters", V0, "app.parameters"),
    _op("getChatAppMeta", "GET", "/meta", V0, "app.meta"),
    _op("getChatWebAppSettings", "GET", "/site", V1, "app.site"),
    _op("getChatAppFeedbacks", "GET", "/app/feedbacks", V1, "app.feedbacks", paging="page"),
    _op("getEndUserChat", "GET", "/end-users/{end_user_id}", V2, "end_users.get"),
    # annotations
    _op("getAnnotationList", "GET", "/apps/annotations", V1, "annotations.list", paging="page"),
    _op("createAnnotation", "POST", "/apps/annotations", V1, "annotations.create", status=201),
    _op("updateAnnotation", "PUT", "/apps/annotations/{annotation_id}", V1, "annotations.update"),
    _op("deleteAnnotation", "DELETE", "/apps/annotations/{annotation_id}", V1, "annotations.delete"),
    _op("initialAnnotationReplySettings", "POST", "/apps/annotation-reply/{action}", V1,
        "annotations.enable_reply", "annotations.disable_reply"),
    _op("getInitialAnnotationReplySettingsStatus", "GET", "/apps/annotation-reply/{action}/status/{job_id}", V1,
        "annotations.reply_status"),
    # knowledge bases
    _op("createDataset", "POST", "/datasets", V0, "knowledge.datasets.create"),
    _op("listDatasets", "GET", "/datasets", V0, "knowledge.datasets.list", paging="page"),
    _op("getDatasetDetail", "GET", _DATASET, V1, "knowledge.datasets.get"),
    _op("updateDataset", "PATCH", _DATASET, V1, "knowledge.datasets.update", repeatable=True),
    _op("deleteDataset", "DELETE", _DATASET, V0, "knowledge.datasets.delete"),
    _op("retrieveSegments", "POST", f"{_DATASET}/retrieve", V1, "knowledge.datasets.retrieve", repeatable=True),
    # documents
    _op("createDocumentFromText", "POST", f"{_DATASET}/document/create-by-text", V1,
        "knowledge.documents.create_from_text"),
    _op("createDocumentFromFile", "POST", f"{_DATASET}/document/create-by-file", V1,
        "knowledge.documents.create_from_file"),
    _op("listDocuments", "GET", _DOCUMENTS, V0, "knowledge.documents.list", paging="page"),
    _op("getDocumentDetail", "GET", _DOCUMENT, V1, "knowledge.documents.get"),
    _op("deleteDocument", "DELETE", _DOCUMENT, V0, "knowledge.documents.delete"),
    _op("updateDocumentByText", "POST", f"{_DOCUMENT}/update-by-text", V1, "knowledge.documents.update_from_text"),
    _op("updateDocumentByFile", "POST", f"{_DOCUMENT}/update-by-file", V1, "knowledge.documents.update_from_file"),
    _op("updateDocument", "PATCH", _DOCUMENT, V2, "knowledge.documents.replace_file"),
    _op("getDocumentIndexingStatus", "GET", f"{_DOCUMENTS}/{{batch}}/indexing-status", V0,
        "knowledge.documents.indexing_status"),
    _op("batchUpdateDocumentStatus", "PATCH", f"{_DOCUMENTS}/status/{{action}}", V1,
        "knowledge.documents.set_status", repeatable=True),
    _op("downloadDocument", "GET", f"{_DOCUMENT}/download", V2, "knowledge.documents.download_url"),
    _op("downloadDocumentsZip", "POST", f"{_DOCUMENTS}/download-zip", V2,
        "knowledge.documents.download_zip", repeatable=True, response="bytes"),
    # chunks
    _op("createSegments", "POST", _SEGMENTS, V0, "knowledge.segments.create"),
    _op("listSegments", "GET", _SEGMENTS, V0, "knowledge.segments.list", paging="page"),
    _op("getSegmentDetail", "GET", _SEGMENT, V1, "knowledge.segments.get"),
    _op("updateSegment", "POST", _SEGMENT, V0, "knowledge.segments.update"),
    _op("deleteSegment", "DELETE", _SEGMENT, V0, "knowledge.segments.delete"),
    _op("createChildChunk", "POST", _CHUNKS, V1, "knowledge.child_chunks.create"),
    _op("getChildChunks", "GET", _CHUNKS, V1, "knowledge.child_chunks.list", paging="page"),
    _op("updateChildChunk", "PATCH", f"{_CHUNKS}/{{child_chunk_id}}", V1, "knowledge.child_chunks.update"),
    _op("deleteChildChunk", "DELETE", f"{_CHUNKS}/{{child_chunk_id}}", V1, "knowledge.child_chunks.delete"),
    # tags
    _op("createKnowledgeTag", "POST", "/datasets/tags", V1, "knowledge.tags.create"),
    _op("getKnowledgeTags", "GET", "/datasets/tags", V1, "knowledge.tags.list"),
    _op("updateKnowledgeTag", "PATCH", "/datasets/tags", V1, "knowledge.tags.update", repeatable=True),
    _op("deleteKnowledgeTag", "DELETE", "/datasets/tags", V1, "knowledge.tags.delete"),
    _op("bindTagsToDataset", "POST", "/datasets/tags/binding", V1,
        "knowledge.tags.bind", repeatable=True, status=204),
    _op("unbindTagFromDataset", "POST", "/datasets/tags/unbinding", V1,
        "knowledge.tags.unbind", repeatable=True, status=204),
    _op("queryDatasetTags", "GET", f"{_DATASET}/tags", V1, "knowledge.tags.for_dataset"),
    # metadata
    _op("createMetadataField", "POST", f"{_DATASET}/metadata", V1, "knowledge.metadata.create", status=201),
    _op("listMetadataFields", "GET", f"{_DATASET}/metadata", V1, "knowledge.metadata.list"),
    _op("updateMetadataField", "PATCH", f"{_DATASET}/metadata/{{metadata_id}}", V1,
        "knowledge.metadata.update", repeatable=True),
    _op("deleteMetadataField", "DELETE", f"{_DATASET}/metadata/{{metadata_id}}", V1, "knowledge.metadata.delete"),
    _op("getBuiltInMetadataFields", "GET", f"{_DATASET}/metadata/built-in", V1, "knowledge.metadata.built_in"),
    _op("toggleBuiltInMetadataField", "POST", f"{_DATASET}/metadata/built-in/{{action}}", V1,
        "knowledge.metadata.enable_built_in", "knowledge.metadata.disable_built_in", repeatable=True),
    _op("batchUpdateDocumentMetadata", "POST", f"{_DOCUMENTS}/metadata", V1,
        "knowledge.metadata.update_documents", repeatable=True),
    # models
    _op("getAvailableModels", "GET", "/workspaces/current/models/model-types/{model_type}", V1,
        "knowledge.models.list"),
    # knowledge pipelines
    _op("uploadPipelineFile", "POST", "/datasets/pipeline/file-upload", V2,
        "knowledge.pipelines.upload_file", status=201),
    _op("listDatasourcePlugins", "GET", f"{_PIPELINE}/datasource-plugins", V2,
        "knowledge.pipelines.datasource_plugins"),
    _op("runDatasourceNode", "POST", f"{_PIPELINE}/datasource/nodes/{{node_id}}/run", V2,
        "knowledge.pipelines.run_datasource_node", response="stream"),
    _op("runPipeline", "POST", f"{_PIPELINE}/run", V2,
        "knowledge.pipelines.run", "knowledge.pipelines.stream", response="stream"),
)
# fmt: on

OPERATIONS: Mapping[str, Operation] = MappingProxyType({one.id: one for one in _TABLE})
"""The documented operations by their id."""

_OLD_SPELLING = "an old spelling of the route with hyphens, which servers have had since 1.9; deprecated"

SERVER_ONLY: tuple[ServerRoute, ...] = (
    ServerRoute("GET", "/", "server", "needs no key: a 404 page on most servers, whose headers name the version"),
    ServerRoute("POST", f"{_DATASET}/hit-testing", None, "the same as `retrieve`, by an older name"),
    ServerRoute("POST", f"{_DATASET}/document/create_by_text", None, _OLD_SPELLING),
    ServerRoute("POST", f"{_DATASET}/document/create_by_file", None, _OLD_SPELLING),
    ServerRoute("POST", f"{_DOCUMENT}/update_by_text", None, _OLD_SPELLING),
    ServerRoute("POST", f"{_DOCUMENT}/update_by_file", None, _OLD_SPELLING),
)
"""The routes that servers have beyond the documented operations."""


TEXT_PARAMETERS = frozenset(
    {"task_id", "workflow_run_id", "workflow_id", "form_token", "batch", "action", "node_id", "model_type"}
)
"""Path parameters that may be any text; the server's router accepts only UUIDs for the others."""


def release_of(version: str | None) -> tuple[int, int] | None:
    """Return the first two numbers of a version, or None where it has none.

    Example:
        >>> release_of("1.14.2"), release_of("v2.0-beta"), release_of("main"), release_of(None)
        ((1, 14), (2, 0), None, None)
    """
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})", (version or "").strip())
    return (int(found[1]), int(found[2])) if found else None


def refuses_before_work(operation: str) -> bool:
    """Return True if a 503 of an operation means that it was not processed.

    The code of such a response is `service_unavailable`.

    Dify documents this for operations that create and change documents and chunks. Gateways use the same code anywhere.

    Example:
        >>> refuses_before_work("createDocumentFromText"), refuses_before_work("sendChatMessage")
        (True, False)
    """
    known = OPERATIONS.get(operation)
    return known is not None and known.path.startswith(f"{_DATASET}/document")


def missing_route(operation: str, server_version: str | None) -> str | None:
    """Return the hint for a known operation whose route the server does not have.

    Such a server responds with a web page.

    Example:
        >>> missing_route("getEndUserChat", "1.12.1")
        'GET /end-users/{end_user_id} came with Dify 1.14 at the latest, and this server says that it is 1.12.1'
        >>> missing_route("getEndUserChat", "1.16.0")
        'this server (1.16.0) has GET /end-users/{end_user_id}: an id in it is malformed; ids are UUIDs'
        >>> missing_route("getChatAppInfo", "1.16.0")
        'this server (1.16.0) has GET /info: check the base URL, and gateways on the way'
    """
    known = OPERATIONS.get(operation)
    if known is None:
        return None
    route, says = f"{known.method} {known.path}", release_of(server_version)
    if says is None:
        who = f"says that it is {server_version[:40]!r}" if server_version else "does not say its version"
        return f"Dify has {route} from {known.since} on, and this server {who}; check the base URL, and the ids in it"
    if says < (release_of(known.since) or says):
        return f"{route} came with Dify {known.since} at the latest, and this server says that it is {server_version}"
    if set(re.findall(r"{(\w+)}", known.path)) - TEXT_PARAMETERS:
        return f"this server ({server_version}) has {route}: an id in it is malformed; ids are UUIDs"
    return f"this server ({server_version}) has {route}: check the base URL, and gateways on the way"
