"""Speech to text, and text to speech."""

from __future__ import annotations

from ..._config import RequestOptions
from ..._protocol.request import Call, compact
from ..._protocol.uploads import FileSource, audio_type, upload_of
from ...errors import InvalidArgumentError
from ...types.audio import Transcription
from .._io import in_thread
from ..byte_stream import AsyncByteStream
from ._base import AsyncResource

__all__ = ["AsyncAudio"]


class AsyncAudio(AsyncResource):
    """Turn speech into text and text into speech, with the app's models.

    Example:
        ```python
        said = await client.audio.transcribe("question.mp3")
        reply = await client.chat.send(said.text)
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
        """What is said in an audio file (audioToText). The app has to have speech to text switched on.

        Dify takes five types, told by their MIME type: audio/mp3, audio/m4a (from 1.17 also as audio/x-m4a), audio/wav,
        audio/amr and audio/mpga. It refuses the registered names of the same types, such as audio/mpeg, so those are sent as
        the names that every server takes.

        Args:
            file: A path, bytes, a binary file object (read from where it stands), an async or plain iterable of bytes,
                or `(filename, content)` or `(filename, content, mime_type)` with one of these as content. At most 30 MB.
            user: Who speaks; the client's default user where None.
            filename: The name to send; needed where the file has none.
            mime_type: The type to send; guessed from the name where None.
            options: Settings for this call alone.

        Returns:
            The text, in `text`; `str()` of it is the text too.

        Raises:
            UnsupportedFileTypeError: Dify does not take this type of audio.
            FileTooLargeError: The file is larger than 30 MB.
            BadRequestError: Speech to text is switched off, or there is no model for it.

        Example:
            ```python
            said = await client.audio.transcribe("question.mp3")
            print(said.text)
            ```
        """
        form = {"user": self._user(user)}
        upload = await in_thread(upload_of, file, filename=filename, mime_type=mime_type)
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
        """Speech, as a stream of bytes, usually MP3 (textToAudioChat). The app has to have text to speech switched on.

        `content_type` of the stream names the format. Servers up to 1.16 always say "audio/mpeg"; later ones look at the
        bytes: AAC, FLAC, MP4, MP3, Ogg, WAV or WebM. `save` into a folder chooses the extension by it.

        Args:
            text: What to say; needed unless `message_id` is given.
            message_id: Say the answer of this message; it goes before `text`.
            voice: One of the model's voices; the app's own voice where None.
            user: Who asks; the client's default user where None.
            options: Settings for this call alone.

        Raises:
            ResponseValidationError: The message is unknown, or its answer is empty; while reading.
            InvalidArgumentError: There is neither a text nor a message.
            BadRequestError: Text to speech is switched off, or there is no voice or model for it; while reading.

        Example:
            ```python
            path = await client.audio.synthesize("Good morning!").save("morning.mp3")
            ```
        """
        body = compact(message_id=message_id, text=text, voice=voice, user=self._user(user))
        if not text and not message_id:
            raise InvalidArgumentError("text is empty: pass a text to say, or message_id= of an answer")
        call = Call.of("textToAudioChat", json=body)
        return AsyncByteStream(self._transport, call, fallback_name="speech.mp3", options=options)
