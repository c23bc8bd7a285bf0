"""What knowledge pipelines are fed with: files, and datasource nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._config import RequestOptions
from ...._protocol.request import Call, compact
from ...._protocol.uploads import FileSource, upload_of
from ...._streaming.kinds import DATASOURCE
from ....errors import MisuseError
from ....types.pipelines import DatasourcePlugin, DatasourceType, PipelineFile
from ..._io import in_thread
from ...event_stream import AsyncDatasourceStream
from .._base import AsyncResource

__all__ = ["AsyncPipelineSources", "no_stop"]


async def no_stop(_: str, __: RequestOptions | None) -> None:
    """What `stream.stop` does here: say that it cannot."""
    raise MisuseError("the server has no way to stop a pipeline; leave the stream, or call aclose()")


class AsyncPipelineSources(AsyncResource):
    """What `pipelines` does with files and datasources."""

    async def upload_file(
        self,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        options: RequestOptions | None = None,
    ) -> PipelineFile:
        """Store a file to run a pipeline on (uploadPipelineFile). It is streamed, never held as a whole.

        Args:
            file: A path, bytes, a binary file object (read from where it stands), an async or plain iterable of bytes,
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content.
            filename: The name to send; needed where the file has none.
            mime_type: The type to send; guessed from the name where None.
            options: Settings for this call alone.

        Returns:
            The stored file; `LocalFile.from_upload` makes input for a run of it.

        Raises:
            BadRequestError: The file is too large; the server says so without a word.

        Example:
            ```python
            uploaded = await client.knowledge.pipelines.upload_file(("notes.txt", b"Hello"))
            print(uploaded.id)
            ```
        """
        upload = await in_thread(upload_of, file, filename=filename, mime_type=mime_type)
        call = Call.of("uploadPipelineFile", upload=upload)
        return await self._transport.fetch(call, PipelineFile, options)

    async def datasource_plugins(
        self, dataset_id: str, *, is_published: bool | None = None, options: RequestOptions | None = None
    ) -> list[DatasourcePlugin]:
        """The datasource nodes of a pipeline (listDatasourcePlugins); not paged.

        Args:
            dataset_id: The knowledge base.
            is_published: Those of the published pipeline (the server's default), or of the draft; servers of 1.14 take
                False for True.
            options: Settings for this call alone.

        Raises:
            BadRequestError: The knowledge base has no pipeline.
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            for node in await client.knowledge.pipelines.datasource_plugins(dataset_id):
                print(node.node_id, node.title, node.datasource_type)
            ```
        """
        query = compact(is_published=is_published)
        call = Call.of("listDatasourcePlugins", dataset_id=dataset_id, query=query)
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

        Raises:
            BadRequestError: A value does not fit, while iterating.
            NotFoundError: There is no such knowledge base, while iterating.

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
            self._transport, call, DATASOURCE, fold=DATASOURCE.fold(), stop=no_stop, options=options
        )
