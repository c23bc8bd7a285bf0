"""Rules of a server for knowledge, each of which a request can break."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from dify.testing import Emulator

AUTOMATIC = {"mode": "automatic"}
ECONOMY, EMBEDDED = {"indexing_technique": "economy"}, {"indexing_technique": "high_quality"}
TEA = "Tea is made from leaves. Apples are red."
MODEL = {"embedding_model": "emulator-embedding", "embedding_model_provider": "dify/emulator/emulator"}
STRANGE = {"embedding_model": "nope", "embedding_model_provider": "nope/nope/nope"}
SEARCH = {"reranking_enable": False, "top_k": 3, "score_threshold_enabled": False}


class Server:
    """An emulator's knowledge, reached by plain requests."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """The JSON of an answer; of a refusal its status and message."""
        if json is not None:
            more["json"] = json
        reply = await self._client.request(method, path, **more)
        if reply.is_success:
            return reply.json() if reply.content else None
        body = reply.json()
        return reply.status_code, body.get("message", body.get("error"))

    async def dataset(self, **settings: Any) -> str:
        return (await self.send("POST", "/datasets", {"name": uuid4().hex, **settings}))["id"]

    async def text(self, dataset: str, name: str = "tea.md", text: str = TEA, **settings: Any) -> Any:
        body = {"name": name, "text": text, "process_rule": AUTOMATIC, **settings}
        return await self.send("POST", f"/datasets/{dataset}/document/create-by-text", body)

    async def file(self, dataset: str, name: str = "tea.txt", data: str | None = None, **more: Any) -> Any:
        files = {"file": (name, TEA.encode(), "text/plain"), **more}
        fields = None if data is None else {"data": data}
        return await self.send("POST", f"/datasets/{dataset}/document/create-by-file", files=files, data=fields)

    async def search(self, dataset: str, query: str, method: str, **settings: Any) -> Any:
        model = {**SEARCH, "search_method": method, **settings}
        found = await self.send("POST", f"/datasets/{dataset}/retrieve", {"query": query, "retrieval_model": model})
        return found if isinstance(found, tuple) else [each["segment"]["content"] for each in found["records"]]

    async def segments(self, dataset: str, document: str) -> list[Any]:
        return (await self.send("GET", f"/datasets/{dataset}/documents/{document}/segments"))["data"]


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(index_at_once=True) as emulator:
        yield emulator


@pytest.fixture
async def server(emulator) -> AsyncIterator[Server]:
    headers = {"Authorization": f"Bearer {emulator.knowledge_api_key}"}
    transport = emulator.transport()
    async with httpx.AsyncClient(transport=transport, base_url=emulator.base_url, headers=headers) as client:
        yield Server(client)


# ------------------------------------------------------------------------------------------------- documents of a name
async def test_a_document_of_a_known_name_replaces_the_other_one(server) -> None:
    where = await server.dataset(**ECONOMY)
    first = await server.text(where, text="Old words.", **ECONOMY)
    second = await server.text(where, text="New words.", **ECONOMY)
    assert second["document"]["id"] == first["document"]["id"]
    assert second["batch"] != first["batch"]
    assert await server.search(where, "Old", "keyword_search") == []
    assert await server.search(where, "New", "keyword_search") == ["New words."]
    path = f"/datasets/{where}/documents"
    assert (await server.send("GET", path))["total"] == 1
    assert await server.send("GET", f"{path}/{first['batch']}/indexing-status") == (404, "Documents not found.")
    assert (await server.send("GET", f"{path}/{second['batch']}/indexing-status"))["data"][0]["total_segments"] == 1


async def test_names_are_compared_by_case_and_texts_and_files_share_them(server) -> None:
    where = await server.dataset(**ECONOMY)
    first = (await server.text(where, "a.txt", **ECONOMY))["document"]
    assert (await server.text(where, "A.txt", **ECONOMY))["document"]["id"] != first["id"]
    assert (await server.file(where, "a.txt"))["document"]["id"] == first["id"]


async def test_a_disabled_document_is_not_replaced(server) -> None:
    where = await server.dataset(**ECONOMY)
    first = (await server.text(where, **ECONOMY))["document"]["id"]
    await server.send("PATCH", f"/datasets/{where}/documents/status/disable", {"document_ids": [first]})
    assert (await server.text(where, **ECONOMY))["document"]["id"] != first


async def test_a_long_name_is_cut_off(server) -> None:
    where = await server.dataset(**ECONOMY)
    assert (await server.text(where, "x" * 201, **ECONOMY))["document"]["name"] == "x" * 200
    assert (await server.file(where, "y" * 250 + ".txt"))["document"]["name"] == "y" * 200 + ".txt"


# --------------------------------------------------------------------------------------------------- the technique
async def test_every_text_names_its_technique_but_a_file_takes_that_of_the_knowledge_base(server) -> None:
    bare, where = await server.dataset(), await server.dataset(**EMBEDDED)
    assert await server.text(bare) == (400, "indexing_technique is required.")
    status, message = await server.text(where)
    assert (status, message.splitlines()[:2]) == (400, ["1 validation error for KnowledgeConfig", "indexing_technique"])
    assert await server.file(bare) == (400, "indexing_technique is required.")
    assert await server.file(where) == (400, "process_rule is required.")
    made = await server.file(where, data='{"process_rule": {"mode": "automatic"}}')
    assert made["document"]["name"] == "tea.txt"
    status, message = await server.text(where, indexing_technique="x")
    assert (status, "Input should be 'high_quality' or 'economy'" in message) == (400, True)


