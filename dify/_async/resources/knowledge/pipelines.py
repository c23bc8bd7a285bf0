"""Knowledge pipelines: their datasources and their draft runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ...._config import RequestOptions
from ...._kinds import DATASOURCE, WORKFLOW
from ...._request import Call, compact, segment
from ....errors import UsageError
from ...streams import AsyncDatasourceStream, AsyncWorkflowStream
from .._base import AsyncResource

__all__ = ["AsyncPipelines"]

DatasourceType = Literal["local_file", "online_document", "online_drive", "website_crawl"] | str


async def _no_stop(_: str) -> None:
    raise UsageError("the server has no way to stop a pipeline; leave the stream, or call aclose()")


class AsyncPipelines(AsyncResource):
    """Run knowledge pipelines. Needs a server from 1.14 on."""

    def run_datasource_node(
        self,
        dataset_id: str,
        node_id: str,
        *,
        inputs: Mapping[str, Any],
        datasource_type: DatasourceType,
        is_published: bool,
        credential_id: str | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncDatasourceStream:
        """Run one datasource node and take what it brings (runDatasourceNode).

        Failing is an event (`datasource_error`) and no exception; none of the events ends the stream, its end does.

        Args:
            dataset_id: The knowledge base.
            node_id: The node, from the pipeline's datasource plugins.
            inputs: Values of the node's fields.
            datasource_type: What kind of datasource the node is.
            is_published: Whether to run the published pipeline, or the draft.
            credential_id: Which of the datasource's credentials to use.
            options: Settings for this call alone.

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
        path = (
            f"/datasets/{segment(dataset_id, 'dataset_id')}/pipeline/datasource/nodes/{segment(node_id, 'node_id')}/run"
        )
        call = Call("runDatasourceNode", "POST", path, key="knowledge", json=body, accept="stream")
        return AsyncDatasourceStream(
            self._transport, call, DATASOURCE, fold=DATASOURCE.fold(), stop=_no_stop, options=options
        )

    def stream(
        self,
        dataset_id: str,
        *,
        inputs: Mapping[str, Any],
        datasource_type: DatasourceType,
        datasource_info_list: Sequence[Mapping[str, Any]],
        start_node_id: str,
        options: RequestOptions | None = None,
    ) -> AsyncWorkflowStream:
        """Run the draft of a pipeline and take its events (runPipeline with `is_published` false).

        Args:
            dataset_id: The knowledge base.
            inputs: Values of the pipeline's fields.
            datasource_type: What kind of datasource the documents come from.
            datasource_info_list: The documents, in the form that their kind of datasource wants.
            start_node_id: The datasource node to start from.
            options: Settings for this call alone.

        Example:
            ```python
            stream = client.knowledge.pipelines.stream(
                dataset_id,
                inputs={},
                datasource_type="local_file",
                datasource_info_list=[{"reference": file_id, "name": "a.txt"}],
                start_node_id=node_id,
            )
            async for event in stream:
                print(event.event)
            ```
        """
        body = {
            "inputs": dict(inputs),
            "datasource_type": datasource_type,
            "datasource_info_list": [dict(info) for info in datasource_info_list],
            "start_node_id": start_node_id,
            "is_published": False,
            "response_mode": "streaming",
        }
        path = f"/datasets/{segment(dataset_id, 'dataset_id')}/pipeline/run"
        call = Call("runPipeline", "POST", path, key="knowledge", json=body, accept="stream")
        return AsyncWorkflowStream(
            self._transport, call, WORKFLOW, fold=WORKFLOW.fold(), stop=_no_stop, options=options
        )
