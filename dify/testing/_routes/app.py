"""The app about itself, and the server about itself."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .._core import Core
from .._wire import Call, endpoint, json_answer, record

_OFF: dict[str, Any] = {"enabled": False}


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""

    async def index(request: Request) -> Response:
        record(core, request)
        version = {"welcome": "Emulator", "api_version": "v1", "server_version": core.server_version}
        return json_answer(version)

    return [
        endpoint(core, "GET", "/info", _info),
        endpoint(core, "GET", "/parameters", _parameters),
        # The one route that needs no key. Servers differ in where it is, so it is wherever a client may look.
        *(Route(path, index, methods=["GET"]) for path in ("/", "/v1", "/v1/")),
    ]


async def _info(call: Call) -> Response:
    core = call.core
    return json_answer(
        {
            "name": core.name,
            "description": f"{core.name} description",
            "tags": [],
            "mode": core.mode or "chat",
            "author_name": "Emulator",
        }
    )


async def _parameters(call: Call) -> Response:
    del call
    uploads = {
        "enabled": True,
        "allowed_file_types": ["image", "document", "audio", "video"],
        "allowed_file_extensions": [],
        "allowed_file_upload_methods": ["local_file", "remote_url"],
        "number_limits": 3,
    }
    limits = {
        "image_file_size_limit": 10,
        "video_file_size_limit": 100,
        "audio_file_size_limit": 50,
        "file_size_limit": 15,
        "workflow_file_upload_limit": 10,
    }
    return json_answer(
        {
            "opening_statement": "",
            "suggested_questions": [],
            "suggested_questions_after_answer": _OFF,
            "speech_to_text": _OFF,
            "text_to_speech": {**_OFF, "language": "", "voice": ""},
            "retriever_resource": {"enabled": True},
            "annotation_reply": _OFF,
            "more_like_this": _OFF,
            "user_input_form": [],
            "sensitive_word_avoidance": _OFF,
            "file_upload": uploads,
            "system_parameters": limits,
        }
    )
