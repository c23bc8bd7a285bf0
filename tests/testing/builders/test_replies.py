"""Replies are complete and valid: the names and types of what a real server sends."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from dify.testing import replies
from dify.testing.builders.responses import plain

from ...support.recordings import recording
from ..mock.shapes import differences, names, types


def without_metadata(detail: Any) -> dict[str, Any]:
    """As `documents.get(metadata="without")` answers it, which is what was recorded."""
    return {name: value for name, value in plain(detail).items() if name not in ("doc_type", "doc_metadata")}


Path = tuple[str | int, ...]

RECORDED: list[tuple[str, Callable[[], Any], str, Path]] = [
    ("chat_reply", replies.chat_reply, "chat/blocking_first", ()),
    ("chat_reply", lambda: replies.chat_reply(mode="advanced-chat"), "chatflow/blocking_plain", ()),
    ("chat_pause", replies.chat_pause, "hitl/cf_pause_blocking", ()),
    ("citation", lambda: replies.citation("x"), "knowledge/chatflow_blocking", ("metadata", "retriever_resources", 0)),
    ("completion_reply", replies.completion_reply, "completion/query_field", ()),
    ("form", replies.form, "hitl/wf_pause_blocking", ("data", "reasons", 0)),
    ("human_input_form", replies.human_input_form, "hitl/form_get", ()),
    ("workflow_run", replies.workflow_run, "workflow/by_id_blocking", ()),
    ("workflow_run", lambda: replies.workflow_run(status="paused"), "hitl/wf_pause_blocking", ()),
    ("workflow_run_detail", replies.workflow_run_detail, "workflow/run_detail", ()),
    ("workflow_log", replies.workflow_log, "workflow/logs_failed", ("data", 0)),
    ("conversation", replies.conversation, "conversations/rename_auto", ()),
    ("variable", replies.variable, "conversations/variable_update_list", ()),
    ("message", replies.message, "chat/messages_limit1", ("data", 0)),
    ("suggested_questions", replies.suggested_questions, "chat/suggested_ok", ()),
    ("feedback", replies.feedback, "chat/app_feedbacks", ("data", 0)),
    ("uploaded_file", replies.uploaded_file, "files/upload_empty", ()),
    ("transcription", replies.transcription, "audio/stt_empty", ()),
    ("annotation", replies.annotation, "annotations/create", ()),
    ("annotation_job", replies.annotation_job, "annotations/reply_status", ()),
    ("end_user", replies.end_user, "end_users/end_user_of_upload", ()),
    ("app_info", replies.app_info, "errors/unpublished_info", ()),
    ("app_meta", replies.app_meta, "app_info/meta_cf_llm", ()),
    ("app_parameters", replies.app_parameters, "app_info/parameters_cf_plain", ()),
    ("site", replies.site, "errors/cf_unpublished_site", ()),
    ("dataset", replies.dataset, "datasets/detail_high_quality", ()),
    ("dataset", lambda: replies.dataset(indexing_technique=None), "datasets/create_minimal", ()),
    ("retrieve_record", lambda: replies.retrieve_record("x"), "retrieve/hq_full_text_search", ("records", 0)),
    ("retrieve_result", lambda: replies.retrieve_result("x"), "retrieve/hq_full_text_search", ()),
    ("tag", replies.tag, "tags/create2", ()),
    ("dataset_tags", lambda: replies.dataset_tags(replies.tag()), "tags/dataset_tags", ()),
    ("metadata_field", replies.metadata_field, "metadata/create_time", ()),
    ("metadata_fields", lambda: replies.metadata_fields(replies.metadata_field()), "metadata/list", ()),
    ("built_in_fields", replies.built_in_fields, "metadata/built_in", ()),
    ("model_providers", replies.model_providers, "models/text-embedding", ()),
    ("document", replies.document, "documents/list_page", ("data", 0)),
    ("document_batch", replies.document_batch, "documents/create_text_hq_custom", ()),
    ("document_detail", lambda: without_metadata(replies.document_detail()), "documents/detail_metadata_without", ()),
    ("indexing_status", replies.indexing_status, "documents/status_economy_done", ()),
    ("indexing_status", lambda: replies.indexing_status("indexing"), "documents/status_economy_first", ()),
    ("download_url", replies.download_url, "documents/download", ()),
    ("segment", replies.segment, "segments/create_economy", ("data", 0)),
    ("segment_detail", replies.segment_detail, "segments/detail_hierarchical", ()),
    ("segment_list", replies.segment_list, "segments/create_economy", ()),
    ("child_chunk", replies.child_chunk, "segments/child_create", ("data",)),
    ("child_chunk_detail", replies.child_chunk_detail, "segments/child_create", ()),
    ("pipeline_file", replies.pipeline_file, "pipeline/upload_unknown_type", ()),
    ("pipeline_run", replies.pipeline_run, "pipeline/run_file_streaming_published", ()),
    ("datasource_plugin", replies.datasource_plugin, "pipeline/plugins_draft", (0,)),
    ("usage", replies.usage, "chat/blocking_first", ("metadata", "usage")),
]
NOT_RECORDED = {"server_info"}


def test_every_builder_is_held_against_a_recording():
    assert set(replies.__all__) == {name for name, *_ in RECORDED} | NOT_RECORDED


@pytest.mark.parametrize(
    ("name", "build", "recorded", "path"), RECORDED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_reply_has_the_names_and_types_of_the_recorded_one(name, build, recorded, path):
    theirs: Any = recording(recorded).body
    for step in path:
        theirs = theirs[step]
    mine = plain(build())
    assert differences(names(mine), names(theirs)) == []
    assert types(mine, theirs) == []


@pytest.mark.parametrize("name", sorted(set(replies.__all__) - {"usage"}))
def test_a_reply_reads_back_as_what_it_was(name):
    build = getattr(replies, name)
    needed = [one for one in inspect.signature(build).parameters.values() if one.default is one.empty]
    reply = build("Tea.") if needed and needed[0].kind is not inspect.Parameter.VAR_POSITIONAL else build()
    assert isinstance(reply, BaseModel)
    assert type(reply).model_validate(plain(reply)) == reply


def test_a_knowledge_base_shows_its_tags_without_their_counts():
    shown = replies.dataset("Handbook", tags=[replies.tag("tea", binding_count=3)]).tags
    assert [(one.name, one.type, one.binding_count) for one in shown] == [("tea", "knowledge", None)]


def test_ids_are_the_same_in_every_test_and_other_for_other_names():
    assert replies.dataset("A") == replies.dataset("A")
    assert replies.dataset("A").id != replies.dataset("B").id


@pytest.mark.parametrize(
    ("status", "known"),
    [("waiting", 0), ("parsing", 1), ("cleaning", 2), ("splitting", 3), ("indexing", 4), ("completed", 5)],
)
def test_each_state_of_indexing_has_the_times_that_came_before_it(status, known):
    one = replies.indexing_status(status).data[0]
    times = [
        one.processing_started_at,
        one.parsing_completed_at,
        one.cleaning_completed_at,
        one.splitting_completed_at,
        one.completed_at,
    ]
    assert [time is not None for time in times] == [True] * known + [False] * (5 - known)
