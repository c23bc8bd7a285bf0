"""Knowledge bases: themselves, documents, chunks, searching, tags, metadata, models."""

from __future__ import annotations

import asyncio

import pytest

from dify import BadRequestError, ConflictError, NotFoundError, RetrievalModel
from dify.types import MetadataInput, MetadataOperation, ProcessRule, ProcessRules, Segmentation

TEXT = "Tea is made from leaves.\n\nCoffee is made from beans."
PARAGRAPHS = ProcessRule(
    mode="custom",
    rules=ProcessRules(segmentation=Segmentation(separator="\n\n", max_tokens=100), pre_processing_rules=[]),
)
KEYWORDS = RetrievalModel(search_method="keyword_search", top_k=3)
NOBODY = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
async def knowledge(open_app):
    return open_app("knowledge").knowledge


@pytest.fixture
async def dataset(knowledge, undo, label):
    made = await knowledge.datasets.create(label, indexing_technique="economy", retrieval_model=KEYWORDS)
    undo(lambda: knowledge.datasets.delete(made.id))
    return made


@pytest.fixture
def indexed(knowledge, poll):
    """Waits until the document of a batch can be searched, and returns it."""

    async def wait(dataset, made):
        await knowledge.documents.wait_indexed(dataset.id, made.batch, **poll)
        return made.document

    return wait


@pytest.fixture
def write(knowledge):
    """Makes a document of a text."""

    async def create(dataset, name="drinks.txt", text=TEXT):
        return await knowledge.documents.create_from_text(
            dataset.id, name, text, indexing_technique="economy", process_rule=PARAGRAPHS
        )

    return create


async def switched_on(knowledge, dataset, document):
    """Enable a document; a server refuses it while the document is still being taken out of the index."""
    for _ in range(100):
        try:
            return await knowledge.documents.set_status(dataset.id, "enable", [document.id])
        except BadRequestError as error:
            if error.code != "invalid_action":
                raise
            await asyncio.sleep(0.1)
    raise AssertionError("the document could not be enabled again within 10 seconds")


@pytest.fixture
async def document(dataset, write, indexed):
    return await indexed(dataset, await write(dataset))


async def test_a_knowledge_base_is_made_changed_and_deleted(knowledge, dataset, label):
    assert (await knowledge.datasets.get(dataset.id)).name == label
    assert dataset.id in [one.id async for one in knowledge.datasets.list(keyword=label)]
    changed = await knowledge.datasets.update(dataset.id, description="About drinks.")
    assert (changed.id, changed.description) == (dataset.id, "About drinks.")
    await knowledge.datasets.delete(dataset.id)
    with pytest.raises(NotFoundError):
        await knowledge.datasets.get(dataset.id)


async def test_a_name_is_taken_once(knowledge, dataset, label):
    with pytest.raises(ConflictError) as caught:
        await knowledge.datasets.create(label)
    assert (caught.value.status_code, caught.value.code) == (409, "dataset_name_duplicate")


async def test_what_is_not_there_is_not_found(knowledge):
    for call in (knowledge.datasets.get(NOBODY), knowledge.documents.list(NOBODY), knowledge.datasets.delete(NOBODY)):
        with pytest.raises(NotFoundError):
            await call


async def test_a_text_becomes_a_document_of_chunks(knowledge, dataset, document):
    listed = [one async for one in knowledge.documents.list(dataset.id)]
    assert [(one.id, one.name, one.indexing_status) for one in listed] == [(document.id, "drinks.txt", "completed")]
    detail = await knowledge.documents.get(dataset.id, document.id)
    assert detail.segment_count == 2
    chunks = [one.content async for one in knowledge.segments.list(dataset.id, document.id, limit=1)]
    assert sorted(chunks) == ["Coffee is made from beans.", "Tea is made from leaves."]


async def test_a_file_becomes_a_document(knowledge, dataset, indexed):
    file = ("drinks.md", TEXT.encode(), "text/markdown")
    made = await knowledge.documents.create_from_file(dataset.id, file, process_rule=PARAGRAPHS)
    document = await indexed(dataset, made)
    assert document.name == "drinks.md"
    assert len([one async for one in knowledge.segments.list(dataset.id, document.id)]) > 0


async def test_indexing_is_watched_until_it_is_done(knowledge, dataset, write, poll):
    seen = []
    made = await write(dataset)
    status = await knowledge.documents.wait_indexed(dataset.id, made.batch, **poll, on_progress=seen.append)
    assert [one.indexing_status for one in status.data] == ["completed"]
    assert seen[-1].data[0].indexing_status == "completed"


async def test_a_document_is_written_anew(knowledge, dataset, document, indexed):
    changed = await knowledge.documents.update_from_text(
        dataset.id, document.id, name="drinks2.txt", text="Milk comes from cows.", process_rule=PARAGRAPHS
    )
    await indexed(dataset, changed)
    assert (changed.document.id, changed.document.name) == (document.id, "drinks2.txt")
    chunks = [one.content async for one in knowledge.segments.list(dataset.id, document.id)]
    assert chunks == ["Milk comes from cows."]


@pytest.mark.filterwarnings("ignore:.*update_from_file.*:DeprecationWarning")
@pytest.mark.parametrize("call", ["replace_file", "update_from_file"])
async def test_another_file_takes_the_place_of_a_documents(call, knowledge, dataset, indexed, open_app, since):
    if call == "replace_file":
        since((1, 14))
    documents = knowledge.documents
    made = await documents.create_from_file(dataset.id, ("drinks.md", TEXT.encode()), process_rule=PARAGRAPHS)
    first = await indexed(dataset, made)
    file = ("milk.md", b"Milk comes from cows.", "text/markdown")
    changed = await getattr(documents, call)(dataset.id, first.id, file, process_rule=PARAGRAPHS)
    await indexed(dataset, changed)
    assert (changed.document.id, changed.document.name) == (first.id, "milk.md")
    chunks = [one.content async for one in knowledge.segments.list(dataset.id, first.id)]
    assert chunks == ["Milk comes from cows."]


