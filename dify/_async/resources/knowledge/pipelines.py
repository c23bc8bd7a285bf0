"""Knowledge pipelines and their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

from ...._config import RequestOptions
from ...._protocol.arguments import ResponseMode, items_of
from ...._protocol.request import Call
from ...._streaming.kinds import WORKFLOW
from ....types.pipelines import DatasourceInfo, DatasourceType, PipelineRun
from ....types.workflows import WorkflowRun
from ...event_stream import AsyncWorkflowStream
from .pipeline_sources import AsyncPipelineSources, no_stop

__all__ = ["AsyncPipelines"]


class AsyncPipelines(AsyncPipelineSources):
    """Run knowledge pipelines. Needs a server from 1.14 on.

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

        The published one makes documents, which are indexed after the call: see `documents.wait_indexed`. The draft makes
        none; it shows what would become of the input.

        Args:
            dataset_id: The knowledge base.
            inputs: Values of the pipeline's fields.
            datasource_type: What kind of datasource the documents come from.
            datasource_info_list: What to work on, in the form that its kind of datasource wants: `LocalFile`,
                `OnlineDocument`, `WebPage`, `OnlineDriveFile`, or a dict where a provider's shape differs.
            start_node_id: The datasource node to start from.
            is_published: Whether to run the published pipeline, or the draft.
            response_mode: For the draft, whether its run rides on a stream, which no gateway cuts. The published pipeline
                answers at once in either mode.
            options: Settings for this call alone.

        Returns:
            Of the published pipeline, the documents and the batch to ask about; of the draft, its run.

        Raises:
            ServerError: 500 with code pipeline_run_error: anything that is wrong with the input, or at the server.
            WorkflowFailedError: The draft's run failed.
            BadRequestError: The knowledge base has no pipeline, or a value does not fit.
            NotFoundError: There is no such knowledge base.

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
            dataset_id,
            inputs,
            datasource_type,
            datasource_info_list,
            start_node_id,
            is_published,
            response_mode,
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
        """Run the draft of a pipeline and take its events (runPipeline with `is_published` false).

        A run that fails is an event here and no exception.

        Args:
            dataset_id: The knowledge base.
            inputs: Values of the pipeline's fields.
            datasource_type: What kind of datasource the documents come from.
            datasource_info_list: What to work on, as in `run`.
            start_node_id: The datasource node to start from.
            options: Settings for this call alone.

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
        fold = WORKFLOW.fold()
        return AsyncWorkflowStream(self._transport, call, WORKFLOW, fold=fold, stop=no_stop, options=options)


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
    # A published run answers with JSON whatever was asked for.
    streamed = response_mode == "streaming" and not is_published
    return Call.of("runPipeline", dataset_id=dataset_id, json=body, accept="stream" if streamed else "json")
