"""Knowledge is consistent: what is created can be found, is counted, and is gone once it is deleted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dify import AsyncDify, BadRequestError, IndexingFailedError, NotFoundError, RetrievalModel
from dify.testing import Emulator, EmulatorError, EmulatorFile
from dify.types import (
    MetadataCondition,
    MetadataFilter,
    MetadataInput,
    MetadataOperation,
    ProcessRule,
    ProcessRules,
    Segmentation,
    SegmentInput,
)

STEPS = ["waiting", "parsing", "cleaning", "splitting", "indexing", "completed"]
RULES = ProcessRules(pre_processing_rules=[], segmentation=Segmentation(separator="\n\n", max_tokens=100))
RULE = ProcessRule(mode="custom", rules=RULES)
EMBEDDED: Any = {"indexing_technique": "high_quality"}
FRUIT = "Apples are red.\n\nBananas are yellow."


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(index_at_once=True) as emulator:
        yield emulator


@pytest.fixture
def client(emulator) -> AsyncDify:
    return emulator.client()


async def dataset(client: AsyncDify, name: str = "Fruit", **more: Any) -> str:
    return (await client.knowledge.datasets.create(name, indexing_technique="high_quality", **more)).id


async def document(client: AsyncDify, dataset_id: str, name: str = "fruit", text: str = FRUIT, **more: Any) -> str:
    settings = {"process_rule": RULE, **EMBEDDED, **more}
    made = await client.knowledge.documents.create_from_text(dataset_id, name, text, **settings)
    return made.document.id


async def found(client: AsyncDify, dataset_id: str, query: str, **more: Any) -> list[str]:
    """The chunks that share words with a query."""
    usual = {"score_threshold_enabled": True, "score_threshold": 0.01}
    how = RetrievalModel(search_method="semantic_search", top_k=10, **{**usual, **more})
    result = await client.knowledge.datasets.retrieve(dataset_id, query, retrieval_model=how)
    return [record.text for record in result.records]


# ---------------------------------------------------------------------------------------------------------- indexing
async def test_each_question_takes_indexing_a_step_further() -> None:
    async with Emulator() as emulator:
        client, seen = emulator.client(), []
        where = await dataset(client)
        made = await client.knowledge.documents.create_from_text(where, "fruit", FRUIT, process_rule=RULE, **EMBEDDED)
        with pytest.raises(NotFoundError, match="not completed"):
            await client.knowledge.segments.create(where, made.document.id, [SegmentInput(content="x")])
        with pytest.raises(BadRequestError, match='relation "embedding_vector_index'):
            await found(client, where, "apples")
        await client.knowledge.documents.wait_indexed(
            where, made.batch, poll_interval=0, on_progress=lambda status: seen.append(status.data[0])
        )
        assert [each.indexing_status for each in seen] == STEPS
        assert [each.total_segments for each in seen] == [0, 0, 0, 0, 2, 2]
        assert [each.completed_segments for each in seen] == [0, 0, 0, 0, 0, 2]
        assert await found(client, where, "apples") == ["Apples are red."]


@pytest.mark.parametrize("look", ["get", "list"])
async def test_looking_at_a_document_counts_as_a_question(look) -> None:
    async with Emulator() as emulator:
        client, seen = emulator.client(), []
        where = await dataset(client)
        which = await document(client, where)
        for _ in STEPS:
            if look == "get":
                seen.append((await client.knowledge.documents.get(where, which)).indexing_status)
            else:
                seen.append((await client.knowledge.documents.list(where)).data[0].indexing_status)
        assert seen == STEPS


async def test_a_file_that_cannot_be_read_fails_its_indexing() -> None:
    def read(file: EmulatorFile) -> str:
        if file.name == "bad.pdf":
            raise EmulatorError(400, "completion_request_error", "no text in it")
        if file.name == "worse.pdf":
            raise KeyError("oops")
        return f"{file.mime_type}: {len(file.content or b'')} bytes"

    async with Emulator(read_document=read, index_at_once=True) as emulator:
        client = emulator.client()
        where, documents = await dataset(client), client.knowledge.documents
        bad = await documents.create_from_file(where, ("bad.pdf", b"%PDF", "application/pdf"), process_rule=RULE)
        with pytest.raises(IndexingFailedError, match="no text in it"):
            await documents.wait_indexed(where, bad.batch, poll_interval=0)
        assert [each.name async for each in documents.list(where, status="error")] == ["bad.pdf"]
        worse = await documents.create_from_file(where, ("worse.pdf", b"%PDF", "application/pdf"))
        assert (worse.document.indexing_status, [repr(each) for each in emulator.failures]) == (
            "error",
            ["KeyError('oops')"],
        )
        good = await documents.create_from_file(where, ("good.pdf", b"%PDF", "application/pdf"))
        segments = [each.content async for each in client.knowledge.segments.list(where, good.document.id)]
        assert segments == ["application/pdf: 4 bytes"]


async def test_the_first_file_needs_a_rule_and_documents_without_one_follow(client) -> None:
    where, documents = await dataset(client), client.knowledge.documents
    with pytest.raises(BadRequestError, match="process_rule is required"):
        await documents.create_from_file(where, ("fruit.txt", FRUIT.encode()))
    assert [each async for each in documents.list(where)] == []
    made = await documents.create_from_text(where, "fruit", FRUIT, process_rule=RULE, **EMBEDDED)
    await documents.delete(where, made.document.id)
    later = await documents.create_from_text(where, "more fruit", FRUIT, **EMBEDDED)
    assert [each.content async for each in client.knowledge.segments.list(where, later.document.id)] == FRUIT.split(
        "\n\n"
    )


async def test_a_document_may_be_read_by_a_coroutine_function() -> None:
    async def read(file: EmulatorFile) -> str:
        return "read"

    async with Emulator(read_document=read, index_at_once=True) as emulator:
        client = emulator.client()
        where = await dataset(client)
        assert await document(client, where)
        assert await found(client, where, "read") == ["read"]


async def test_a_new_text_takes_the_place_of_the_old_under_the_same_batch(client) -> None:
    where = await dataset(client)
    made = await client.knowledge.documents.create_from_text(where, "fruit", FRUIT, process_rule=RULE, **EMBEDDED)
    changed = await client.knowledge.documents.update_from_text(where, made.document.id, name="figs", text="Figs.")
    assert (changed.document.id, changed.batch, changed.document.name) == (made.document.id, made.batch, "figs")
    assert await found(client, where, "apples figs") == ["Figs."]
    replaced = await client.knowledge.documents.replace_file(where, made.document.id, ("kiwis.txt", b"Kiwis."))
    assert (replaced.document.name, await found(client, where, "figs kiwis")) == ("kiwis.txt", ["Kiwis."])


# ------------------------------------------------------------------------------------------------------------- counts
async def test_counts_add_up_and_a_deleted_document_takes_its_chunks_along(client) -> None:
    where, segments = await dataset(client), client.knowledge.segments
    first, second = await document(client, where), await document(client, where, "more", "Cherries.")
    await segments.create(where, first, [SegmentInput(content="Figs.", keywords=["sweet"])])
    listed = [each async for each in segments.list(where, first)]
    assert [(each.position, each.content) for each in listed] == [
        (1, "Apples are red."),
        (2, "Bananas are yellow."),
        (3, "Figs."),
    ]
    detail = await client.knowledge.documents.get(where, first)
    assert detail.segment_count == 3
    base = await client.knowledge.datasets.get(where)
    words = sum(each.word_count or 0 for each in listed) + len("Cherries.")
    assert (base.document_count, base.total_available_documents, base.word_count) == (2, 2, words)
    await segments.delete(where, first, listed[0].id)
    assert (await client.knowledge.documents.get(where, first)).segment_count == 2
    await client.knowledge.documents.delete(where, first)
    assert await found(client, where, "bananas cherries") == ["Cherries."]
    with pytest.raises(NotFoundError):
        await segments.list(where, first)
    base = await client.knowledge.datasets.get(where)
    assert (base.document_count, base.word_count) == (1, len("Cherries."))
    assert [each.id async for each in client.knowledge.documents.list(where)] == [second]


async def test_searches_pass_over_what_is_disabled_or_archived(client) -> None:
    where, documents = await dataset(client), client.knowledge.documents
    which = await document(client, where)
    chunk = (await client.knowledge.segments.list(where, which)).data[0]
    await client.knowledge.segments.update(where, which, chunk.id, enabled=False)
    assert await found(client, where, "apples bananas") == ["Bananas are yellow."]
    for off, on in (("disable", "enable"), ("archive", "un_archive")):
        await documents.set_status(where, off, [which])
        assert await found(client, where, "bananas") == []
        await documents.set_status(where, on, [which])
        assert await found(client, where, "bananas") == ["Bananas are yellow."]


async def test_knowledge_bases_know_nothing_of_each_other(client) -> None:
    one, two = await dataset(client, "one"), await dataset(client, "two")
    which = await document(client, one)
    await document(client, two, text="Pears.")
    assert await found(client, two, "apples") == []
    with pytest.raises(NotFoundError):
        await client.knowledge.documents.get(two, which)
    await client.knowledge.datasets.delete(one)
    with pytest.raises(NotFoundError):
        await client.knowledge.documents.get(one, which)
    assert [each.name async for each in client.knowledge.datasets.list()] == ["two"]


async def test_the_best_is_found_first_and_the_rest_falls_under_the_threshold(client) -> None:
    where = await dataset(client)
    await document(client, where, text="red apples\n\nred pears and red plums\n\nbananas")
    assert await found(client, where, "red apples") == ["red apples", "red pears and red plums"]
    assert await found(client, where, "red apples", score_threshold_enabled=True, score_threshold=0.9) == ["red apples"]
    chunk = (await client.knowledge.datasets.retrieve(where, "red apples")).records[0]
    assert chunk.score == pytest.approx(1.0)
    assert chunk.segment is not None
    assert chunk.segment.hit_count == 0


async def test_children_are_found_with_their_parent(client) -> None:
    where = await dataset(client)
    children = Segmentation(separator=" ", max_tokens=50)
    rules = RULES.model_copy(update={"parent_mode": "paragraph", "subchunk_segmentation": children})
    rule = ProcessRule(mode="hierarchical", rules=rules)
    which = await document(client, where, text="Apples. Pears.", doc_form="hierarchical_model", process_rule=rule)
    record = (await client.knowledge.datasets.retrieve(where, "pears")).records[0]
    assert [child.content for child in record.child_chunks or ()] == ["Pears.", "Apples."]
    assert (record.text, record.score) == ("Apples. Pears.", 1.0)
    assert record.segment is not None
    chunks = client.knowledge.child_chunks
    made = await chunks.create(where, which, record.segment.id, "Quinces.")
    assert (made.data.position, made.data.type) == (3, "customized")
    assert await found(client, where, "quinces") == ["Apples. Pears."]
    await chunks.delete(where, which, record.segment.id, made.data.id)
    assert await found(client, where, "quinces") == []


# ------------------------------------------------------------------------------------------------- tags and metadata
async def test_knowledge_bases_are_listed_by_keyword_and_by_tag_in_pages(client) -> None:
    ids = [await dataset(client, f"Base {number}") for number in range(5)]
    tag = await client.knowledge.tags.create("even")
    await client.knowledge.tags.bind([tag.id], target_id=ids[0])
    await client.knowledge.tags.bind([tag.id], target_id=ids[2])
    datasets = client.knowledge.datasets
    assert [each.id async for each in datasets.list(tag_ids=[tag.id])] == [ids[2], ids[0]]
    assert [each.id async for each in datasets.list(keyword="base", limit=2)] == ids[::-1]
    assert (await client.knowledge.tags.list())[0].binding_count == 2
    await datasets.delete(ids[0])
    assert (await client.knowledge.tags.list())[0].binding_count == 1
    await client.knowledge.tags.delete(tag.id)
    assert (await client.knowledge.tags.for_dataset(ids[2])).total == 0


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", 2024, ["new"]),
        ("≠", 2024, ["old"]),
        (">", 2023, ["new"]),
        ("≤", 2023, ["old"]),
        ("is", "2024", ["new"]),
        ("in", ["2020", "2024"], ["new", "old"]),
        ("contains", "02", ["new", "old"]),
        ("empty", None, ["none"]),
        ("not empty", None, ["new", "old"]),
        ("before", "nonsense", []),
    ],
)
async def test_searches_can_be_filtered_by_metadata(operator, value, expected, client) -> None:
    where = await dataset(client)
    year = await client.knowledge.metadata.create(where, "year", type="number")
    for name, number in (("new", 2024), ("old", 2020), ("none", None)):
        which = await document(client, where, name, name + " apples")
        if number is not None:
            values = [MetadataInput(id=year.id, name="year", value=number)]
            operation = MetadataOperation(document_id=which, metadata_list=values)
            await client.knowledge.metadata.update_documents(where, [operation])
    condition = MetadataCondition(name="year", comparison_operator=operator, value=value)
    filtered = await found(
        client, where, "apples", metadata_filtering_conditions=MetadataFilter(conditions=[condition])
    )
    assert [text.partition(" ")[0] for text in filtered] == expected
    assert (await client.knowledge.metadata.list(where)).doc_metadata[0].count == 2


async def test_built_in_fields_show_up_when_they_are_switched_on(client) -> None:
    where = await dataset(client)
    which = await document(client, where)
    assert (await client.knowledge.documents.get(where, which)).doc_metadata is None
    await client.knowledge.metadata.enable_built_in(where)
    shown = (await client.knowledge.documents.get(where, which, metadata="only")).doc_metadata
    assert isinstance(shown, list)
    assert {each.name: each.value for each in shown}["document_name"] == "fruit"


# -------------------------------------------------------------------------------------------------------- files, keys
async def test_a_documents_file_can_be_fetched_by_a_link_without_a_key(client, emulator, tmp_path) -> None:
    where, documents = await dataset(client), client.knowledge.documents
    made = await documents.create_from_file(where, ("a b.txt", b"content", "text/plain"), process_rule=RULE)
    saved = await documents.download(where, made.document.id).save(tmp_path)
    assert (saved.name, saved.read_bytes()) == ("a b.txt", b"content")
    assert emulator.requests[-1].path.startswith("/files/")
    link = (await documents.download_url(where, made.document.id)).url
    async with httpx.AsyncClient(transport=emulator.transport()) as anyone:
        assert (await anyone.get(link)).content == b"content"
        assert (await anyone.get(link.replace("sign=", "sign=x"))).status_code == 404


async def test_files_of_one_name_lie_in_an_archive_side_by_side(client) -> None:
    where, documents = await dataset(client), client.knowledge.documents
    names = ("a.txt", "b.txt")
    made = [await documents.create_from_file(where, (name, b"1"), process_rule=RULE) for name in names]
    await documents.replace_file(where, made[1].document.id, ("a.txt", b"2"))  # a change may give a name twice
    zipped = await documents.download_zip(where, [each.document.id for each in made]).read()
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a.txt": b"1", "a (1).txt": b"2"}


async def test_neither_key_opens_the_others_door(emulator) -> None:
    async with httpx.AsyncClient(transport=emulator.transport(), base_url=emulator.base_url) as anyone:
        for path, key in (("/info", emulator.knowledge_api_key), ("/datasets", emulator.api_key)):
            reply = await anyone.get(path, headers={"Authorization": f"Bearer {key}"})
            assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")
