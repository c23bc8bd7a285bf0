"""The models take what servers of all versions send: nulls, absent members, numbers as text and text as numbers."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from dify.types.annotations import Annotation, AnnotationReplyJob
from dify.types.app import AppInfo, AppMeta, AppParameters, FormControl, SiteSettings, ToolIcon
from dify.types.audio import Transcription
from dify.types.conversations import Conversation, ConversationVariable
from dify.types.datasets import Dataset, RetrieveResult
from dify.types.documents import Document, DocumentDetail, DocumentIndexing, DownloadURL
from dify.types.end_users import EndUser
from dify.types.messages import Feedback, Message, MessageFile, MessageThought
from dify.types.metadata import BuiltInFields, MetadataField, MetadataFields, MetadataValue
from dify.types.models import ModelProvider, ProviderModel
from dify.types.pipelines import DatasourcePlugin, PipelineFile, PipelineRun
from dify.types.replies import AgentThought
from dify.types.segments import ChildChunk, RetrievedDocument, RetrievedSegment, Segment
from dify.types.tags import Tag
from dify.types.workflows import WorkflowRunDetail

# What each model cannot do without: its ids, and what every supported server sends.
ESSENTIALS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (Annotation, {"id": "a"}),
    (AnnotationReplyJob, {"job_id": "j", "job_status": "waiting"}),
    (AppInfo, {"name": "n"}),
    (AppMeta, {}),
    (AppParameters, {}),
    (BuiltInFields, {"fields": []}),
    (ChildChunk, {"id": "c", "segment_id": "s", "content": ""}),
    (Conversation, {"id": "c", "name": "n"}),
    (ConversationVariable, {"id": "v", "name": "n"}),
    (Dataset, {"id": "d", "name": "n"}),
    (DatasourcePlugin, {}),
    (Document, {"id": "d", "name": "n"}),
    (DocumentDetail, {"id": "d"}),
    (DocumentIndexing, {"id": "d", "indexing_status": "waiting"}),
    (EndUser, {"id": "u"}),
    (Feedback, {"id": "f", "message_id": "m"}),
    (FormControl, {"variable": "v"}),
    (Message, {"id": "m", "conversation_id": "c", "query": "", "answer": ""}),
    (MessageFile, {"id": "f"}),
    (MessageThought, {"id": "t"}),
    (MetadataField, {"id": "f", "name": "n"}),
    (MetadataFields, {"doc_metadata": []}),
    (MetadataValue, {"id": "built-in", "name": "n"}),
    (ModelProvider, {"provider": "p", "models": []}),
    (PipelineFile, {"id": "f"}),
    (PipelineRun, {"batch": "b", "documents": []}),
    (ProviderModel, {"model": "m"}),
    (RetrievedSegment, {"id": "s", "document_id": "d", "content": ""}),
    (RetrieveResult, {"records": []}),
    (Segment, {"id": "s", "document_id": "d", "content": ""}),
    (SiteSettings, {"title": "t"}),
    (Tag, {"id": "t", "name": "n"}),
]


@pytest.mark.parametrize(("model", "essentials"), ESSENTIALS, ids=lambda each: getattr(each, "__name__", ""))
def test_everything_but_the_essentials_may_be_absent_or_null(
    model: type[BaseModel], essentials: dict[str, Any]
) -> None:
    absent = model.model_validate(essentials)
    names = {field.alias or name for name, field in model.model_fields.items()}
    null = model.model_validate(dict.fromkeys(names) | essentials)
    assert absent == null
    assert set(essentials) == {name for name, field in model.model_fields.items() if field.is_required()}


@pytest.mark.parametrize(("model", "essentials"), ESSENTIALS, ids=lambda each: getattr(each, "__name__", ""))
def test_fields_of_newer_servers_are_kept(model: type[BaseModel], essentials: dict[str, Any]) -> None:
    newer = {"some_new_member": {"a": [1]}}
    value = model.model_validate(essentials | newer)
    assert value.model_extra == newer
    assert value.model_dump(mode="json")["some_new_member"] == {"a": [1]}


# ------------------------------------------------------------------------------------------------------------- types
@pytest.mark.parametrize(
    ("sent", "count", "dumped"), [("0", 0, "0"), ("12", 12, "12"), (3, 3, "3"), (None, None, None), ("", None, None)]
)
def test_the_binding_count_of_a_tag_is_a_number_whether_sent_as_text_or_not(
    sent: Any, count: int | None, dumped: str | None
) -> None:
    tag = Tag.model_validate({"id": "t", "name": "n", "binding_count": sent})
    assert tag.binding_count == count
    assert tag.model_dump(mode="json")["binding_count"] == dumped


def test_ids_sent_as_numbers_become_text() -> None:
    assert Annotation.model_validate({"id": 7}).id == "7"
    assert Segment.model_validate({"id": 1, "document_id": 2, "content": "c"}).document_id == "2"


def test_counts_sent_as_text_become_numbers() -> None:
    dataset = Dataset.model_validate({"id": "d", "name": "n", "document_count": "4", "created_at": "1795343659"})
    assert dataset.document_count == 4
    assert dataset.created_at == datetime(2026, 11, 22, 10, 34, 19, tzinfo=UTC)


@pytest.mark.parametrize("model", [Feedback, EndUser, PipelineFile])
@pytest.mark.parametrize("text", ["2026-11-22T10:30:18", "2026-11-22T10:30:18.374150"])
def test_times_without_an_offset_are_utc_and_dumped_as_they_came(model: type[BaseModel], text: str) -> None:
    value = model.model_validate({"id": "x", "message_id": "m", "created_at": text})
    assert value.model_dump()["created_at"] == datetime.fromisoformat(text).replace(tzinfo=UTC)
    assert value.model_dump(mode="json")["created_at"] == text


def test_the_time_of_a_documents_file_keeps_its_fraction() -> None:
    sent = {"upload_file": {"id": "f", "created_at": 1795343691.520736}}
    document = Document.model_validate({"id": "d", "name": "n", "data_source_detail_dict": sent})
    assert document.data_source_detail_dict is not None
    assert document.data_source_detail_dict.upload_file is not None
    created_at = document.data_source_detail_dict.upload_file.created_at
    assert created_at == datetime(2026, 11, 22, 10, 34, 51, 520736, tzinfo=UTC)
    dumped = document.model_dump(mode="json", exclude_none=True)
    assert dumped["data_source_detail_dict"] == sent


@pytest.mark.parametrize("price", ["0.0000110", "0E-7", 0.5])
def test_the_price_of_a_message_is_an_exact_decimal(price: str | float) -> None:
    essentials = {"id": "m", "conversation_id": "c", "query": "", "answer": ""}
    message = Message.model_validate(essentials | {"total_price": price, "currency": "USD", "total_tokens": 11})
    assert message.total_price == Decimal(str(price))


@pytest.mark.parametrize("seconds", [0, 1.5])
def test_durations_and_averages_may_be_whole_numbers(seconds: float) -> None:
    sent = {"id": "d", "indexing_latency": seconds, "average_segment_length": seconds}
    detail = DocumentDetail.model_validate(sent)
    assert detail.indexing_latency == detail.average_segment_length == seconds


@pytest.mark.parametrize("value", ["text", "5", 5, 0.5, True, None])
def test_a_metadata_value_keeps_its_type(value: Any) -> None:
    kept = MetadataValue.model_validate({"id": "built-in", "name": "n", "value": value}).value
    assert kept == value
    assert type(kept) is type(value)


def test_a_conversation_variable_is_never_decoded() -> None:
    variable = ConversationVariable.model_validate({"id": "v", "name": "n", "value_type": "boolean", "value": "True"})
    assert variable.value == "True"


def test_a_conversation_variable_sent_as_a_number_is_text() -> None:
    assert ConversationVariable.model_validate({"id": "v", "name": "n", "value": 42}).value == "42"


@pytest.mark.parametrize(
    ("sent", "outputs"), [('{"a": [1]}', {"a": [1]}), ("{}", {}), ("", None), ("null", None), ({"a": 1}, {"a": 1})]
)
def test_the_outputs_of_a_run_are_an_object_also_where_servers_up_to_1_12_send_json_text(
    sent: Any, outputs: dict[str, Any] | None
) -> None:
    run = WorkflowRunDetail.model_validate_json(json.dumps({"id": "r", "status": "succeeded", "outputs": sent}))
    assert run.outputs == outputs
    assert run.model_dump(mode="json")["outputs"] == outputs


@pytest.mark.parametrize("text", ["no JSON", "[1]", '"text"', "[" * 100_000], ids=lambda text: text[:10])
def test_outputs_of_a_run_that_are_no_object_are_refused_and_not_made_up(text: str) -> None:
    with pytest.raises(ValidationError, match="outputs"):
        WorkflowRunDetail.model_validate({"id": "r", "status": "succeeded", "outputs": text})
    assert WorkflowRunDetail(id="r", status="succeeded", inputs=text).input_values == {}


def test_a_tool_icon_is_a_url_or_an_emoji() -> None:
    icons = AppMeta.model_validate(
        {"tool_icons": {"a": "http://x/a.png", "b": {"background": "#fff", "content": "🧮"}}}
    )
    assert icons.tool_icons == {"a": "http://x/a.png", "b": ToolIcon(background="#fff", content="🧮")}


@pytest.mark.parametrize("status", ["some-new-status", "partial-succeeded"])
def test_unknown_statuses_are_kept(status: str) -> None:
    assert Document.model_validate({"id": "d", "name": "n", "indexing_status": status}).indexing_status == status


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"author": "a"}, [{"id": "built-in", "name": "document_name", "type": "string", "value": "a"}]],
)
def test_the_metadata_of_a_document_is_a_list_an_object_or_nothing(metadata: Any) -> None:
    detail = DocumentDetail.model_validate({"id": "d", "doc_metadata": metadata})
    assert detail.model_dump(mode="json")["doc_metadata"] == metadata


# ------------------------------------------------------------------------------------------------------------- nulls
def test_retrieval_of_servers_before_1_14_may_have_nulls_for_lists() -> None:
    record = {
        "segment": {"id": "s", "document_id": "d", "content": "found", "keywords": None},
        "child_chunks": None,
        "files": None,
        "score": 0,
    }
    result = RetrieveResult.model_validate({"query": {"content": "q"}, "records": [record]})
    assert result.records[0].child_chunks is None
    assert result.records[0].text == "found"
    assert result.records[0].score == 0.0


def test_retrieval_from_an_external_knowledge_base_has_no_segment() -> None:
    record = {"content": "found", "title": "t", "score": 0.5, "metadata": {"source": "s"}}
    (found,) = RetrieveResult.model_validate({"query": {"content": "q"}, "records": [record]}).records
    assert found.segment is None
    assert found.text == "found"
    assert found.metadata == {"source": "s"}


def test_a_rating_that_was_taken_back_is_null() -> None:
    essentials = {"id": "m", "conversation_id": "c", "query": "", "answer": ""}
    for feedback in (None, {"rating": None}):
        message = Message.model_validate(essentials | {"feedback": feedback})
        assert message.model_dump(mode="json")["feedback"] == feedback


def test_objects_of_nulls_in_a_knowledge_base_are_kept_as_they_are() -> None:
    nothing = {
        "icon_info": {"icon_type": None, "icon": None, "icon_background": None, "icon_url": None},
        "summary_index_setting": {
            "enable": None,
            "model_name": None,
            "model_provider_name": None,
            "summary_prompt": None,
        },
    }
    dumped = Dataset.model_validate({"id": "d", "name": "n"} | nothing).model_dump(mode="json")
    assert {name: dumped[name] for name in nothing} == nothing


def test_the_oldest_servers_describe_an_app_by_name_and_description_only() -> None:
    info = AppInfo.model_validate({"name": "n", "description": "d"})
    assert info.mode is None
    assert info.tags is None


# ---------------------------------------------------------------------------------------------------------- handiness
def test_a_transcription_is_its_text() -> None:
    assert str(Transcription(text="hello")) == "hello"


def test_a_download_url_is_its_url() -> None:
    assert str(DownloadURL(url="http://x/f?sign=y")) == "http://x/f?sign=y"


def test_controls_are_listed_with_their_kind_and_new_kinds_are_kept() -> None:
    form = [
        {"text-input": {"variable": "city", "label": "City", "required": True, "max_length": 48, "default": ""}},
        {"file-list": {"variable": "docs", "label": "Docs", "allowed_file_types": ["image", "document"]}},
        {"date-picker": {"variable": "when", "label": "When", "earliest": "2026-01-01"}},
    ]
    parameters = AppParameters.model_validate({"user_input_form": form})
    assert [(kind, control.variable) for kind, control in parameters.controls] == [
        ("text-input", "city"),
        ("file-list", "docs"),
        ("date-picker", "when"),
    ]
    assert parameters.model_dump(mode="json", exclude_unset=True)["user_input_form"] == form


def test_camel_case_members_are_read_and_dumped_as_on_the_wire() -> None:
    sent = {
        "text_to_speech": {"enabled": True, "autoPlay": "enabled"},
        "file_upload": {"fileUploadConfig": {"file_size_limit": 15}},
    }
    parameters = AppParameters.model_validate(sent)
    assert parameters.text_to_speech is not None
    assert parameters.text_to_speech.auto_play == "enabled"
    assert parameters.model_dump(mode="json", exclude_none=True) == sent


@pytest.mark.parametrize("odd", ["", "text", 3, False, [], [{"a": None}], {}, {"a": 1}, None], ids=repr)
def test_what_the_wire_leaves_open_refuses_no_page_and_loses_nothing(odd):
    """Members whose form the server does not promise: one odd value must not take a whole page away."""
    for model, name in (
        (Document, "data_source_info"),
        (Document, "data_source_detail_dict"),
        (RetrievedDocument, "doc_metadata"),
        (AgentThought, "tool_labels"),
        (MessageThought, "tool_labels"),
    ):
        sent = {"id": "x", "name": "n", name: odd}
        found = model.model_validate_json(json.dumps(sent))
        assert found.model_dump(mode="json", exclude_unset=True) == sent
        assert json.loads(found.model_dump_json(exclude_unset=True)) == sent


def test_a_files_detail_of_an_unknown_form_is_kept_as_it_is():
    sent = {"upload_file": {"size": 3}}  # without the id that every file has
    document = Document.model_validate({"id": "d", "name": "n", "data_source_detail_dict": sent})
    assert document.data_source_detail_dict == sent
