"""Downloads whose link must be requested first."""

from __future__ import annotations

from .._config import without_extras
from .._protocol.file_downloads import link_call
from .._protocol.request import Call
from ..types.documents import DownloadURL
from .byte_stream import AsyncByteStream

__all__ = ["AsyncLinkedFile"]


class AsyncLinkedFile(AsyncByteStream):
    """A download from a link that its call returns. No key is sent to the link."""

    async def _download_call(self) -> Call:
        link = await self._transport.fetch(self._call, DownloadURL, self._options)
        self._options = without_extras(self._options)
        base_url = self._transport.settings.base_url
        return link_call(f"{self._call.operation}: the link", link.url, base_url, link.http)
