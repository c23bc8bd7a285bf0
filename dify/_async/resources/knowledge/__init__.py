"""Everything that takes the knowledge key."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .._base import AsyncResource

if TYPE_CHECKING:
    from .pipelines import AsyncPipelines

__all__ = ["AsyncKnowledge"]


class AsyncKnowledge(AsyncResource):
    """Knowledge bases and what belongs to them; every call takes the knowledge key."""

    @cached_property
    def pipelines(self) -> AsyncPipelines:
        """Knowledge pipelines: datasources and runs."""
        from .pipelines import AsyncPipelines

        return AsyncPipelines(self._transport)