async def test_the_technique_of_a_text_does_not_change_that_of_the_knowledge_base(server) -> None:
    where = await server.dataset(**EMBEDDED)
    await server.text(where, **ECONOMY)
    assert (await server.send("GET", f"/datasets/{where}"))["indexing_technique"] == "high_quality"


async def test_the_first_text_settles_what_the_knowledge_base_leaves_open(server) -> None:
    where = await server.dataset()
    await server.text(where, **EMBEDDED)
    base = await server.send("GET", f"/datasets/{where}")
    assert (base["indexing_technique"], base["embedding_model"]) == ("high_quality", "emulator-embedding")
    assert base["retrieval_model_dict"]["top_k"] == 4


async def test_a_document_has_the_form_of_those_before_it(server) -> None:
    where = await server.dataset(**EMBEDDED)
    await server.text(where, **EMBEDDED)
    assert await server.text(where, "b", doc_form="qa_model", **EMBEDDED) == (
        400,
        "doc_form is different from the dataset doc_form.",
    )


# -------------------------------------------------------------------------------------------------------------- rules
@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (None, "Process rule rules is required"),
        ({}, "Process rule pre_processing_rules is required"),
        ({"pre_processing_rules": []}, "Process rule segmentation is required"),
        (
            {"pre_processing_rules": [{"id": "", "enabled": True}], "segmentation": {"max_tokens": 100}},
            "Process rule pre_processing_rules id is required",
        ),
        (
            {"pre_processing_rules": [], "segmentation": {"separator": "", "max_tokens": 100}},
            "Process rule segmentation separator is required",
        ),
        (
            {"pre_processing_rules": [], "segmentation": {"max_tokens": 0}},
            "Process rule segmentation max_tokens is required",
        ),
    ],
)
async def test_a_rule_says_all_that_cutting_takes(rules, message, server) -> None:
    where = await server.dataset(**ECONOMY)
    rule = {"mode": "custom"} if rules is None else {"mode": "custom", "rules": rules}
    assert await server.text(where, process_rule=rule, **ECONOMY) == (400, message)
    assert (await server.send("GET", f"/datasets/{where}/documents"))["total"] == 0


@pytest.mark.parametrize(
    ("segmentation", "problem"),
    [
        ({"separator": "x"}, "process_rule.rules.segmentation.max_tokens\n  Field required"),
        ({"max_tokens": "x"}, "process_rule.rules.segmentation.max_tokens\n  Input should be a valid integer"),
    ],
)
async def test_a_rule_has_values_of_the_right_types(segmentation, problem, server) -> None:
    where = await server.dataset(**ECONOMY)
    rule = {"mode": "custom", "rules": {"pre_processing_rules": [], "segmentation": segmentation}}
    status, message = await server.text(where, process_rule=rule, **ECONOMY)
    assert (status, problem in message) == (400, True)
    assert message.startswith("1 validation error for DocumentTextCreatePayload")


async def test_a_rule_that_no_text_can_be_cut_by_fails_the_indexing(server) -> None:
    where = await server.dataset(**ECONOMY)
    rules = {"pre_processing_rules": [], "segmentation": {"separator": "x", "max_tokens": 10}}
    made = await server.text(where, process_rule={"mode": "custom", "rules": rules}, **ECONOMY)
    state = (await server.send("GET", f"/datasets/{where}/documents/{made['batch']}/indexing-status"))["data"][0]
    assert (state["indexing_status"], state["error"]) == (
        "error",
        "Custom segment length should be between 50 and 4000.",
    )
    assert isinstance(state["stopped_at"], int)


async def test_documents_without_a_rule_of_their_own_share_that_of_the_one_before(server) -> None:
    where = await server.dataset(**ECONOMY)
    rules = {"pre_processing_rules": [], "segmentation": {"separator": ".", "max_tokens": 100}}
    first = await server.text(where, process_rule={"mode": "custom", "rules": rules}, **ECONOMY)
    second = await server.text(where, "b", process_rule=None, **ECONOMY)
    assert second["document"]["dataset_process_rule_id"] == first["document"]["dataset_process_rule_id"]
    shown = await server.send("GET", f"/datasets/{where}/documents/{second['document']['id']}")
    assert shown["document_process_rule"]["rules"] == {
        "pre_processing_rules": [],
        "segmentation": {"separator": ".", "max_tokens": 100, "chunk_overlap": 0},
        "parent_mode": None,
        "subchunk_segmentation": None,
    }


