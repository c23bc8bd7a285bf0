"""Signed links to files, which open without a key."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..script.ids import new_id, now
from .apps.models import StoredFile
from .endpoints import Call, record
from .responses import WireError, error_answer
from .state import Core

__all__ = ["link_to", "routes", "tool_link"]


def link_to(core: Core, origin: str, file_id: str, *, as_attachment: bool = False) -> str:
    """A link to a file's content; it does not expire here."""
    timestamp, nonce = str(now()), new_id().replace("-", "")
    query = {"timestamp": timestamp, "nonce": nonce, "sign": _sign(core, file_id, timestamp, nonce)}
    if as_attachment:
        query["as_attachment"] = "true"
    return f"{origin}/files/{file_id}/file-preview?{urlencode(query)}"


def tool_link(call: Call, stored: StoredFile) -> str:
    """A link to a file that a tool made, which from now on can be read."""
    stored.used, stored.app_id = True, call.core.app_id
    call.core.files.setdefault(stored.id, stored)
    return link_to(call.core, call.origin, stored.id)


def _sign(core: Core, *parts: str) -> str:
    return urlsafe_b64encode(hmac.digest(core.workspace.secret, "|".join(parts).encode(), sha256)).decode()


def routes(core: Core) -> list[Route]:
    """The one route, which is not below `/v1`."""

    async def answer(request: Request) -> Response:
        record(core, request)
        file_id, query = str(request.path_params["file_id"]), request.query_params
        sign = _sign(core, file_id, query.get("timestamp", ""), query.get("nonce", ""))
        found = core.files.get(file_id) or core.knowledge.file(file_id)
        if found is None or not hmac.compare_digest(sign, query.get("sign", "")):
            return error_answer(WireError(404, "not_found", "File not found or signature is invalid"))
        headers: dict[str, str] = {}
        if query.get("as_attachment") == "true":
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name)}"
        return Response(found.content, 200, headers, media_type=found.mime_type)

    return [Route("/files/{file_id:uuid}/file-preview", answer, methods=["GET"])]
