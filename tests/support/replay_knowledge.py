"""Recorded exchanges of the knowledge resources, made again as calls.

The calls are those of a client of either face: what they return is awaited, or is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from dify.types.datasets import ExternalRetrievalModel, RetrievalModel, RetrieveResult, SummaryIndexSetting
from dify.types.documents import ProcessRule
from dify.types.metadata import MetadataOperation
from dify.types.pipelines import LocalFile
from dify.types.segments import SegmentInput

from .forms import recorded_form
from .recordings import Recording, recordings

GROUPS = {"datasets", "documents", "segments", "tags", "metadata", "retrieve", "models", "pipeline"}

REQUIRED = "leaves out what the method requires"
REFUSED = "the client refuses it before it is sent: servers refuse it too, or do nothing"
NOT_MADE: dict[str, str] = {
    "datasets/app_op_with_dataset_key": "an app's operation: as api_key the client refuses a knowledge key",
    "datasets/create_no_name": REQUIRED,
    "documents/create_file_two": "two files in one form: the method takes one",
    "documents/download_zip_empty": REFUSED,
    "documents/patch_no_file": "the method is for a file; without one, update_from_text changes the rules",
    "documents/status_action_missing": REQUIRED,
    "documents/update_file_no_file": "the method is for a file; without one, update_from_text changes the rules",
    "documents/update_text_empty": REFUSED,
    "documents/update_text_text_no_name": "the method fetches the name first",
    "metadata/batch_empty": REFUSED,
    "metadata/batch_missing": REQUIRED,
    "metadata/create_missing": REQUIRED,
    "pipeline/node_run_missing": REQUIRED,
    "pipeline/upload_no_file": "a form without a file: the method takes one",
    "retrieve/missing_query": REQUIRED,
    "segments/child_create_missing": REQUIRED,
    "segments/child_update_missing": REQUIRED,
    "segments/create_empty": REFUSED,
    "segments/create_missing": REQUIRED,
    "segments/update_missing": "a body without `segment`: the method always sends it",
    "tags/bind_missing": REQUIRED,
    "tags/delete_missing": REQUIRED,
    "tags/unbind_missing": REQUIRED,
    "tags/update_missing": REQUIRED,
}
"""Recorded requests that the client cannot be brought to make, and why."""

OTHER_KEY = {
    "datasets/no_key": "the client refuses to send a call without its key",
    "errors/dataset_op_with_app_key": "as knowledge_api_key the client refuses an app key",
    "models/with_app_key": "as knowledge_api_key the client refuses an app key",
}
"""Recorded requests that are made with a knowledge key here, and were not; their answers are what counts."""


def exchanges() -> list[Recording]:
    """All recorded exchanges of the knowledge resources."""
    of_ours = ("/v1/datasets", "/v1/workspaces")
    return recordings(lambda one: one.name.split("/")[0] in GROUPS or one.path.startswith(of_ours))


def made() -> list[Recording]:
    """Those that are made again."""
    return [one for one in exchanges() if one.name not in NOT_MADE]


def _modelled(model: type[BaseModel], value: Any) -> Any:
    """The value as the model that users would write, where that says the same on the wire; else as the dict it was."""
    try:
        built = model.model_validate(value)
    except ValidationError:
        return value
    return built if built.model_dump(mode="json", exclude_none=True) == value else value


_MODELS: dict[str, type[BaseModel]] = {
    "retrieval_model": RetrievalModel,
    "external_retrieval_model": ExternalRetrievalModel,
    "summary_index_setting": SummaryIndexSetting,
    "process_rule": ProcessRule,
    "segments": SegmentInput,
    "operation_data": MetadataOperation,
    "datasource_info_list": LocalFile,
}


def _arguments(body: Mapping[str, Any]) -> dict[str, Any]:
    arguments = dict(body)
    for name, model in _MODELS.items():
        if isinstance(arguments.get(name), list):
            arguments[name] = [_modelled(model, item) for item in arguments[name]]
        elif name in arguments:
            arguments[name] = _modelled(model, arguments[name])
    return arguments


def _query(one: Recording) -> dict[str, Any]:
    """The query as arguments: numbers as numbers, a name that comes twice as a list."""
    named: dict[str, list[Any]] = {}
    for name, text in one.pairs:
        named.setdefault(name, []).append(int(text) if name in ("page", "limit") else text)
    return {name: values if len(values) > 1 else values[0] for name, values in named.items()}


def call(client: Any, one: Recording) -> Any:
    """The recorded call; pagers give their first page, streams are handed back as they are."""
    knowledge = client.knowledge
    _, _, *ids = one.path.partition("?")[0].split("/")
    if isinstance(one.asked, Mapping) and ("_raw" in one.asked or "_raw_len" in one.asked):
        form = recorded_form(one.asked)
        given = _arguments(form.fields.get("data", {}))
        file = (form.filename, form.content, form.mime_type)
        match one.operation:
            case "createDocumentFromFile":
                return knowledge.documents.create_from_file(ids[1], file, **given)
            case "updateDocument":
                return knowledge.documents.replace_file(ids[1], ids[3], file, **given)
            case "updateDocumentByFile":
                return knowledge.documents.update_from_file(ids[1], ids[3], file, **given)
            case "uploadPipelineFile":
                return knowledge.pipelines.upload_file(file)
            case _:
                raise AssertionError(f"{one.name}: {one.operation} takes no file")
    given, query = _arguments(one.asked or {}), _query(one)
    match one.operation:
        # datasets
        case "createDataset":
            return knowledge.datasets.create(**given)
        case "listDatasets":
            return knowledge.datasets.list(**query).first()
        case "getDatasetDetail":
            return knowledge.datasets.get(ids[1])
        case "updateDataset":
            return knowledge.datasets.update(ids[1], **given)
        case "deleteDataset":
            return knowledge.datasets.delete(ids[1])
        case "retrieveSegments":
            return knowledge.datasets.retrieve(ids[1], **given)
        case None if ids[2] == "hit-testing":  # the older name of retrieve, which has no method
            path = "/" + "/".join(ids)
            return client.request("POST", path, cast_to=RetrieveResult, json=one.asked, key="knowledge")
        # documents
        case "createDocumentFromText":
            return knowledge.documents.create_from_text(ids[1], **given)
        case "updateDocumentByText":
            return knowledge.documents.update_from_text(ids[1], ids[3], **given)
        case "listDocuments":
            return knowledge.documents.list(ids[1], **query).first()
        case "getDocumentDetail":
            return knowledge.documents.get(ids[1], ids[3], **query)
        case "deleteDocument":
            return knowledge.documents.delete(ids[1], ids[3])
        case "batchUpdateDocumentStatus":
            return knowledge.documents.set_status(ids[1], ids[4], **given)
        case "getDocumentIndexingStatus":
            return knowledge.documents.indexing_status(ids[1], ids[3])
        case "downloadDocument":
            return knowledge.documents.download_url(ids[1], ids[3])
        case "downloadDocumentsZip":
            return knowledge.documents.download_zip(ids[1], **given)
        # segments
        case "createSegments":
            return knowledge.segments.create(ids[1], ids[3], **given)
        case "listSegments" | None:
            return knowledge.segments.list(ids[1], ids[3], **query).first()
        case "getSegmentDetail":
            return knowledge.segments.get(ids[1], ids[3], ids[5])
        case "updateSegment":
            return knowledge.segments.update(ids[1], ids[3], ids[5], **given["segment"])
        case "deleteSegment":
            return knowledge.segments.delete(ids[1], ids[3], ids[5])
        case "createChildChunk":
            return knowledge.child_chunks.create(ids[1], ids[3], ids[5], **given)
        case "getChildChunks":
            return knowledge.child_chunks.list(ids[1], ids[3], ids[5], **query).first()
        case "updateChildChunk":
            return knowledge.child_chunks.update(ids[1], ids[3], ids[5], ids[7], **given)
        case "deleteChildChunk":
            return knowledge.child_chunks.delete(ids[1], ids[3], ids[5], ids[7])
        # tags, metadata, models
        case "createKnowledgeTag":
            return knowledge.tags.create(**given)
        case "getKnowledgeTags":
            return knowledge.tags.list()
        case "updateKnowledgeTag":
            return knowledge.tags.update(**given)
        case "deleteKnowledgeTag":
            return knowledge.tags.delete(**given)
        case "bindTagsToDataset":
            return knowledge.tags.bind(**given)
        case "unbindTagFromDataset":
            return knowledge.tags.unbind(unbound(given), target_id=given["target_id"])
        case "queryDatasetTags":
            return knowledge.tags.for_dataset(ids[1])
        case "createMetadataField":
            return knowledge.metadata.create(ids[1], **given)
        case "listMetadataFields":
            return knowledge.metadata.list(ids[1])
        case "updateMetadataField":
            return knowledge.metadata.update(ids[1], ids[3], **given)
        case "deleteMetadataField":
            return knowledge.metadata.delete(ids[1], ids[3])
        case "getBuiltInMetadataFields":
            return knowledge.metadata.built_in(ids[1])
        case "toggleBuiltInMetadataField":
            return getattr(knowledge.metadata, f"{ids[4]}_built_in")(ids[1])
        case "batchUpdateDocumentMetadata":
            return knowledge.metadata.update_documents(ids[1], **given)
        case "getAvailableModels":
            return knowledge.models.list(ids[4])
        # pipelines
        case "listDatasourcePlugins":
            flags = {name: value == "true" for name, value in query.items()}
            return knowledge.pipelines.datasource_plugins(ids[1], **flags)
        case "runDatasourceNode":
            return knowledge.pipelines.run_datasource_node(ids[1], ids[5], **given)
        case "runPipeline":
            return knowledge.pipelines.run(ids[1], **given)
        case _:
            raise AssertionError(f"{one.name}: nobody has said which method {one.operation} is")


def unbound(asked: Mapping[str, Any]) -> list[str]:
    """The tags to take off, under whichever name they were recorded."""
    return asked["tag_ids"] if "tag_ids" in asked else [asked["tag_id"]]