# -------------------------------------------------------------------------------------------------------------- files
@pytest.mark.parametrize("name", ["a.png", "a", "a.exe", "a.json"])
async def test_a_file_of_a_type_that_servers_do_not_read_is_refused_without_a_reason(name, server) -> None:
    where = await server.dataset(**ECONOMY)
    assert await server.file(where, name, '{"process_rule": {"mode": "automatic"}}') == (400, "")


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        ("", (400, "Expecting value: line 1 column 1 (char 0)")),
        ("[]", (500, "Internal Server Error")),
        ("null", (500, "Internal Server Error")),
    ],
)
async def test_the_settings_of_a_file_are_a_json_object(data, refusal, server) -> None:
    where = await server.dataset(**ECONOMY)
    assert await server.file(where, data=data) == refusal


async def test_a_file_goes_under_its_own_name_alone(server) -> None:
    where = await server.dataset(**ECONOMY)
    assert await server.file(where, "a/b.txt") == (400, "Filename contains invalid characters")
    second = {"other": ("b.txt", b"2", "text/plain")}
    assert await server.file(where, **second) == (400, "Only one file is allowed.")


async def test_a_file_has_a_name(server) -> None:
    where = await server.dataset(**ECONOMY)
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\nTea.\r\n--x--\r\n'
    sent = {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    path = f"/datasets/{where}/document/create-by-file"
    assert await server.send("POST", path, **sent) == (400, "The specified filename does not exist.")


async def test_an_external_knowledge_base_takes_no_files(server) -> None:
    where = await server.dataset(provider="external")
    assert await server.file(where) == (400, "External datasets are not supported.")
    external = {"name": "b", "provider": "external", "external_knowledge_api_id": str(uuid4())}
    assert await server.send("POST", "/datasets", external) == (400, "External API template not found.")


async def test_the_embedding_model_of_a_file_belongs_to_a_provider_of_the_workspace(server) -> None:
    where = await server.dataset(**EMBEDDED)
    data = json.dumps({"process_rule": AUTOMATIC, **STRANGE})
    assert await server.file(where, data=data) == (400, "Provider nope/nope/nope does not exist.")


async def test_the_first_document_sets_the_search_unless_the_knowledge_base_has_one(server) -> None:
    chosen = {**SEARCH, "search_method": "full_text_search"}
    where = await server.dataset(retrieval_model=chosen)
    await server.text(where, **EMBEDDED)
    assert (await server.send("GET", f"/datasets/{where}"))["retrieval_model_dict"][
        "search_method"
    ] == "full_text_search"
    bare = await server.dataset()
    await server.text(bare, **ECONOMY)
    shown = await server.send("GET", f"/datasets/{bare}")
    assert (shown["indexing_technique"], shown["embedding_model"]) == ("economy", None)


async def test_new_documents_have_the_built_in_fields_once_they_are_enabled(server) -> None:
    where = await server.dataset(**ECONOMY)
    await server.send("POST", f"/datasets/{where}/metadata/built-in/enable")
    which = (await server.text(where, "built-in.md", **ECONOMY))["document"]["id"]
    shown = (await server.send("GET", f"/datasets/{where}/documents/{which}"))["doc_metadata"]
    values = {field["name"]: field["value"] for field in shown}
    assert (values["document_name"], values["source"]) == ("built-in.md", "file_upload")
    conditions = [{"name": "source", "comparison_operator": "is", "value": "upload_file"}]
    stored = {"metadata_filtering_conditions": {"logical_operator": "and", "conditions": conditions}}
    assert await server.search(where, "Apples", "keyword_search", **stored) == [TEA]


async def test_documents_of_a_website_have_no_file_to_download(emulator, server) -> None:
    where = emulator.add_pipeline("Pages", node_id="crawl", datasource_type="website_crawl")
    run = {
        "inputs": {},
        "datasource_type": "website_crawl",
        "datasource_info_list": [{"source_url": "https://example.com", "title": "Home", "content": "# Home"}],
        "start_node_id": "crawl",
        "is_published": True,
        "response_mode": "blocking",
    }
    which = (await server.send("POST", f"/datasets/{where}/pipeline/run", run))["documents"][0]["id"]
    path = f"/datasets/{where}/documents"
    assert (await server.send("GET", f"{path}/{which}"))["name"] == "Home"
    assert [each["content"] for each in await server.segments(where, which)] == ["Home"]
    assert await server.send("GET", f"{path}/{which}/download") == (
        404,
        "Document does not have an uploaded file to download.",
    )
    status, message = await server.send("POST", f"{path}/download-zip", {"document_ids": [which]})
    assert (status, message.startswith("Only uploaded-file documents can be downloaded as ZIP.")) == (404, True)


# ------------------------------------------------------------------------------------------------------------ changes
async def test_an_archived_document_cannot_be_deleted(server) -> None:
    where = await server.dataset(**ECONOMY)
    which = (await server.text(where, **ECONOMY))["document"]["id"]
    status, path = f"/datasets/{where}/documents/status", f"/datasets/{where}/documents/{which}"
    await server.send("PATCH", f"{status}/archive", {"document_ids": [which]})
    assert await server.send("DELETE", path) == (403, "The archived document is not editable.")
    await server.send("PATCH", f"{status}/un_archive", {"document_ids": [which]})
    assert await server.send("DELETE", path) is None


async def test_a_document_that_is_being_indexed_is_changed_at_the_second_try(emulator, server) -> None:
    where = await server.dataset(**ECONOMY)
    emulator._state.knowledge.index_at_once = False
    made = await server.text(where, **ECONOMY)
    path = f"/datasets/{where}/documents/{made['document']['id']}/update-by-text"
    assert await server.send("POST", path, {"name": "b", "text": "New."}) == (400, "Document is not available")
    changed = await server.send("POST", path, {"name": "b", "text": "New."})
    assert (changed["document"]["name"], changed["batch"]) == ("b", made["batch"])


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, "Data source or Process rule is required"),
        ({"name": "b"}, "Data source or Process rule is required"),
        ({"name": "b", "text": ""}, "Data source or Process rule is required"),
        ({"process_rule": {"mode": "custom"}}, "Process rule rules is required"),
        ({"name": "b", "text": "New.", "doc_form": "qa_model"}, "doc_form is different from the dataset doc_form."),
    ],
)
async def test_a_change_of_a_document_changes_something(body, refusal, server) -> None:
    where = await server.dataset(**ECONOMY)
    made = await server.text(where, **ECONOMY)
    path = f"/datasets/{where}/documents/{made['document']['id']}/update-by-text"
    assert await server.send("POST", path, body) == (400, refusal)


