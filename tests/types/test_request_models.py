"""The models that users build become the JSON that the server was recorded to take."""

import doctest
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from dify.types import datasets, documents, metadata, pipelines, segments
from dify.types.datasets import (
    ExternalRetrievalModel,
    KeywordSetting,
    MetadataCondition,
    MetadataFilter,
    RerankingModel,
    RetrievalModel,
    RetrievalWeights,
    SummaryIndexSetting,
    VectorSetting,
)
from dify.types.documents import PreProcessingRule, ProcessRule, ProcessRules, Segmentation
from dify.types.files import InputFile, UploadedFile
from dify.types.metadata import MetadataInput, MetadataOperation
from dify.types.pipelines import LocalFile, OnlineDocument, OnlineDocumentPage, OnlineDriveFile, PipelineFile, WebPage
from dify.types.segments import SegmentInput, SegmentUpdate

PLAIN = {"search_method": "keyword_search", "reranking_enable": False, "top_k": 2, "score_threshold_enabled": False}

# Each model with the JSON of a request that the server accepted, or that the contract gives as its example.
WIRE: dict[str, tuple[BaseModel, dict[str, Any]]] = {
    "plain retrieval": (RetrievalModel(search_method="keyword_search", top_k=2), PLAIN),
    "weighted retrieval": (
        RetrievalModel(
            search_method="hybrid_search",
            top_k=4,
            reranking_mode="weighted_score",
            weights=RetrievalWeights(
                weight_type="customized",
                vector_setting=VectorSetting(
                    vector_weight=0.7, embedding_provider_name="o/p/p", embedding_model_name="embed"
                ),
                keyword_setting=KeywordSetting(keyword_weight=0.3),
            ),
        ),
        PLAIN
        | {
            "search_method": "hybrid_search",
            "reranking_mode": "weighted_score",
            "top_k": 4,
            "weights": {
                "weight_type": "customized",
                "vector_setting": {
                    "vector_weight": 0.7,
                    "embedding_provider_name": "o/p/p",
                    "embedding_model_name": "embed",
                },
                "keyword_setting": {"keyword_weight": 0.3},
            },
        },
    ),
    "reranked retrieval": (
        RetrievalModel(
            search_method="semantic_search",
            top_k=2,
            score_threshold_enabled=True,
            score_threshold=0.1,
            reranking_enable=True,
            reranking_mode="reranking_model",
            reranking_model=RerankingModel(reranking_provider_name="o/p/p", reranking_model_name="rerank"),
        ),
        {
            "search_method": "semantic_search",
            "reranking_enable": True,
            "reranking_mode": "reranking_model",
            "reranking_model": {"reranking_provider_name": "o/p/p", "reranking_model_name": "rerank"},
            "top_k": 2,
            "score_threshold_enabled": True,
            "score_threshold": 0.1,
        },
    ),
    "filtered retrieval": (
        RetrievalModel(
            search_method="keyword_search",
            top_k=2,
            metadata_filtering_conditions=MetadataFilter(
                logical_operator="and",
                conditions=[
                    MetadataCondition(name="year", comparison_operator="≥", value=5),
                    MetadataCondition(name="tag", comparison_operator="in", value=["a", "b"]),
                    MetadataCondition(name="author", comparison_operator="not empty"),
                ],
            ),
        ),
        PLAIN
        | {
            "metadata_filtering_conditions": {
                "logical_operator": "and",
                "conditions": [
                    {"name": "year", "comparison_operator": "≥", "value": 5},
                    {"name": "tag", "comparison_operator": "in", "value": ["a", "b"]},
                    {"name": "author", "comparison_operator": "not empty"},
                ],
            }
        },
    ),
    "external retrieval": (ExternalRetrievalModel(top_k=2, score_threshold=0), {"top_k": 2, "score_threshold": 0}),
    "summary index": (SummaryIndexSetting(enable=False), {"enable": False}),
    "automatic rule": (ProcessRule(mode="automatic"), {"mode": "automatic"}),
    "custom rule": (
        ProcessRule(
            mode="custom",
            rules=ProcessRules(
                pre_processing_rules=[
                    PreProcessingRule(id="remove_extra_spaces", enabled=True),
                    PreProcessingRule(id="remove_urls_emails", enabled=False),
                ],
                segmentation=Segmentation(separator="\n\n", max_tokens=100, chunk_overlap=0),
            ),
        ),
        {
            "mode": "custom",
            "rules": {
                "pre_processing_rules": [
                    {"id": "remove_extra_spaces", "enabled": True},
                    {"id": "remove_urls_emails", "enabled": False},
                ],
                "segmentation": {"separator": "\n\n", "max_tokens": 100, "chunk_overlap": 0},
            },
        },
    ),
    "hierarchical rule": (
        ProcessRule(
            mode="hierarchical",
            rules=ProcessRules(
                pre_processing_rules=[],
                parent_mode="paragraph",
                segmentation=Segmentation(separator="\n\n", max_tokens=200),
                subchunk_segmentation=Segmentation(separator=" ", max_tokens=60),
            ),
        ),
        {
            "mode": "hierarchical",
            "rules": {
                "pre_processing_rules": [],
                "parent_mode": "paragraph",
                "segmentation": {"separator": "\n\n", "max_tokens": 200},
                "subchunk_segmentation": {"separator": " ", "max_tokens": 60},
            },
        },
    ),
    "new segment": (
        SegmentInput(content="What is a fig?", answer="A fruit.", keywords=["fig"]),
        {"content": "What is a fig?", "answer": "A fruit.", "keywords": ["fig"]},
    ),
    "changed segment": (
        SegmentUpdate(content="Pears.", regenerate_child_chunks=True),
        {"content": "Pears.", "regenerate_child_chunks": True},
    ),
    "metadata": (
        MetadataOperation(
            document_id="d",
            metadata_list=[MetadataInput(id="1", name="year", value=5), MetadataInput(id="2", name="author")],
            partial_update=True,
        ),
        {
            "document_id": "d",
            # The null is not left out: it is what clears the value.
            "metadata_list": [{"id": "1", "name": "year", "value": 5}, {"id": "2", "name": "author", "value": None}],
            "partial_update": True,
        },
    ),
    "local file": (
        LocalFile.from_upload(PipelineFile(id="f", name="note.txt", size=3)),
        {"reference": "f", "name": "note.txt"},
    ),
    "online document": (
        OnlineDocument(
            workspace_id="w",
            page=OnlineDocumentPage(page_id="p", type="page", page_name="Roadmap"),
            credential_id="c",
        ),
        {"workspace_id": "w", "page": {"page_id": "p", "type": "page", "page_name": "Roadmap"}, "credential_id": "c"},
    ),
    "web page": (WebPage(url="https://example.com", title="T"), {"url": "https://example.com", "title": "T"}),
    "drive file": (
        OnlineDriveFile(id="f", type="file", bucket="b", name="n"),
        {"id": "f", "type": "file", "bucket": "b", "name": "n"},
    ),
}


