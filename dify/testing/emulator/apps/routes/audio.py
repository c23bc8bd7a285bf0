"""Speech to text and back."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from dify.types.audio import Transcription

from ...answers import EmulatorError, EmulatorFile, text_of
from ...endpoints import Call, endpoint
from ...responses import BAD_REQUEST, WireError, json_answer, shown
from ...runs.generation import internal_error
from ...silence import SILENCE
from ...state import Core
from ..features import enabled
from ..schemas import TextToAudioPayload
from .files import MEGABYTE, media_type, uploaded

_TYPES = {f"audio/{kind}" for kind in ("mp3", "m4a", "wav", "amr", "mpga")}
_MOST = 30


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return [
        endpoint(core, "POST", "/audio-to-text", _transcribe, body="form"),
        endpoint(core, "POST", "/text-to-audio", _speak, body="json"),
    ]


async def _transcribe(call: Call) -> Response:
    part = uploaded(call)
    if part is None:
        raise WireError(400, "bad_request_key_error", BAD_REQUEST)
    if not enabled(call.core.features, "speech_to_text"):
        raise WireError(400, "invalid_param", "Speech to text is not enabled")
    mime_type = media_type(part)
    if mime_type not in _TYPES:
        raise WireError(415, "unsupported_audio_type", "Audio type not allowed.")
    content = await part.read()
    if len(content) > _MOST * MEGABYTE:
        raise WireError(413, "audio_too_large", f"Audio size larger than {_MOST} mb")
    file = EmulatorFile(
        type="audio",
        transfer_method="local_file",
        name=part.filename or "",
        mime_type=mime_type,
        content=content,
    )
    return json_answer(shown(Transcription(text=await _heard(call.core, file))))


async def _heard(core: Core, file: EmulatorFile) -> str:
    if core.transcribe is None:
        return f"Transcript of {file.name}"
    try:
        return await text_of(core.transcribe, file)
    except EmulatorError:
        raise
    except Exception as error:
        core.failures.append(error)
        raise WireError(500, "internal_server_error", internal_error(error)) from error


async def _speak(call: Call) -> Response:
    sent = call.payload(TextToAudioPayload)
    if sent.message_id:
        message = call.core.messages.get(sent.message_id)
        if message is None or (not message.answer and message.status in ("normal", "paused")):
            return json_answer(None)  # no error, and no audio either
    elif sent.text is None:
        raise WireError(400, "invalid_param", "Text is required")
    if sent.voice is None and not enabled(call.core.features, "text_to_speech"):
        raise WireError(400, "invalid_param", "TTS is not enabled")
    return Response(SILENCE, 200, media_type="audio/mpeg")
