"""The multipart body of an upload."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from .._net.deadline import AsyncDeadline
from .._net.multipart import form_envelope
from .._protocol.uploads import Upload
from ..errors import APIConnectionError, InvalidArgumentError
from ._io import read_upload

__all__ = ["AsyncUploadBody"]


class AsyncUploadBody:
    """The body of a request that uploads a file.

    Iterating it again sends the file again.

    Attributes:
        headers: Headers that describe the body.
        error: Exception of the file. None if it was read without one.
        deadline: Deadline of the attempt, which restarts with each piece that is sent.
    """

    def __init__(self, upload: Upload, form: Mapping[str, str]) -> None:
        self._upload = upload
        try:
            content_type, self._head, self._tail = form_envelope(upload.filename, upload.mime_type, form)
        except UnicodeError as error:
            raise InvalidArgumentError(f"the form cannot be sent: {error}", param="file") from None
        self.headers = {"Content-Type": content_type}
        if upload.size is not None:
            self.headers["Content-Length"] = str(len(self._head) + upload.size + len(self._tail))
        self.error: Exception | None = None
        self.deadline: AsyncDeadline | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.error = None
        try:
            yield self._head
            missing = self._upload.size
            async for piece in read_upload(self._upload):
                self._restart_deadline()
                if missing is not None:
                    # A file that grows meanwhile must not exceed Content-Length: the server would read the excess as
                    # its next request.
                    piece = piece[:missing]
                    missing -= len(piece)
                if piece:
                    yield piece
            if missing:
                raise APIConnectionError(
                    f"{self._upload.filename} became {missing} bytes shorter while it was sent", sent=True, param="file"
                )
            self._restart_deadline()
            yield self._tail
        except Exception as error:
            self.error = error
            raise

    def _restart_deadline(self) -> None:
        # A large file may take any time, as long as the connection accepts more of it.
        if self.deadline is not None:
            self.deadline.restart()
