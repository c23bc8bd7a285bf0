"""Knowledge pipelines: their datasources, and runs of the published pipeline and of the draft."""

from __future__ import annotations

import pytest

from dify import BadRequestError, WorkflowFinishedEvent, WorkflowStartedEvent
from dify.types import LocalFile

from .targets import PIPELINES

TEXT = b"Tea is made from leaves.\n\nCoffee is made from beans."
PAGE = "https://example.com/"


@pytest.fixture
async def pipelines(open_app, since):
    client = open_app("knowledge")
    since((1, 14))
    return client.knowledge.pipelines


@pytest.fixture
def dataset_of(target):
    """Returns the id of a knowledge base whose pipeline has a datasource of a type."""

    def find(source):
        if source not in target.pipelines:
            pytest.skip(f"{PIPELINES[source]} is not set: no pipeline with a datasource of the type {source}")
        return target.pipelines[source]

    return find


async def source_of(pipelines, dataset_id, datasource_type):
    """The datasource node of a type."""
    nodes = await pipelines.datasource_plugins(dataset_id)
    [node] = [one for one in nodes if one.datasource_type == datasource_type]
    return node


async def file_of(pipelines, label):
    uploaded = await pipelines.upload_file((f"{label}.txt", TEXT, "text/plain"))
    assert (uploaded.name, uploaded.size, uploaded.extension) == (f"{label}.txt", len(TEXT), "txt")
    return [LocalFile.from_upload(uploaded)]


async def test_a_run_of_the_published_pipeline_makes_a_document(pipelines, dataset_of, open_app, undo, label, poll):
    dataset_id = dataset_of("local_file")
    documents = open_app("knowledge").knowledge.documents
    node = await source_of(pipelines, dataset_id, "local_file")
    run = await pipelines.run(
        dataset_id,
        inputs={},
        datasource_type="local_file",
        datasource_info_list=await file_of(pipelines, label),
        start_node_id=node.node_id,
    )
    [made] = run.documents
    undo(lambda: documents.delete(dataset_id, made.id))
    await documents.wait_indexed(dataset_id, run.batch, **poll)
    stored = await documents.get(dataset_id, made.id)
    assert (stored.name, stored.indexing_status, stored.segment_count) == (f"{label}.txt", "completed", 2)


async def test_a_run_of_the_draft_is_a_stream_of_nodes_and_makes_no_document(pipelines, dataset_of, open_app, label):
    dataset_id = dataset_of("local_file")
    node = await source_of(pipelines, dataset_id, "local_file")
    settings = {
        "inputs": {},
        "datasource_type": "local_file",
        "datasource_info_list": await file_of(pipelines, label),
        "start_node_id": node.node_id,
    }
    events = [event async for event in pipelines.stream(dataset_id, **settings)]
    assert isinstance(events[0], WorkflowStartedEvent)
    assert isinstance(events[-1], WorkflowFinishedEvent)
    run = await pipelines.run(dataset_id, **settings, is_published=False)
    assert run.status == "succeeded"
    listed = [one async for one in open_app("knowledge").knowledge.documents.list(dataset_id, keyword=label)]
    assert listed == []


async def test_a_datasource_node_returns_its_pages(pipelines, dataset_of):
    dataset_id = dataset_of("website_crawl")
    node = await source_of(pipelines, dataset_id, "website_crawl")
    inputs = {each.variable: PAGE for each in node.user_input_variables or [] if each.required}
    stream = pipelines.run_datasource_node(
        dataset_id, node.node_id, inputs=inputs, datasource_type="website_crawl", is_published=True
    )
    events = [event async for event in stream]
    assert {event.event for event in events[:-1]} <= {"datasource_processing"}
    assert events[-1].event == "datasource_completed"
    assert events[-1].data


async def test_a_datasource_node_that_is_not_there_is_an_event(pipelines, dataset_of):
    stream = pipelines.run_datasource_node(
        dataset_of("website_crawl"), "nowhere", inputs={}, datasource_type="website_crawl", is_published=True
    )
    assert [event.event async for event in stream] == ["datasource_error"]


async def test_a_knowledge_base_without_a_pipeline_says_so(pipelines, open_app, undo, label):
    datasets = open_app("knowledge").knowledge.datasets
    made = await datasets.create(label)
    undo(lambda: datasets.delete(made.id))
    with pytest.raises(BadRequestError) as caught:
        await pipelines.datasource_plugins(made.id)
    assert caught.value.code == "invalid_param"