async def test_a_status_is_set_for_the_documents_that_there_are(emulator, server) -> None:
    where = await server.dataset(**ECONOMY)
    which = (await server.text(where, **ECONOMY))["document"]["id"]
    path = f"/datasets/{where}/documents/status"
    for ids in ([str(uuid4())], [str(uuid4()), which]):
        assert await server.send("PATCH", f"{path}/disable", {"document_ids": ids}) == {"result": "success"}
    assert (await server.send("GET", f"/datasets/{where}/documents/{which}"))["display_status"] == "disabled"
    assert await server.send("PATCH", f"{path}/enable", {"document_ids": ["x"]}) == (500, "Internal Server Error")
    assert await server.send("PATCH", f"{path}/zzz", {"document_ids": []}) == {"result": "success"}
    assert await server.send("PATCH", f"{path}/disable", {"document_ids": 5}) == (500, "Internal Server Error")
    emulator._state.knowledge.index_at_once = False
    busy = (await server.text(where, "busy", **ECONOMY))["document"]["id"]
    refusal = await server.send("PATCH", f"{path}/disable", {"document_ids": [busy]})
    assert refusal == (400, "Document: busy is not completed.")


# -------------------------------------------------------------------------------------------------------------- lists
async def test_lists_of_knowledge_bases_and_documents_check_their_numbers(server) -> None:
    where = await server.dataset(**ECONOMY)
    for number in range(3):
        await server.text(where, f"{number}", **ECONOMY)
    path = f"/datasets/{where}/documents"
    for list_path in ("/datasets", path):
        status, message = await server.send("GET", list_path, params={"limit": "x"})
        assert (status, "limit\n  Input should be a valid integer" in message) == (400, True)
    page = await server.send("GET", path, params={"page": 0, "limit": 2})
    assert (page["page"], page["limit"], page["total"], page["has_more"], len(page["data"])) == (0, 2, 3, True, 2)
    page = await server.send("GET", path, params={"limit": 0})
    assert (page["limit"], page["has_more"], len(page["data"])) == (0, False, 3)


async def test_at_most_100_rows_are_on_a_page_which_then_has_none_after_it(server) -> None:
    where = await server.dataset(**ECONOMY)
    which = (await server.text(where, **ECONOMY))["document"]["id"]
    path = f"/datasets/{where}/documents/{which}/segments"
    await server.send("POST", path, {"segments": [{"content": f"{number}"} for number in range(101)]})
    page = await server.send("GET", path, params={"limit": 102})
    assert (page["limit"], page["total"], page["has_more"], len(page["data"])) == (102, 102, False, 100)


async def test_documents_are_searched_by_name_as_the_database_compares(server) -> None:
    where = await server.dataset(**ECONOMY)
    for name in ("Tea.md", "tea.txt", "100%.md"):
        await server.text(where, name, **ECONOMY)

    async def names(keyword: str) -> list[str]:
        page = await server.send("GET", f"/datasets/{where}/documents", params={"keyword": keyword})
        return [each["name"] for each in page["data"]]

    assert await names("tea") == ["tea.txt"]
    assert await names("t_a") == ["tea.txt"]
    assert await names("%.md") == ["100%.md", "Tea.md"]
    assert await names("0\\%") == ["100%.md"]


async def test_a_status_that_there_is_not_lists_all_documents(server) -> None:
    where = await server.dataset(**ECONOMY)
    await server.text(where, **ECONOMY)
    path = f"/datasets/{where}/documents"
    counts = [
        (await server.send("GET", path, params={"status": status}))["total"]
        for status in ("available", "ENABLED", "active", "archived", "zzz")
    ]
    assert counts == [1, 1, 1, 0, 1]


