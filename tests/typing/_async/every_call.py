"""Read by type checkers, never run: every call, with no more than it must be given, and what it returns."""

from typing import assert_type

from pydantic import BaseModel

from dify import (
    AsyncByteStream,
    AsyncChatStream,
    AsyncCompletionStream,
    AsyncDify,
    AsyncPager,
    AsyncWorkflowStream,
    ChatResponse,
    CompletionResponse,
    UploadedFile,
    UploadResult,
    WorkflowRun,
)
from dify.streams import AsyncDatasourceStream, AsyncMapStream
from dify.types import (
    Annotation,
    AnnotationReplyJob,
    AppInfo,
    AppMeta,
    AppParameters,
    BuiltInFields,
    ChildChunk,
    ChildChunkDetail,
    Conversation,
    ConversationVariable,
    Dataset,
    DatasetTags,
    DatasourcePlugin,
    Document,
    DocumentBatch,
    DocumentDetail,
    DownloadURL,
    EndUser,
    Feedback,
    HumanInputForm,
    IndexingStatus,
    Message,
    MetadataField,
    MetadataFields,
    ModelProviders,
    PipelineFile,
    PipelineRun,
    RetrieveResult,
    Segment,
    SegmentDetail,
    SegmentList,
    ServerInfo,
    SiteSettings,
    Tag,
    Transcription,
    WorkflowLog,
    WorkflowRunDetail,
)


class Info(BaseModel):
    name: str


async def the_client(client: AsyncDify) -> None:
    assert_type(await client.aclose(), None)
    assert_type(await client.request("GET", "/info", cast_to=Info), Info)
    assert_type(await client.server(), ServerInfo)
    assert_type(client.with_options(), AsyncDify)


async def annotations(client: AsyncDify) -> None:
    assert_type(await client.annotations.create("q", "a"), Annotation)
    assert_type(await client.annotations.delete("a"), None)
    assert_type(await client.annotations.disable_reply(), AnnotationReplyJob)
    assert_type(
        await client.annotations.enable_reply(
            embedding_provider_name="e", embedding_model_name="e", score_threshold=0.9
        ),
        AnnotationReplyJob,
    )
    assert_type(client.annotations.list(), AsyncPager[Annotation])
    assert_type(await client.annotations.reply_status("enable", "j"), AnnotationReplyJob)
    assert_type(await client.annotations.update("a", "q", "a"), Annotation)
    assert_type(await client.annotations.wait_reply("enable", "j"), AnnotationReplyJob)


async def app(client: AsyncDify) -> None:
    assert_type(client.app.feedbacks(), AsyncPager[Feedback])
    assert_type(await client.app.info(), AppInfo)
    assert_type(await client.app.meta(), AppMeta)
    assert_type(await client.app.parameters(), AppParameters)
    assert_type(await client.app.site(), SiteSettings)


async def audio(client: AsyncDify) -> None:
    assert_type(client.audio.synthesize(), AsyncByteStream)
    assert_type(await client.audio.transcribe(b"x"), Transcription)


async def chat(client: AsyncDify) -> None:
    assert_type(client.chat.events("w"), AsyncChatStream)
    assert_type(await client.chat.send("q"), ChatResponse)
    assert_type(await client.chat.stop("t"), None)
    assert_type(client.chat.stream("q"), AsyncChatStream)


async def completions(client: AsyncDify) -> None:
    assert_type(await client.completions.create(), CompletionResponse)
    assert_type(client.completions.map([{}]), AsyncMapStream[CompletionResponse])
    assert_type(await client.completions.stop("t"), None)
    assert_type(client.completions.stream(), AsyncCompletionStream)


async def conversations(client: AsyncDify) -> None:
    assert_type(await client.conversations.delete("c"), None)
    assert_type(client.conversations.list(), AsyncPager[Conversation])
    assert_type(await client.conversations.rename("c"), Conversation)
    assert_type(await client.conversations.update_variable("c", "v", {"a": [1]}), ConversationVariable)
    assert_type(client.conversations.variables("c"), AsyncPager[ConversationVariable])


async def end_users(client: AsyncDify) -> None:
    assert_type(await client.end_users.get("e"), EndUser)


async def files(client: AsyncDify) -> None:
    assert_type(client.files.download("f"), AsyncByteStream)
    assert_type(await client.files.upload(b"x"), UploadedFile)
    assert_type(await client.files.upload_many(["a.txt", ("b.txt", b"x")]), list[UploadResult])


async def human_input(client: AsyncDify) -> None:
    assert_type(await client.human_input.get("f"), HumanInputForm)
    assert_type(await client.human_input.submit("f", action="enable"), None)


async def knowledge_child_chunks(client: AsyncDify) -> None:
    assert_type(await client.knowledge.child_chunks.create("d", "d", "s", "c"), ChildChunkDetail)
    assert_type(await client.knowledge.child_chunks.delete("d", "d", "s", "c"), None)
    assert_type(client.knowledge.child_chunks.list("d", "d", "s"), AsyncPager[ChildChunk])
    assert_type(await client.knowledge.child_chunks.update("d", "d", "s", "c", "c"), ChildChunkDetail)


