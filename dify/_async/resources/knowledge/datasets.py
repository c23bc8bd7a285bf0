"""Knowledge bases, and searching them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ...._config import RequestOptions
from ...._protocol.arguments import items_of
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
    """Make knowledge bases, change them, and search them.

    Example:
        ```python
        dataset = await client.knowledge.datasets.create("Handbook", indexing_technique="high_quality")
        async for each in client.knowledge.datasets.list(keyword="hand"):
            print(each.name, each.document_count)
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
        """Make an empty knowledge base (createDataset).

        Args:
            name: Its name, 1 to 40 characters, unlike any other knowledge base's.
            description: Up to 400 characters.
            indexing_technique: By embeddings or by keywords; where None, its first document settles it, unless an embedding
                model implies "high_quality".
            permission: Who in the workspace may see it (the server's default: only_me).
            provider: "external" for one whose content another service keeps (the server's default: vendor); implied by the
                two ids below.
            embedding_model: The `model` of an entry of `models.list("text-embedding")`.
            embedding_model_provider: The `provider` of that entry; the two go together.
            retrieval_model: How it is searched by default.
            summary_index_setting: Whether a model writes a summary of every chunk to search in.
            external_knowledge_api_id: For provider "external", the connection to the other service.
            external_knowledge_id: For provider "external", the knowledge base there.
            options: Settings for this call alone.

        Raises:
            ConflictError: There is a knowledge base of that name.
            BadRequestError: A value does not fit.
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
            name=name,
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
        """The workspace's knowledge bases, newest first (listDatasets).

        Args:
            keyword: Only those whose name holds this text.
            tag_ids: Only those that have these tags.
            include_all: Also those that the key's owner may not see by their permission.
            page: The page to begin with, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Settings for this call alone.

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
        """One knowledge base (getDatasetDetail). Needs a server from about 1.9 on.

        Args:
            dataset_id: The knowledge base.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base in the key's workspace.
            PermissionDeniedError: Its API is switched off, or it is not open to the key's owner.

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
        """Change a knowledge base (updateDataset); what is left out stays. Needs a server from about 1.9 on.

        Args:
            dataset_id: The knowledge base.
            name: Its new name, 1 to 40 characters.
            description: Up to 400 characters; empty text clears it.
            indexing_technique: From "economy" to "high_quality" embeds all documents anew.
            permission: Who in the workspace may see it; a list of members implies "partial_members".
            embedding_model: The `model` of an entry of `models.list("text-embedding")`; another one embeds all anew, for
                which "high_quality" is sent along.
            embedding_model_provider: The `provider` of that entry; the two go together.
            retrieval_model: How it is searched by default; replaces the whole setting.
            partial_member_list: For permission "partial_members", the ids of their accounts, at least one; replaces the
                list.
            external_retrieval_model: How an external knowledge base is searched.
            external_knowledge_id: The knowledge base at the other service.
            external_knowledge_api_id: The connection to the other service.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base.
            BadRequestError: A value does not fit.
            PermissionDeniedError: It is not the key's owner's to change.

        Example:
            ```python
            search = RetrievalModel(search_method="hybrid_search", top_k=5)
            await client.knowledge.datasets.update(dataset_id, description="For all", retrieval_model=search)
            ```
        """
        members = None if partial_member_list is None else items_of(partial_member_list, "partial_member_list")
        if members == []:
            raise InvalidArgumentError(
                "partial_member_list is empty: the server ignores an empty list; pass permission='only_me' to remove all"
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
        # What is sent is set, and set again it is the same: the server embeds anew only where something changes.
        call = Call.of("updateDataset", dataset_id=dataset_id, json=body)
        return await self._transport.fetch(call, Dataset, options)

    async def delete(self, dataset_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete a knowledge base with all its documents (deleteDataset).

        Args:
            dataset_id: The knowledge base.
            options: Settings for this call alone.

        Raises:
            ConflictError: An app uses it.
            NotFoundError: There is no such knowledge base.

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
        """Search a knowledge base (retrieveSegments). Needs a server from about 1.9 on.

        Args:
            dataset_id: The knowledge base.
            query: What to look for, up to 250 characters; may be empty where attachments are searched by.
            retrieval_model: How to search, in place of the knowledge base's own way. One that is indexed by keywords
                ("economy") wants search_method "keyword_search".
            external_retrieval_model: How to search an external knowledge base.
            attachment_ids: Ids of uploaded images to search by, where the embedding model takes images.
            options: Settings for this call alone.

        Returns:
            What was found, best first; empty where nothing reaches the threshold.

        Raises:
            BadRequestError: The query is too long, nothing is indexed yet, or a value does not fit.
            ProviderNotInitializedError: The embedding or reranking model has no credentials.
            RateLimitError: Too many knowledge requests (Dify Cloud).
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            found = await client.knowledge.datasets.retrieve(dataset_id, "How many days of leave?")
            for record in found.records:
                print(record.score, record.text)
            ```
        """
        body = compact(
            query=query,
            retrieval_model=retrieval_model,
            external_retrieval_model=external_retrieval_model,
            attachment_ids=None if attachment_ids is None else items_of(attachment_ids, "attachment_ids"),
        )
        call = Call.of("retrieveSegments", dataset_id=dataset_id, json=body)
        return await self._transport.fetch(call, RetrieveResult, options)