async def test_lists_of_chunks_forgive_words_for_numbers_but_no_numbers_below_one(server) -> None:
    where = await server.dataset(**ECONOMY)
    which = (await server.text(where, **ECONOMY))["document"]["id"]
    path = f"/datasets/{where}/documents/{which}/segments"
    children = f"{path}/{(await server.segments(where, which))[0]['id']}/child_chunks"
    for list_path, query in ((path, "SegmentListQuery"), (children, "ChildChunkListQuery")):
        assert (await server.send("GET", list_path, params={"page": "x"}))["page"] == 1
        status, message = await server.send("GET", list_path, params={"page": 0})
        assert (status, message.splitlines()[0]) == (400, f"1 validation error for {query}")
    assert await server.send("GET", path, params={"status": "zzz"}) == (500, "Internal Server Error")
    assert (await server.send("GET", path, params={"status": "error"}))["total"] == 0


async def test_a_list_by_tags_gives_what_has_all_of_them(server) -> None:
    both, one = await server.dataset(), await server.dataset()
    tags = [(await server.send("POST", "/datasets/tags", {"name": name}))["id"] for name in "ab"]
    for target, ids in ((both, tags), (one, tags[:1])):
        await server.send("POST", "/datasets/tags/binding", {"tag_ids": ids, "target_id": target})

    async def found(*ids: str) -> Any:
        page = await server.send("GET", "/datasets", params={"tag_ids": ids})
        return page if isinstance(page, tuple) else {each["id"] for each in page["data"]}

    assert await found(tags[0]) == {both, one}
    assert await found(*tags) == {both}
    assert await found(tags[0], str(uuid4())) == set()
    assert await found("x") == (500, "Internal Server Error")


# ------------------------------------------------------------------------------------------------------------ searches
async def test_a_keyword_search_compares_by_case_and_gives_no_scores(server) -> None:
    where = await server.dataset(**ECONOMY)
    await server.text(where, **ECONOMY)
    found = {
        query: len(await server.search(where, query, "keyword_search"))
        for query in ("Tea", "tea", "leaves", "leav", "leaves zebra", "is", "zebra")
    }
    assert found == {"Tea": 1, "tea": 0, "leaves": 1, "leav": 0, "leaves zebra": 1, "is": 0, "zebra": 0}
    model = {**SEARCH, "search_method": "keyword_search"}
    reply = await server.send("POST", f"/datasets/{where}/retrieve", {"query": "Tea", "retrieval_model": model})
    assert reply["records"][0]["score"] == 0.0
    assert "Tea" in reply["records"][0]["segment"]["keywords"]


async def test_a_keyword_search_finds_nothing_where_there_are_embeddings(server) -> None:
    where = await server.dataset(**EMBEDDED)
    which = (await server.text(where, **EMBEDDED))["document"]["id"]
    assert await server.search(where, "Tea", "keyword_search") == []
    assert (await server.segments(where, which))[0]["keywords"] is None


@pytest.mark.parametrize("method", ["semantic_search", "full_text_search", "hybrid_search"])
@pytest.mark.parametrize("settings", [{}, ECONOMY, EMBEDDED], ids=["no technique", "economy", "empty"])
async def test_the_other_searches_need_embeddings(settings, method, server) -> None:
    where = await server.dataset(**settings)
    if settings == ECONOMY:
        await server.text(where, **ECONOMY)
    status, message = await server.search(where, "tea", method)
    table = f"embedding_vector_index_{where.replace('-', '_')}_nod"
    assert (status, message.splitlines()[0]) == (400, f'relation "{table}" does not exist')
    assert message.count("does not exist") == (2 if method == "hybrid_search" else 1)
    if settings == ECONOMY:
        assert (await server.send("POST", f"/datasets/{where}/retrieve", {"query": "tea"}))[0] == 400


async def test_a_semantic_search_finds_the_nearest_chunks_however_far_they_are(server) -> None:
    where = await server.dataset(**EMBEDDED)
    for name, text in (("a", "red apples"), ("b", "red pears"), ("c", "bananas")):
        await server.text(where, name, text, **EMBEDDED)
    assert await server.search(where, "red apples", "semantic_search") == ["red apples", "red pears", "bananas"]
    assert await server.search(where, "zebra", "semantic_search", top_k=2) == ["red apples", "red pears"]
    threshold = {"score_threshold_enabled": True, "score_threshold": 0.9}
    assert await server.search(where, "red apples", "semantic_search", **threshold) == ["red apples"]
    unused = {"score_threshold_enabled": False, "score_threshold": 0.9}
    assert len(await server.search(where, "red apples", "semantic_search", **unused)) == 3
    assert await server.search(where, "x", "semantic_search", top_k=0) == (400, "top_k must be a positive integer")


async def test_a_full_text_search_finds_chunks_with_all_words_of_the_query(server) -> None:
    where = await server.dataset(**EMBEDDED)
    for name, text in (("a", "Apples are red."), ("b", "Pears are red.")):
        await server.text(where, name, text, **EMBEDDED)
    assert len(await server.search(where, "RED", "full_text_search")) == 2
    assert await server.search(where, "red apple", "full_text_search") == ["Apples are red."]
    assert await server.search(where, "red zebra", "full_text_search") == []


