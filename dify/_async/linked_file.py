"""Downloads whose link must be requested first."""

from __future__ import annotations

from .._protocol.request import Call
from .._protocol.responses import link_address
from ..types.documents import DownloadURL
from .byte_stream import AsyncByteStream

__all__ = ["AsyncLinkedFile"]


class AsyncLinkedFile(AsyncByteStream):
    """A download from a link that its call returns. No key is sent to the link."""

    async def _download_call(self) -> Call:
        link = await self._transport.fetch(self._call, DownloadURL, self._options)
        address = link_address(link.url, self._transport.settings.base_url, link.http)
        operation = f"{self._call.operation}: the link"
        return Call(operation, "GET", "(a signed link)", key="none", repeatable=True, accept="bytes", address=address)
