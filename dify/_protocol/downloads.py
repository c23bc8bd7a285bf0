"""Is what came the file that was asked for, or the page or error of a gateway? Pure."""

from __future__ import annotations

from .._operations import release_of
from ..errors import DifyError, ResponseValidationError
from ..types.http import HTTPInfo
from .responses import error_with_success, media_type, not_json

__all__ = ["empty", "is_suspect", "name_for", "other_than_file"]

_SPEECH, _ZIP = "textToAudioChat", "downloadDocumentsZip"
_KINDS = {
    _SPEECH: ("audio/", "video/", "application/octet-stream", "binary/octet-stream", "application/ogg"),
    _ZIP: ("application/zip", "application/x-zip-compressed", "application/octet-stream", "binary/octet-stream"),
}
_EXTENSIONS = {
    "aac": "aac",
    "x-aac": "aac",
    "flac": "flac",
    "x-flac": "flac",
    "mp4": "m4a",
    "m4a": "m4a",
    "x-m4a": "m4a",
    "mpeg": "mp3",
    "mp3": "mp3",
    "ogg": "ogg",
    "opus": "opus",
    "wav": "wav",
    "x-wav": "wav",
    "wave": "wav",
    "vnd.wave": "wav",
    "webm": "webm",
}
"""File name extensions by subtype of audio; servers from 1.17 name the type of what the model sent."""

_LONGEST_ERROR = 1 << 14


def name_for(name: str, info: HTTPInfo) -> str:
    """Return a file name of ours with the extension of the audio that came; as it is where the type is no audio.

    Example:
        >>> name_for("speech.mp3", HTTPInfo(200, {"content-type": "audio/wav"}))
        'speech.wav'
        >>> name_for("speech.mp3", HTTPInfo(200, {"content-type": "application/octet-stream"}))
        'speech.mp3'
    """
    kind, _, subtype = media_type(info).partition("/")
    extension = _EXTENSIONS.get(subtype) if kind in ("audio", "video") or subtype == "ogg" else None
    return name if extension is None else f"{name.rpartition('.')[0] or name}.{extension}"


def is_suspect(info: HTTPInfo, operation: str) -> bool:
    """Return whether an answer with a status of success may be another thing than the file, judged by its headers.

    A file of a user may be a web page or JSON. Dify sends web pages as attachments, of the type "application/octet-stream"
    since 1.14 at the latest, and names its version in every answer; the pages of gateways and of logins have neither.
    """
    kind = media_type(info)
    wanted = _KINDS.get(operation)
    if wanted is not None:
        return bool(kind) and not kind.startswith(wanted)
    attached = info.headers.get("content-disposition", "").partition(";")[0].strip().lower() == "attachment"
    if attached:
        return False
    if kind in ("text/html", "application/xhtml+xml"):
        release = release_of(info.server_version)
        return release is None or release >= (1, 14)
    length = info.headers.get("content-length", "")
    return (
        kind == "application/json" and not info.server_version and length.isdecimal() and int(length) < _LONGEST_ERROR
    )


def other_than_file(body: bytes, info: HTTPInfo, operation: str) -> DifyError | None:
    """Return the error for the body of a suspect answer, or None where it is the file all the same."""
    error = error_with_success(body, info)
    if error is not None:
        return error
    kind = media_type(info)
    if operation == _SPEECH and kind == "application/json":
        return ResponseValidationError(
            "the server sent no audio: the message is unknown or has an empty answer",
            http=info,
            body=body[:2048].decode("utf-8", "replace"),
        )
    if kind == "application/json" and operation not in _KINDS:
        return None
    if "html" in kind or body.lstrip()[:1] == b"<":
        return not_json(body, info)
    return ResponseValidationError(
        f"the answer of {operation} is of the type {kind}, which is no {'audio' if operation == _SPEECH else 'ZIP file'}",
        http=info,
        body=body[:2048].decode("utf-8", "replace"),
    )


def empty(info: HTTPInfo, operation: str) -> ResponseValidationError | None:
    """Return the error for a body without a byte; a file may be empty, speech and ZIP files cannot be."""
    if operation not in _KINDS:
        return None
    return ResponseValidationError(f"the answer of {operation} is empty (HTTP {info.status})", http=info, body="")
