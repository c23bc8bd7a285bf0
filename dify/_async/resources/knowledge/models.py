"""Models of the workspace."""

from __future__ import annotations

from ...._config import RequestOptions
from ...._protocol.request import Call
from ....types.models import ModelProviders, ModelType
from .._base import AsyncResource

__all__ = ["AsyncModels"]


class AsyncModels(AsyncResource):
    """Models that knowledge bases can use.

    Example:
        ```python
        embeddings = await client.knowledge.models.list("text-embedding")
        ```
    """

    async def list(self, model_type: ModelType, *, options: RequestOptions | None = None) -> ModelProviders:
        """Return the configured providers with their models (getAvailableModels).

        Not paged.

        Args:
            model_type: Type of the models.
            options: Options of this call.

        Raises:
            BadRequestError: The type does not exist.

        Example:
            ```python
            for provider in (await client.knowledge.models.list("text-embedding")).data:
                for model in provider.models:
                    print(provider.provider, model.model)
            ```
        """
        call = Call.of("getAvailableModels", model_type=model_type)
        return await self._transport.fetch(call, ModelProviders, options)
