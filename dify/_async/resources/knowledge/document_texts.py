"""Documents from text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._config import RequestOptions
from ...._paths import dataset_path, document_path
from ...._request import Call, compact
from ....types.datasets import IndexingTechnique, RetrievalModel
from ....types.documents import DocumentBatch, ProcessRule
from ....types.segments import DocForm
from .._base import AsyncResource

__all__ = ["AsyncDocumentTexts"]


class AsyncDocumentTexts(AsyncResource):
    """What `documents` does with text."""

    async def create_from_text(
        self,
        dataset_id: str,
        name: str,
        text: str,
        *,
        indexing_technique: IndexingTechnique | None = None,
        doc_form: DocForm | None = None,
        doc_language: str | None = None,
        process_rule: ProcessRule | Mapping[str, Any] | None = None,
        retrieval_model: RetrievalModel | Mapping[str, Any] | None = None,
        embedding_model: str | None = None,
        embedding_model_provider: str | None = None,
        original_document_id: str | None = None,
        options: RequestOptions | None = None,
    ) -> DocumentBatch:
        """Make a document of a text (createDocumentFromText). It is indexed after the call: see `wait_indexed`.

        Args:
            dataset_id: The knowledge base.
            name: The document's name.
            text: Its text.
            indexing_technique: By embeddings or by keywords; the first document of a knowledge base needs it.
            doc_form: How to cut it (the server's default: text_model); all documents of a knowledge base are cut alike.
            doc_language: Its language, for question-and-answer documents (the server's default: English).
            process_rule: What to clean up and where to cut. Without one a document follows the one before it; for the first
                one give it, such as `{"mode": "automatic"}`: some servers cannot do without.
            retrieval_model: How the knowledge base is searched; counts with its first document.
            embedding_model: The `model` of an entry of `models.list("text-embedding")`; likewise.
            embedding_model_provider: The `provider` of that entry.
            original_document_id: The document that this is a new version of; it is replaced.
            options: Settings for this call alone.

        Returns:
            The document as it is now, and the batch to ask about.

        Raises:
            BadRequestError: A value does not fit, or the first document lacks its `indexing_technique`.
            ProviderNotInitializedError: The embedding model has no credentials.
            PermissionDeniedError: The plan's documents or vector space are used up, or the API is switched off.
            RateLimitError: Too many knowledge requests (Dify Cloud).
            NotFoundError: There is no such knowledge base.
            ServerError: On some servers, among other things: the first document has no `process_rule`.

        Example:
            ```python
            made = await client.knowledge.documents.create_from_text(
                dataset_id,
                "Leave",
                "Everyone has 30 days of leave.",
                indexing_technique="high_quality",
                process_rule={"mode": "automatic"},
            )
            await client.knowledge.documents.wait_indexed(dataset_id, made.batch)
            ```
        """
        body = compact(
            name=name,
            text=text,
            indexing_technique=indexing_technique,
            doc_form=doc_form,
            doc_language=doc_language,
            process_rule=process_rule,
            retrieval_model=retrieval_model,
            embedding_model=embedding_model,
            embedding_model_provider=embedding_model_provider,
            original_document_id=original_document_id,
        )
        path = f"{dataset_path(dataset_id)}/document/create-by-text"
        call = Call("createDocumentFromText", "POST", path, key="knowledge", json=body)
        return await self._transport.fetch(call, DocumentBatch, options)

    async def update_from_text(
        self,
        dataset_id: str,
        document_id: str,
        *,
        name: str | None = None,
        text: str | None = None,
        process_rule: ProcessRule | Mapping[str, Any] | None = None,
        doc_form: DocForm | None = None,
        doc_language: str | None = None,
        retrieval_model: RetrievalModel | Mapping[str, Any] | None = None,
        options: RequestOptions | None = None,
    ) -> DocumentBatch:
        """Give a document another text, name or cut (updateDocumentByText), and index it anew.

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            name: Its new name; a new text needs one too.
            text: Its new text.
            process_rule: What to clean up and where to cut; without a text it is needed.
            doc_form: How to cut it.
            doc_language: Its language.
            retrieval_model: How the knowledge base is searched.
            options: Settings for this call alone.

        Returns:
            The document as it is now, and the batch to ask about.

        Raises:
            BadRequestError: A text without a name, neither text nor rule, or the document is being indexed.
            NotFoundError: There is no such document.

        Example:
            ```python
            made = await client.knowledge.documents.update_from_text(
                dataset_id, document_id, name="Leave", text="Everyone has 32 days of leave."
            )
            await client.knowledge.documents.wait_indexed(dataset_id, made.batch)
            ```
        """
        body = compact(
            name=name,
            text=text,
            process_rule=process_rule,
            doc_form=doc_form,
            doc_language=doc_language,
            retrieval_model=retrieval_model,
        )
        path = f"{document_path(dataset_id, document_id)}/update-by-text"
        # Not repeatable: every execution begins to index anew.
        call = Call("updateDocumentByText", "POST", path, key="knowledge", json=body)
        return await self._transport.fetch(call, DocumentBatch, options)
