"""Documents from text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from ...._config import RequestOptions
from ...._protocol.knowledge import embedding_fields, form_for, stored_text_name
from ...._protocol.request import Call, compact
from ....errors import InvalidArgumentError
from ....types.datasets import IndexingTechnique, RetrievalModel
from ....types.documents import DocumentBatch, DocumentDetail, IfExists, ProcessRule
from ....types.segments import DocForm
from .document_names import AsyncDocumentNames

__all__ = ["AsyncDocumentTexts"]


class AsyncDocumentTexts(AsyncDocumentNames):
    """The methods of `documents` that send text."""

    @overload
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
        if_exists: Literal["error", "replace"] = "replace",
        options: RequestOptions | None = None,
    ) -> DocumentBatch: ...

    @overload
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
        if_exists: IfExists,
        options: RequestOptions | None = None,
    ) -> DocumentBatch | None: ...

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
        if_exists: IfExists = "replace",
        options: RequestOptions | None = None,
    ) -> DocumentBatch | None:
        """Create a document from a text (createDocumentFromText). It is indexed after the call: see `wait_indexed`.

        **A document of the same name is replaced.** The server takes the name for the identity of a document: an enabled
        document of exactly that name keeps its id and gets a new batch, its old text is gone, and its old batch is unknown.
        A disabled one stays, and a second document of the name is created. `if_exists` looks the name up first.

        Args:
            dataset_id: The knowledge base.
            name: The document's name; the server cuts it after 200 characters.
            text: Its text.
            indexing_technique: By embeddings or by keywords. The first document of a knowledge base needs it, on some servers
                (1.14.2 among them) every text does. An embedding model implies "high_quality".
            doc_form: How to cut it (the server's default: text_model; a hierarchical rule implies hierarchical_model); all
                documents of a knowledge base are cut alike.
            doc_language: Its language, for question-and-answer documents (the server's default: English).
            process_rule: What to clean up and where to cut. Without one a document follows the one before it; for the first
                one give it, such as `{"mode": "automatic"}`: some servers cannot do without.
            retrieval_model: How the knowledge base is searched; counts with its first document.
            embedding_model: The `model` of an entry of `models.list("text-embedding")`; likewise.
            embedding_model_provider: The `provider` of that entry; the two go together.
            original_document_id: The document that this is a new version of; it is replaced.
            if_exists: What to do if the knowledge base has documents of that name, disabled and archived ones included:
                "replace" leaves it to the server, as described above; "error" raises; "skip" does nothing. The latter two
                list the documents of the name first, which is one more request, and do not lock it: of two calls at the
                same time, one may still replace the document of the other.
            options: Settings for this call alone.

        Returns:
            The document as it is now, and the batch to ask about; None for "skip" where there is a document of that name.

        Raises:
            DocumentExistsError: `if_exists` is "error", and there is a document of that name.
            BadRequestError: A value does not fit, or `indexing_technique` is missing.
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
            doc_form=form_for(doc_form, process_rule),
            doc_language=doc_language,
            process_rule=process_rule,
            retrieval_model=retrieval_model,
            original_document_id=original_document_id,
            **embedding_fields(embedding_model, embedding_model_provider, indexing_technique),
        )
        if not await self._may_create(dataset_id, stored_text_name(name), if_exists, options):
            return None
        call = Call.of("createDocumentFromText", dataset_id=dataset_id, json=body)
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
            name: Its new name. The server takes a text only together with a name: where None, the name is fetched first
                (getDocumentDetail, one more request) and stays.
            text: Its new text; not empty.
            process_rule: What to clean up and where to cut; needed without a text.
            doc_form: How to cut it; a hierarchical rule implies "hierarchical_model".
            doc_language: Its language.
            retrieval_model: How the knowledge base is searched.
            options: Settings for this call alone.

        Returns:
            The document as it is now, and the batch to ask about.

        Raises:
            InvalidArgumentError: There is neither a text nor a rule.
            BadRequestError: A value does not fit, or the document is being indexed.
            NotFoundError: There is no such document.

        Example:
            ```python
            made = await client.knowledge.documents.update_from_text(
                dataset_id, document_id, text="Everyone has 32 days of leave."
            )
            await client.knowledge.documents.wait_indexed(dataset_id, made.batch)
            ```
        """
        if text == "":
            raise InvalidArgumentError(
                "text is empty: the server ignores an empty text; leave it out to keep the old one"
            )
        if text is None and process_rule is None:
            raise InvalidArgumentError(
                "text and process_rule are missing: pass one of them; a name alone changes nothing"
            )
        if text is not None and name is None:
            query = {"metadata": "without"}
            get = Call.of("getDocumentDetail", dataset_id=dataset_id, document_id=document_id, query=query)
            name = (await self._transport.fetch(get, DocumentDetail, options)).name
        body = compact(
            name=name,
            text=text,
            process_rule=process_rule,
            doc_form=form_for(doc_form, process_rule),
            doc_language=doc_language,
            retrieval_model=retrieval_model,
        )
        # Not repeatable: every execution begins to index anew.
        call = Call.of("updateDocumentByText", dataset_id=dataset_id, document_id=document_id, json=body)
        return await self._transport.fetch(call, DocumentBatch, options)