async def knowledge_datasets(client: AsyncDify) -> None:
    assert_type(await client.knowledge.datasets.create("n"), Dataset)
    assert_type(await client.knowledge.datasets.delete("d"), None)
    assert_type(await client.knowledge.datasets.get("d"), Dataset)
    assert_type(client.knowledge.datasets.list(), AsyncPager[Dataset])
    assert_type(await client.knowledge.datasets.retrieve("d", "q"), RetrieveResult)
    assert_type(await client.knowledge.datasets.update("d"), Dataset)


async def knowledge_documents(client: AsyncDify) -> None:
    assert_type(await client.knowledge.documents.create_from_file("d", b"x"), DocumentBatch)
    assert_type(await client.knowledge.documents.create_from_text("d", "n", "t"), DocumentBatch)
    assert_type(await client.knowledge.documents.delete("d", "d"), None)
    assert_type(client.knowledge.documents.download("d", "d"), AsyncByteStream)
    assert_type(await client.knowledge.documents.download_url("d", "d"), DownloadURL)
    assert_type(client.knowledge.documents.download_zip("d", ["d"]), AsyncByteStream)
    assert_type(await client.knowledge.documents.get("d", "d"), DocumentDetail)
    assert_type(await client.knowledge.documents.indexing_status("d", "b"), IndexingStatus)
    assert_type(client.knowledge.documents.list("d"), AsyncPager[Document])
    assert_type(await client.knowledge.documents.replace_file("d", "d", b"x"), DocumentBatch)
    assert_type(await client.knowledge.documents.set_status("d", "enable", ["d"]), None)
    updated = await client.knowledge.documents.update_from_file("d", "d", b"x")  # ty: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(updated, DocumentBatch)
    assert_type(await client.knowledge.documents.update_from_text("d", "d"), DocumentBatch)
    assert_type(await client.knowledge.documents.wait_indexed("d", "b"), IndexingStatus)


async def knowledge_metadata(client: AsyncDify) -> None:
    assert_type(await client.knowledge.metadata.built_in("d"), BuiltInFields)
    assert_type(await client.knowledge.metadata.create("d", "n", type="number"), MetadataField)
    assert_type(await client.knowledge.metadata.delete("d", "m"), None)
    assert_type(await client.knowledge.metadata.disable_built_in("d"), None)
    assert_type(await client.knowledge.metadata.enable_built_in("d"), None)
    assert_type(await client.knowledge.metadata.list("d"), MetadataFields)
    assert_type(await client.knowledge.metadata.update("d", "m", "n"), MetadataField)
    assert_type(await client.knowledge.metadata.update_documents("d", []), None)


async def knowledge_models(client: AsyncDify) -> None:
    assert_type(await client.knowledge.models.list("rerank"), ModelProviders)


async def knowledge_pipelines(client: AsyncDify) -> None:
    assert_type(await client.knowledge.pipelines.datasource_plugins("d"), list[DatasourcePlugin])
    assert_type(
        await client.knowledge.pipelines.run(
            "d", inputs={}, datasource_type="local_file", datasource_info_list=[], start_node_id="s"
        ),
        PipelineRun,
    )
    assert_type(
        client.knowledge.pipelines.run_datasource_node(
            "d", "n", inputs={}, datasource_type="local_file", is_published=True
        ),
        AsyncDatasourceStream,
    )
    assert_type(
        client.knowledge.pipelines.stream(
            "d", inputs={}, datasource_type="local_file", datasource_info_list=[], start_node_id="s"
        ),
        AsyncWorkflowStream,
    )
    assert_type(await client.knowledge.pipelines.upload_file(b"x"), PipelineFile)


async def knowledge_segments(client: AsyncDify) -> None:
    assert_type(await client.knowledge.segments.create("d", "d", [{"content": "x"}]), SegmentList)
    assert_type(await client.knowledge.segments.delete("d", "d", "s"), None)
    assert_type(await client.knowledge.segments.get("d", "d", "s"), SegmentDetail)
    assert_type(client.knowledge.segments.list("d", "d"), AsyncPager[Segment])
    assert_type(await client.knowledge.segments.update("d", "d", "s"), SegmentDetail)


async def knowledge_tags(client: AsyncDify) -> None:
    assert_type(await client.knowledge.tags.bind(["t"], target_id="t"), None)
    assert_type(await client.knowledge.tags.create("n"), Tag)
    assert_type(await client.knowledge.tags.delete("t"), None)
    assert_type(await client.knowledge.tags.for_dataset("d"), DatasetTags)
    assert_type(await client.knowledge.tags.list(), list[Tag])
    assert_type(await client.knowledge.tags.unbind(["t"], target_id="t"), None)
    assert_type(await client.knowledge.tags.update("t", "n"), Tag)


async def messages(client: AsyncDify) -> None:
    assert_type(await client.messages.feedback("m", "like"), None)
    assert_type(client.messages.list("c"), AsyncPager[Message])
    assert_type(await client.messages.suggested_questions("m"), list[str])


async def workflows(client: AsyncDify) -> None:
    assert_type(client.workflows.events("w"), AsyncWorkflowStream)
    assert_type(await client.workflows.get("w"), WorkflowRunDetail)
    assert_type(client.workflows.logs(), AsyncPager[WorkflowLog])
    assert_type(client.workflows.map([{}]), AsyncMapStream[WorkflowRun])
    assert_type(await client.workflows.run(), WorkflowRun)
    assert_type(await client.workflows.stop("t"), None)
    assert_type(client.workflows.stream(), AsyncWorkflowStream)
