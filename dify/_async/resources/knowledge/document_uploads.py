"""Documents from files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._config import RequestOptions
from ...._files import FileSource, upload_of
from ...._paths import dataset_path, document_path
from ...._request import Call, compact, encode_json
from ....types.datasets import IndexingTechnique, RetrievalModel
from ....types.documents import DocumentBatch, ProcessRule
from ....types.segments import DocForm
from ..._io import in_thread
from .._base import AsyncResource

__all__ = ["AsyncDocumentUploads"]


class AsyncDocumentUploads(AsyncResource):
    """What `documents` makes of files."""

    async def create_from_file(
        self,
        dataset_id: str,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
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
        """Make a document of a file (createDocumentFromFile). It is indexed after the call: see `wait_indexed`.

        Args:
            dataset_id: The knowledge base.
            file: A path, bytes, a binary file object (read from where it stands), an async or plain iterable of bytes,
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content.
            filename: The name to send, which becomes the document's; needed where the file has none.
            mime_type: The type to send; guessed from the name where None.
            indexing_technique: By embeddings or by keywords; the first document of a knowledge base needs it.
            doc_form: How to cut it (the server's default: text_model); all documents of a knowledge base are cut alike.
            doc_language: Its language, for question-and-answer documents (the server's default: English).
            process_rule: What to clean up and where to cut. The first document of a knowledge base needs one, such as
                `{"mode": "automatic"}`; without one a document follows the one before it.
            retrieval_model: How the knowledge base is searched; counts with its first document.
            embedding_model: The `model` of an entry of `models.list("text-embedding")`; likewise.
            embedding_model_provider: The `provider` of that entry.
            original_document_id: The document that this is a new version of; it is replaced.
            options: Settings for this call alone.

        Returns:
            The document as it is now, and the batch to ask about.

        Raises:
            BadRequestError: A value does not fit, or the first document lacks what it needs. A file that is too large or of
                a type that the server does not take is refused so as well, without a word.
            ProviderNotInitializedError: The embedding model has no credentials.
            PermissionDeniedError: The plan's documents or vector space are used up, or the API is switched off.
            RateLimitError: Too many knowledge requests (Dify Cloud).
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            made = await client.knowledge.documents.create_from_file(
                dataset_id,
                ("leave.md", b"# Leave"),
                indexing_technique="high_quality",
                process_rule={"mode": "automatic"},
            )
            await client.knowledge.documents.wait_indexed(dataset_id, made.batch)
            ```
        """
        settings = compact(
            indexing_technique=indexing_technique,
            doc_form=doc_form,
            doc_language=doc_language,
            process_rule=process_rule,
            retrieval_model=retrieval_model,
            embedding_model=embedding_model,
            embedding_model_provider=embedding_model_provider,
            original_document_id=original_document_id,
        )
        path = f"{dataset_path(dataset_id)}/document/create-by-file"
        return await self._upload("createDocumentFromFile", "POST", path, file, filename, mime_type, settings, options)

    async def replace_file(
        self,
        dataset_id: str,
        document_id: str,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        doc_form: DocForm | None = None,
        doc_language: str | None = None,
        process_rule: ProcessRule | Mapping[str, Any] | None = None,
        retrieval_model: RetrievalModel | Mapping[str, Any] | None = None,
        embedding_model: str | None = None,
        embedding_model_provider: str | None = None,
        options: RequestOptions | None = None,
    ) -> DocumentBatch:
        """Put another file in place of a document's, and index it anew (updateDocument). Needs a server from 1.14 on.

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            file: The file, as in `create_from_file`.
            filename: The name to send, which becomes the document's; needed where the file has none.
            mime_type: The type to send; guessed from the name where None.
            doc_form: How to cut it.
            doc_language: Its language.
            process_rule: What to clean up and where to cut.
            retrieval_model: How the knowledge base is searched.
            embedding_model: The `model` of an entry of `models.list("text-embedding")`.
            embedding_model_provider: The `provider` of that entry.
            options: Settings for this call alone.

        Returns:
            The document as it is now, and the batch to ask about.

        Raises:
            FileTooLargeError: Over the server's limit (by default 15 MB).
            UnsupportedFileTypeError: The server does not take this type.
            BadRequestError: A value does not fit, or the document is being indexed.
            NotFoundError: There is no such document.

        Example:
            ```python
            made = await client.knowledge.documents.replace_file(dataset_id, document_id, ("leave.md", b"# Leave, 2nd edition"))
            await client.knowledge.documents.wait_indexed(dataset_id, made.batch)
            ```
        """
        settings = compact(
            doc_form=doc_form,
            doc_language=doc_language,
            process_rule=process_rule,
            retrieval_model=retrieval_model,
            embedding_model=embedding_model,
            embedding_model_provider=embedding_model_provider,
        )
        path = document_path(dataset_id, document_id)
        return await self._upload("updateDocument", "PATCH", path, file, filename, mime_type, settings, options)

    async def update_from_file(
        self,
        dataset_id: str,
        document_id: str,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        doc_form: DocForm | None = None,
        doc_language: str | None = None,
        process_rule: ProcessRule | Mapping[str, Any] | None = None,
        retrieval_model: RetrievalModel | Mapping[str, Any] | None = None,
        embedding_model: str | None = None,
        embedding_model_provider: str | None = None,
        options: RequestOptions | None = None,
    ) -> DocumentBatch:
        """The older way to do what `replace_file` does, for servers before 1.14 (updateDocumentByFile).

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            file: The file, as in `create_from_file`.
            filename: The name to send, which becomes the document's; needed where the file has none.
            mime_type: The type to send; guessed from the name where None.
            doc_form: How to cut it.
            doc_language: Its language.
            process_rule: What to clean up and where to cut.
            retrieval_model: How the knowledge base is searched.
            embedding_model: The `model` of an entry of `models.list("text-embedding")`.
            embedding_model_provider: The `provider` of that entry.
            options: Settings for this call alone.

        Raises:
            FileTooLargeError: Over the server's limit (by default 15 MB).
            UnsupportedFileTypeError: The server does not take this type.
            BadRequestError: A value does not fit, or the document is being indexed.
            NotFoundError: There is no such document.

        Example:
            ```python
            made = await client.knowledge.documents.update_from_file(dataset_id, document_id, ("leave.txt", b"32 days"))
            await client.knowledge.documents.wait_indexed(dataset_id, made.batch)
            ```
        """
        settings = compact(
            doc_form=doc_form,
            doc_language=doc_language,
            process_rule=process_rule,
            retrieval_model=retrieval_model,
            embedding_model=embedding_model,
            embedding_model_provider=embedding_model_provider,
        )
        path = f"{document_path(dataset_id, document_id)}/update-by-file"
        return await self._upload("updateDocumentByFile", "POST", path, file, filename, mime_type, settings, options)

    async def _upload(
        self,
        operation: str,
        method: str,
        path: str,
        file: FileSource,
        filename: str | None,
        mime_type: str | None,
        settings: dict[str, Any],
        options: RequestOptions | None,
    ) -> DocumentBatch:
        # What would be a JSON body elsewhere goes as text into a field of the form.
        form = {"data": encode_json(settings).decode()} if settings else {}
        upload = await in_thread(upload_of, file, filename=filename, mime_type=mime_type)
        call = Call(operation, method, path, key="knowledge", upload=upload, form=form)
        return await self._transport.fetch(call, DocumentBatch, options)
