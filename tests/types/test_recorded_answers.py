"""Every recorded response of a real server fits its model and loses nothing; so does Dify's description of its API."""

import json
import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, cast

import pytest
from pydantic import BaseModel

from dify.types._base import ResponseModel
from dify.types.annotations import Annotation, AnnotationReplyJob
from dify.types.app import AppInfo, AppMeta, AppParameters, SiteSettings
from dify.types.audio import Transcription
from dify.types.conversations import Conversation, ConversationVariable
from dify.types.datasets import Dataset, ExternalRetrievalModel, RetrievalModel, RetrieveResult, SummaryIndexSetting
from dify.types.documents import Document, DocumentBatch, DocumentDetail, DownloadURL, IndexingStatus, ProcessRule
from dify.types.end_users import EndUser
from dify.types.messages import Feedback, Message, SuggestedQuestions
from dify.types.metadata import BuiltInFields, MetadataField, MetadataFields, MetadataOperation
from dify.types.models import ModelProviders
from dify.types.pipelines import (
    DatasourcePlugin,
    LocalFile,
    OnlineDocument,
    OnlineDriveFile,
    PipelineFile,
    PipelineRun,
    WebPage,
)
from dify.types.segments import (
    ChildChunk,
    ChildChunkDetail,
    Segment,
    SegmentDetail,
    SegmentInput,
    SegmentList,
    SegmentUpdate,
)
from dify.types.tags import DatasetTags, Tag
from dify.types.workflows import WorkflowRun
from tests.contract.openapi import contract, needs_contract, resolve
from tests.support.recordings import ROOT

# What an operation answers as a whole.
WHOLE: dict[str, type[BaseModel]] = {
    "audioToText": Transcription,
    "createAnnotation": Annotation,
    "createChildChunk": ChildChunkDetail,
    "createDataset": Dataset,
    "createDocumentFromFile": DocumentBatch,
    "createDocumentFromText": DocumentBatch,
    "createKnowledgeTag": Tag,
    "createMetadataField": MetadataField,
    "createSegments": SegmentList,
    "downloadDocument": DownloadURL,
    "getAvailableModels": ModelProviders,
    "getBuiltInMetadataFields": BuiltInFields,
    "getChatAppInfo": AppInfo,
    "getChatAppMeta": AppMeta,
    "getChatAppParameters": AppParameters,
    "getChatWebAppSettings": SiteSettings,
    "getDatasetDetail": Dataset,
    "getDocumentDetail": DocumentDetail,
    "getDocumentIndexingStatus": IndexingStatus,
    "getEndUserChat": EndUser,
    "getInitialAnnotationReplySettingsStatus": AnnotationReplyJob,
    "getSegmentDetail": SegmentDetail,
    "getSuggestedQuestions": SuggestedQuestions,
    "initialAnnotationReplySettings": AnnotationReplyJob,
    "listMetadataFields": MetadataFields,
    "queryDatasetTags": DatasetTags,
    "renameConversation": Conversation,
    "retrieveSegments": RetrieveResult,
    "runPipeline": PipelineRun,
    "updateAnnotation": Annotation,
    "updateChatConversationVariable": ConversationVariable,
    "updateChildChunk": ChildChunkDetail,
    "updateDataset": Dataset,
    "updateDocument": DocumentBatch,
    "updateDocumentByFile": DocumentBatch,
    "updateDocumentByText": DocumentBatch,
    "updateKnowledgeTag": Tag,
    "updateMetadataField": MetadataField,
    "updateSegment": SegmentDetail,
    "uploadPipelineFile": PipelineFile,
}

# What the pages of a list hold; the page itself is not modelled per noun, so its other members are named here.
CURSOR = {"limit", "has_more"}
NUMBERED = {"limit", "has_more", "page", "total"}
PAGES: dict[str, tuple[type[BaseModel], set[str]]] = {
    "getAnnotationList": (Annotation, NUMBERED),
    "getChatAppFeedbacks": (Feedback, set()),
    "getChildChunks": (ChildChunk, {"limit", "page", "total", "total_pages"}),
    "getConversationHistory": (Message, CURSOR),
    "getConversationVariables": (ConversationVariable, CURSOR),
    "getConversationsList": (Conversation, CURSOR),
    "listDatasets": (Dataset, NUMBERED),
    "listDocuments": (Document, NUMBERED),
    "listSegments": (Segment, NUMBERED | {"doc_form"}),
}

