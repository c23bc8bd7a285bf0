"""The files of documents."""

from __future__ import annotations

from collections.abc import Sequence

from ...._config import RequestOptions
from ...._protocol.knowledge import some_of
from ...._protocol.request import Call
from ...._protocol.responses import link_address
from ....types.documents import DownloadURL
from ...byte_stream import AsyncByteStream
from .._base import AsyncResource

__all__ = ["AsyncDocumentDownloads", "AsyncLinkedBytes"]


class AsyncLinkedBytes(AsyncByteStream):
    """The bytes behind a link that the server must be asked for first. The link is fetched without the key."""

    async def _download_call(self) -> Call:
        link = await self._transport.fetch(self._call, DownloadURL, self._options)
        address = link_address(link.url, self._transport.settings.base_url, link.http)
        operation = f"{self._call.operation}: the link"
        return Call(operation, "GET", "(a signed link)", key="none", repeatable=True, accept="bytes", address=address)


class AsyncDocumentDownloads(AsyncResource):
    """What `documents` gives back as files."""

    async def download_url(
        self, dataset_id: str, document_id: str, *, options: RequestOptions | None = None
    ) -> DownloadURL:
        """A link to the file that a document was made from (downloadDocument). Needs a server from 1.14 on.

        The link is signed and expires; anyone who has it may follow it, without a key. It has no host where the operator
        set none for files: `download` then asks the API's own.

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such document, or it was not made from an uploaded file.

        Example:
            ```python
            link = await client.knowledge.documents.download_url(dataset_id, document_id)
            print(link.url)
            ```
        """
        return await self._transport.fetch(_link_call(dataset_id, document_id), DownloadURL, options)

    def download(self, dataset_id: str, document_id: str, *, options: RequestOptions | None = None) -> AsyncByteStream:
        """The file that a document was made from, as a stream of bytes (downloadDocument). Needs a server from 1.14 on.

        Asks for a link and follows it; the key does not go there, and headers of yours only to the API's own server.

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            options: Settings for these two calls alone.

        Raises:
            NotFoundError: There is no such document, or it was not made from an uploaded file, while reading.
            ResponseValidationError: The server's link is no http address, while reading.

        Example:
            ```python
            path = await client.knowledge.documents.download(dataset_id, document_id).save("downloads")
            ```
        """
        call = _link_call(dataset_id, document_id)
        return AsyncLinkedBytes(self._transport, call, fallback_name=document_id, options=options)

    def download_zip(
        self, dataset_id: str, document_ids: Sequence[str], *, options: RequestOptions | None = None
    ) -> AsyncByteStream:
        """The files of several documents as one ZIP (downloadDocumentsZip). Needs a server from 1.14 on.

        Args:
            dataset_id: The knowledge base.
            document_ids: The documents, 1 to 100, all made from uploaded files.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such document, while reading.
            BadRequestError: Too many are asked for, while reading.

        Example:
            ```python
            zipped = client.knowledge.documents.download_zip(dataset_id, [document_id])
            path = await zipped.save("documents.zip")
            ```
        """
        call = Call.of(
            "downloadDocumentsZip",
            dataset_id=dataset_id,
            json={"document_ids": some_of(document_ids, "document_ids", "to download")},
        )
        return AsyncByteStream(self._transport, call, fallback_name="documents.zip", options=options)


def _link_call(dataset_id: str, document_id: str) -> Call:
    return Call.of("downloadDocument", dataset_id=dataset_id, document_id=document_id)
