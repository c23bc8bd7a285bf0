"""Settings that servers ignore while their switch is off, or their companion is missing: what goes out for them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from dify import RetrievalModel
from dify.types import (
    ExternalRetrievalModel,
    KeywordSetting,
    ProcessRule,
    ProcessRules,
    RerankingModel,
    RetrievalWeights,
    Segmentation,
    SummaryIndexSetting,
    VectorSetting,
)

from ..support import make_client

RERANKER = RerankingModel(reranking_provider_name="o/p/p", reranking_model_name="rerank")
WEIGHTS = RetrievalWeights(
    vector_setting=VectorSetting(vector_weight=0.7, embedding_provider_name="o/p/p", embedding_model_name="embed"),
    keyword_setting=KeywordSetting(keyword_weight=0.3),
)
WEIGHTED = "weighted_score"
SWITCHES = ("score_threshold_enabled", "reranking_enable", "reranking_mode")


def search(**fields: Any) -> RetrievalModel:
    return RetrievalModel(search_method="hybrid_search", top_k=3, **fields)


@pytest.mark.parametrize(
    ("fields", "switches"),
    [
        ({}, (False, False, None)),
        ({"score_threshold": 0.999}, (True, False, None)),
        ({"score_threshold": 0.0}, (True, False, None)),
        ({"score_threshold": 0.9, "score_threshold_enabled": False}, (False, False, None)),
        ({"reranking_model": RERANKER}, (False, True, "reranking_model")),
        ({"reranking_model": RERANKER.model_dump()}, (False, True, "reranking_model")),
        ({"reranking_model": RERANKER, "reranking_enable": False}, (False, False, None)),
        ({"reranking_model": RERANKER, "reranking_enable": True}, (False, True, "reranking_model")),
        ({"reranking_model": RERANKER, "reranking_mode": WEIGHTED}, (False, False, WEIGHTED)),
        ({"reranking_model": {"reranking_provider_name": "", "reranking_model_name": ""}}, (False, False, None)),
        ({"weights": WEIGHTS}, (False, False, WEIGHTED)),
        ({"weights": WEIGHTS, "reranking_mode": "reranking_model"}, (False, False, "reranking_model")),
        ({"weights": WEIGHTS, "reranking_model": RERANKER, "reranking_mode": WEIGHTED}, (False, False, WEIGHTED)),
        ({"weights": WEIGHTS, "reranking_model": RERANKER, "reranking_enable": False}, (False, False, WEIGHTED)),
    ],
)  # fmt: skip
async def test_a_value_switches_itself_on_and_a_switch_of_the_caller_wins(fields, switches):
    model = search(**fields)
    assert tuple(getattr(model, name) for name in SWITCHES) == switches
    sent = await body_of(lambda k: k.datasets.retrieve("k-1", "x", retrieval_model=model), {"records": []})
    assert tuple(sent["retrieval_model"].get(name) for name in SWITCHES) == switches


def test_a_reranking_model_and_weights_together_ask_for_the_mode():
    with pytest.raises(ValueError, match="pass reranking_mode to choose one"):
        search(reranking_model=RERANKER, weights=WEIGHTS)


async def body_of(call, answer: dict[str, Any]) -> dict[str, Any]:
    """The JSON that a call sends, in its body or in the field `data` of its form."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=answer)

    await call(make_client(handler).knowledge)
    content = seen[0].content
    if seen[0].headers["content-type"].startswith("multipart/"):
        content = content.partition(b'name="data"')[2].partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
    return json.loads(content) if content else {}


DATASET = {"id": "k-1", "name": "x"}
MADE = {"document": {"id": "d-1", "name": "x"}, "batch": "b-1"}
EMBEDDING = {"embedding_model": "embed", "embedding_model_provider": "o/p/p"}
CUTS = ProcessRules(parent_mode="paragraph", segmentation=Segmentation(max_tokens=100))
HIERARCHICAL = ProcessRule(mode="hierarchical", rules=CUTS)


