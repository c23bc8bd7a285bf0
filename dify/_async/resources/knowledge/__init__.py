"""Resources that require a knowledge API key."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .._base import AsyncResource

if TYPE_CHECKING:
    from .child_chunks import AsyncChildChunks
    from .datasets import AsyncDatasets
    from .documents import AsyncDocuments
    from .metadata import AsyncMetadata
    from .models import AsyncModels
    from .pipelines import AsyncPipelines
    from .segments import AsyncSegments
    from .tags import AsyncTags

__all__ = ["AsyncKnowledge"]


class AsyncKnowledge(AsyncResource):
    """Knowledge bases and their contents. Every call requires the knowledge API key.

    Example:
        ```python
        dataset = await client.knowledge.datasets.create("Handbook", indexing_technique="economy")
        created = await client.knowledge.documents.create_from_text(
            dataset.id, "Hello", "Hi there.", indexing_technique="economy"
        )
        await client.knowledge.documents.wait_indexed(dataset.id, created.batch)
        ```
    """

    @cached_property
    def datasets(self) -> AsyncDatasets:
        """Knowledge bases and searches in them."""
        from .datasets import AsyncDatasets

        return AsyncDatasets(self._transport)

    @cached_property
    def documents(self) -> AsyncDocuments:
        """Documents of knowledge bases."""
        from .documents import AsyncDocuments

        return AsyncDocuments(self._transport)

    @cached_property
    def segments(self) -> AsyncSegments:
        """Chunks of documents."""
        from .segments import AsyncSegments

        return AsyncSegments(self._transport)

    @cached_property
    def child_chunks(self) -> AsyncChildChunks:
        """Child chunks of chunks."""
        from .child_chunks import AsyncChildChunks

        return AsyncChildChunks(self._transport)

    @cached_property
    def tags(self) -> AsyncTags:
        """Tags of knowledge bases."""
        from .tags import AsyncTags

        return AsyncTags(self._transport)

    @cached_property
    def metadata(self) -> AsyncMetadata:
        """Metadata fields and their values."""
        from .metadata import AsyncMetadata

        return AsyncMetadata(self._transport)

    @cached_property
    def models(self) -> AsyncModels:
        """Models of the workspace."""
        from .models import AsyncModels

        return AsyncModels(self._transport)

    @cached_property
    def pipelines(self) -> AsyncPipelines:
        """Knowledge pipelines: files, datasources and runs."""
        from .pipelines import AsyncPipelines

        return AsyncPipelines(self._transport)
