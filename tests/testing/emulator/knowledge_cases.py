"""What the emulator claims of knowledge: bases, documents, chunks, tags, metadata, models, searches, pipelines."""

from __future__ import annotations

from .worlds import PARAGRAPHS, Case, file

DATASET = "/datasets/{eco}"
HQ, PARENT, UNKNOWN = "/datasets/{hq}", "/datasets/{parent}", "/datasets/{nobody}"
TEXT, FILE = "document/create-by-text", "document/create-by-file"
DOCUMENT = f"{DATASET}/documents/{{fruit}}"
WAITING = f"{DATASET}/documents/{{waiting}}"
SEGMENTS, HQ_SEGMENTS = f"{DOCUMENT}/segments", f"{HQ}/documents/{{fruit_hq}}/segments"
PARENT_SEGMENT = f"{PARENT}/documents/{{parents}}/segments/{{parent_segment}}"
CHILDREN = f"{PARENT_SEGMENT}/child_chunks"
EMBED = {"embedding_model": "emulator-embedding", "embedding_model_provider": "dify/emulator/emulator"}
SEARCH = {"search_method": "semantic_search", "reranking_enable": False, "top_k": 2, "score_threshold_enabled": True}
WEIGHTS = {
    "weight_type": "customized",
    "vector_setting": {"vector_weight": 0.7, "embedding_provider_name": "p", "embedding_model_name": "e"},
    "keyword_setting": {"keyword_weight": 0.3},
}
HYBRID = {
    **SEARCH,
    "search_method": "hybrid_search",
    "reranking_mode": "weighted_score",
    "weights": WEIGHTS,
    "score_threshold_enabled": False,
}
RULE = '{"process_rule": {"mode": "automatic"}}'
LARGE = bytes(15 * 1024 * 1024 + 1)
NEW = {"name": "x", "text": "y", "indexing_technique": "economy"}
MEMBERS = [{"user_id": "{nobody}"}]
VALUES = [{"id": "{f_string}", "name": "f_string", "value": "v"}, {"id": "{f_number}", "name": "f_number", "value": 5}]
SET_VALUES = (
    "POST",
    f"{DATASET}/documents/metadata",
    {"operation_data": [{"document_id": "{fruit}", "metadata_list": VALUES}]},
)
BUILT_IN = ("POST", f"{DATASET}/metadata/built-in/enable", None)
LOOK = ("GET", f"{DATASET}/documents", None)
PIPELINE_RUN = {
    "inputs": {},
    "datasource_type": "local_file",
    "datasource_info_list": [{"reference": "{nobody}", "name": "note.txt"}],
    "start_node_id": "ds",
    "is_published": True,
    "response_mode": "streaming",
}
NODE_RUN = {"inputs": {}, "datasource_type": "website_crawl", "is_published": True}


def meta(name: str, kind: str = "string") -> dict[str, str]:
    return {"type": kind, "name": name}


DATASETS = [
    Case("datasets/create_minimal", "POST", "/datasets", {"name": "a"}),
    Case("datasets/create_economy", "POST", "/datasets", {"name": "a", "indexing_technique": "economy"}),
    Case("datasets/create_external_no_api", "POST", "/datasets", {"name": "a", "provider": "external"}),
    Case(
        "datasets/create_summary_setting",
        "POST",
        "/datasets",
        {"name": "a", "summary_index_setting": {"enable": False}},
    ),
    Case(
        "datasets/create_high_quality",
        "POST",
        "/datasets",
        {"name": "a", "indexing_technique": "high_quality", "retrieval_model": HYBRID, **EMBED},
    ),
    Case(
        "datasets/detail_high_quality",
        "GET",
        "/datasets/{mini}",
        first=(
            ("PATCH", "/datasets/{mini}", {"retrieval_model": HYBRID, "indexing_technique": "high_quality", **EMBED}),
        ),
    ),
    Case("datasets/list_keyword", "GET", "/datasets?keyword=MIN", unlike=frozenset({"indexing_technique"})),
    Case("datasets/list_page_0", "GET", "/datasets?page=0", unlike=frozenset({"data_source_type", "doc_form"})),
    Case("datasets/list_page_beyond", "GET", "/datasets?page=99"),
    Case(
        "datasets/update_empty_body",
        "PATCH",
        "/datasets/{mini}",
        {},
        first=(("PATCH", "/datasets/{mini}", {"permission": "partial_members", "partial_member_list": MEMBERS}),),
        unlike=frozenset({"indexing_technique"}),
    ),
    Case("datasets/update_min_to_hq", "PATCH", "/datasets/{mini}", {"indexing_technique": "high_quality", **EMBED}),
    Case(
        "datasets/update_retrieval",
        "PATCH",
        "/datasets/{mini}",
        {
            "indexing_technique": "high_quality",
            **EMBED,
            "retrieval_model": {**SEARCH, "score_threshold_enabled": False},
        },
    ),
    Case("datasets/delete", "DELETE", DATASET),
]

