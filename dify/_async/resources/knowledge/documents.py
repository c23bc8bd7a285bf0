"""Documents of knowledge bases: creation, indexing, changes and downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Unpack, overload

from typing_extensions import deprecated

from ...._config import RequestOptions, without_extras
from ...._protocol import knowledge
from ...._protocol.indexing import all_indexed, indexing_overdue
from ...._protocol.paging import NUMBERED
from ...._protocol.request import Call, compact
from ...._protocol.uploads import FileSource
from ....errors import InvalidArgumentError
from ....types.datasets import RetrievalModel
from ....types.documents import (
    DisplayStatus,
    Document,
    DocumentBatch,
    DocumentDetail,
    DocumentSettings,
    DownloadURL,
    IfExists,
    IndexingStatus,
    NewDocumentSettings,
    ProcessRule,
)
from ....types.segments import DocForm
from ...byte_stream import AsyncByteStream
from ...linked_file import AsyncLinkedFile
from ...pager import AsyncPager
from ...polling import poll
from ...upload_source import prepare_upload
from .._base import AsyncResource

__all__ = ["AsyncDocuments"]


class AsyncDocuments(AsyncResource):
    """Documents of knowledge bases.

    Example:
        ```python
        rule = {"mode": "automatic"}
        created = await client.knowledge.documents.create_from_file(dataset_id, "handbook.pdf", process_rule=rule)
        await client.knowledge.documents.wait_indexed(dataset_id, created.batch)
        ```
    """

    @overload
    async def create_from_text(
        self,
        dataset_id: str,
        name: str,
        text: str,
        *,
        if_exists: Literal["error", "replace"] = "replace",
        options: RequestOptions | None = None,
        **settings: Unpack[NewDocumentSettings],
    ) -> DocumentBatch: ...

    @overload
    async def create_from_text(
        self,
        dataset_id: str,
        name: str,
        text: str,
        *,
        if_exists: IfExists,
        options: RequestOptions | None = None,
        **settings: Unpack[NewDocumentSettings],
    ) -> DocumentBatch | None: ...

    async def create_from_text(
        self,
        dataset_id: str,
        name: str,
        text: str,
        *,
        if_exists: IfExists = "replace",
        options: RequestOptions | None = None,
        **settings: Unpack[NewDocumentSettings],
    ) -> DocumentBatch | None:
        """Create a document from a text (createDocumentFromText).

        The server indexes the document after the call; see `wait_indexed`.

        **A document of the same name is replaced.** The server identifies documents by their names: an enabled document of
        exactly that name keeps its id, loses its text and gets a new batch; its previous batch no longer exists. A disabled
        document is kept, and a second document of that name is created. Pass `if_exists` to look the name up first.

        Args:
            dataset_id: Id of the knowledge base.
            name: Name of the document. The server keeps the first 200 characters.
            text: Text of the document.
            if_exists: Action if the knowledge base has documents of that name, disabled and archived ones included.
                "replace" leaves it to the server; "error" raises; "skip" sends nothing. The last two list the documents
                first, which is one more request and does not lock the name against a simultaneous call.
            options: Options of this call.
            **settings: Settings for splitting, indexing and searching: see `NewDocumentSettings`. Some servers (1.14.2
                among them) require `indexing_technique` for every text and `process_rule` for the first document.

        Returns:
            The document and the batch to wait for. None for "skip" if a document of that name exists.

        Raises:
            DocumentExistsError: `if_exists` is "error" and a document of that name exists.
            BadRequestError: A value is invalid, or `indexing_technique` is missing.
            ProviderNotInitializedError: The embedding model has no credentials.
            PermissionDeniedError: The plan's quota of documents or vector space is used up, or the API is disabled.
            RateLimitError: Too many knowledge requests (Dify Cloud).
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            created = await client.knowledge.documents.create_from_text(
                dataset_id, "Leave", "30 days.", indexing_technique="high_quality", process_rule={"mode": "automatic"}
            )
            await client.knowledge.documents.wait_indexed(dataset_id, created.batch)
            ```
        """
        body = knowledge.text_document_fields(name, text, **settings)
        if not await self._may_create(dataset_id, knowledge.stored_text_name(name), if_exists, options):
            return None
        call = Call.of("createDocumentFromText", dataset_id=dataset_id, json=body)
        return await self._transport.fetch(call, DocumentBatch, options)

    @overload
    async def create_from_file(
        self,
        dataset_id: str,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        if_exists: Literal["error", "replace"] = "replace",
        options: RequestOptions | None = None,
        **settings: Unpack[NewDocumentSettings],
    ) -> DocumentBatch: ...

    @overload
    async def create_from_file(
        self,
        dataset_id: str,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        if_exists: IfExists,
        options: RequestOptions | None = None,
        **settings: Unpack[NewDocumentSettings],
    ) -> DocumentBatch | None: ...

    async def create_from_file(
        self,
        dataset_id: str,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        if_exists: IfExists = "replace",
        options: RequestOptions | None = None,
        **settings: Unpack[NewDocumentSettings],
    ) -> DocumentBatch | None:
        """Create a document from a file (createDocumentFromFile).

        The server indexes the document after the call; see `wait_indexed`. **A document of the same name is replaced**, as
        described for `create_from_text`. The file is streamed.

        Args:
            dataset_id: Id of the knowledge base.
            file: A path, bytes, a file object (read from its current position), an uploaded file of a web framework, a `data:`
                URL, `Base64`, an `httpx.Response`, a download, an iterable of bytes (async or not),
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content.
            filename: File name to send, which becomes the name of the document. Required if `file` has no name. It must not
                contain slashes; the server shortens names of more than 200 characters.
            mime_type: MIME type to send; by default guessed from the file name.
            if_exists: Action if the knowledge base has documents of that name; see `create_from_text`.
            options: Options of this call.
            **settings: Settings for splitting, indexing and searching: see `NewDocumentSettings`.

        Returns:
            The document and the batch to wait for. None for "skip" if a document of that name exists.

        Raises:
            DocumentExistsError: `if_exists` is "error" and a document of that name exists.
            BadRequestError: A value is invalid or missing; or, without explanation, the file is too large or unsupported.
            APIStatusError: The other errors of `create_from_text`.

        Example:
            ```python
            created = await client.knowledge.documents.create_from_file(
                dataset_id, ("leave.md", b"# Leave"), process_rule={"mode": "automatic"}
            )
            await client.knowledge.documents.wait_indexed(dataset_id, created.batch)
            ```
        """
        form = knowledge.settings_form(knowledge.new_document_fields(**settings))
        upload = await prepare_upload(file, filename=filename, mime_type=mime_type)
        if not await self._may_create(dataset_id, knowledge.stored_file_name(upload.filename), if_exists, options):
            return None
        call = Call.of("createDocumentFromFile", dataset_id=dataset_id, upload=upload, form=form)
        return await self._transport.fetch(call, DocumentBatch, options)

    async def _may_create(
        self, dataset_id: str, name: str, if_exists: IfExists, options: RequestOptions | None
    ) -> bool:
        """Apply `if_exists` to a name; return False if nothing is to be sent."""
        if not knowledge.looks_up_name(if_exists):
            return True
        pages = self.list(dataset_id, keyword=knowledge.keyword_for(name), limit=100, options=without_extras(options))
        return knowledge.may_create(name, [document async for document in pages if document.name == name], if_exists)

    def list(
        self,
        dataset_id: str,
        *,
        keyword: str | None = None,
        status: DisplayStatus | None = None,
        page: int | None = None,
        limit: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Document]:
        """List the documents of a knowledge base (listDocuments).

        Args:
            dataset_id: Id of the knowledge base.
            keyword: Only documents whose name contains this text.
            status: Only documents with this status in the console.
            page: Number of the first page, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist; raised while iterating.

        Example:
            ```python
            async for document in client.knowledge.documents.list(dataset_id, status="error"):
                print(document.name, document.error)
            ```
        """
        query = compact(keyword=keyword, status=status, page=page, limit=limit)
        call = Call.of("listDocuments", dataset_id=dataset_id, query=query)
        return AsyncPager(self._transport, call, Document, order=NUMBERED, options=options)

    async def get(
        self,
        dataset_id: str,
        document_id: str,
        *,
        metadata: Literal["all", "only", "without"] | None = None,
        options: RequestOptions | None = None,
    ) -> DocumentDetail:
        """Return a document (getDocumentDetail). Requires Dify 1.9 or later.

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            metadata: "only" for its type and metadata alone, "without" to omit these (the server's default: all).
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base has no such document.

        Example:
            ```python
            document = await client.knowledge.documents.get(dataset_id, document_id)
            print(document.name, document.indexing_status, document.segment_count)
            ```
        """
        query = compact(metadata=metadata)
        call = Call.of("getDocumentDetail", dataset_id=dataset_id, document_id=document_id, query=query)
        return await self._transport.fetch(call, DocumentDetail, options)

    async def delete(self, dataset_id: str, document_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete a document and its chunks, indexed or not (deleteDocument).

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            options: Options of this call.

        Raises:
            NotFoundError: The document does not exist.
            PermissionDeniedError: The document is archived.

        Example:
            ```python
            await client.knowledge.documents.delete(dataset_id, document_id)
            ```
        """
        call = Call.of("deleteDocument", dataset_id=dataset_id, document_id=document_id)
        await self._transport.send(call, options)

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
        """Change the text, name or chunking of a document (updateDocumentByText).

        The server indexes the document again; see `wait_indexed`.

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            name: New name. The server requires a name with every text: if None, the present name is read first
                (getDocumentDetail, one more request) and kept.
            text: New text; must not be empty.
            process_rule: Rules for cleaning and splitting; required without a text.
            doc_form: Chunk structure; a hierarchical rule implies "hierarchical_model".
            doc_language: Language of question-and-answer documents.
            retrieval_model: Search settings of the knowledge base.
            options: Options of this call.

        Raises:
            InvalidArgumentError: Neither a text nor a rule was passed.
            BadRequestError: A value is invalid, or the document is being indexed.
            NotFoundError: The document does not exist.

        Example:
            ```python
            updated = await client.knowledge.documents.update_from_text(dataset_id, document_id, text="32 days.")
            await client.knowledge.documents.wait_indexed(dataset_id, updated.batch)
            ```
        """
        if text == "":
            raise InvalidArgumentError(
                "text is empty: the server ignores it; omit text to keep the present one", param="text"
            )
        if text is None and process_rule is None:
            raise InvalidArgumentError(
                "text and process_rule are missing: a name alone changes nothing; pass one of them", param="text"
            )
        if text is not None and name is None:
            name = (await self.get(dataset_id, document_id, metadata="without", options=options)).name
        body = compact(
            name=name,
            text=text,
            process_rule=process_rule,
            doc_form=knowledge.form_for(doc_form, process_rule),
            doc_language=doc_language,
            retrieval_model=retrieval_model,
        )
        call = Call.of("updateDocumentByText", dataset_id=dataset_id, document_id=document_id, json=body)
        return await self._transport.fetch(call, DocumentBatch, options)

    async def replace_file(
        self,
        dataset_id: str,
        document_id: str,
        file: FileSource,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        options: RequestOptions | None = None,
        **settings: Unpack[DocumentSettings],
    ) -> DocumentBatch:
        """Replace the file of a document (updateDocument). Requires Dify 1.14 or later.

        The document keeps its id and takes the name of the file; the server indexes it again. Other documents of that name
        are not changed, so a knowledge base can have two of one name; a later `create_from_file` replaces one of them.

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            file: The file, as in `create_from_file`.
            filename: File name to send, which becomes the name of the document. Required if `file` has no name.
            mime_type: MIME type to send; by default guessed from the file name.
            options: Options of this call.
            **settings: Settings for splitting, indexing and searching: see `DocumentSettings`.

        Raises:
            FileTooLargeError: The file exceeds the server's limit (by default 15 MB).
            UnsupportedFileTypeError: The server does not support this file type.
            BadRequestError: A value is invalid, or the document is being indexed.
            NotFoundError: The document does not exist.

        Example:
            ```python
            updated = await client.knowledge.documents.replace_file(dataset_id, document_id, ("leave.md", b"# Leave"))
            await client.knowledge.documents.wait_indexed(dataset_id, updated.batch)
            ```
        """
        form = knowledge.settings_form(knowledge.document_fields(**settings))
        upload = await prepare_upload(file, filename=filename, mime_type=mime_type)
        call = Call.of("updateDocument", dataset_id=dataset_id, document_id=document_id, upload=upload, form=form)
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
        options: RequestOptions | None = None,
        **settings: Unpack[DocumentSettings],
    ) -> DocumentBatch:
        """Replace the file of a document on servers before 1.14 (updateDocumentByFile).

        Deprecated by Dify in favor of `replace_file`. Type checkers and editors show the deprecation; nothing is reported at
        run time, because servers before 1.14 have no other route. The errors are those of `replace_file`.

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            file: The file, as in `create_from_file`.
            filename: File name to send, which becomes the name of the document. Required if `file` has no name.
            mime_type: MIME type to send; by default guessed from the file name.
            options: Options of this call.
            **settings: Settings for splitting, indexing and searching: see `DocumentSettings`.

        Example:
            ```python
            updated = await client.knowledge.documents.update_from_file(dataset_id, document_id, ("leave.txt", b"32 days"))
            await client.knowledge.documents.wait_indexed(dataset_id, updated.batch)
            ```
        """
        form = knowledge.settings_form(knowledge.document_fields(**settings))
        upload = await prepare_upload(file, filename=filename, mime_type=mime_type)
        call = Call.of("updateDocumentByFile", dataset_id=dataset_id, document_id=document_id, upload=upload, form=form)
        return await self._transport.fetch(call, DocumentBatch, options)

    async def set_status(
        self,
        dataset_id: str,
        action: Literal["enable", "disable", "archive", "un_archive"],
        document_ids: Sequence[str],
        *,
        options: RequestOptions | None = None,
    ) -> None:
        """Enable, disable, archive or un-archive documents (batchUpdateDocumentStatus).

        Searches ignore documents that are disabled or archived. Requires Dify 1.9 or later.

        Args:
            dataset_id: Id of the knowledge base.
            action: Change to apply.
            document_ids: Ids of the documents, at least one.
            options: Options of this call.

        Raises:
            BadRequestError: A document has this status already, or is being indexed.
            NotFoundError: A document does not exist.

        Example:
            ```python
            await client.knowledge.documents.set_status(dataset_id, "disable", [document_id])
            ```
        """
        body = {"document_ids": knowledge.some_of(document_ids, "document_ids", f"to {action}")}
        call = Call.of("batchUpdateDocumentStatus", dataset_id=dataset_id, action=action, json=body)
        await self._transport.send(call, options)

    async def indexing_status(
        self, dataset_id: str, batch: str, *, options: RequestOptions | None = None
    ) -> IndexingStatus:
        """Return the indexing progress of a batch (getDocumentIndexingStatus).

        Args:
            dataset_id: Id of the knowledge base.
            batch: The `batch` returned by the call that created or changed the documents.
            options: Options of this call.

        Raises:
            NotFoundError: The batch does not exist, or its documents are deleted.

        Example:
            ```python
            for document in (await client.knowledge.documents.indexing_status(dataset_id, created.batch)).data:
                print(document.indexing_status, document.completed_segments, document.total_segments)
            ```
        """
        call = Call.of("getDocumentIndexingStatus", dataset_id=dataset_id, batch=batch)
        return await self._transport.fetch(call, IndexingStatus, options)

    async def wait_indexed(
        self,
        dataset_id: str,
        batch: str,
        *,
        timeout: float | None = 600.0,
        poll_interval: float = 1.0,
        on_progress: Callable[[IndexingStatus], None] | None = None,
        options: RequestOptions | None = None,
    ) -> IndexingStatus:
        """Wait until all documents of a batch are indexed, and return the last status.

        Args:
            dataset_id: Id of the knowledge base.
            batch: The `batch` returned by the call that created or changed the documents; also `PipelineRun.batch`.
            timeout: Maximum number of seconds to wait; None for no limit.
            poll_interval: Seconds between two requests.
            on_progress: Called with every status, the last one included. Its counts may be None.
            options: Options of each request.

        Raises:
            IndexingFailedError: A document could not be indexed, or is paused until it is resumed in Dify; see `error`.
            IndexingTimeoutError: The timeout has passed; the server continues.
            NotFoundError: The batch does not exist, or its documents are deleted or replaced.

        Example:
            ```python
            await client.knowledge.documents.wait_indexed(dataset_id, created.batch, timeout=120)
            ```
        """
        return await poll(
            lambda: self.indexing_status(dataset_id, batch, options=options),
            all_indexed,
            lambda status: indexing_overdue(status, batch, timeout),
            timeout=timeout,
            interval=poll_interval,
            on_progress=on_progress,
        )

    async def download_url(
        self, dataset_id: str, document_id: str, *, options: RequestOptions | None = None
    ) -> DownloadURL:
        """Return a link to the file of a document (downloadDocument).

        The link is signed and expires; it needs no key. Without a host, it is on the API's. Requires Dify 1.14 or later.

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            options: Options of this call.

        Raises:
            NotFoundError: The document does not exist, or was not created from an uploaded file.

        Example:
            ```python
            link = await client.knowledge.documents.download_url(dataset_id, document_id)
            print(link.url)
            ```
        """
        call = Call.of("downloadDocument", dataset_id=dataset_id, document_id=document_id)
        return await self._transport.fetch(call, DownloadURL, options)

    def download(self, dataset_id: str, document_id: str, *, options: RequestOptions | None = None) -> AsyncByteStream:
        """Download the file of a document (downloadDocument).

        Requests a link and follows it. The key is not sent to the link, your headers only if it leads to the API's host.
        Requires Dify 1.14 or later.

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            options: Options of both requests.

        Raises:
            NotFoundError: The document does not exist, or was not created from an uploaded file; raised while reading.
            ResponseValidationError: The link is not an http(s) URL; raised while reading.

        Example:
            ```python
            path = await client.knowledge.documents.download(dataset_id, document_id).save("downloads")
            ```
        """
        call = Call.of("downloadDocument", dataset_id=dataset_id, document_id=document_id)
        return AsyncLinkedFile(self._transport, call, fallback_name=document_id, options=options)

    def download_zip(
        self, dataset_id: str, document_ids: Sequence[str], *, options: RequestOptions | None = None
    ) -> AsyncByteStream:
        """Download the files of documents as a ZIP archive (downloadDocumentsZip).

        Args:
            dataset_id: Id of the knowledge base.
            document_ids: Ids of 1 to 100 documents, all created from uploaded files. Requires Dify 1.14 or later.
            options: Options of this call.

        Raises:
            NotFoundError: A document does not exist; raised while reading.
            BadRequestError: Too many documents were requested; raised while reading.

        Example:
            ```python
            path = await client.knowledge.documents.download_zip(dataset_id, [document_id]).save("documents.zip")
            ```
        """
        body = {"document_ids": knowledge.some_of(document_ids, "document_ids", "to download")}
        call = Call.of("downloadDocumentsZip", dataset_id=dataset_id, json=body)
        return AsyncByteStream(self._transport, call, fallback_name="documents.zip", options=options)
