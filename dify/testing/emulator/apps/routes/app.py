"""Information about an app: its name, parameters, tool icons and site."""

from __future__ import annotations

from starlette.responses import Response

from ....builders.replies import site
from ...requests import ApiRequest
from ...responses import dump, json_response
from ...routing import Router

router = Router()


@router.operation("getChatAppInfo", user="ignored")
async def get_info(request: ApiRequest) -> Response:
    app = request.app
    return json_response(
        {
            "name": app.name,
            "description": f"{app.name} description",
            "tags": [],
            "mode": app.mode or "chat",
            "author_name": "Emulator",
        }
    )


@router.operation("getChatAppParameters", user="ignored")
async def get_parameters(request: ApiRequest) -> Response:
    limits = {
        "image_file_size_limit": 10,
        "video_file_size_limit": 100,
        "audio_file_size_limit": 50,
        "file_size_limit": 15,
        "workflow_file_upload_limit": 10,
    }
    form = request.app.input_form or []
    others = {"annotation_reply": request.app.annotation_reply, "user_input_form": form, "system_parameters": limits}
    return json_response({**request.app.features, **others})


@router.operation("getChatAppMeta", user="ignored")
async def get_meta(request: ApiRequest) -> Response:
    del request
    return json_response({"tool_icons": {}})


@router.operation("getChatWebAppSettings", user="ignored")
async def get_site(request: ApiRequest) -> Response:
    return json_response(dump(site(request.app.name)))
