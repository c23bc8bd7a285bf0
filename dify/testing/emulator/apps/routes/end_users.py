"""End users, who are made on first sight."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response
from starlette.routing import Route

from dify.types.end_users import EndUser

from ...endpoints import Call, endpoint
from ...responses import WireError, json_answer, shown
from ...state import Core


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return [endpoint(core, "GET", "/end-users/{end_user_id:uuid}", _get, reads_user=False)]


async def _get(call: Call) -> Response:
    found = call.core.known_end_users.get(call.path("end_user_id"))
    if found is None:
        raise WireError(404, "end_user_not_found", "End user not found.")
    seen = datetime.fromtimestamp(found.created_at, UTC)
    end_user = EndUser(
        id=found.id,
        tenant_id=call.core.tenant_id,
        app_id=call.core.app_id,
        type="service-api",
        external_user_id=found.session_id,
        name=None,
        is_anonymous=False,
        session_id=found.session_id,
        created_at=seen,
        updated_at=seen,
    )
    return json_answer(shown(end_user))
