"""Files of end users: upload and download."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..._config import RequestOptions
from ..._protocol.arguments import flag, several
from ..._protocol.file_downloads import DownloadableFile, file_reference, link_call
from ..._protocol.request import Call
from ..._protocol.uploads import FileSource, UploadResult
from ...errors import InvalidArgumentError
from ...types.files import UploadedFile
from ..byte_stream import AsyncByteStream
from ..upload_source import prepare_upload
from ..worker_group import run_many
from ._base import AsyncResource

__all__ = ["AsyncFiles"]


class AsyncFiles(AsyncResource):
    """Files of end users: uploads for calls, and downloads from messages.

    Example:
        ```python
        photo = await client.files.upload(("cat.png", b"..."))
        reply = await client.chat.send("What is this?", files=[photo])
        ```
    """

    async def upload(
        self,
        file: FileSource,
        *,
        user: str | None = None,
        filename: str | None = None,
        mime_type: str | None = None,
        options: RequestOptions | None = None,
    ) -> UploadedFile:
        """Upload a file of an end user (uploadChatFile). The file is streamed.

        Args:
            file: A path, bytes, a file object (read from its current position), an uploaded file of a web framework, a `data:`
                URL, `Base64`, an `httpx.Response`, a download, an iterable of bytes (async or not),
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content.
            user: End user who owns the file; only calls of the same user can use it.
            filename: File name to send. Required if `file` has no name.
            mime_type: MIME type to send; by default guessed from the file name.
            options: Options of this call.

        Returns:
            The stored file; pass it in `files=` or as a value of `inputs`.

        Raises:
            FileTooLargeError: The file exceeds the server's limit (by default 10 MB for images, 100 MB for video, 50 MB for
                audio, otherwise 15 MB).
            UnsupportedFileTypeError: The server does not support this file type.
            InvalidArgumentError: The file has no name, or an invalid one.

        Example:
            ```python
            uploaded = await client.files.upload(("notes.txt", b"Hello"))
            print(uploaded.id)
            ```
        """
        form = {"user": self._user(user)}
        upload = await prepare_upload(file, filename=filename, mime_type=mime_type)
        call = Call.of("uploadChatFile", upload=upload, form=form)
        return await self._transport.fetch(call, UploadedFile, options)

    async def upload_many(
        self,
        files: Iterable[FileSource],
        *,
        user: str | None = None,
        concurrency: int = 4,
        on_progress: Callable[[int, int], None] | None = None,
        options: RequestOptions | None = None,
    ) -> list[UploadResult]:
        """Upload files of an end user, several at a time (uploadChatFile).

        A failed upload does not end the others; its result holds the `error`. Cancelling the call cancels all uploads.

        Args:
            files: Iterable of files, as in `upload`.
            user: End user who owns the files; only calls of the same user can use them.
            concurrency: Maximum number of simultaneous uploads.
            on_progress: Called with the number of finished uploads, failed ones included, and the total number.
            options: Options of each call.

        Returns:
            A result for each file, in the order of the files.

        Example:
            ```python
            results = await client.files.upload_many(["cat.png", "dog.png"])
            for result in results:
                print(result.file, result.error or result.uploaded.id)
            ```
        """
        several(files, "files")
        if concurrency < 1:
            raise InvalidArgumentError(
                f"concurrency is {concurrency}; at least one file has to be sent at a time", param="concurrency"
            )
        everything = list(files)
        # An error of the call itself is raised here; otherwise every result would repeat it.
        owner = self._user(user)
        self._transport.settings.with_options(options)
        Call.of("uploadChatFile").key_for(self._settings)

        async def one(file: FileSource) -> UploadResult:
            try:
                return UploadResult(file, uploaded=await self.upload(file, user=owner, options=options))
            except Exception as error:  # noqa: BLE001 - a file may fail in any way that its own reading can
                return UploadResult(file, error=error)

        def tell(done: int) -> None:
            if on_progress is not None:
                on_progress(done, len(everything))

        return await run_many(one, everything, at_once=concurrency, on_done=tell)

    def download(
        self,
        file_id: DownloadableFile,
        *,
        user: str | None = None,
        as_attachment: bool | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncByteStream:
        """Download a file of a message or a run (previewChatFile).

        A file of an answer is read from its signed link, which expires (by default after about 5 minutes). A link without a
        host belongs to the server of the client. The API key is not sent to links.

        Args:
            file_id: Id of an upload that a message of the app uses, or `UploadedFile`, `FileObject` of outputs, `MessageFile`
                or event of an answer, or a link: an http(s) URL, or a path that starts with "/files/".
            user: End user of the call; by default the client's user. Not used for links.
            as_attachment: Request the file as "application/octet-stream" with a file name. Not used for links.
            options: Options of this call.

        Raises:
            NotFoundError: No message of the app uses the file; raised while reading.
            PermissionDeniedError: The file belongs to another app, or its link has expired; raised while reading.
            InvalidArgumentError: The object has neither a link nor an id.

        Example:
            ```python
            path = await client.files.download(file_id).save("downloads")
            ```
        """
        file = file_reference(file_id)
        if file.link is None:
            query = {"user": self._user(user), "as_attachment": flag(as_attachment)}
            call = Call.of("previewChatFile", file_id=file.file_id, query=query)
        else:
            call = link_call("the link of a file", file.link, self._settings.base_url)
        return AsyncByteStream(self._transport, call, fallback_name=file.name, options=options)
