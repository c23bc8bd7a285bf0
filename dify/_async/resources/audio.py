"""Speech to text, and text to speech."""

from __future__ import annotations

from ..._config import RequestOptions
from ..._protocol.request import Call, compact
from ..._protocol.uploads import FileSource, audio_type
from ...errors import InvalidArgumentError
from ...types.audio import Transcription
from ..byte_stream import AsyncByteStream
from ..upload_source import prepare_upload
from ._base import AsyncResource

__all__ = ["AsyncAudio"]


class AsyncAudio(AsyncResource):
    """Speech to text and text to speech, with the models of the app.

    Example:
        ```python
        transcription = await client.audio.transcribe("question.mp3")
        reply = await client.chat.send(transcription.text)
        await client.audio.synthesize(reply.answer).save("answer.mp3")
        ```
    """

    async def transcribe(
        self,
        file: FileSource,
        *,
        user: str | None = None,
        filename: str | None = None,
        mime_type: str | None = None,
        options: RequestOptions | None = None,
    ) -> Transcription:
        """Transcribe an audio file (audioToText). Requires speech to text in the app.

        Dify accepts five MIME types: audio/mp3, audio/m4a (from 1.17 also as audio/x-m4a), audio/wav, audio/amr and
        audio/mpga. It rejects the registered names of the same types, such as audio/mpeg; they are replaced by the names that
        every server accepts.

        Args:
            file: A path, bytes, a file object (read from its current position), an uploaded file of a web framework, a `data:`
                URL, `Base64`, an `httpx.Response`, a download, an iterable of bytes (async or not),
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content. At most 30 MB.
            user: End user of the call; by default the client's user.
            filename: File name to send. Required if `file` has no name.
            mime_type: MIME type to send; by default guessed from the file name.
            options: Options of this call.

        Returns:
            The transcription; its text is `text` and its `str()`.

        Raises:
            UnsupportedFileTypeError: Dify does not support this type of audio.
            FileTooLargeError: The file is larger than 30 MB.
            BadRequestError: Speech to text is disabled, or no speech-to-text model is configured.

        Example:
            ```python
            transcription = await client.audio.transcribe("question.mp3")
            print(transcription.text)
            ```
        """
        form = {"user": self._user(user)}
        upload = await prepare_upload(file, filename=filename, mime_type=mime_type)
        upload.mime_type = audio_type(upload.filename, upload.mime_type)
        call = Call.of("audioToText", upload=upload, form=form)
        return await self._transport.fetch(call, Transcription, options)

    def synthesize(
        self,
        text: str | None = None,
        *,
        message_id: str | None = None,
        voice: str | None = None,
        user: str | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncByteStream:
        """Convert text to speech (textToAudioChat). Requires text to speech in the app.

        Returns a stream of bytes, usually MP3; its `content_type` is the format. Servers up to 1.16 always send "audio/mpeg",
        later ones detect AAC, FLAC, MP4, MP3, Ogg, WAV and WebM. `save` into a directory chooses the extension by it.

        Args:
            text: Text to speak; required without `message_id`.
            message_id: Id of a message whose reply is spoken; has priority over `text`.
            voice: Voice of the model; by default the voice of the app.
            user: End user of the call; by default the client's user.
            options: Options of this call.

        Raises:
            ResponseValidationError: The message is unknown, or its reply is empty; raised while reading.
            InvalidArgumentError: Neither a text nor a message was passed.
            BadRequestError: Text to speech is disabled, or has no voice or model; raised while reading.

        Example:
            ```python
            path = await client.audio.synthesize("Good morning!").save("morning.mp3")
            ```
        """
        body = compact(message_id=message_id, text=text, voice=voice, user=self._user(user))
        if not text and not message_id:
            raise InvalidArgumentError("text is empty: pass text= or message_id=", param="text")
        call = Call.of("textToAudioChat", json=body)
        return AsyncByteStream(self._transport, call, fallback_name="speech.mp3", options=options)
