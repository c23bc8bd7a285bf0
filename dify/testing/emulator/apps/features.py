"""Feature settings of an app, as `GET /parameters` returns them."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

__all__ = ["Mode", "default_features", "is_enabled"]

Mode: TypeAlias = Literal["chat", "advanced-chat", "agent-chat", "completion", "workflow"]
"""An app's mode, as on the wire: "advanced-chat" is a chatflow, "agent-chat" an agent."""

_METHODS = ["local_file", "remote_url"]


def default_features(mode: Mode | None, *, auto_play: bool) -> dict[str, Any]:
    """Return the default settings of an app, with every feature enabled."""
    moderation: dict[str, Any] = {"enabled": False}
    uploads: dict[str, Any] = {
        "enabled": True,
        "allowed_file_types": ["image", "document", "audio", "video"],
        "allowed_file_extensions": [],
        "allowed_file_upload_methods": _METHODS,
        "number_limits": 3,
    }
    if mode not in ("advanced-chat", "workflow"):
        # Apps without a graph also have the settings of older releases.
        moderation |= {"type": "", "configs": []}
        uploads["image"] = {"enabled": True, "number_limits": 3, "transfer_methods": _METHODS, "detail": "high"}
    speech = {"enabled": True, "voice": "emulator", "language": "en-US"}
    return {
        "opening_statement": "",
        "suggested_questions": [],
        "suggested_questions_after_answer": {"enabled": True},
        "speech_to_text": {"enabled": True},
        "text_to_speech": {**speech, "autoPlay": "enabled" if auto_play else "disabled"},
        "retriever_resource": {"enabled": True},
        "more_like_this": {"enabled": False},
        "sensitive_word_avoidance": moderation,
        "file_upload": uploads,
    }


def is_enabled(features: dict[str, Any], name: str) -> bool:
    """Return True if a feature is enabled."""
    settings: dict[str, Any] = features.get(name) or {}
    return bool(settings.get("enabled"))