# Operations that answer a bare array.
ARRAYS: dict[str, type[BaseModel]] = {
    "getKnowledgeTags": Tag,
    "listDatasourcePlugins": DatasourcePlugin,
}

# Operations whose answer tells nothing but that they succeeded; the client returns None for them.
SILENT = (
    {"batchUpdateDocumentMetadata", "batchUpdateDocumentStatus", "toggleBuiltInMetadataField"}
    | {"bindTagsToDataset", "unbindTagFromDataset", "postChatMessageFeedback", "submitChatflowHumanInputForm"}
    | {"deleteAnnotation", "deleteConversation", "deleteDataset", "deleteDocument", "deleteKnowledgeTag"}
    | {"deleteMetadataField", "deleteSegment", "deleteChildChunk"}
    | {"stopChatMessageGeneration", "stopGenerate", "stopWorkflowTaskGeneration"}
)

# Operations that answer with bytes.
BINARY = {"downloadDocumentsZip", "previewChatFile", "textToAudioChat"}

# Messages, runs, forms and files of apps: their models have tests of their own.
ELSEWHERE = (
    {"sendChatMessage", "createCompletionMessage", "executeWorkflow", "runWorkflowById", "runDatasourceNode"}
    | {"streamWorkflowEvents", "getWorkflowRunDetail", "getWorkflowLogs", "getChatflowHumanInputForm"}
    | {"uploadChatFile"}
)

MODELLED = sorted([*WHOLE, *PAGES, *ARRAYS])

# Recordings of routes that the contract does not name, by the operation whose answer they give.
ALIASES = {"retrieve/hit_testing_path": "retrieveSegments", "segments/list_status_two": "listSegments"}

# Fields that recordings show and no model declares: {"Model.field": reason}.
UNDECLARED_IN_RECORDINGS: dict[str, str] = {}

# Properties that the contract has and no model declares: {"operation: path": reason}.
UNDECLARED_IN_CONTRACT: dict[str, str] = {}


class Recorded(NamedTuple):
    case: str
    body: Any


@cache
def recordings() -> dict[str, list[Recorded]]:
    """The JSON answers with a 2xx status, by operation."""
    found: dict[str, list[Recorded]] = {}
    for path in sorted(ROOT.glob("*/*.json")):
        record = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        case, answer = f"{path.parent.name}/{path.stem}", record["response"]
        headers: list[tuple[str, str]] = answer["headers"] or []
        is_json = any(name.lower() == "content-type" and "json" in value for name, value in headers)
        if (answer["status"] or 0) // 100 == 2 and "body" in answer and is_json:
            operation = ALIASES.get(case) or record["operation_id"]
            found.setdefault(operation, []).append(Recorded(case, answer["body"]))
    return found


def parts(operation: str, body: Any) -> Iterator[tuple[type[BaseModel], Any]]:
    """The models that an answer is made of, each with the JSON that it has to hold."""
    if operation in PAGES:
        item, others = PAGES[operation]
        assert set(body) == {"data"} | others, f"a page of {operation} has other members than expected"
        yield from ((item, each) for each in body["data"])
    elif operation in ARRAYS:
        yield from ((ARRAYS[operation], each) for each in body)
    elif operation == "runPipeline" and "workflow_run_id" in body:
        # The blocking run of a draft answers as a workflow does.
        yield WorkflowRun, body
    else:
        yield WHOLE[operation], body