@pytest.mark.parametrize(
    ("call", "answer", "sent"),
    [
        (
            lambda k: k.datasets.retrieve(
                "k-1", "x", external_retrieval_model=ExternalRetrievalModel(score_threshold=0.9)
            ),
            {"records": []},
            {"external_retrieval_model": {"score_threshold": 0.9, "score_threshold_enabled": True}},
        ),
        (
            lambda k: k.datasets.update(
                "k-1",
                external_retrieval_model=ExternalRetrievalModel(score_threshold=0.9, score_threshold_enabled=False),
            ),
            DATASET,
            {"external_retrieval_model": {"score_threshold": 0.9, "score_threshold_enabled": False}},
        ),
        (
            lambda k: k.datasets.update("k-1", external_retrieval_model=ExternalRetrievalModel(top_k=3)),
            DATASET,
            {"external_retrieval_model": {"top_k": 3}},
        ),
        (
            lambda k: k.datasets.create("x", summary_index_setting=SummaryIndexSetting(summary_prompt="Short.")),
            DATASET,
            {"summary_index_setting": {"summary_prompt": "Short.", "enable": True}},
        ),
        (
            lambda k: k.datasets.create("x", summary_index_setting=SummaryIndexSetting(enable=False, model_name="m")),
            DATASET,
            {"summary_index_setting": {"enable": False, "model_name": "m"}},
        ),
        (
            lambda k: k.datasets.create("x", external_knowledge_api_id="a", external_knowledge_id="e"),
            DATASET,
            {"provider": "external"},
        ),
        (
            lambda k: k.datasets.create("x", provider="vendor", external_knowledge_id="e"),
            DATASET,
            {"provider": "vendor"},
        ),
        (lambda k: k.datasets.create("x", **EMBEDDING), DATASET, {"indexing_technique": "high_quality"}),
        (
            lambda k: k.datasets.create("x", indexing_technique="economy", **EMBEDDING),
            DATASET,
            {"indexing_technique": "economy"},
        ),
        (lambda k: k.datasets.update("k-1", **EMBEDDING), DATASET, {"indexing_technique": "high_quality", **EMBEDDING}),
        (
            lambda k: k.datasets.update("k-1", partial_member_list=["a-1"]),
            DATASET,
            {"permission": "partial_members", "partial_member_list": [{"user_id": "a-1"}]},
        ),
        (
            lambda k: k.datasets.update("k-1", permission="only_me", partial_member_list=["a-1"]),
            DATASET,
            {"permission": "only_me"},
        ),
        (
            lambda k: k.documents.create_from_text("k-1", "x", "y", **EMBEDDING),
            MADE,
            {"indexing_technique": "high_quality"},
        ),
        (
            lambda k: k.documents.create_from_file("k-1", ("a.md", b"x"), **EMBEDDING),
            MADE,
            {"indexing_technique": "high_quality", **EMBEDDING},
        ),
        (
            lambda k: k.documents.create_from_text("k-1", "x", "y", process_rule=HIERARCHICAL),
            MADE,
            {"doc_form": "hierarchical_model"},
        ),
        (
            lambda k: k.documents.create_from_file("k-1", ("a.md", b"x"), process_rule=HIERARCHICAL.model_dump()),
            MADE,
            {"doc_form": "hierarchical_model"},
        ),
        (
            lambda k: k.documents.update_from_text("k-1", "d-1", process_rule=HIERARCHICAL, doc_form="text_model"),
            MADE,
            {"doc_form": "text_model"},
        ),
        (
            lambda k: k.documents.replace_file("k-1", "d-1", ("a.md", b"x"), process_rule=HIERARCHICAL),
            MADE,
            {"doc_form": "hierarchical_model"},
        ),
    ],
)
async def test_a_setting_brings_along_what_it_needs_to_count(call, answer, sent):
    body = await body_of(call, answer)
    assert {name: body.get(name) for name in sent} == sent


async def test_what_is_not_set_brings_nothing_along():
    assert await body_of(lambda k: k.datasets.create("x"), DATASET) == {"name": "x"}
    plain = ProcessRule(mode="automatic")
    sent = await body_of(lambda k: k.documents.create_from_text("k-1", "x", "y", process_rule=plain), MADE)
    assert sent == {"name": "x", "text": "y", "process_rule": {"mode": "automatic"}}
    sent = await body_of(lambda k: k.documents.replace_file("k-1", "d-1", ("a.md", b"x"), **EMBEDDING), MADE)
    assert sent == EMBEDDING  # a new file does not change how the knowledge base is indexed


def test_what_the_server_sends_is_dumped_as_it_came():
    stored = {"top_k": 2, "score_threshold": 0.5}
    assert ExternalRetrievalModel.model_validate(stored).model_dump(mode="json", exclude_unset=True) == stored


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("create_from_text", ("name", "text")),
        ("create_from_file", (("a.txt", b"a"),)),
        ("replace_file", ("d-1", ("a.txt", b"a"))),
        ("update_from_file", ("d-1", ("a.txt", b"a"))),
    ],
)
async def test_a_document_setting_that_does_not_exist_is_a_type_error_and_nothing_is_sent(method, arguments):
    seen: list[httpx.Request] = []
    client = make_client(seen.append)
    with pytest.raises(TypeError, match="proces_rule"):
        await getattr(client.knowledge.documents, method)("k-1", *arguments, proces_rule={"mode": "automatic"})
    assert seen == []


async def test_a_replacement_takes_no_setting_of_a_new_document():
    with pytest.raises(TypeError, match="indexing_technique"):
        await make_client(print).knowledge.documents.replace_file(
            "k-1", "d-1", ("a.txt", b"a"), indexing_technique="economy"
        )
