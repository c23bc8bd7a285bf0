"""What the recordings do not show: old servers, what is sent and what is sent again, and arguments refused."""

from __future__ import annotations

import json

import httpx
import pytest

from dify import DifyError, InvalidArgumentError, RateLimitError
from dify.types.datasets import MetadataCondition, MetadataFilter, RetrievalModel
from dify.types.metadata import MetadataInput, MetadataOperation
from dify.types.segments import SegmentInput
from tests.support.operations import operations

from ..support import finish, make_client


def keeping(seen: list[httpx.Request], *bodies, status: int = 200):
    """Keeps what it is asked, and answers with these bodies, one after the other; the last one from then on."""
    left = list(bodies) or [{}]

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, json=left.pop(0) if len(left) > 1 else left[0])

    return handler


# ------------------------------------------------------------------------------------------------------- old servers
SILENT = [
    lambda knowledge: knowledge.datasets.delete("k-1"),
    lambda knowledge: knowledge.documents.delete("k-1", "d-1"),
    lambda knowledge: knowledge.documents.set_status("k-1", "enable", ["d-1"]),
    lambda knowledge: knowledge.segments.delete("k-1", "d-1", "s-1"),
    lambda knowledge: knowledge.child_chunks.delete("k-1", "d-1", "s-1", "c-1"),
    lambda knowledge: knowledge.tags.delete("t-1"),
    lambda knowledge: knowledge.tags.bind(["t-1"], target_id="k-1"),
    lambda knowledge: knowledge.tags.unbind(["t-1"], target_id="k-1"),
    lambda knowledge: knowledge.metadata.delete("k-1", "m-1"),
    lambda knowledge: knowledge.metadata.enable_built_in("k-1"),
    lambda knowledge: knowledge.metadata.update_documents("k-1", [{"document_id": "d-1", "metadata_list": []}]),
]


@pytest.mark.parametrize(("status", "body"), [(204, b""), (200, b"204"), (200, b'{"result": "success"}')])
@pytest.mark.parametrize("call", SILENT)
async def test_what_any_release_says_of_success_counts_where_nothing_is_returned(call, status, body):
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"content-type": "application/json"}, content=body)

    assert await call(make_client(handler).knowledge) is None


async def test_one_tag_is_taken_off_under_both_names_and_several_under_the_newer_one():
    seen = []
    tags = make_client(keeping(seen)).knowledge.tags
    await tags.unbind(["t-1"], target_id="k-1")
    await tags.unbind(["t-1", "t-2"], target_id="k-1")
    assert [json.loads(request.content) for request in seen] == [
        {"tag_ids": ["t-1"], "tag_id": "t-1", "target_id": "k-1"},
        {"tag_ids": ["t-1", "t-2"], "target_id": "k-1"},
    ]


async def test_nulls_where_old_servers_send_them_are_understood():
    hit = {"segment": {"id": "s-1", "document_id": "d-1", "content": "x", "keywords": None}, "child_chunks": None}
    client = make_client(keeping([], {"query": {"content": "x"}, "records": [hit | {"files": None, "score": None}]}))
    found = await client.knowledge.datasets.retrieve("k-1", "x")
    assert [record.text for record in found.records] == ["x"]


# ------------------------------------------------------------------------------------------------------ what is sent
async def test_an_update_sends_only_what_is_given():
    seen = []
    client = make_client(keeping(seen, {"id": "k-1", "name": "x"}))
    await client.knowledge.datasets.update("k-1", description="", permission="only_me")
    assert json.loads(seen[0].content) == {"description": "", "permission": "only_me"}


async def test_a_segment_can_be_switched_off_without_saying_more():
    seen = []
    segment = {"data": {"id": "s-1", "document_id": "d-1", "content": "x"}}
    client = make_client(keeping(seen, segment))
    await client.knowledge.segments.update("k-1", "d-1", "s-1", enabled=False)
    assert json.loads(seen[0].content) == {"segment": {"enabled": False}}


async def test_models_are_sent_without_what_was_left_out():
    seen = []
    client = make_client(keeping(seen, {"records": []}))
    condition = MetadataCondition(name="year", comparison_operator="≥", value=2024)
    search = RetrievalModel(
        search_method="hybrid_search", top_k=3, metadata_filtering_conditions=MetadataFilter(conditions=[condition])
    )
    await client.knowledge.datasets.retrieve("k-1", "", retrieval_model=search, attachment_ids=["f-1"])
    assert json.loads(seen[0].content) == {
        "query": "",
        "retrieval_model": {
            "search_method": "hybrid_search",
            "top_k": 3,
            "score_threshold_enabled": False,
            "reranking_enable": False,
            "metadata_filtering_conditions": {
                "conditions": [{"name": "year", "comparison_operator": "≥", "value": 2024}],
            },
        },
        "attachment_ids": ["f-1"],
    }


