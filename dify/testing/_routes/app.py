"""The app about itself, and the server about itself."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dify.types.app import SiteSettings

from .._core import Core
from .._wire import Call, endpoint, json_answer, record, shown

_OFF: dict[str, Any] = {"enabled": False}
_ON: dict[str, Any] = {"enabled": True}


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""

    async def index(request: Request) -> Response:
        record(core, request)
        version = {"welcome": "Emulator", "api_version": "v1", "server_version": core.workspace.server_version}
        return json_answer(version)

    return [
        endpoint(core, "GET", "/info", _info),
        endpoint(core, "GET", "/parameters", _parameters),
        endpoint(core, "GET", "/meta", _meta),
        endpoint(core, "GET", "/site", _site),
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
    speech = {"autoPlay": "enabled"} if call.core.auto_play else {}
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
            "suggested_questions_after_answer": _ON,
            "speech_to_text": _ON,
            "text_to_speech": {**_ON, **speech, "language": "en-US", "voice": "emulator"},
            "retriever_resource": {"enabled": True},
            "annotation_reply": call.core.annotation_reply,
            "more_like_this": _OFF,
            "user_input_form": [],
            "sensitive_word_avoidance": _OFF,
            "file_upload": uploads,
            "system_parameters": limits,
        }
    )


async def _meta(call: Call) -> Response:
    del call
    return json_answer({"tool_icons": {}})


async def _site(call: Call) -> Response:
    site = SiteSettings(
        title=call.core.name,
        chat_color_theme=None,
        chat_color_theme_inverted=False,
        icon_type="emoji",
        icon="🤖",
        icon_background="#FFEAD5",
        description=None,
        copyright=None,
        privacy_policy=None,
        custom_disclaimer="",
        default_language="en-US",
        show_workflow_steps=True,
        use_icon_as_answer_icon=False,
        icon_url=None,
    )
    return json_answer(shown(site))
