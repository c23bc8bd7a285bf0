"""Files of end users: upload and download."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..._config import RequestOptions
from ..._protocol.arguments import flag, several
from ..._protocol.request import Call
from ..._protocol.uploads import FileSource, UploadResult, upload_of
from ...errors import InvalidArgumentError
from ...types.files import UploadedFile
from .._io import in_thread
from ..byte_stream import AsyncByteStream
from ..worker_group import run_many
from ._base import AsyncResource

__all__ = ["AsyncFiles"]


class AsyncFiles(AsyncResource):
    """Upload files for use in calls, and download those of messages.

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
        """Store a file for one end user (uploadChatFile). It is streamed, never held as a whole.

        Args:
            file: A path, bytes, a binary file object (read from where it stands), an async or plain iterable of bytes,
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content.
            user: Whose file it is; only calls of the same user can use it.
            filename: The name to send; needed where the file has none.
            mime_type: The type to send; guessed from the name where None.
            options: Settings for this call alone.

        Returns:
            The stored file: pass it in `files=`, or as a value inside `inputs`.

        Raises:
            FileTooLargeError: Over the server's limit (by default 10 MB for images, 100 for video, 50 for audio, else 15).
            UnsupportedFileTypeError: The server does not take this type.
            InvalidArgumentError: The file has no name, or one that cannot be sent.

        Example:
            ```python
            uploaded = await client.files.upload(("notes.txt", b"Hello"))
            print(uploaded.id)
            ```
        """
        form = {"user": self._user(user)}
        upload = await in_thread(upload_of, file, filename=filename, mime_type=mime_type)
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
        """Store many files for one end user, several at a time (uploadChatFile).

        A file that cannot be stored fails alone: look at the `error` of its result. Interrupting the call ends it for all.

        Args:
            files: The files, each in one of the forms that `upload` takes.
            user: Whose files they are; only calls of the same user can use them.
            concurrency: How many to send at a time.
            on_progress: Called with the number of files that are done, failed ones too, and the number in all.
            options: Settings for each of the calls.

        Returns:
            A result for every file, in the order of the files.

        Example:
            ```python
            results = await client.files.upload_many(["cat.png", "dog.png"])
            for result in results:
                print(result.file, result.error or result.uploaded.id)
            ```
        """
        several(files, "files")
        if concurrency < 1:
            raise InvalidArgumentError(f"concurrency is {concurrency}; at least one file has to be sent at a time")
        everything = list(files)
        # What is wrong with the call and not with a file is raised, and not said once for each file.
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
        file_id: str,
        *,
        user: str | None = None,
        as_attachment: bool | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncByteStream:
        """A file that has been used in a message of this app, as a stream of bytes (previewChatFile).

        Args:
            file_id: The file, from `UploadedFile.id` or a message's files.
            user: The user who asks; the client's default user where None.
            as_attachment: Ask for the file as "application/octet-stream" with a file name.
            options: Settings for this call alone.

        Raises:
            NotFoundError: No message of this app uses such a file (yet), while reading.
            PermissionDeniedError: The file belongs to another app, while reading.

        Example:
            ```python
            path = await client.files.download(file_id).save("downloads")
            ```
        """
        call = Call.of(
            "previewChatFile", file_id=file_id, query={"user": self._user(user), "as_attachment": flag(as_attachment)}
        )
        return AsyncByteStream(self._transport, call, fallback_name=file_id, options=options)