async def test_a_hybrid_search_unites_both_and_weights_cut_it_to_top_k(server) -> None:
    where = await server.dataset(**EMBEDDED)
    for name, text in (("a", "red"), ("b", "red pears and plums and figs"), ("c", "bananas")):
        await server.text(where, name, text, **EMBEDDED)
    assert len(await server.search(where, "red", "hybrid_search", top_k=1)) == 1
    assert len(await server.search(where, "zebra", "hybrid_search")) == 3
    weights = {
        "vector_setting": {"vector_weight": 0.5, "embedding_provider_name": "p", "embedding_model_name": "m"},
        "keyword_setting": {"keyword_weight": 0.5},
    }
    assert len(await server.search(where, "zebra", "hybrid_search", reranking_mode="weighted_score")) == 3
    weighed = {"reranking_mode": "weighted_score", "weights": weights, "top_k": 2}
    assert await server.search(where, "red", "hybrid_search", **weighed) == ["red", "red pears and plums and figs"]


async def test_a_rerank_model_is_one_of_the_workspace(server) -> None:
    where = await server.dataset(**EMBEDDED)
    await server.text(where, **EMBEDDED)
    names = {"reranking_provider_name": "nope/nope/nope", "reranking_model_name": "nope"}
    refusal = (400, "Provider nope/nope/nope does not exist.")
    on, off = {"reranking_enable": True, "reranking_model": names}, {"reranking_model": names}
    assert await server.search(where, "tea", "semantic_search", **on) == refusal
    assert await server.search(where, "tea", "semantic_search", **off) == [TEA]
    own = {"reranking_provider_name": "dify/emulator/emulator", "reranking_model_name": "emulator-rerank"}
    assert await server.search(where, "tea", "semantic_search", reranking_enable=True, reranking_model=own) == [TEA]
    plain = {"reranking_provider_name": "No Plugin", "reranking_model_name": "nope"}
    invalid = {"reranking_enable": True, "reranking_model": plain}
    assert await server.search(where, "tea", "semantic_search", **invalid) == (400, "Invalid plugin id No Plugin")
    model = {**SEARCH, "search_method": "semantic_search", "reranking_model": names}
    assert await server.send("PATCH", f"/datasets/{where}", {"retrieval_model": model}) == refusal


async def test_a_hybrid_search_with_a_rerank_model_is_cut_to_top_k_and_hides_an_unknown_provider(server) -> None:
    where = await server.dataset(**EMBEDDED)
    for name in ("a", "b", "c"):
        await server.text(where, name, f"red {name}", **EMBEDDED)

    async def reranked(provider: str, **more: Any) -> list[str]:
        model = {"reranking_provider_name": provider, "reranking_model_name": "emulator-rerank"}
        rerank = {"reranking_enable": True, "reranking_model": model, **more}
        return await server.search(where, "red", "hybrid_search", **rerank)

    assert len(await reranked("dify/emulator/emulator", top_k=2)) == 2
    assert await reranked("dify/emulator/emulator", score_threshold_enabled=True, score_threshold=0.9) == []
    assert await reranked("nope/nope/nope") == []


async def test_a_query_is_a_text_of_up_to_250_characters(server) -> None:
    where = await server.dataset(**ECONOMY)
    assert await server.search(where, "", "keyword_search") == (400, "Query or attachment_ids is required")
    assert await server.search(where, "x" * 250, "keyword_search") == []
    picture = {"query": "", "attachment_ids": [str(uuid4())]}
    assert (await server.send("POST", f"/datasets/{where}/retrieve", picture))["records"] == []
    status, message = await server.search(where, "x" * 251, "keyword_search")
    assert (status, "at most 250 characters" in message) == (400, True)
    status, message = await server.search(where, "x", "zzz")
    assert (status, "Input should be 'semantic_search', 'full_text_search'" in message) == (400, True)


# ------------------------------------------------------------------------------------------------------------- chunks
async def test_what_a_chunk_update_leaves_out_or_empty_stays(server) -> None:
    where = await server.dataset(**ECONOMY)
    which = (await server.text(where, **ECONOMY))["document"]["id"]
    path = f"/datasets/{where}/documents/{which}/segments/{(await server.segments(where, which))[0]['id']}"

    async def update(**segment: Any) -> Any:
        reply = await server.send("POST", path, {"segment": segment})
        return reply if isinstance(reply, tuple) else reply["data"]

    for content in ("", None):
        assert (await update(content=content))["content"] == TEA
    changed = await update(content="Apples are blue.", answer="ignored")
    assert (changed["content"], changed["answer"]) == ("Apples are blue.", None)
    assert set(changed["keywords"]) == {"Apples", "blue"}
    assert (await update(keywords=["fruit"]))["keywords"] == ["fruit"]
    assert await server.search(where, "fruit", "keyword_search") == ["Apples are blue."]
    disabled = await update(content="Apples are green.", enabled=False)
    assert (disabled["content"], disabled["enabled"]) == ("Apples are blue.", False)
    assert await update(content="x") == (400, "Can't update disabled segment")
    assert await server.search(where, "fruit", "keyword_search") == []
    enabled = await update(content="Apples are green.", enabled=True)
    assert (enabled["content"], enabled["enabled"], enabled["disabled_at"]) == ("Apples are green.", True, None)


