"""AI models of the emulator's workspace: one of each type, all from one provider."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["DEFAULT_EMBEDDING", "MODEL_TYPES", "provider_error", "provider_of"]


_PROVIDER = "dify/emulator/emulator"

DEFAULT_EMBEDDING = (_PROVIDER, "emulator-embedding")
"""Provider and name of the embedding model."""

_VOICES = [{"mode": "emulator", "name": "Emulator", "language": ["en-US"]}]

MODEL_TYPES: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "llm": ("emulator-chat", ["tool-request", "vision"], {"mode": "chat", "context_size": 8192}),
    "text-embedding": (DEFAULT_EMBEDDING[1], [], {"context_size": 8192, "max_chunks": 16}),
    "rerank": ("emulator-rerank", [], {"context_size": 8192}),
    "speech2text": ("emulator-speech2text", [], {"file_upload_limit": 30, "supported_file_extensions": "mp3,wav"}),
    "tts": (
        "emulator-tts",
        [],
        {"default_voice": "emulator", "voices": _VOICES, "word_limit": 500, "audio_type": "mp3", "max_workers": 1},
    ),
    "moderation": ("emulator-moderation", [], {"context_size": 8192, "max_chunks": 1}),
}
"""Name, features and properties of the model of each type."""


def provider_error(provider: str) -> str | None:
    """Return the server's message for a provider that the workspace does not have.

    None for its own provider.

    A server does not check the name of the model before it uses the model.
    """
    if provider == _PROVIDER:
        return None
    if "/" not in provider and not re.fullmatch(r"[a-z0-9_-]+", provider):
        return f"Invalid plugin id {provider}"
    return f"Provider {provider} does not exist."


def provider_of(model_type: str, *, tenant_id: str, origin: str) -> dict[str, Any]:
    """Return the provider with its model of a type."""
    name, features, properties = MODEL_TYPES[model_type]
    icon = f"{origin}/console/api/workspaces/{tenant_id}/model-providers/{_PROVIDER}/icon_small"
    return {
        "tenant_id": tenant_id,
        "provider": _PROVIDER,
        "label": {"zh_Hans": "Emulator", "en_US": "Emulator"},
        "icon_small": {"zh_Hans": f"{icon}/zh_Hans", "en_US": f"{icon}/en_US"},
        "icon_small_dark": None,
        "status": "active",
        "models": [
            {
                "model": name,
                "label": {"zh_Hans": name, "en_US": name},
                "model_type": model_type,
                "features": features,
                "fetch_from": "predefined-model",
                "model_properties": properties,
                "deprecated": False,
                "status": "active",
                "load_balancing_enabled": False,
                "has_invalid_load_balancing_configs": False,
            }
        ],
    }
