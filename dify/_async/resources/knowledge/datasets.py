"""Knowledge bases and searches in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ...._config import RequestOptions
from ...._protocol.arguments import items_of, text_of
from ...._protocol.knowledge import embedding_fields, technique_for
from ...._protocol.paging import NUMBERED
from ...._protocol.request import Call, compact
from ....errors import InvalidArgumentError
from ....types.datasets import (
    Dataset,
    ExternalRetrievalModel,
    IndexingTechnique,
    Permission,
    RetrievalModel,
    RetrieveResult,
    SummaryIndexSetting,
)
from ...pager import AsyncPager
from .._base import AsyncResource

__all__ = ["AsyncDatasets"]


class AsyncDatasets(AsyncResource):
    """Knowledge bases.

    Example:
        ```python
        dataset = await client.knowledge.datasets.create("Handbook", indexing_technique="high_quality")
        async for dataset in client.knowledge.datasets.list(keyword="hand"):
            print(dataset.name, dataset.document_count)
        ```
    """

    async def create(
        self,
        name: str,
        *,
        description: str | None = None,
        indexing_technique: IndexingTechnique | None = None,
        permission: Permission | None = None,
        provider: Literal["vendor", "external"] | None = None,
        embedding_model: str | None = None,
        embedding_model_provider: str | None = None,
        retrieval_model: RetrievalModel | Mapping[str, Any] | None = None,
        summary_index_setting: SummaryIndexSetting | Mapping[str, Any] | None = None,
        external_knowledge_api_id: str | None = None,
        external_knowledge_id: str | None = None,
        options: RequestOptions | None = None,
    ) -> Dataset:
        """Create an empty knowledge base (createDataset).

        Args:
            name: Unique name, 1 to 40 characters.
            description: Description, up to 400 characters.
            indexing_technique: Index by embeddings ("high_quality") or by keywords ("economy"). None leaves it to the first
                document, unless an embedding model implies "high_quality".
            permission: Members of the workspace who can see it (the server's default: only_me).
            provider: "external" for content of another service (the server's default: vendor); implied by the two ids below.
            embedding_model: Embedding model, the `model` of an entry of `models.list("text-embedding")`.
            embedding_model_provider: The `provider` of that entry; required with `embedding_model`.
            retrieval_model: Default search settings.
            summary_index_setting: Settings of the summary index, in which a model summarizes every chunk.
            external_knowledge_api_id: For provider "external", the id of the connection to the other service.
            external_knowledge_id: For provider "external", the id of the knowledge base in that service.
            options: Options of this call.

        Raises:
            ConflictError: A knowledge base of that name exists.
            BadRequestError: A value is invalid.
            PermissionDeniedError: The workspace's plan does not allow it.

        Example:
            ```python
            dataset = await client.knowledge.datasets.create("Handbook", indexing_technique="economy")
            print(dataset.id)
            ```
        """
        if provider is None and (external_knowledge_api_id is not None or external_knowledge_id is not None):
            provider = "external"  # any other provider ignores the two ids
        body = compact(
            name=text_of(name, "name"),
            description=description,
            permission=permission,
            provider=provider,
            retrieval_model=retrieval_model,
            summary_index_setting=summary_index_setting,
            external_knowledge_api_id=external_knowledge_api_id,
            external_knowledge_id=external_knowledge_id,
            indexing_technique=technique_for(indexing_technique, embedding_model),
            **embedding_fields(embedding_model, embedding_model_provider),
        )
        call = Call.of("createDataset", json=body)
        return await self._transport.fetch(call, Dataset, options)

    def list(
        self,
        *,
        keyword: str | None = None,
        tag_ids: Sequence[str] | None = None,
        include_all: bool | None = None,
        page: int | None = None,
        limit: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Dataset]:
        """List the knowledge bases of the workspace, newest first (listDatasets).

        Args:
            keyword: Only knowledge bases whose name contains this text.
            tag_ids: Only knowledge bases with these tags.
            include_all: Include knowledge bases that their permission hides from the owner of the key.
            page: Number of the first page, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Options of this call.

        Example:
            ```python
            async for dataset in client.knowledge.datasets.list(keyword="hand"):
                print(dataset.name, dataset.document_count)
            ```
        """
        query = compact(
            keyword=keyword,
            tag_ids=None if tag_ids is None else items_of(tag_ids, "tag_ids"),
            include_all=include_all,
            page=page,
            limit=limit,
        )
        call = Call.of("listDatasets", query=query)
        return AsyncPager(self._transport, call, Dataset, order=NUMBERED, options=options)

    async def get(self, dataset_id: str, *, options: RequestOptions | None = None) -> Dataset:
        """Return a knowledge base (getDatasetDetail). Requires Dify 1.9 or later.

        Args:
            dataset_id: Id of the knowledge base.
            options: Options of this call.

        Raises:
            NotFoundError: The workspace of the key has no such knowledge base.
            PermissionDeniedError: Its API is disabled, or the owner of the key has no access.

        Example:
            ```python
            dataset = await client.knowledge.datasets.get(dataset_id)
            print(dataset.name, dataset.indexing_technique)
            ```
        """
        call = Call.of("getDatasetDetail", dataset_id=dataset_id)
        return await self._transport.fetch(call, Dataset, options)

    async def update(
        self,
        dataset_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        indexing_technique: IndexingTechnique | None = None,
        permission: Permission | None = None,
        embedding_model: str | None = None,
        embedding_model_provider: str | None = None,
        retrieval_model: RetrievalModel | Mapping[str, Any] | None = None,
        partial_member_list: Sequence[str] | None = None,
        external_retrieval_model: ExternalRetrievalModel | Mapping[str, Any] | None = None,
        external_knowledge_id: str | None = None,
        external_knowledge_api_id: str | None = None,
        options: RequestOptions | None = None,
    ) -> Dataset:
        """Change a knowledge base (updateDataset).

        Omitted settings are kept. Requires Dify 1.9 or later.

        Args:
            dataset_id: Id of the knowledge base.
            name: New name, 1 to 40 characters.
            description: Description, up to 400 characters; an empty text clears it.
            indexing_technique: New technique. A change from "economy" to "high_quality" embeds all documents.
            permission: Members of the workspace who can see it; a list of members implies "partial_members".
            embedding_model: Embedding model, the `model` of an entry of `models.list("text-embedding")`. A change embeds all
                documents again and implies "high_quality".
            embedding_model_provider: The `provider` of that entry; required with `embedding_model`.
            retrieval_model: Default search settings; they replace all present ones.
            partial_member_list: For permission "partial_members", the ids of the accounts, at least one; replaces the list.
            external_retrieval_model: Search settings of an external knowledge base.
            external_knowledge_id: Id of the knowledge base in the external service.
            external_knowledge_api_id: Id of the connection to the external service.
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist.
            BadRequestError: A value is invalid.
            PermissionDeniedError: The owner of the key may not change it.

        Example:
            ```python
            search = RetrievalModel(search_method="hybrid_search", top_k=5)
            await client.knowledge.datasets.update(dataset_id, description="For all", retrieval_model=search)
            ```
        """
        members = None if partial_member_list is None else items_of(partial_member_list, "partial_member_list")
        if members == []:
            raise InvalidArgumentError(
                "partial_member_list is empty: the server ignores an empty list; pass permission='only_me' to remove all",
                param="partial_member_list",
            )
        if members and permission is None:
            permission = "partial_members"  # the server ignores the list with any other permission
        body = compact(
            name=name,
            description=description,
            permission=permission,
            retrieval_model=retrieval_model,
            partial_member_list=None if members is None else [{"user_id": member} for member in members],
            external_retrieval_model=external_retrieval_model,
            external_knowledge_id=external_knowledge_id,
            external_knowledge_api_id=external_knowledge_api_id,
            indexing_technique=technique_for(indexing_technique, embedding_model),
            **embedding_fields(embedding_model, embedding_model_provider),
        )
        # Repeatable: values are set, and the server embeds again only if one changes.
        call = Call.of("updateDataset", dataset_id=dataset_id, json=body)
        return await self._transport.fetch(call, Dataset, options)

    async def delete(self, dataset_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete a knowledge base and its documents (deleteDataset).

        Args:
            dataset_id: Id of the knowledge base.
            options: Options of this call.

        Raises:
            ConflictError: An app uses it.
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            await client.knowledge.datasets.delete(dataset_id)
            ```
        """
        call = Call.of("deleteDataset", dataset_id=dataset_id)
        await self._transport.send(call, options)

    async def retrieve(
        self,
        dataset_id: str,
        query: str,
        *,
        retrieval_model: RetrievalModel | Mapping[str, Any] | None = None,
        external_retrieval_model: ExternalRetrievalModel | Mapping[str, Any] | None = None,
        attachment_ids: Sequence[str] | None = None,
        options: RequestOptions | None = None,
    ) -> RetrieveResult:
        """Search a knowledge base (retrieveSegments). Requires Dify 1.9 or later.

        Args:
            dataset_id: Id of the knowledge base.
            query: Search text, up to 250 characters; may be empty with attachments.
            retrieval_model: Search settings instead of those of the knowledge base. One that is indexed by keywords
                ("economy") requires search_method "keyword_search".
            external_retrieval_model: Search settings for an external knowledge base.
            attachment_ids: Ids of uploaded images to search for, if the embedding model supports images.
            options: Options of this call.

        Returns:
            The results, best first; empty if none reaches the threshold.

        Raises:
            BadRequestError: The query is too long, nothing is indexed yet, or a value is invalid.
            ProviderNotInitializedError: The embedding or reranking model has no credentials.
            RateLimitError: Too many knowledge requests (Dify Cloud).
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            result = await client.knowledge.datasets.retrieve(dataset_id, "How many days of leave?")
            for record in result.records:
                print(record.score, record.text)
            ```
        """
        body = compact(
            query=text_of(query, "query"),
            retrieval_model=retrieval_model,
            external_retrieval_model=external_retrieval_model,
            attachment_ids=None if attachment_ids is None else items_of(attachment_ids, "attachment_ids"),
        )
        call = Call.of("retrieveSegments", dataset_id=dataset_id, json=body)
        return await self._transport.fetch(call, RetrieveResult, options)
