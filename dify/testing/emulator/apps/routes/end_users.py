"""End users, who are made on first sight."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from dify.types.end_users import EndUser

from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response
from ...routing import Router

router = Router()


@router.operation("getEndUserChat", user="ignored")
async def get_end_user(request: ApiRequest) -> Response:
    found = request.app.known_end_users.get(request.path("end_user_id"))
    if found is None:
        raise ApiError(404, "end_user_not_found", "End user not found.")
    seen = datetime.fromtimestamp(found.created_at, UTC)
    end_user = EndUser(
        id=found.id,
        tenant_id=request.app.tenant_id,
        app_id=request.app.app_id,
        type="service-api",
        external_user_id=found.session_id,
        name=None,
        is_anonymous=False,
        session_id=found.session_id,
        created_at=seen,
        updated_at=seen,
    )
    return json_response(dump(end_user))