async def test_a_chunk_is_found_by_its_id_whatever_document_the_path_names(server) -> None:
    where = await server.dataset(**ECONOMY)
    first = (await server.text(where, "a", **ECONOMY))["document"]["id"]
    other = (await server.text(where, "b", **ECONOMY))["document"]["id"]
    chunk = (await server.segments(where, first))[0]["id"]
    path = f"/datasets/{where}/documents/{other}/segments/{chunk}"
    assert (await server.send("GET", path))["data"]["document_id"] == first
    child = (await server.send("POST", f"{path}/child_chunks", {"content": "x"}))["data"]["id"]
    update = await server.send("PATCH", f"{path}/child_chunks/{child}", {"content": "y"})
    assert update == (404, "Segment not found.")


async def test_chunks_of_parents_get_children_or_fail(server) -> None:
    where = await server.dataset(**EMBEDDED)
    rules = {
        "pre_processing_rules": [],
        "segmentation": {"separator": "\n\n", "max_tokens": 100},
        "subchunk_segmentation": {"separator": ". ", "max_tokens": 50},
    }
    form = {"doc_form": "hierarchical_model", "process_rule": {"mode": "hierarchical", "rules": rules}, **EMBEDDED}
    which = (await server.text(where, text="Apples. Pears.", **form))["document"]["id"]
    path = f"/datasets/{where}/documents/{which}/segments"
    made = (await server.send("POST", path, {"segments": [{"content": "Figs. Plums."}]}))["data"][0]
    assert [each["content"] for each in made["child_chunks"]] == ["Figs", "Plums."]
    assert (made["status"], made["enabled"]) == ("completed", True)
    short = {**rules, "subchunk_segmentation": {"separator": ". ", "max_tokens": 10}}
    await server.text(where, "short.md", **{**form, "process_rule": {"mode": "hierarchical", "rules": short}})
    await server.send("PATCH", f"/datasets/{where}", ECONOMY)
    failed = (await server.send("POST", path, {"segments": [{"content": "Kiwis."}]}))["data"][0]
    assert (failed["status"], failed["enabled"], failed["child_chunks"]) == ("error", False, [])
    assert failed["error"] == "The knowledge base index technique is not high quality!"


async def test_a_disabled_document_takes_no_chunks(server) -> None:
    where = await server.dataset(**ECONOMY)
    which = (await server.text(where, **ECONOMY))["document"]["id"]
    await server.send("PATCH", f"/datasets/{where}/documents/status/disable", {"document_ids": [which]})
    path = f"/datasets/{where}/documents/{which}/segments"
    assert await server.send("POST", path, {"segments": [{"content": "Figs."}]}) == (404, "Document is disabled.")


async def test_a_changed_question_without_an_answer_fails_where_tokens_are_counted(server) -> None:
    where = await server.dataset(**EMBEDDED)
    which = (await server.text(where, doc_form="qa_model", **EMBEDDED))["document"]["id"]
    path = f"/datasets/{where}/documents/{which}/segments"
    made = (await server.send("POST", path, {"segments": [{"content": "Why?", "answer": "So."}]}))["data"][0]
    changed = {"segment": {"content": "Why not?", "answer": "No."}}
    shown = (await server.send("POST", f"{path}/{made['id']}", changed))["data"]
    assert (shown["content"], shown["answer"], shown["status"]) == ("Why not?", "No.", "completed")
    failed = (await server.send("POST", f"{path}/{made['id']}", {"segment": {"content": "Who?"}}))["data"]
    assert (failed["content"], failed["status"]) == ("Why not?", "error")
    assert failed["error"] == 'can only concatenate str (not "NoneType") to str'


async def test_a_question_needs_an_answer(server) -> None:
    where = await server.dataset(**EMBEDDED)
    which = (await server.text(where, doc_form="qa_model", **EMBEDDED))["document"]["id"]
    path = f"/datasets/{where}/documents/{which}/segments"
    for answer, refusal in ((None, "Answer is required"), ("", "Answer is required"), (" ", "Answer is empty")):
        segments = [{"content": "Why?", "answer": answer}]
        assert await server.send("POST", path, {"segments": segments}) == (400, refusal)
    many = [{"content": "Why?", "answer": "So.", "attachment_ids": ["x"] * 11}]
    assert await server.send("POST", path, {"segments": many}) == (400, "Exceeded maximum attachment limit of 10")


# ---------------------------------------------------------------------------------------------------- knowledge bases
async def test_a_model_is_one_of_a_provider_that_the_workspace_has(server) -> None:
    refusal = (400, "Provider nope/nope/nope does not exist.")
    assert await server.send("POST", "/datasets", {"name": "a", **EMBEDDED, **STRANGE}) == refusal
    where = await server.dataset(**ECONOMY)
    assert await server.send("PATCH", f"/datasets/{where}", {**EMBEDDED, **STRANGE}) == refusal
    assert await server.text(where, **EMBEDDED, **STRANGE) == refusal
    assert (await server.send("GET", f"/datasets/{where}"))["indexing_technique"] == "economy"


async def test_a_change_to_embeddings_names_the_model_and_one_to_economy_drops_it(server) -> None:
    where = await server.dataset(**ECONOMY)
    path = f"/datasets/{where}"
    assert await server.send("PATCH", path, EMBEDDED) == (500, "Internal Server Error")
    changed = await server.send("PATCH", path, {**EMBEDDED, **MODEL})
    assert changed["embedding_model"] == "emulator-embedding"
    assert (await server.send("PATCH", path, ECONOMY))["embedding_model"] is None