def lost(sent: Any, kept: Any, path: str = "") -> Iterator[str]:
    """The places where `kept` lacks or changes something of `sent`."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for key, value in cast("dict[str, Any]", sent).items():
            if key in kept:
                yield from lost(value, kept[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is missing"
    elif isinstance(sent, list) and isinstance(kept, list):
        one, other = cast("list[Any]", sent), cast("list[Any]", kept)
        if len(one) != len(other):
            yield f"{path} has {len(other)} items and not {len(one)}"
        for index, pair in enumerate(zip(one, other, strict=False)):
            yield from lost(*pair, f"{path}[{index}]")
    elif not same(sent, kept):
        yield f"{path}: {sent!r} became {kept!r}"


def same(sent: Any, kept: Any) -> bool:
    """Equal as JSON; amounts of money, which are decimal text, are equal when their numbers are."""
    if isinstance(sent, bool) or isinstance(kept, bool):
        return sent is kept
    if isinstance(sent, str) and isinstance(kept, str) and sent != kept:
        try:
            return Decimal(sent) == Decimal(kept)
        except ArithmeticError:
            return False
    return isinstance(sent, str) == isinstance(kept, str) and bool(sent == kept)


def undeclared(value: Any) -> Iterator[str]:
    """`Model.field` of everything that was kept without being declared, at any depth."""
    if isinstance(value, BaseModel):
        yield from (f"{type(value).__name__}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from undeclared(getattr(value, name))
    elif isinstance(value, dict):
        for each in cast("dict[Any, Any]", value).values():
            yield from undeclared(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from undeclared(each)


def check(operation: str, recorded: list[Recorded]) -> None:
    assert recorded, f"nothing is recorded of {operation}"
    for case, body in recorded:
        for model, sent in parts(operation, body):
            value = model.model_validate(sent)
            losses = list(lost(sent, value.model_dump(mode="json", by_alias=True)))
            assert not losses, f"{case}: {losses}"
            losses = list(lost(sent, json.loads(value.model_dump_json(by_alias=True))))
            assert not losses, f"{case}, dumped as text: {losses}"
            extras = set(undeclared(value)) - set(UNDECLARED_IN_RECORDINGS)
            assert not extras, f"{case}: no model declares {sorted(extras)}"
            assert model.model_validate(value.model_dump()) == value, f"{case}: a dump does not give the model back"


@pytest.mark.parametrize("operation", MODELLED)
def test_every_recorded_answer_fits_its_model_and_loses_nothing(operation: str) -> None:
    check(operation, recordings()[operation])


def test_every_recorded_operation_has_a_model_or_needs_none() -> None:
    known = {*MODELLED, *SILENT, *BINARY, *ELSEWHERE}
    assert set(recordings()) <= known


def test_answers_without_content_say_nothing_but_success() -> None:
    for operation in SILENT & set(recordings()):
        for case, body in recordings()[operation]:
            assert body in ("", None, {}, {"result": "success"}), case


@pytest.mark.parametrize("operation", sorted(WHOLE))
def test_what_a_call_returns_knows_its_exchange(operation: str) -> None:
    assert issubclass(WHOLE[operation], ResponseModel)


# ------------------------------------------------------------------------------------------------------ the contract
@cache
def operations() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = contract()["paths"]
    found = [
        cast("dict[str, Any]", each) for path in paths.values() for each in path.values() if isinstance(each, dict)
    ]
    return {each["operationId"]: each for each in found if "operationId" in each}


def answer_schema(operation: str) -> dict[str, Any]:
    """The schema of an operation's JSON answer."""
    (schema,) = (
        answer["content"]["application/json"]["schema"]
        for status, answer in operations()[operation]["responses"].items()
        if status.startswith("2")
    )
    return schema