DOCUMENTS = [
    Case("documents/create_text_no_process_rule", "POST", f"{DATASET}/{TEXT}", NEW),
    Case("documents/create_text_hq_custom", "POST", f"{HQ}/{TEXT}", {**NEW, "process_rule": PARAGRAPHS}),
    Case("documents/create_text_hierarchical", "POST", f"{PARENT}/{TEXT}", {**NEW, "doc_form": "hierarchical_model"}),
    Case("documents/create_text_no_process_rule", "POST", f"{DATASET}/document/create_by_text", NEW),
    Case("documents/create_file_md_hq", "POST", f"{HQ}/{FILE}", send=file("a.md", b"# T", "text/markdown", data=RULE)),
    Case("documents/create_file_no_data", "POST", f"{DATASET}/{FILE}", send=file("n2.txt", b"Some text two.")),
    Case("documents/update_text", "POST", f"{DOCUMENT}/update-by-text", {"name": "x", "text": "y"}),
    Case("documents/update_file", "POST", f"{DOCUMENT}/update-by-file", send=file("a.txt", b"a", data=RULE)),
    Case("documents/patch_file", "PATCH", DOCUMENT, send=file("note3.txt", b"Kiwis.", data=RULE)),
    Case("documents/detail_default", "GET", DOCUMENT),
    Case("documents/detail_file", "GET", DOCUMENT),
    Case("documents/detail_metadata_all", "GET", f"{DOCUMENT}?metadata=all"),
    Case("documents/detail_metadata_without", "GET", f"{DOCUMENT}?metadata=without"),
    Case(
        "documents/detail_disabled",
        "GET",
        DOCUMENT,
        first=(("PATCH", f"{DATASET}/documents/status/archive", {"document_ids": ["{fruit}"]}),),
    ),
    Case(
        "documents/detail_error_doc", "GET", f"{HQ}/documents/{{broken}}", unlike=frozenset({"average_segment_length"})
    ),
    Case("metadata/doc_detail_with_values", "GET", DOCUMENT, first=(SET_VALUES, BUILT_IN)),
    Case("documents/list_keyword", "GET", f"{DATASET}/documents?keyword=fruit.txt"),
    Case("documents/list_page", "GET", f"{DATASET}/documents?page=1&limit=1", first=(LOOK,) * 5),
    Case("documents/list_hq", "GET", f"{HQ}/documents?keyword=fruit"),
    Case("documents/list_empty", "GET", "/datasets/{mini}/documents"),
    Case("documents/list_status_archived", "GET", f"{HQ}/documents?status=archived"),
    Case("documents/list_status_error", "GET", f"{HQ}/documents?status=error", unlike=frozenset({"word_count"})),
    Case(
        "documents/status_economy_first",
        "GET",
        f"{DATASET}/documents/{{waiting_batch}}/indexing-status",
        first=(LOOK,) * 4,
    ),
    Case(
        "documents/status_file_hq_first",
        "GET",
        f"{DATASET}/documents/{{waiting_batch}}/indexing-status",
        first=(LOOK,) * 2,
        unlike=frozenset({"cleaning_completed_at"}),
    ),
    Case("documents/status_hierarchical_done", "GET", f"{PARENT}/documents/{{parents_batch}}/indexing-status"),
    Case(
        "documents/status_action_disable", "PATCH", f"{DATASET}/documents/status/disable", {"document_ids": ["{fruit}"]}
    ),
    Case("documents/status_action_missing", "PATCH", f"{DATASET}/documents/status/enable", {}),
    Case("documents/download", "GET", f"{DOCUMENT}/download"),
    Case("documents/download_zip", "POST", f"{DATASET}/documents/download-zip", {"document_ids": ["{fruit}"]}),
    Case("documents/delete_while_indexing", "DELETE", WAITING),
]

