"""Documents from files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from typing_extensions import deprecated

from ...._config import RequestOptions
from ...._protocol.knowledge import embedding_fields, form_for, stored_file_name
from ...._protocol.request import Call, compact, encode_json
from ...._protocol.uploads import FileSource, upload_of
from ....types.datasets import IndexingTechnique, RetrievalModel
from ....types.documents import DocumentBatch, IfExists, ProcessRule
from ....types.segments import DocForm
from ..._io import in_thread
from .document_names import AsyncDocumentNames

__all__ = ["AsyncDocumentUploads"]


class AsyncDocumentUploads(AsyncDocumentNames):
    """The methods of `documents` that upload files."""

    @overload
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
        if_exists: Literal["error", "replace"] = "replace",
        options: RequestOptions | None = None,
    ) -> DocumentBatch: ...

    @overload
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
        if_exists: IfExists,
        options: RequestOptions | None = None,
    ) -> DocumentBatch | None: ...

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
        if_exists: IfExists = "replace",
        options: RequestOptions | None = None,
    ) -> DocumentBatch | None:
        """Create a document from a file (createDocumentFromFile). It is indexed after the call: see `wait_indexed`.

        **A document of the same name is replaced.** The server takes the name for the identity of a document: an enabled
        document of exactly that name keeps its id and gets a new batch, its old text is gone, and its old batch is unknown.
        A disabled one stays, and a second document of the name is created. `if_exists` looks the name up first.

        Args:
            dataset_id: The knowledge base.
            file: A path, bytes, a binary file object (read from where it stands), an async or plain iterable of bytes,
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content.
            filename: The name to send, which becomes the document's; needed where the file has none. It has no slashes, and
                the server cuts names of more than 200 characters.
            mime_type: The type to send; guessed from the name where None.
            indexing_technique: By embeddings or by keywords; the first document of a knowledge base needs it. An embedding
                model implies "high_quality".
            doc_form: How to cut it (the server's default: text_model; a hierarchical rule implies hierarchical_model); all
                documents of a knowledge base are cut alike.
            doc_language: Its language, for question-and-answer documents (the server's default: English).
            process_rule: What to clean up and where to cut. The first document of a knowledge base needs one, such as
                `{"mode": "automatic"}`; without one a document follows the one before it.
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
            doc_form=form_for(doc_form, process_rule),
            doc_language=doc_language,
            process_rule=process_rule,
            retrieval_model=retrieval_model,
            original_document_id=original_document_id,
            **embedding_fields(embedding_model, embedding_model_provider, indexing_technique),
        )
        upload = await in_thread(upload_of, file, filename=filename, mime_type=mime_type)
        if not await self._may_create(dataset_id, stored_file_name(upload.filename), if_exists, options):
            return None
        call = Call.of("createDocumentFromFile", dataset_id=dataset_id, upload=upload, form=_form(settings))
        return await self._transport.fetch(call, DocumentBatch, options)

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

        The document keeps its id and takes the name of the file. Other documents of that name are left alone, so that the
        knowledge base can end up with two of one name; a later `create_from_file` of that name replaces one of them.

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            file: The file, as in `create_from_file`.
            filename: The name to send, which becomes the document's; needed where the file has none.
            mime_type: The type to send; guessed from the name where None.
            doc_form: How to cut it; a hierarchical rule implies "hierarchical_model".
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
            doc_form=form_for(doc_form, process_rule),
            doc_language=doc_language,
            process_rule=process_rule,
            retrieval_model=retrieval_model,
            **embedding_fields(embedding_model, embedding_model_provider, implied=False),
        )
        upload = await in_thread(upload_of, file, filename=filename, mime_type=mime_type)
        call = Call.of(
            "updateDocument", dataset_id=dataset_id, document_id=document_id, upload=upload, form=_form(settings)
        )
        return await self._transport.fetch(call, DocumentBatch, options)

    @deprecated("use replace_file, which servers from 1.14 have", category=None)
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
        """Replace the file of a document on servers before 1.14, which lack `replace_file` (updateDocumentByFile).

        Deprecated: Dify has marked the route as deprecated. Type checkers and editors show it; nothing warns at run time,
        as servers before 1.14 have no other way.

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            file: The file, as in `create_from_file`.
            filename: The name to send, which becomes the document's; needed where the file has none.
            mime_type: The type to send; guessed from the name where None.
            doc_form: How to cut it; a hierarchical rule implies "hierarchical_model".
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
            doc_form=form_for(doc_form, process_rule),
            doc_language=doc_language,
            process_rule=process_rule,
            retrieval_model=retrieval_model,
            **embedding_fields(embedding_model, embedding_model_provider, implied=False),
        )
        upload = await in_thread(upload_of, file, filename=filename, mime_type=mime_type)
        call = Call.of(
            "updateDocumentByFile", dataset_id=dataset_id, document_id=document_id, upload=upload, form=_form(settings)
        )
        return await self._transport.fetch(call, DocumentBatch, options)


def _form(settings: dict[str, Any]) -> dict[str, str]:
    """Return the form fields of an upload: its settings as JSON text in one field."""
    return {"data": encode_json(settings).decode()} if settings else {}