async def test_metadata_is_cleared_by_null_and_replaced_only_when_asked_for():
    seen = []
    client = make_client(keeping(seen, {"result": "success"}))
    values = [MetadataInput(id="m-1", name="year"), MetadataInput(id="m-2", name="lang", value="fr")]
    change = MetadataOperation(document_id="d-1", metadata_list=values, partial_update=True)
    await client.knowledge.metadata.update_documents("k-1", [change])
    assert json.loads(seen[0].content)["operation_data"] == [
        {
            "document_id": "d-1",
            "metadata_list": [
                {"id": "m-1", "name": "year", "value": None},
                {"id": "m-2", "name": "lang", "value": "fr"},
            ],
            "partial_update": True,
        }
    ]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda knowledge: knowledge.tags.bind("t-1", target_id="k-1"), "tag_ids"),
        (lambda knowledge: knowledge.tags.unbind("t-1", target_id="k-1"), "tag_ids"),
        (lambda knowledge: knowledge.documents.set_status("k-1", "enable", "d-1"), "document_ids"),
        (lambda knowledge: knowledge.segments.create("k-1", "d-1", SegmentInput(content="x")), "segments"),
        (lambda knowledge: knowledge.segments.create("k-1", "d-1", {"content": "x"}), "segments"),
        (lambda knowledge: knowledge.segments.update("k-1", "d-1", "s-1", keywords="fig"), "keywords"),
        (lambda knowledge: knowledge.datasets.update("k-1", partial_member_list="a-1"), "partial_member_list"),
    ],
)
async def test_one_where_a_list_belongs_is_refused_before_anything_is_sent(call, name):
    seen = []
    with pytest.raises(InvalidArgumentError, match=f"{name} is a list"):
        await call(make_client(keeping(seen)).knowledge)
    assert seen == []


def knowledge_operations():
    client = make_client(keeping([]))
    return [one for one in operations(client) if one.path.startswith("knowledge.")]


IDS = {"dataset_id", "document_id", "segment_id", "child_chunk_id", "metadata_id", "batch", "node_id"}


@pytest.mark.parametrize("one", knowledge_operations(), ids=lambda one: one.path)
async def test_an_id_that_is_no_path_segment_is_refused_before_anything_is_sent(one):
    seen = []
    client = make_client(keeping(seen))
    for name in sorted(IDS.intersection(one.required)):
        for bad in ("", "..", "%2e%2e", "a/b", "a\\b", "x\r\n"):
            with pytest.raises(InvalidArgumentError, match=name):
                await finish(one.call(client, **{name: bad}))
    assert seen == []


# -------------------------------------------------------------------------------------------------- what is sent again
SENT_ONCE = {
    "knowledge.child_chunks.create",
    "knowledge.child_chunks.update",
    "knowledge.datasets.create",
    "knowledge.documents.create_from_file",
    "knowledge.documents.create_from_text",
    "knowledge.documents.replace_file",
    "knowledge.documents.update_from_file",
    "knowledge.documents.update_from_text",
    "knowledge.metadata.create",
    "knowledge.pipelines.run",
    "knowledge.pipelines.run_datasource_node",
    "knowledge.pipelines.stream",
    "knowledge.pipelines.upload_file",
    "knowledge.segments.create",
    "knowledge.segments.update",
    "knowledge.tags.create",
}


@pytest.mark.parametrize("one", knowledge_operations(), ids=lambda one: one.path)
async def test_what_creates_or_indexes_is_sent_once_and_all_else_again(one):
    seen = []

    def gateway(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(502, headers={"Retry-After": "0"}, content=b"<html>")

    with pytest.raises(DifyError):
        await finish(one.call(make_client(gateway, max_retries=2)))
    assert len(seen) == (1 if one.path in SENT_ONCE else 3)


def test_the_table_of_what_is_sent_once_names_methods_that_exist():
    assert {one.path for one in knowledge_operations()} >= SENT_ONCE


async def test_the_knowledge_rate_limit_of_dify_cloud_is_a_rate_limit():
    words = "Sorry, you have reached the knowledge base request rate limit of your subscription."
    body = {"code": "forbidden", "message": words, "status": 403}
    client = make_client(keeping([], body, status=403))
    with pytest.raises(RateLimitError):
        await client.knowledge.datasets.retrieve("k-1", "x")
