"""Read by type checkers, never run: what calls of the knowledge resources return."""

from typing import assert_type

from dify import AsyncByteStream, AsyncDify, AsyncPager, AsyncWorkflowStream, WorkflowRun
from dify.streams import AsyncDatasourceStream
from dify.types.datasets import Dataset, RetrievalModel, RetrieveResult
from dify.types.documents import Document, DocumentBatch, DocumentDetail, IndexingStatus, ProcessRule
from dify.types.metadata import MetadataField, MetadataFields
from dify.types.models import ModelProviders
from dify.types.pipelines import DatasourcePlugin, LocalFile, PipelineFile, PipelineRun
from dify.types.segments import ChildChunk, ChildChunkDetail, Segment, SegmentDetail, SegmentInput, SegmentList
from dify.types.tags import DatasetTags, Tag


async def bases(client: AsyncDify) -> None:
    datasets = client.knowledge.datasets
    assert_type(await datasets.create("Handbook", indexing_technique="economy"), Dataset)
    assert_type(datasets.list(tag_ids=["t"]), AsyncPager[Dataset])
    assert_type(await datasets.update("k", retrieval_model={"search_method": "keyword_search"}), Dataset)
    assert_type(await datasets.delete("k"), None)
    search = RetrievalModel(search_method="hybrid_search", top_k=3)
    assert_type(await datasets.retrieve("k", "leave", retrieval_model=search), RetrieveResult)


async def documents(client: AsyncDify) -> None:
    documents = client.knowledge.documents
    assert_type(
        await documents.create_from_text("k", "a", "b", process_rule=ProcessRule(mode="automatic")), DocumentBatch
    )
    assert_type(await documents.create_from_file("k", ("a.md", b"# A")), DocumentBatch)
    assert_type(await documents.create_from_text("k", "a", "b", if_exists="error"), DocumentBatch)
    assert_type(await documents.create_from_file("k", b"x", filename="a.md", if_exists="replace"), DocumentBatch)
    assert_type(await documents.create_from_text("k", "a", "b", if_exists="skip"), DocumentBatch | None)
    assert_type(await documents.create_from_file("k", b"x", filename="a.md", if_exists="skip"), DocumentBatch | None)
    assert_type(await documents.replace_file("k", "d", b"x", filename="a.md"), DocumentBatch)
    assert_type(documents.list("k", status="error"), AsyncPager[Document])
    assert_type(await documents.get("k", "d", metadata="only"), DocumentDetail)
    assert_type(await documents.wait_indexed("k", "b", timeout=None), IndexingStatus)
    assert_type(await documents.set_status("k", "un_archive", ["d"]), None)
    assert_type(documents.download("k", "d"), AsyncByteStream)
    assert_type(documents.download_zip("k", ["d"]), AsyncByteStream)


async def chunks(client: AsyncDify) -> None:
    segments, children = client.knowledge.segments, client.knowledge.child_chunks
    assert_type(await segments.create("k", "d", [SegmentInput(content="x")]), SegmentList)
    assert_type(await segments.create("k", "d", [{"content": "x"}]), SegmentList)
    assert_type(segments.list("k", "d", status=["error", "completed"]), AsyncPager[Segment])
    assert_type(await segments.update("k", "d", "s", enabled=False), SegmentDetail)
    assert_type(children.list("k", "d", "s"), AsyncPager[ChildChunk])
    assert_type(await children.update("k", "d", "s", "c", "x"), ChildChunkDetail)


async def other(client: AsyncDify) -> None:
    assert_type(await client.knowledge.tags.list(), list[Tag])
    assert_type(await client.knowledge.tags.for_dataset("k"), DatasetTags)
    assert_type(await client.knowledge.metadata.create("k", "year", type="number"), MetadataField)
    assert_type(await client.knowledge.metadata.list("k"), MetadataFields)
    assert_type(await client.knowledge.models.list("text-embedding"), ModelProviders)


async def pipelines(client: AsyncDify, published: bool) -> None:
    pipelines = client.knowledge.pipelines
    uploaded = await pipelines.upload_file(b"x", filename="a.txt")
    assert_type(uploaded, PipelineFile)
    file = LocalFile.from_upload(uploaded)
    nodes = await pipelines.datasource_plugins("k")
    assert_type(nodes, list[DatasourcePlugin])
    kind = nodes[0].datasource_type or "local_file"
    run = await pipelines.run("k", inputs={}, datasource_type=kind, datasource_info_list=[file], start_node_id="n")
    assert_type(run, PipelineRun)
    draft = await pipelines.run(
        "k", inputs={}, datasource_type=kind, datasource_info_list=[file], start_node_id="n", is_published=False
    )
    assert_type(draft, WorkflowRun)
    either = await pipelines.run(
        "k", inputs={}, datasource_type=kind, datasource_info_list=[file], start_node_id="n", is_published=published
    )
    assert_type(either, PipelineRun | WorkflowRun)
    stream = pipelines.stream("k", inputs={}, datasource_type=kind, datasource_info_list=[file], start_node_id="n")
    assert_type(stream, AsyncWorkflowStream)
    node = pipelines.run_datasource_node("k", "n", inputs={}, datasource_type=kind, is_published=True)
    assert_type(node, AsyncDatasourceStream)
