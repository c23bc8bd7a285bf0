"""Speech to text, and text to speech."""

from __future__ import annotations

from starlette.responses import Response

from dify.types.audio import Transcription

from ....script.events import SILENCE
from ...answers import EmulatorError, EmulatorFile, text_of
from ...requests import BAD_REQUEST, ApiRequest
from ...responses import ApiError, dump, json_response
from ...routing import Router
from ...runs.generation import internal_error
from ...state import AppState
from ..features import is_enabled
from ..schemas import TextToAudioPayload
from .files import MEGABYTE, media_type, uploaded_file

_TYPES = {f"audio/{kind}" for kind in ("mp3", "m4a", "wav", "amr", "mpga")}
_MAX_MEGABYTES = 30


router = Router()


@router.operation("audioToText", body="form")
async def transcribe(request: ApiRequest) -> Response:
    part = uploaded_file(request)
    if part is None:
        raise ApiError(400, "bad_request_key_error", BAD_REQUEST)
    if not is_enabled(request.app.features, "speech_to_text"):
        raise ApiError(400, "invalid_param", "Speech to text is not enabled")
    mime_type = media_type(part)
    if mime_type not in _TYPES:
        raise ApiError(415, "unsupported_audio_type", "Audio type not allowed.")
    content = await part.read()
    if len(content) > _MAX_MEGABYTES * MEGABYTE:
        raise ApiError(413, "audio_too_large", f"Audio size larger than {_MAX_MEGABYTES} mb")
    file = EmulatorFile(
        type="audio",
        transfer_method="local_file",
        name=part.filename or "",
        mime_type=mime_type,
        content=content,
    )
    return json_response(dump(Transcription(text=await _transcript(request.app, file))))


async def _transcript(app: AppState, file: EmulatorFile) -> str:
    if app.transcribe is None:
        return f"Transcript of {file.name}"
    try:
        return await text_of(app.transcribe, file)
    except EmulatorError:
        raise
    except Exception as error:
        app.failures.append(error)
        raise ApiError(500, "internal_server_error", internal_error(error)) from error


@router.operation("textToAudioChat", body="json")
async def synthesize(request: ApiRequest) -> Response:
    payload = request.payload(TextToAudioPayload)
    if payload.message_id:
        message = request.app.messages.get(payload.message_id)
        if message is None or (not message.answer and message.status in ("normal", "paused")):
            return json_response(None)  # neither an error nor audio, as on a server
    elif payload.text is None:
        raise ApiError(400, "invalid_param", "Text is required")
    if payload.voice is None and not is_enabled(request.app.features, "text_to_speech"):
        raise ApiError(400, "invalid_param", "TTS is not enabled")
    return Response(SILENCE, 200, media_type="audio/mpeg")
