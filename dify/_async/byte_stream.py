"""Byte streams: downloads and speech, read, saved to a file, or iterated."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from .._config import RequestOptions
from .._net import exceptions as _net
from .._protocol.download import (
    BATCH,
    PartFile,
    PartWriter,
    check_free,
    content_error,
    empty_body_error,
    needs_check,
    speech_name,
)
from .._protocol.error_mapping import masked
from .._protocol.file_names import filename_of
from .._protocol.pickling import NotPicklable
from .._protocol.request import Call
from .._protocol.responses import media_type
from ..errors import MisuseError
from ..types.http import HTTPInfo
from ._io import WRITES_BESIDE, in_thread
from .transport import AsyncExchange, AsyncTransport

__all__ = ["AsyncByteStream"]


class AsyncByteStream(NotPicklable):
    """A stream of bytes from the server.

    Nothing is sent until it is entered, read, saved or iterated; it can be read once. `read(size)` reads in pieces, so
    that functions that take a file object take a download, too.

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
        self._fallback_name = fallback_name
        self._options = options
        self._exchange: AsyncExchange | None = None
        self._checked_body: bytes | None = None  # of a response that had to be read to see that it is the file
        self._used = False
        self._rest: AsyncGenerator[bytes] | None = None  # what `read(size)` has not read
        self._buffer = bytearray()

    @property
    def http(self) -> HTTPInfo:
        """Status, headers and server version of the response.

        Available once the stream is open.
        """
        if self._exchange is None:
            raise MisuseError("the download is not open yet: enter it with `async with` before reading its headers")
        return self._exchange.info

    @property
    def content_type(self) -> str:
        """Media type, such as "audio/mpeg"; empty if the server sends none.

        Available once the stream is open.
        """
        return media_type(self.http)

    @property
    def content_length(self) -> int | None:
        """Length in bytes, or None if unknown.

        The server may not send it, or compress the body. Available once the stream is open.
        """
        if self.http.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
            return None  # the header has the length of the compressed bytes
        value = self.http.headers.get("content-length", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None

    @property
    def filename(self) -> str | None:
        """File name from the server, without folders and unsafe characters, or None.

        Available once the stream is open.
        """
        return filename_of(self.http)

    def __aiter__(self) -> AsyncGenerator[bytes]:
        self._use()
        return self._chunks()

    async def read(self, size: int | None = None) -> bytes:
        """Read all bytes, or the next `size` bytes, as a file object does.

        Args:
            size: Maximum number of bytes; fewer are returned only at the end, and `b""` after it. By default all bytes.

        Raises:
            APIConnectionError: The connection ended before the body did.
            MisuseError: The stream has been read already.

        Example:
            ```python
            content = await client.files.download(file_id).read()
            ```
        """
        most = sys.maxsize if size is None or size < 0 else size
        if self._rest is None:
            if most == sys.maxsize:
                return b"".join([chunk async for chunk in self])
            self._use()
            self._rest = self._chunks()
        while len(self._buffer) < most:
            chunk = await anext(self._rest, None)
            if chunk is None:
                break
            self._buffer += chunk
        piece = bytes(self._buffer[:most])
        del self._buffer[:most]
        return piece

    async def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> Path:
        """Write the bytes to a file, and return its path.

        The file appears once it is complete.

        Args:
            path: A file, or an existing directory; in a directory the file gets the server's name, without folders, and a
                number if that name is taken: "photo (1).jpg".
            overwrite: Replace a file that exists.
            on_progress: Called with the number of bytes written so far and the total, None if unknown.

        Raises:
            APIConnectionError: The connection ended before the body did. No partial file remains.
            FileExistsError: `path` is a file that exists, and `overwrite` is False; nothing was sent.
            OSError: The file cannot be written.

        Example:
            ```python
            path = await client.files.download(file_id).save("downloads")
            ```
        """
        self._use()
        try:
            await in_thread(check_free, path, overwrite=overwrite)
            await self._open()
            part = PartFile(path, self.filename or self._default_name(), overwrite=overwrite)
            try:
                await in_thread(part.open)
                await self._write(part, on_progress)
                return await in_thread(part.commit)
            except BaseException as error:
                part.discard()  # a cancelled task must not wait for a slow disk
                if isinstance(error, Exception):
                    await in_thread(part.remove)
                raise
        finally:
            await self.aclose()

    async def _write(self, part: PartFile, on_progress: Callable[[int, int | None], None] | None) -> None:
        total = self.content_length
        reported = 0
        with closing(PartWriter(part, threaded=WRITES_BESIDE)) as writer:
            async with aclosing(self._chunks()) as chunks:
                async for chunk in chunks:
                    write = writer.add(chunk)
                    if write is not None:
                        await in_thread(write)
                    if on_progress is not None and writer.written - reported >= BATCH:
                        reported = writer.written
                        on_progress(reported, total)
            await in_thread(writer.finish)
        if on_progress is not None and (writer.written > reported or not reported):
            on_progress(writer.written, total)

    def _default_name(self) -> str:
        is_speech = self._call.operation == "textToAudioChat"
        return speech_name(self._fallback_name, self.http) if is_speech else self._fallback_name

    def _use(self) -> None:
        if self._used:
            raise MisuseError("this download has been read already: store the result of read(), or make a new call")
        self._used = True

    async def _download_call(self) -> Call:
        """Return the call for the bytes.

        A subclass may have to request their address first.
        """
        return self._call

    async def _open(self) -> AsyncExchange:
        if self._exchange is None:
            exchange = await self._transport.open(await self._download_call(), self._options)
            if needs_check(exchange.info, self._call.operation):
                self._checked_body = await exchange.read()
                error = content_error(self._checked_body, exchange.info, self._call.operation)
                if error is not None:
                    raise masked(error, self._transport.secrets)
            self._exchange = exchange
        return self._exchange

    async def _chunks(self) -> AsyncGenerator[bytes]:
        try:
            exchange = await self._open()
            if self._checked_body is not None:
                yield self._checked_body
                return
            is_empty = True
            async for chunk in exchange.chunks():
                is_empty = False
                yield chunk
            error = empty_body_error(exchange.info, self._call.operation) if is_empty else None
            if error is not None:
                raise error
        except GeneratorExit:
            # Without waiting: the generator may be collected while the event loop ends.
            if self._exchange is not None:
                self._exchange.abandon()
            raise
        except (_net.HTTPError, TimeoutError) as error:
            raise self._transport.body_error(error, self._call.operation) from _net.bare(error)
        finally:
            await self.aclose()

    async def _open_as_source(self) -> str:
        """Open the stream as the source of an upload, and return its file name."""
        if self._used:
            raise MisuseError("this download has been read already: make a new call")
        await self._open()
        return self.filename or self._default_name()

    async def __aenter__(self) -> Self:
        if self._used:
            raise MisuseError("this download has been read already: make a new call")
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, even before all bytes have been read.

        Example:
            ```python
            download = client.files.download(file_id)
            await download.aclose()
            ```
        """
        self._used = True
        if self._exchange is not None:
            await self._exchange.aclose()
