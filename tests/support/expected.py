"""What the contract says of a stream's frames, worked out again without the client's own fold."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from dify import TextReplaced, errors

TERMINAL = frozenset({"message_end", "workflow_finished", "workflow_paused", "error"})

CLASS_BY_CODE: dict[str, type[errors.APIStatusError]] = {
    "app_unavailable": errors.AppUnavailableError,
    "not_chat_app": errors.NotThisAppTypeError,
    "not_workflow_app": errors.NotThisAppTypeError,
    "not_completion_app": errors.NotThisAppTypeError,
    "provider_not_initialize": errors.ProviderNotInitializedError,
    "provider_quota_exceeded": errors.ProviderQuotaExceededError,
    "model_currently_not_support": errors.ModelNotSupportedError,
    "completion_request_error": errors.CompletionRequestError,
    "file_too_large": errors.FileTooLargeError,
    "audio_too_large": errors.FileTooLargeError,
    "unsupported_file_type": errors.UnsupportedFileTypeError,
    "unsupported_audio_type": errors.UnsupportedFileTypeError,
    "rate_limit_error": errors.RateLimitError,
    "too_many_requests": errors.RateLimitError,
}

CLASS_BY_STATUS: dict[int, type[errors.APIStatusError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.PayloadTooLargeError,
    415: errors.UnsupportedMediaTypeError,
    429: errors.RateLimitError,
    500: errors.ServerError,
}


def error_class(status: int, code: str | None, message: str = "") -> type[errors.APIStatusError]:
    """The class that the error contract asks for."""
    if status == 400 and message.startswith("Too many requests"):
        return errors.RateLimitError
    if status == 403 and "rate limit" in message:
        return errors.RateLimitError
    if status == 404 and message.startswith("Conversation Not Exists"):
        return errors.ConversationNotFoundError
    return CLASS_BY_CODE.get(code or "") or CLASS_BY_STATUS.get(status, errors.APIStatusError)


def answer_of(frames: Iterable[dict[str, Any]]) -> str:
    """The text on the screen after these frames."""
    text, spoke = "", False
    for frame in frames:
        match frame["event"]:
            case "message" if spoke:
                text = frame["answer"]  # a new agent says all of it again
            case "agent_message":
                text, spoke = text + frame["answer"], True
            case "message" | "message_file" if frame.get("answer") is not None:
                text += frame["answer"]
            case "message_replace":
                text = frame["answer"]
            case "text_chunk":
                text += frame["data"]["text"]
            case _:
                pass
    return text


def audio_of(frames: Iterable[dict[str, Any]]) -> bytes:
    """The speech in these frames."""
    return b"".join(base64.b64decode(frame["audio"]) for frame in frames if frame["event"] == "tts_message")


def on_screen(pieces: Iterable[str]) -> str:
    """The text that a reader of `.text_stream` has before him."""
    text = ""
    for piece in pieces:
        text = str(piece) if isinstance(piece, TextReplaced) else text + piece
    return text
