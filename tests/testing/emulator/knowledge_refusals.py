"""What the emulator refuses about knowledge as recorded."""

from __future__ import annotations

from .knowledge_cases import (
    CHILDREN,
    DATASET,
    DOCUMENT,
    FILE,
    HQ,
    HQ_SEGMENTS,
    LARGE,
    NEW,
    NODE_RUN,
    PARENT,
    PIPELINE_RUN,
    RULE,
    TEXT,
    UNKNOWN,
    meta,
)
from .worlds import Case, file

APP_KEY = {"headers": {"Authorization": "Bearer app-key"}}
NO_DOCUMENT = f"{DATASET}/documents/{{nobody}}"
NO_SEGMENT = f"{PARENT}/documents/{{parents}}/segments/{{nobody}}"
LLM = "/workspaces/current/models/model-types"
TAGS = "/datasets/tags"
TWO_FILES = {"files": {"file": ("a.txt", b"1", "text/plain"), "file2": ("b.txt", b"2", "text/plain")}}

DATASETS = [
    Case("errors/dataset_op_with_app_key", "GET", "/datasets", send=APP_KEY),
    Case("errors/dataset_op_with_app_key", "GET", f"{DATASET}/documents", send=APP_KEY),
    Case("models/with_app_key", "GET", f"{LLM}/llm", send=APP_KEY),
    Case("datasets/no_key", "GET", "/datasets", send={"headers": {"Authorization": ""}}),
    Case("datasets/create_duplicate", "POST", "/datasets", {"name": "min"}),
    Case("datasets/create_bad_technique", "POST", "/datasets", {"name": "z", "indexing_technique": "weird"}),
    Case("datasets/create_long_name", "POST", "/datasets", {"name": "x" * 41}),
    Case("datasets/create_no_name", "POST", "/datasets", {}),
    Case("datasets/detail_not_uuid", "GET", "/datasets/abc"),
    Case("datasets/detail_not_uuid", "DELETE", f"{DATASET}/documents/abc"),
    Case("datasets/detail_not_uuid", "GET", f"{DOCUMENT}/segments/abc"),
    Case("datasets/update_empty_name", "PATCH", DATASET, {"name": ""}),
    Case("datasets/update_unknown", "PATCH", UNKNOWN, {"name": "x"}),
    Case("datasets/delete_again", "DELETE", DATASET, first=(("DELETE", DATASET, None),)),
    Case("models/weird", "GET", f"{LLM}/weird"),
    Case("retrieve/empty_query", "POST", f"{HQ}/retrieve", {"query": ""}),
    Case("retrieve/long_query", "POST", f"{HQ}/retrieve", {"query": "x" * 251}),
    Case("retrieve/missing_query", "POST", f"{HQ}/retrieve", {}),
    Case(
        "retrieve/partial_model",
        "POST",
        f"{HQ}/retrieve",
        {"query": "x", "retrieval_model": {"search_method": "semantic_search"}},
    ),
    Case("retrieve/unknown_ds", "POST", f"{UNKNOWN}/retrieve", {"query": "x"}),
]

DOCUMENTS = [
    Case("documents/create_text_bad_doc_form", "POST", f"{DATASET}/{TEXT}", {**NEW, "doc_form": "weird"}),
    Case("documents/create_text_bad_rule", "POST", f"{DATASET}/{TEXT}", {**NEW, "process_rule": {"mode": "weird"}}),
    Case("documents/create_text_no_technique_new_ds", "POST", f"{DATASET}/{TEXT}", {"name": "x", "text": "y"}),
    Case("documents/create_text_unknown_ds", "POST", f"{UNKNOWN}/{TEXT}", NEW),
    Case("documents/create_file_unknown_ds", "POST", f"{UNKNOWN}/{FILE}", send=file("n3.txt", b"x")),
    Case("documents/create_file_bad_type", "POST", f"{DATASET}/{FILE}", send=file("x.exe", b"MZ", data=RULE)),
    Case("documents/create_file_too_large", "POST", f"{DATASET}/{FILE}", send=file("big.txt", LARGE)),
    Case("documents/create_file_two", "POST", f"{DATASET}/{FILE}", send=TWO_FILES),
    Case("pipeline/upload_no_file", "POST", f"{DATASET}/{FILE}", send={"files": {"data": (None, RULE)}}),
    Case("documents/update_text_empty", "POST", f"{DOCUMENT}/update-by-text", {}),
    Case("documents/update_text_text_no_name", "POST", f"{DOCUMENT}/update-by-text", {"text": "only text"}),
    Case("documents/update_text_unknown", "POST", f"{NO_DOCUMENT}/update-by-text", {"name": "x", "text": "y"}),
    Case(
        "documents/update_file_no_file",
        "POST",
        f"{DOCUMENT}/update-by-file",
        send={"files": {"data": (None, "{}"), "x": (None, "")}},
    ),
    Case("documents/update_file_too_large", "POST", f"{DOCUMENT}/update-by-file", send=file("big.txt", LARGE)),
    Case("documents/update_file_unknown", "POST", f"{NO_DOCUMENT}/update-by-file", send=file("n.txt", b"x")),
    Case("documents/patch_bad_type", "PATCH", DOCUMENT, send=file("x.exe", b"MZ")),
    Case("documents/patch_no_file", "PATCH", DOCUMENT, send={"files": {"data": (None, '{"name": "renamed"}')}}),
    Case("documents/delete_again", "DELETE", NO_DOCUMENT),
    Case("documents/detail_metadata_weird", "GET", f"{DOCUMENT}?metadata=weird"),
    Case("documents/detail_other_ds", "GET", f"{HQ}/documents/{{fruit}}"),
    Case("documents/download_unknown", "GET", f"{NO_DOCUMENT}/download"),
    Case("documents/download_zip_empty", "POST", f"{DATASET}/documents/download-zip", {"document_ids": []}),
    Case("documents/download_zip_unknown", "POST", f"{DATASET}/documents/download-zip", {"document_ids": ["{nobody}"]}),
    Case("documents/list_unknown_ds", "GET", f"{UNKNOWN}/documents"),
    Case("documents/status_unknown_batch", "GET", f"{DATASET}/documents/20200101000000000000/indexing-status"),
    Case("documents/status_action_weird", "PATCH", f"{DATASET}/documents/status/weird", {"document_ids": ["{fruit}"]}),
]