CHUNKS = [
    Case(
        "segments/create_hq",
        "POST",
        HQ_SEGMENTS,
        {"segments": [{"content": "Mangoes.", "keywords": ["mango"]}, {"content": "Figs.", "answer": "ignored"}]},
    ),
    Case("segments/create_economy", "POST", SEGMENTS, {"segments": [{"content": "Lemons.", "keywords": ["lemon"]}]}),
    Case(
        "segments/create_qa",
        "POST",
        "/datasets/{qa}/documents/{qas}/segments",
        {"segments": [{"content": "What is a fig?", "answer": "A fruit.", "keywords": ["fig"]}]},
    ),
    Case("segments/list", "GET", HQ_SEGMENTS),
    Case("segments/list_page", "GET", f"{HQ_SEGMENTS}?page=1&limit=1"),
    Case("segments/list_status_two", "GET", f"{HQ_SEGMENTS}?status=completed&status=error"),
    Case("segments/detail_hierarchical", "GET", PARENT_SEGMENT),
    Case(
        "segments/update_economy",
        "POST",
        f"{SEGMENTS}/{{eco_segment}}",
        {"segment": {"content": "Lemons are sour!", "keywords": ["sour"]}},
    ),
    Case(
        "segments/update_no_content",
        "POST",
        f"{HQ_SEGMENTS}/{{hq_segment}}",
        {"segment": {"keywords": ["only"]}},
        first=(("POST", f"{HQ_SEGMENTS}/{{hq_segment}}", {"segment": {"content": "Changed."}}),),
    ),
    Case(
        "segments/update_regenerate_children",
        "POST",
        PARENT_SEGMENT,
        {"segment": {"content": "Parent text rewritten.", "regenerate_child_chunks": True}},
    ),
    Case("segments/delete", "DELETE", f"{SEGMENTS}/{{eco_segment}}"),
    Case("segments/child_create", "POST", CHILDREN, {"content": "A new child chunk about apples."}),
    Case("segments/child_list", "GET", CHILDREN),
    Case("segments/child_list_page", "GET", f"{CHILDREN}?page=1&limit=1&keyword=a"),
    Case("segments/child_update", "PATCH", f"{CHILDREN}/{{child}}", {"content": "Edited child."}),
    Case("segments/child_delete", "DELETE", f"{CHILDREN}/{{child}}"),
]