async def test_a_tag_may_be_renamed_to_its_own_name_but_not_to_that_of_another(server) -> None:
    tags = [await server.send("POST", "/datasets/tags", {"name": name}) for name in ("a", "b")]
    rename = {"tag_id": tags[0]["id"], "name": "a"}
    assert (await server.send("PATCH", "/datasets/tags", rename))["name"] == "a"
    status, _ = await server.send("PATCH", "/datasets/tags", {**rename, "name": "b"})
    assert status == 400


async def test_a_body_is_a_json_object(server) -> None:
    for path in ("/datasets", "/datasets/tags/unbinding"):
        status, message = await server.send("POST", path, [1])
        assert (status, "Input should be a valid dictionary" in message) == (400, True)
    nan = {"content": b'{"name": NaN}', "headers": {"Content-Type": "application/json"}}
    status, message = await server.send("POST", "/datasets", **nan)
    assert (status, "could not understand" in message) == (400, True)


async def test_a_name_is_taken_once(server) -> None:
    first, second = await server.dataset(), await server.dataset()
    name = (await server.send("GET", f"/datasets/{first}"))["name"]
    assert await server.send("PATCH", f"/datasets/{second}", {"name": name}) == (400, "Dataset name already exists")
    assert (await server.send("PATCH", f"/datasets/{first}", {"name": name}))["name"] == name


async def test_a_knowledge_base_for_some_members_is_listed_only_on_request(server) -> None:
    where, member = await server.dataset(), str(uuid4())
    share = {"permission": "partial_members", "partial_member_list": [{"user_id": member}]}
    assert (await server.send("PATCH", f"/datasets/{where}", share))["partial_member_list"] == [member]
    assert (await server.send("GET", "/datasets"))["total"] == 0
    assert (await server.send("GET", "/datasets", params={"include_all": "true"}))["total"] == 1
    opened = await server.send("PATCH", f"/datasets/{where}", {"permission": "all_team_members"})
    assert opened["partial_member_list"] == []


async def test_a_knowledge_base_without_embeddings_is_shown_with_keyword_search(server) -> None:
    for settings, method in (({}, "keyword_search"), (ECONOMY, "keyword_search"), (EMBEDDED, "semantic_search")):
        where = await server.dataset(**settings)
        assert (await server.send("GET", f"/datasets/{where}"))["retrieval_model_dict"]["search_method"] == method


# --------------------------------------------------------------------------------------------------- tags and metadata
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/datasets/tags", {"tag_id": "x", "name": "n"}),
        ("DELETE", "/datasets/tags", {"tag_id": "x"}),
        ("POST", "/datasets/tags/binding", {"tag_ids": ["x"], "target_id": "{where}"}),
        ("POST", "/datasets/tags/unbinding", {"tag_ids": ["x"], "target_id": "{where}"}),
    ],
)
async def test_an_id_that_is_none_breaks_the_server(method, path, body, server) -> None:
    where = await server.dataset()
    body = {name: where if value == "{where}" else value for name, value in body.items()}
    assert await server.send(method, path, body) == (500, "Internal Server Error")


async def test_values_are_kept_by_the_name_that_was_sent_and_follow_a_field_that_is_renamed(server) -> None:
    where = await server.dataset(**ECONOMY)
    which = (await server.text(where, **ECONOMY))["document"]["id"]
    field = (await server.send("POST", f"/datasets/{where}/metadata", {"type": "string", "name": "author"}))["id"]
    values = [{"id": field, "name": "author", "value": "Ann"}, {"id": str(uuid4()), "name": "zzz", "value": "x"}]
    body = {"operation_data": [{"document_id": which, "metadata_list": values}]}
    assert await server.send("POST", f"/datasets/{where}/documents/metadata", body) == {"result": "success"}
    await server.send("PATCH", f"/datasets/{where}/metadata/{field}", {"name": "writer"})
    model = {**SEARCH, "search_method": "keyword_search"}
    found = await server.send("POST", f"/datasets/{where}/retrieve", {"query": "Tea", "retrieval_model": model})
    assert found["records"][0]["segment"]["document"]["doc_metadata"] == {"writer": "Ann", "zzz": "x"}
    shown = (await server.send("GET", f"/datasets/{where}/documents/{which}"))["doc_metadata"]
    assert [(each["name"], each["value"]) for each in shown[:2]] == [("writer", "Ann"), ("document_name", "tea.md")]


async def test_a_field_is_named_like_no_other_one(server) -> None:
    where = await server.dataset()
    path = f"/datasets/{where}/metadata"
    await server.send("POST", path, {"type": "string", "name": "author"})
    taken = await server.send("POST", path, {"type": "number", "name": "author"})
    assert taken == (400, "Metadata name already exists.")
    built_in = await server.send("POST", path, {"type": "string", "name": "uploader"})
    assert built_in == (400, "Metadata name already exists in Built-in fields.")
    status, message = await server.send("PATCH", f"{path}/{uuid4()}", {"name": "new"})
    assert (status, message.splitlines()[0]) == (400, "1 validation error for DatasetMetadataResponse")
