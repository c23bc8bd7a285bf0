"""Routes that describe an app."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from dify.types.app import SiteSettings

from ...endpoints import Call, endpoint
from ...responses import json_answer, shown
from ...state import Core


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    paths = {"/info": _info, "/parameters": _parameters, "/meta": _meta, "/site": _site}
    return [endpoint(core, "GET", path, handler, reads_user=False) for path, handler in paths.items()]


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
    limits = {
        "image_file_size_limit": 10,
        "video_file_size_limit": 100,
        "audio_file_size_limit": 50,
        "file_size_limit": 15,
        "workflow_file_upload_limit": 10,
    }
    form = call.core.input_form or []
    own = {"annotation_reply": call.core.annotation_reply, "user_input_form": form, "system_parameters": limits}
    return json_answer({**call.core.features, **own})


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