def alternatives(annotation: Any) -> list[Any]:
    """What a union offers, with annotations stripped."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return alternatives(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [each for part in typing.get_args(annotation) for each in alternatives(part)]
    return [annotation]


def missing(schema: dict[str, Any], annotation: Any, path: str) -> Iterator[str]:
    """The properties of a schema for which an annotation has no declared field."""
    schema, offers = resolve(schema), alternatives(annotation)
    for keyword in ("oneOf", "anyOf", "allOf"):
        for each in schema.get(keyword, []):
            yield from missing(each, annotation, path)
    models = [each for each in offers if isinstance(each, type) and issubclass(each, BaseModel)]
    values = [typing.get_args(each)[1] for each in offers if typing.get_origin(each) is dict]
    for name, property_ in schema.get("properties", {}).items():
        fields = [
            field.annotation
            for model in models
            for attribute, field in model.model_fields.items()
            if name == (field.alias or attribute)
        ]
        # A map from names to models declares every name.
        fields += [each for each in values if each is not Any]
        if not fields:
            yield f"{path}.{name}"
        for field in fields[:1]:
            yield from missing(property_, field, f"{path}.{name}")
    if isinstance(schema.get("additionalProperties"), dict):
        for each in values:
            yield from missing(schema["additionalProperties"], each, f"{path}.*")
    if "items" in schema:
        lists = [typing.get_args(each)[0] for each in offers if typing.get_origin(each) is list]
        if not lists:
            yield f"{path}[]"
        for each in lists[:1]:
            yield from missing(schema["items"], each, f"{path}[]")


def missing_of(operation: str, schema: dict[str, Any]) -> Iterator[str]:
    if operation in PAGES:
        item, others = PAGES[operation]
        properties = dict(resolve(schema)["properties"])
        yield from missing(properties.pop("data"), list[item], f"{operation}: data")
        yield from (f"{operation}: {name}" for name in sorted(set(properties) - others))
    elif operation in ARRAYS:
        yield from missing(schema, list[ARRAYS[operation]], f"{operation}: ")
    else:
        yield from missing(schema, WHOLE[operation], f"{operation}: ")


@needs_contract
def test_every_operation_of_the_contract_is_accounted_for() -> None:
    known = [*MODELLED, *SILENT, *BINARY, *ELSEWHERE]
    assert len(known) == len(set(known))
    assert set(operations()) == set(known)


@needs_contract
@pytest.mark.parametrize("operation", MODELLED)
def test_every_property_of_the_contract_is_a_declared_field(operation: str) -> None:
    assert set(missing_of(operation, answer_schema(operation))) - set(UNDECLARED_IN_CONTRACT) == set()


# What users build for a request, by where the contract has it in the body.
REQUESTS: list[tuple[str, list[str], Any]] = [
    ("createDataset", ["retrieval_model"], RetrievalModel),
    ("createDataset", ["summary_index_setting"], SummaryIndexSetting),
    ("updateDataset", ["external_retrieval_model"], ExternalRetrievalModel),
    ("createDocumentFromText", ["process_rule"], ProcessRule),
    ("createSegments", ["segments", "[]"], SegmentInput),
    ("updateSegment", ["segment"], SegmentUpdate),
    ("batchUpdateDocumentMetadata", ["operation_data", "[]"], MetadataOperation),
    ("runPipeline", ["datasource_info_list", "[]", "0"], LocalFile),
    ("runPipeline", ["datasource_info_list", "[]", "1"], OnlineDocument),
    ("runPipeline", ["datasource_info_list", "[]", "2"], WebPage),
    ("runPipeline", ["datasource_info_list", "[]", "3"], OnlineDriveFile),
]


@needs_contract
@pytest.mark.parametrize(("operation", "steps", "model"), REQUESTS)
def test_every_property_of_a_structured_request_part_is_a_declared_field(
    operation: str, steps: list[str], model: type[BaseModel]
) -> None:
    schema: dict[str, Any] = operations()[operation]["requestBody"]["content"]["application/json"]["schema"]
    for step in steps:
        schema = resolve(schema)
        if step == "[]":
            schema = schema["items"]
        else:
            schema = schema["oneOf"][int(step)] if step.isdigit() else schema["properties"][step]
    schema = resolve(schema)
    assert list(missing(schema, model, model.__name__)) == []
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    # The flags of a RetrievalModel are required on the wire too, and always sent: they have defaults here.
    flags = {"reranking_enable", "score_threshold_enabled"} if model is RetrievalModel else set[str]()
    assert required == set(schema.get("required", [])) - flags


@needs_contract
def test_the_check_against_the_contract_sees_what_is_missing() -> None:
    schema: dict[str, Any] = {
        "properties": {
            "id": {"type": "string"},
            "nowhere": {"type": "string"},
            "document": {"properties": {"id": {}, "lost": {}}},
        }
    }
    assert list(missing(schema, DocumentBatch, "x")) == ["x.id", "x.nowhere", "x.document.lost"]


def test_the_check_of_a_dump_sees_what_is_lost() -> None:
    assert list(lost({"a": 1, "b": [True], "c": "1.0"}, {"b": [1], "c": "1.00"})) == [
        ".a is missing",
        ".b[0]: True became 1",
    ]
    assert list(lost({"d": [1, 2]}, {"d": [1]})) == [".d has 1 items and not 2"]


def test_the_check_of_a_dump_takes_extras_for_what_they_are() -> None:
    value = SegmentDetail.model_validate({"data": {"id": 1, "document_id": 2, "content": "", "new": 1}, "newer": 2})
    assert list(undeclared(value)) == ["SegmentDetail.newer", "Segment.new"]
