"""End users, which are created by their first request."""

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
    stored = request.app.known_end_users.get(request.path("end_user_id"))
    if stored is None:
        raise ApiError(404, "end_user_not_found", "End user not found.")
    created_at = datetime.fromtimestamp(stored.created_at, UTC)
    end_user = EndUser(
        id=stored.id,
        tenant_id=request.app.tenant_id,
        app_id=request.app.app_id,
        type="service-api",
        external_user_id=stored.session_id,
        name=None,
        is_anonymous=False,
        session_id=stored.session_id,
        created_at=created_at,
        updated_at=created_at,
    )
    return json_response(dump(end_user))
