"""The preparation of an upload: reading its source before the request."""

from __future__ import annotations

from .._protocol.uploads import FileSource, Upload, upload_of
from ._io import check_source, in_thread, measure
from .byte_stream import AsyncByteStream

__all__ = ["prepare_upload"]


async def prepare_upload(file: FileSource, *, filename: str | None = None, mime_type: str | None = None) -> Upload:
    """Return the upload of a file argument.

    A download is opened, because its headers have its name, type and size.

    Raises:
        InvalidArgumentError: The file has no name, its name or type is invalid, or its type is not supported.
        OSError: The path cannot be read.
        APIConnectionError: The download cannot be opened.
    """
    content: object = file[1] if isinstance(file, tuple) and len(file) > 1 else file  # pyright: ignore
    check_source(content)
    if not isinstance(content, AsyncByteStream):
        upload = await in_thread(upload_of, file, filename=filename, mime_type=mime_type)
        await measure(upload)
        return upload
    try:
        name = await content._open_as_source()  # pyright: ignore[reportPrivateUsage]
        upload = await in_thread(
            upload_of, file, filename=filename or (name if content is file else None), mime_type=mime_type
        )
    except BaseException:
        await content.aclose()
        raise
    upload.size = content.content_length
    upload.release = content.aclose
    return upload
