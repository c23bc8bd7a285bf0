"""Byte streams: what a download or a spoken answer is, read whole, saved, or taken piece by piece."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from .._config import RequestOptions
from .._net import exceptions as _net
from .._protocol.downloads import empty, is_suspect, name_for, other_than_file
from .._protocol.error_mapping import masked
from .._protocol.part_files import BATCH, PartFile, PartWriter, filename_of
from .._protocol.request import Call
from .._protocol.responses import body_error, media_type
from ..errors import MisuseError
from ..types.http import HTTPInfo
from ._io import WRITES_BESIDE, AsyncWalk, in_thread
from .transport import AsyncExchange, AsyncTransport

__all__ = ["AsyncByteStream"]


def _no_progress(done: int, total: int | None) -> None:
    """Nobody asked."""


class AsyncByteStream(AsyncWalk):
    """Bytes from the server. Nothing is sent until it is entered, read, saved or iterated, and that can be done once.

    Example:
        ```python
        path = await client.files.download(file_id).save("downloads")
        ```
    """

    def __init__(
        self, transport: AsyncTransport, call: Call, *, fallback_name: str, options: RequestOptions | None = None
    ) -> None:
        self._transport = transport
        self._call = call
        self._fallback = fallback_name
        self._options = options
        self._exchange: AsyncExchange | None = None
        self._whole: bytes | None = None  # what has been read to see that it is the file
        self._begun = False

    @property
    def http(self) -> HTTPInfo:
        """The exchange: status, headers, server version. Known once the stream is open."""
        if self._exchange is None:
            raise MisuseError("the download is not open yet: enter it with `async with` before reading its headers")
        return self._exchange.info

    @property
    def content_type(self) -> str:
        """The media type, such as "audio/mpeg"; empty where the server names none. Known once the stream is open."""
        return media_type(self.http)

    @property
    def content_length(self) -> int | None:
        """Bytes to come, where the server says so: it does not of what it compresses. Known once the stream is open."""
        if self.http.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
            return None  # what is said then is the length of the compressed bytes
        value = self.http.headers.get("content-length", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None

    @property
    def filename(self) -> str | None:
        """The server's name for the file, reduced to a plain file name. Known once the stream is open."""
        return filename_of(self.http)

    def __aiter__(self) -> AsyncGenerator[bytes]:
        self._begin()
        return self._chunks()

    async def read(self) -> bytes:
        """All bytes at once.

        Raises:
            APIConnectionError: The download broke off.
            MisuseError: It has been read already.

        Example:
            ```python
            content = await client.files.download(file_id).read()
            ```
        """
        return b"".join([chunk async for chunk in self])

    async def save(
        self, path: str | os.PathLike[str], *, on_progress: Callable[[int, int | None], None] | None = None
    ) -> Path:
        """Write the bytes to a file, which is there only when it is whole, and return its path.

        Args:
            path: A file, or a folder that exists; in a folder the server's file name is used, reduced to its last part.
            on_progress: Called with the bytes written so far and the bytes in all (None where the server does not say).

        Raises:
            APIConnectionError: The download broke off; nothing is left behind.
            OSError: The file cannot be written.

        Example:
            ```python
            path = await client.files.download(file_id).save("downloads")
            ```
        """
        self._begin()
        try:
            await self._open()
            part = PartFile(path, self.filename or self._name())
            try:
                await in_thread(part.open)
                await self._write(part, on_progress or _no_progress)
                return await in_thread(part.keep)
            except BaseException as error:
                part.drop()  # also where a task is cancelled, which must not wait for a slow disk
                if isinstance(error, Exception):
                    await in_thread(part.remove)
                raise
        finally:
            await self.aclose()

    async def _write(self, part: PartFile, on_progress: Callable[[int, int | None], None]) -> None:
        total = self.content_length
        told = 0
        with closing(PartWriter(part, beside=WRITES_BESIDE)) as writer:
            async with aclosing(self._chunks()) as chunks:
                async for chunk in chunks:
                    full = writer.add(chunk)
                    if full is not None:
                        await in_thread(full)
                    if writer.written - told >= BATCH:
                        told = writer.written
                        on_progress(told, total)
            await in_thread(writer.finish)
        if writer.written > told or not told:
            on_progress(writer.written, total)

    def _name(self) -> str:
        speech = self._call.operation == "textToAudioChat"
        return name_for(self._fallback, self.http) if speech else self._fallback

    def _begin(self) -> None:
        if self._begun:
            raise MisuseError("these bytes have been read already: keep what read() returned, or make the call again")
        self._begun = True

    async def _located(self) -> Call:
        """The call that brings the bytes; a subclass may have to ask the server for their address first."""
        return self._call

    async def _open(self) -> AsyncExchange:
        if self._exchange is None:
            exchange = await self._transport.open(await self._located(), self._options)
            if is_suspect(exchange.info, self._call.operation):
                self._whole = await exchange.read()
                error = other_than_file(self._whole, exchange.info, self._call.operation)
                if error is not None:
                    raise masked(error, self._transport.settings.secrets())
            self._exchange = exchange
        return self._exchange

    async def _chunks(self) -> AsyncGenerator[bytes]:
        try:
            exchange = await self._open()
            if self._whole is not None:
                yield self._whole
                return
            some = False
            async for chunk in exchange.chunks():
                some = True
                yield chunk
            error = None if some else empty(exchange.info, self._call.operation)
            if error is not None:
                raise error
        except _net.HTTPError as error:
            raise body_error(error, self._call.operation) from _net.bare(error)
        finally:
            await self.aclose()

    async def __aenter__(self) -> Self:
        if self._begun:
            raise MisuseError("these bytes have been read already: make the call again")
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, whether or not all has been read.

        Example:
            ```python
            download = client.files.download(file_id)
            await download.aclose()
            ```
        """
        self._begun = True
        if self._exchange is not None:
            await self._exchange.aclose()