OTHERS = [
    Case("tags/create2", "POST", "/datasets/tags", {"name": "another"}),
    Case("tags/list", "GET", "/datasets/tags"),
    Case("tags/update", "PATCH", "/datasets/tags", {"tag_id": "{tag}", "name": "renamed"}),
    Case("tags/delete", "DELETE", "/datasets/tags", {"tag_id": "{tag}"}),
    Case("tags/bind_unknown_tag", "POST", "/datasets/tags/binding", {"tag_ids": ["{nobody}"], "target_id": "{eco}"}),
    Case("tags/unbind_tag_ids", "POST", "/datasets/tags/unbinding", {"tag_ids": ["{tag}"], "target_id": "{eco}"}),
    Case("tags/unbind_unknown", "POST", "/datasets/tags/unbinding", {"tag_id": "{nobody}", "target_id": "{eco}"}),
    Case("tags/dataset_tags", "GET", f"{DATASET}/tags"),
    Case(
        "tags/detail_with_tags",
        "GET",
        "/datasets/{mini}",
        first=(
            ("POST", "/datasets/tags/binding", {"tag_ids": ["{tag}"], "target_id": "{mini}"}),
            (
                "PATCH",
                "/datasets/{mini}",
                {
                    "indexing_technique": "economy",
                    "permission": "partial_members",
                    "partial_member_list": MEMBERS,
                },
            ),
        ),
    ),
    Case("metadata/create_string", "POST", f"{DATASET}/metadata", meta("new")),
    Case("metadata/create_time", "POST", f"{DATASET}/metadata", meta("new", "time")),
    Case("metadata/list", "GET", f"{DATASET}/metadata"),
    Case("metadata/list_with_builtin", "GET", f"{DATASET}/metadata", first=(BUILT_IN,)),
    Case("metadata/update", "PATCH", f"{DATASET}/metadata/{{f_string}}", {"name": "renamed"}),
    Case("metadata/delete", "DELETE", f"{DATASET}/metadata/{{f_string}}"),
    Case("metadata/delete", "DELETE", f"{DATASET}/metadata/{{nobody}}"),
    Case("metadata/built_in", "GET", f"{DATASET}/metadata/built-in"),
    Case("metadata/built_in_enable", *BUILT_IN),
    Case("metadata/built_in_enable_again", *BUILT_IN, first=(BUILT_IN,)),
    Case("metadata/built_in_disable", "POST", f"{DATASET}/metadata/built-in/disable"),
    Case("metadata/batch_empty", "POST", f"{DATASET}/documents/metadata", {"operation_data": []}),
    Case("metadata/batch_partial", *SET_VALUES),
    Case(
        "metadata/batch_unknown_field",
        "POST",
        f"{DATASET}/documents/metadata",
        {
            "operation_data": [
                {"document_id": "{fruit}", "metadata_list": [{"id": "{nobody}", "name": "z", "value": "x"}]}
            ]
        },
    ),
    *(
        Case(f"models/{kind}", "GET", f"/workspaces/current/models/model-types/{kind}", unlike=frozenset({"features"}))
        for kind in ("llm", "moderation", "text-embedding", "tts")
    ),
    Case("retrieve/hq_default", "POST", f"{HQ}/retrieve", {"query": "red apples"}),
    Case("retrieve/hit_testing_path", "POST", f"{HQ}/hit-testing", {"query": "apples"}),
    Case("retrieve/hierarchical", "POST", f"{PARENT}/retrieve", {"query": "apples"}),
    Case(
        "retrieve/qa",
        "POST",
        "/datasets/{qa}/retrieve",
        {"query": "fig"},
        first=(
            (
                "POST",
                "/datasets/{qa}/documents/{qas}/segments",
                {"segments": [{"content": "What is a fig?", "answer": "A fruit.", "keywords": ["fig"]}]},
            ),
        ),
    ),
    Case(
        "retrieve/hq_threshold_none",
        "POST",
        f"{HQ}/retrieve",
        {"query": "zzz apples", "retrieval_model": {**SEARCH, "score_threshold": 0.99}},
    ),
    Case(
        "metadata/retrieve_with_metadata_filter",
        "POST",
        f"{DATASET}/retrieve",
        {
            "query": "apples",
            "retrieval_model": {
                **SEARCH,
                "search_method": "keyword_search",
                "score_threshold_enabled": False,
                "metadata_filtering_conditions": {
                    "logical_operator": "and",
                    "conditions": [{"name": "f_number", "comparison_operator": "=", "value": 5}],
                },
            },
        },
    ),
    Case("pipeline/upload_unknown_type", "POST", "/datasets/pipeline/file-upload", send=file("x.xyz", b"\0", "x/y")),
]

ANSWERS = [*DATASETS, *DOCUMENTS, *CHUNKS, *OTHERS]