async def test_a_document_is_switched_off_and_deleted(knowledge, dataset, document):
    await knowledge.documents.set_status(dataset.id, "disable", [document.id])
    assert (await knowledge.documents.get(dataset.id, document.id)).enabled is False
    await switched_on(knowledge, dataset, document)
    await knowledge.documents.delete(dataset.id, document.id)
    with pytest.raises(NotFoundError):
        await knowledge.documents.get(dataset.id, document.id)


async def test_a_documents_file_is_downloaded(knowledge, dataset, indexed, open_app, since):
    since((1, 14))
    made = await knowledge.documents.create_from_file(dataset.id, ("drinks.md", TEXT.encode()), process_rule=PARAGRAPHS)
    document = await indexed(dataset, made)
    assert await knowledge.documents.download(dataset.id, document.id).read() == TEXT.encode()
    zipped = await knowledge.documents.download_zip(dataset.id, [document.id]).read()
    assert zipped.startswith(b"PK")


async def test_searches_find_chunks(knowledge, dataset, document):
    found = await knowledge.datasets.retrieve(dataset.id, "leaves", retrieval_model=KEYWORDS)
    assert found.query.content == "leaves"
    assert "Tea is made from leaves." in [record.text for record in found.records]


async def test_chunks_are_added_changed_and_deleted(knowledge, dataset, document):
    made = await knowledge.segments.create(
        dataset.id, document.id, [{"content": "Milk comes from cows.", "keywords": ["milk"]}]
    )
    chunk = made.data[0]
    assert chunk.content == "Milk comes from cows."
    changed = await knowledge.segments.update(dataset.id, document.id, chunk.id, content="Milk is white.")
    assert changed.data.content == "Milk is white."
    assert (await knowledge.segments.get(dataset.id, document.id, chunk.id)).data.id == chunk.id
    await knowledge.segments.delete(dataset.id, document.id, chunk.id)
    with pytest.raises(NotFoundError):
        await knowledge.segments.get(dataset.id, document.id, chunk.id)


async def test_tags_are_bound_and_taken_off(knowledge, dataset, undo, label):
    tag = await knowledge.tags.create(label[:40])
    undo(lambda: knowledge.tags.delete(tag.id))
    await knowledge.tags.bind([tag.id], target_id=dataset.id)
    assert [one.id for one in (await knowledge.tags.for_dataset(dataset.id)).data] == [tag.id]
    await knowledge.tags.unbind([tag.id], target_id=dataset.id)
    assert (await knowledge.tags.for_dataset(dataset.id)).data == []
    assert (await knowledge.tags.update(tag.id, f"{label[:30]} new")).name == f"{label[:30]} new"
    assert tag.id in [one.id for one in await knowledge.tags.list()]


async def test_documents_get_metadata(knowledge, dataset, document):
    field = await knowledge.metadata.create(dataset.id, "origin", type="string")
    value = MetadataInput(id=field.id, name="origin", value="Assam")
    await knowledge.metadata.update_documents(
        dataset.id, [MetadataOperation(document_id=document.id, metadata_list=[value], partial_update=True)]
    )
    stored = (await knowledge.documents.list(dataset.id)).data[0].doc_metadata
    assert [(one.name, one.value) for one in stored if one.id == field.id] == [("origin", "Assam")]
    assert (await knowledge.metadata.update(dataset.id, field.id, "place")).name == "place"
    await knowledge.metadata.enable_built_in(dataset.id)
    assert (await knowledge.metadata.list(dataset.id)).built_in_field_enabled
    await knowledge.metadata.disable_built_in(dataset.id)
    await knowledge.metadata.delete(dataset.id, field.id)
    assert (await knowledge.metadata.list(dataset.id)).doc_metadata == []
    assert "document_name" in [one.name for one in (await knowledge.metadata.built_in(dataset.id)).fields]


async def test_chunks_have_chunks_within(knowledge, undo, label, indexed, embedding):
    made = await knowledge.datasets.create(label)
    undo(lambda: knowledge.datasets.delete(made.id))
    rule = ProcessRule(
        mode="hierarchical",
        rules=ProcessRules(
            pre_processing_rules=[],
            parent_mode="paragraph",
            segmentation=Segmentation(separator="\n\n", max_tokens=200),
            subchunk_segmentation=Segmentation(separator=" ", max_tokens=60),
        ),
    )
    provider, model = embedding
    batch = await knowledge.documents.create_from_text(
        made.id,
        "drinks.txt",
        TEXT,
        indexing_technique="high_quality",
        doc_form="hierarchical_model",
        process_rule=rule,
        embedding_model_provider=provider,
        embedding_model=model,
    )
    document = await indexed(made, batch)
    segment = (await knowledge.segments.list(made.id, document.id)).data[0]
    child = (await knowledge.child_chunks.create(made.id, document.id, segment.id, "A cup of tea.")).data
    changed = await knowledge.child_chunks.update(made.id, document.id, segment.id, child.id, "A pot of tea.")
    assert (changed.data.id, changed.data.content) == (child.id, "A pot of tea.")
    listed = [one.id async for one in knowledge.child_chunks.list(made.id, document.id, segment.id, limit=2)]
    assert child.id in listed
    await knowledge.child_chunks.delete(made.id, document.id, segment.id, child.id)


async def test_the_workspaces_models_are_listed(knowledge):
    providers = (await knowledge.models.list("llm")).data
    assert all(provider.provider and provider.models is not None for provider in providers)