CHUNKS = [
    Case("segments/create_blank", "POST", HQ_SEGMENTS, {"segments": [{"content": "  "}]}),
    Case("segments/create_empty", "POST", HQ_SEGMENTS, {"segments": []}),
    Case("segments/create_missing", "POST", HQ_SEGMENTS, {}),
    Case("segments/create_unknown_doc", "POST", f"{NO_DOCUMENT}/segments", {"segments": [{"content": "x"}]}),
    Case("segments/detail_unknown", "GET", NO_SEGMENT),
    Case("segments/delete_again", "DELETE", NO_SEGMENT),
    Case("segments/list_unknown_doc", "GET", f"{NO_DOCUMENT}/segments"),
    Case("segments/update_missing", "POST", f"{HQ_SEGMENTS}/{{hq_segment}}", {}),
    Case("segments/update_unknown", "POST", f"{HQ_SEGMENTS}/{{nobody}}", {"segment": {"content": "x"}}),
    Case("segments/child_create_missing", "POST", CHILDREN, {}),
    Case("segments/child_create_unknown_seg", "POST", f"{NO_SEGMENT}/child_chunks", {"content": "x"}),
    Case("segments/child_delete_again", "DELETE", f"{CHILDREN}/{{nobody}}"),
    Case("segments/child_list_unknown_seg", "GET", f"{NO_SEGMENT}/child_chunks"),
    Case("segments/child_update_missing", "PATCH", f"{CHILDREN}/{{child}}", {}),
    Case("segments/child_update_unknown", "PATCH", f"{CHILDREN}/{{nobody}}", {"content": "x"}),
]

OTHERS = [
    Case("tags/create_dup", "POST", TAGS, {"name": "tag"}),
    Case("tags/create_long", "POST", TAGS, {"name": "x" * 51}),
    Case("tags/update_missing", "PATCH", TAGS, {"name": "x"}),
    Case("tags/update_unknown", "PATCH", TAGS, {"tag_id": "{nobody}", "name": "x"}),
    Case("tags/delete_missing", "DELETE", TAGS, {}),
    Case("tags/delete_unknown", "DELETE", TAGS, {"tag_id": "{nobody}"}),
    Case("tags/bind_missing", "POST", f"{TAGS}/binding", {"target_id": "{eco}"}),
    Case("tags/bind_unknown_target", "POST", f"{TAGS}/binding", {"tag_ids": ["{tag}"], "target_id": "{nobody}"}),
    Case("tags/unbind_missing", "POST", f"{TAGS}/unbinding", {"target_id": "{eco}"}),
    Case("tags/dataset_tags_unknown", "GET", f"{UNKNOWN}/tags"),
    Case("metadata/create_dup", "POST", f"{DATASET}/metadata", meta("f_string")),
    Case("metadata/create_long_name", "POST", f"{DATASET}/metadata", meta("x" * 256)),
    Case("metadata/create_missing", "POST", f"{DATASET}/metadata", {"type": "string"}),
    Case("metadata/create_unknown_ds", "POST", f"{UNKNOWN}/metadata", meta("x")),
    Case("metadata/list_unknown_ds", "GET", f"{UNKNOWN}/metadata"),
    Case("metadata/update_dup", "PATCH", f"{DATASET}/metadata/{{f_string}}", {"name": "f_number"}),
    Case("metadata/batch_missing", "POST", f"{DATASET}/documents/metadata", {}),
    Case("pipeline/upload_no_file", "POST", "/datasets/pipeline/file-upload", send=file("a", b"1", part="x")),
    Case("pipeline/upload_too_large", "POST", "/datasets/pipeline/file-upload", send=file("big.txt", LARGE)),
    Case("pipeline/plugins_non_pipeline", "GET", f"{DATASET}/pipeline/datasource-plugins"),
    Case("pipeline/plugins_unknown", "GET", f"{UNKNOWN}/pipeline/datasource-plugins"),
    Case("pipeline/run_non_pipeline_ds", "POST", f"{DATASET}/pipeline/run", PIPELINE_RUN),
    Case("pipeline/run_unknown_ds", "POST", f"{UNKNOWN}/pipeline/run", PIPELINE_RUN),
    Case("pipeline/node_run_missing", "POST", f"{DATASET}/pipeline/datasource/nodes/ds/run", {"inputs": {}}),
    Case("pipeline/node_run_unknown_ds", "POST", f"{UNKNOWN}/pipeline/datasource/nodes/ds/run", NODE_RUN),
]

REFUSALS = [*DATASETS, *DOCUMENTS, *CHUNKS, *OTHERS]
