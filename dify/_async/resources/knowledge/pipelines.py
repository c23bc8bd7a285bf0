"""Knowledge pipelines: files, datasource nodes and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

from ...._config import RequestOptions
from ...._protocol.arguments import ResponseMode, items_of
from ...._protocol.request import Call, compact
from ...._protocol.uploads import FileSource
from ...._streaming.kinds import DATASOURCE, WORKFLOW
from ....errors import MisuseError
from ....types.pipelines import DatasourceInfo, DatasourcePlugin, DatasourceType, PipelineFile, PipelineRun
from ....types.workflows import WorkflowRun
from ...app_streams import AsyncDatasourceStream, AsyncWorkflowStream
from ...upload_source import prepare_upload
from .._base import AsyncResource

__all__ = ["AsyncPipelines"]


class AsyncPipelines(AsyncResource):
    """Knowledge pipelines. Require Dify 1.14 or later.

    Example:
        ```python
        uploaded = await client.knowledge.pipelines.upload_file("handbook.pdf")
        [node] = await client.knowledge.pipelines.datasource_plugins(dataset_id)
        run = await client.knowledge.pipelines.run(
            dataset_id,
            inputs={},
            datasource_type="local_file",
            datasource_info_list=[LocalFile.from_upload(uploaded)],
            start_node_id=node.node_id,
        )
        await client.knowledge.documents.wait_indexed(dataset_id, run.batch)
        ```
    """

    async def upload_file(
        self,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        options: RequestOptions | None = None,
    ) -> PipelineFile:
        """Upload a file as the input of a pipeline (uploadPipelineFile).

        The file is streamed.

        Args:
            file: A path, bytes, a file object (read from its current position), an uploaded file of a web framework, a `data:`
                URL, `Base64`, an `httpx.Response`, a download, an iterable of bytes (async or not),
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content.
            filename: File name to send. Required if `file` has no name.
            mime_type: MIME type to send; by default guessed from the file name.
            options: Options of this call.

        Returns:
            The stored file; pass it to `run` with `LocalFile.from_upload`.

        Raises:
            BadRequestError: The file is too large; the server gives no explanation.

        Example:
            ```python
            uploaded = await client.knowledge.pipelines.upload_file(("notes.txt", b"Hello"))
            print(uploaded.id)
            ```
        """
        upload = await prepare_upload(file, filename=filename, mime_type=mime_type)
        return await self._transport.fetch(Call.of("uploadPipelineFile", upload=upload), PipelineFile, options)

    async def datasource_plugins(
        self, dataset_id: str, *, is_published: bool | None = None, options: RequestOptions | None = None
    ) -> list[DatasourcePlugin]:
        """Return the datasource nodes of a pipeline (listDatasourcePlugins); not paged.

        Args:
            dataset_id: Id of the knowledge base.
            is_published: True for the published pipeline (the server's default), False for the draft. Dify 1.14 treats False
                as True.
            options: Options of this call.

        Raises:
            BadRequestError: The knowledge base has no pipeline.
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            for node in await client.knowledge.pipelines.datasource_plugins(dataset_id):
                print(node.node_id, node.title, node.datasource_type)
            ```
        """
        call = Call.of("listDatasourcePlugins", dataset_id=dataset_id, query=compact(is_published=is_published))
        return await self._transport.fetch(call, list[DatasourcePlugin], options)

    def run_datasource_node(
        self,
        dataset_id: str,
        node_id: str,
        *,
        inputs: Mapping[str, Any],
        datasource_type: DatasourceType | str,
        is_published: bool,
        credential_id: str | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncDatasourceStream:
        """Run a datasource node and stream its events (runDatasourceNode).

        A failure is an event (`datasource_error`), not an exception. No event is final; the stream ends with the response.

        Args:
            dataset_id: Id of the knowledge base.
            node_id: Id of the node, from `datasource_plugins`.
            inputs: Values of the node's fields.
            datasource_type: Kind of datasource of the node.
            is_published: True to run the published pipeline, False to run the draft.
            credential_id: Id of the datasource credentials to use.
            options: Options of this call.

        Raises:
            BadRequestError: A value is invalid; raised while iterating.
            NotFoundError: The knowledge base does not exist; raised while iterating.

        Example:
            ```python
            stream = client.knowledge.pipelines.run_datasource_node(
                dataset_id, node_id, inputs={}, datasource_type="website_crawl", is_published=True
            )
            async for event in stream:
                print(event.event)
            ```
        """
        body = compact(
            inputs=dict(inputs),
            datasource_type=datasource_type,
            credential_id=credential_id,
            is_published=is_published,
        )
        call = Call.of("runDatasourceNode", dataset_id=dataset_id, node_id=node_id, json=body)
        return AsyncDatasourceStream(
            self._transport, call, DATASOURCE, fold=DATASOURCE.fold(), stop=_no_stop, options=options
        )

    @overload
    async def run(
        self,
        dataset_id: str,
        *,
        inputs: Mapping[str, Any],
        datasource_type: DatasourceType | str,
        datasource_info_list: Sequence[DatasourceInfo],
        start_node_id: str,
        is_published: Literal[True] = True,
        response_mode: ResponseMode = "streaming",
        options: RequestOptions | None = None,
    ) -> PipelineRun: ...

    @overload
    async def run(
        self,
        dataset_id: str,
        *,
        inputs: Mapping[str, Any],
        datasource_type: DatasourceType | str,
        datasource_info_list: Sequence[DatasourceInfo],
        start_node_id: str,
        is_published: Literal[False],
        response_mode: ResponseMode = "streaming",
        options: RequestOptions | None = None,
    ) -> WorkflowRun: ...

    @overload
    async def run(
        self,
        dataset_id: str,
        *,
        inputs: Mapping[str, Any],
        datasource_type: DatasourceType | str,
        datasource_info_list: Sequence[DatasourceInfo],
        start_node_id: str,
        is_published: bool,
        response_mode: ResponseMode = "streaming",
        options: RequestOptions | None = None,
    ) -> PipelineRun | WorkflowRun: ...

    async def run(
        self,
        dataset_id: str,
        *,
        inputs: Mapping[str, Any],
        datasource_type: DatasourceType | str,
        datasource_info_list: Sequence[DatasourceInfo],
        start_node_id: str,
        is_published: bool = True,
        response_mode: ResponseMode = "streaming",
        options: RequestOptions | None = None,
    ) -> PipelineRun | WorkflowRun:
        """Run a pipeline (runPipeline).

        The published pipeline creates documents, which the server indexes after the call; see `documents.wait_indexed`. The
        draft creates none and returns the outputs of its run.

        Args:
            dataset_id: Id of the knowledge base.
            inputs: Values of the pipeline's fields.
            datasource_type: Kind of datasource of the documents.
            datasource_info_list: Items to process, in the form of their datasource: `LocalFile`, `OnlineDocument`,
                `WebPage`, `OnlineDriveFile`, or a dict for providers with other fields.
            start_node_id: Id of the datasource node to start from.
            is_published: True to run the published pipeline, False to run the draft.
            response_mode: Mode of a draft run; "blocking" responses are cut by many gateways after 60 to 100 s. The published
                pipeline responds immediately in either mode.
            options: Options of this call.

        Returns:
            For the published pipeline, the documents and the batch to wait for; for the draft, its run.

        Raises:
            ServerError: 500 with code pipeline_run_error: the input is invalid, or the server failed.
            WorkflowFailedError: The draft's run failed.
            BadRequestError: The knowledge base has no pipeline, or a value is invalid.
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            run = await client.knowledge.pipelines.run(
                dataset_id,
                inputs={},
                datasource_type="local_file",
                datasource_info_list=[LocalFile.from_upload(uploaded)],
                start_node_id=node_id,
            )
            print(run.batch)
            ```
        """
        call = _run_call(
            dataset_id, inputs, datasource_type, datasource_info_list, start_node_id, is_published, response_mode
        )
        if is_published:
            return await self._transport.fetch(call, PipelineRun, options)
        return await self._stream(call, options).final()

    def stream(
        self,
        dataset_id: str,
        *,
        inputs: Mapping[str, Any],
        datasource_type: DatasourceType | str,
        datasource_info_list: Sequence[DatasourceInfo],
        start_node_id: str,
        options: RequestOptions | None = None,
    ) -> AsyncWorkflowStream:
        """Run the draft of a pipeline and stream its events (runPipeline).

        A failed run is an event here, not an exception.

        Args:
            dataset_id: Id of the knowledge base.
            inputs: Values of the pipeline's fields.
            datasource_type: Kind of datasource of the documents.
            datasource_info_list: Items to process, as in `run`.
            start_node_id: Id of the datasource node to start from.
            options: Options of this call.

        Example:
            ```python
            stream = client.knowledge.pipelines.stream(
                dataset_id,
                inputs={},
                datasource_type="local_file",
                datasource_info_list=[LocalFile.from_upload(uploaded)],
                start_node_id=node_id,
            )
            async for event in stream:
                print(event.event)
            ```
        """
        call = _run_call(dataset_id, inputs, datasource_type, datasource_info_list, start_node_id, False, "streaming")
        return self._stream(call, options)

    def _stream(self, call: Call, options: RequestOptions | None) -> AsyncWorkflowStream:
        return AsyncWorkflowStream(
            self._transport, call, WORKFLOW, fold=WORKFLOW.fold(), stop=_no_stop, options=options
        )


async def _no_stop(_: str, __: RequestOptions | None) -> None:
    raise MisuseError("the server cannot stop a pipeline; leave the stream, or call aclose()")


def _run_call(
    dataset_id: str,
    inputs: Mapping[str, Any],
    datasource_type: str,
    datasource_info_list: Sequence[DatasourceInfo],
    start_node_id: str,
    is_published: bool,
    response_mode: ResponseMode,
) -> Call:
    body = {
        "inputs": dict(inputs),
        "datasource_type": datasource_type,
        "datasource_info_list": items_of(datasource_info_list, "datasource_info_list"),
        "start_node_id": start_node_id,
        "is_published": is_published,
        "response_mode": response_mode,
    }
    # A published pipeline responds with JSON in either mode.
    streamed = response_mode == "streaming" and not is_published
    return Call.of("runPipeline", dataset_id=dataset_id, json=body, accept="stream" if streamed else "json")
