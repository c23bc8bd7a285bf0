"""Replies: complete, valid answers of every kind, as models of the client's own.

    from dify.testing import replies

    replies.chat_reply("Hello there")
    replies.dataset("Handbook")

Each fills in what a Dify 1.14.2 sends, so that a test names only what it is about. They are what the `returns`, `replies`
and `lists` of `DifyMock` take.
"""

from ...script.costs import usage
from ._apps import (
    annotation,
    annotation_job,
    app_info,
    app_meta,
    app_parameters,
    conversation,
    end_user,
    feedback,
    message,
    server_info,
    site,
    suggested_questions,
    transcription,
    uploaded_file,
    variable,
)
from ._documents import (
    child_chunk,
    child_chunk_detail,
    document,
    document_batch,
    document_detail,
    download_url,
    indexing_status,
    segment,
    segment_detail,
    segment_list,
)
from ._generation import chat_pause, chat_reply, citation, completion_reply, form, human_input_form
from ._knowledge import (
    built_in_fields,
    dataset,
    dataset_tags,
    datasource_plugin,
    metadata_field,
    metadata_fields,
    model_providers,
    pipeline_file,
    pipeline_run,
    retrieve_record,
    retrieve_result,
    tag,
)
from ._runs import workflow_log, workflow_run, workflow_run_detail

__all__ = [
    "annotation",
    "annotation_job",
    "app_info",
    "app_meta",
    "app_parameters",
    "built_in_fields",
    "chat_pause",
    "chat_reply",
    "child_chunk",
    "child_chunk_detail",
    "citation",
    "completion_reply",
    "conversation",
    "dataset",
    "dataset_tags",
    "datasource_plugin",
    "document",
    "document_batch",
    "document_detail",
    "download_url",
    "end_user",
    "feedback",
    "form",
    "human_input_form",
    "indexing_status",
    "message",
    "metadata_field",
    "metadata_fields",
    "model_providers",
    "pipeline_file",
    "pipeline_run",
    "retrieve_record",
    "retrieve_result",
    "segment",
    "segment_detail",
    "segment_list",
    "server_info",
    "site",
    "suggested_questions",
    "tag",
    "transcription",
    "uploaded_file",
    "usage",
    "variable",
    "workflow_log",
    "workflow_run",
    "workflow_run_detail",
]