@pytest.mark.parametrize("case", WIRE)
def test_a_request_model_is_dumped_as_the_wire_has_it(case: str) -> None:
    value, wire = WIRE[case]
    assert value.model_dump(mode="json", exclude_none=True) == wire


@pytest.mark.parametrize("case", WIRE)
def test_a_request_model_reads_what_it_writes(case: str) -> None:
    value, wire = WIRE[case]
    assert type(value).model_validate(wire) == value


def test_members_that_only_a_provider_knows_are_sent_along() -> None:
    page = WebPage.model_validate({"url": "https://example.com", "description": "crawled", "content": "# A"})
    assert page.model_dump(mode="json", exclude_none=True) == {
        "url": "https://example.com",
        "description": "crawled",
        "content": "# A",
    }


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (RetrievalModel, {"search_method": "semantic", "top_k": 2}),
        (RetrievalModel, {"search_method": "semantic_search"}),
        (MetadataCondition, {"name": "n", "comparison_operator": "!="}),
        (ProcessRule, {"mode": "weird"}),
        (Segmentation, {"separator": "\n"}),
        (SegmentInput, {"answer": "no content"}),
        (OnlineDriveFile, {"id": "f", "type": "link"}),
    ],
)
def test_what_the_server_would_refuse_is_refused_before_it_is_sent(
    model: type[BaseModel], wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(wrong)


@pytest.mark.parametrize("module", [datasets, documents, metadata, pipelines, segments], ids=lambda each: each.__name__)
def test_the_examples_in_docstrings_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/png", "image"),
        ("audio/mpeg", "audio"),
        ("video/mp4", "video"),
        ("text/plain", "document"),
        (None, "document"),
    ],
)
def test_the_type_of_an_uploaded_file_follows_from_its_mime_type(mime_type: str | None, kind: str) -> None:
    assert InputFile.from_upload(UploadedFile.model_construct(id="f-1", mime_type=mime_type)).type == kind
