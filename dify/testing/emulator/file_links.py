"""Signed URLs of files, which can be requested without an API key."""

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
from .requests import ApiRequest
from .responses import ApiError, error_response
from .routing import record, workspace_of
from .state import AppState, Workspace

__all__ = ["FILE_ROUTE", "signed_url", "tool_file_url"]


def signed_url(app: AppState, origin: str, file_id: str, *, as_attachment: bool = False) -> str:
    """Return a URL of a file's content. It does not expire."""
    timestamp, nonce = str(now()), new_id().replace("-", "")
    query = {"timestamp": timestamp, "nonce": nonce, "sign": _sign(app.workspace, file_id, timestamp, nonce)}
    if as_attachment:
        query["as_attachment"] = "true"
    return f"{origin}/files/{file_id}/file-preview?{urlencode(query)}"


def tool_file_url(request: ApiRequest, stored: StoredFile) -> str:
    """Store a file that a tool has created, and return its URL."""
    stored.used, stored.app_id = True, request.app.app_id
    request.app.files.setdefault(stored.id, stored)
    return signed_url(request.app, request.origin, stored.id)


def _sign(workspace: Workspace, *parts: str) -> str:
    return urlsafe_b64encode(hmac.digest(workspace.secret, "|".join(parts).encode(), sha256)).decode()


async def _read_file(request: Request) -> Response:
    record(request, user=request.query_params.get("user"))
    workspace = workspace_of(request)
    file_id, query = str(request.path_params["file_id"]), request.query_params
    signature = _sign(workspace, file_id, query.get("timestamp", ""), query.get("nonce", ""))
    file = workspace.files.get(file_id) or workspace.knowledge.file(file_id)
    if file is None or not hmac.compare_digest(signature, query.get("sign", "")):
        return error_response(ApiError(404, "not_found", "File not found or signature is invalid"))
    headers: dict[str, str] = {}
    if query.get("as_attachment") == "true":
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name)}"
    return Response(file.content, 200, headers, media_type=file.mime_type)


FILE_ROUTE = Route("/files/{file_id:uuid}/file-preview", _read_file, methods=["GET"])
"""The route of signed URLs. It is not below `/v1`."""
