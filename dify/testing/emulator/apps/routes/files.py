"""Uploads, and downloads of uploads."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.responses import Response

from ...file_links import signed_url
from ...requests import ApiRequest
from ...responses import ApiError, json_response
from ...routing import Router
from ..models import StoredFile
from ..schemas import FilePreviewQuery

MEGABYTE = 1024 * 1024

_MAX_NAME_LENGTH = 200
"""Characters of a file name that are stored."""

_IMAGES = {"jpg", "jpeg", "png", "webp", "gif", "svg"}
_VIDEOS = {"mp4", "mov", "mpeg", "webm"}
_AUDIO = {"mp3", "m4a", "wav", "amr", "mpga"}
_HTML = frozenset({"text/html", "application/xhtml+xml"})

_SEEKABLE = frozenset(
    [f"audio/{kind}" for kind in ("mpeg", "wav", "mp4", "ogg", "flac", "aac", "x-m4a")]
    + [f"video/{kind}" for kind in ("mp4", "webm", "quicktime")]
)


router = Router()


def uploaded_file(request: ApiRequest) -> UploadFile | None:
    """Return the first file of the form field `file`. None if there is none."""
    parts = [] if request.form is None else request.form.getlist("file")
    return next((part for part in parts if isinstance(part, UploadFile)), None)


def media_type(part: UploadFile) -> str:
    """Return the media type of a part, without parameters."""
    return (part.content_type or "").partition(";")[0].strip().lower()


@router.operation("uploadChatFile", body="form")
async def upload_file(request: ApiRequest) -> Response:
    part = uploaded_file(request)
    if part is None or request.form is None:
        raise ApiError(400, "no_file_uploaded", "Please upload your file.")
    if len({name for name, value in request.form.multi_items() if isinstance(value, UploadFile)}) > 1:
        raise ApiError(400, "too_many_files", "Only one file is allowed.")
    mime_type = media_type(part)
    if not mime_type:
        raise ApiError(415, "unsupported_file_type", "File type not allowed.")
    name = part.filename or ""
    if not name:
        raise ApiError(400, "filename_not_exists_error", "The specified filename does not exist.")
    if "/" in name or "\\" in name:
        raise ApiError(400, "invalid_param", "Filename contains invalid characters")
    stored = StoredFile(
        name, mime_type, await part.read(), request.user, owner=request.owner, app_id=request.app.app_id
    )
    if len(name) > _MAX_NAME_LENGTH:
        stored.name = f"{name.split('.')[0][:_MAX_NAME_LENGTH]}.{stored.extension}"
    if len(stored.content) > size_limit(stored.extension) * MEGABYTE:
        raise ApiError(413, "file_too_large")
    request.app.files[stored.id] = stored
    return json_response(_serialize(request, stored), status=201)


def size_limit(extension: str) -> int:
    """Return the server's default limit for the size of a file, in megabytes."""
    if extension in _IMAGES:
        return 10
    if extension in _VIDEOS:
        return 100
    return 50 if extension in _AUDIO else 15


def _serialize(request: ApiRequest, stored: StoredFile) -> dict[str, Any]:
    return {
        "id": stored.id,
        "reference": None,
        "name": stored.name,
        "size": len(stored.content),
        "extension": stored.extension,
        "mime_type": stored.mime_type,
        "created_by": stored.owner,
        "created_at": stored.created_at,
        "preview_url": None,
        "source_url": signed_url(request.app, request.origin, stored.id),
        "original_url": None,
        "user_id": None,
        "tenant_id": request.app.tenant_id,
        "conversation_id": None,
        "file_key": None,
    }


@router.operation("previewChatFile")
async def preview_file(request: ApiRequest) -> Response:
    query = request.query(FilePreviewQuery)
    stored = request.app.files.get(request.path("file_id"))
    # Any user of the app can read a file, but only after a message has used it.
    if stored is None or not stored.used:
        raise ApiError(404, "file_not_found", "File not found in message context")
    if stored.app_id != request.app.app_id:
        raise ApiError(403, "file_access_denied", "File access denied: not owned by requesting app")
    headers = {"Cache-Control": "public, max-age=3600"}
    media_type = stored.mime_type
    if media_type in _SEEKABLE:
        headers["Accept-Ranges"] = "bytes"
    is_html = media_type in _HTML or stored.extension in ("html", "htm")
    if is_html:
        headers["X-Content-Type-Options"] = "nosniff"
    if query.as_attachment or is_html:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(stored.name)}"
        media_type = "application/octet-stream"
    return Response(stored.content, 200, headers, media_type=media_type)
