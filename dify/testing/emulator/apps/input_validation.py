"""Validation of a request's inputs and files against the settings of its app."""

from __future__ import annotations

import mimetypes
import socket
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import unquote, urlsplit
from uuid import UUID

from anyio import to_thread

from ..answers import EmulatorFile
from ..references import record_of
from ..responses import ApiError
from ..state import AppState

__all__ = ["resolve_files", "validate_files", "validate_inputs"]


_TEXT_FIELDS = frozenset({"text-input", "select", "paragraph"})
_BOOLEANS = {**dict.fromkeys(("true", "1", "yes", "on"), True), **dict.fromkeys(("false", "0", "no", "off"), False)}


async def validate_inputs(app: AppState, owner: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the declared inputs.

    Undeclared inputs are dropped, and missing ones get their default.

    An app without an input form accepts any inputs.

    Raises:
        ApiError: A required input is missing, or a value does not fit its field.
    """
    if app.input_form is None:
        return dict(inputs)
    accepted: dict[str, Any] = {}
    for entry in app.input_form:
        for kind, field in cast("Mapping[str, Mapping[str, Any]]", entry).items():
            name = str(field["variable"])
            accepted[name] = await _validate_value(app, owner, kind, field, inputs.get(name))
    return accepted


async def _validate_value(app: AppState, owner: str, kind: str, field: Mapping[str, Any], value: Any) -> Any:
    name, required = field["variable"], bool(field.get("required"))
    if value is None:
        if required:
            raise _invalid(f"{name} is required in input form")
        value = field.get("default")
        if value is None:
            return None
    max_length = field.get("max_length")
    match kind:
        case "number":
            return _number(name, value)
        case "checkbox":
            return _checkbox(value)
        case "file" | "file-list":
            if value == "" and not required:
                return None
            await _check_files(app, owner, kind, field, value)
        case "json_object":
            if value and not isinstance(value, dict):
                raise _invalid(f"{name} in input form must be a dict")
        case _ if kind in _TEXT_FIELDS and not isinstance(value, str):
            raise _invalid(f"(type '{kind}') {name} in input form must be a string")
        case "select":
            options = list(cast("Sequence[Any]", field.get("options") or []))
            if value not in options:
                raise _invalid(f"{name} in input form must be one of the following: {options}")
        case _:
            if max_length and len(value) > max_length:
                raise _invalid(f"{name} in input form must be less than {max_length} characters")
    return cast("Any", value)


def _number(name: str, value: Any) -> int | float | None:
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise _invalid(f"expected value type int, float or str, got {type(value)}, value: {value}")
    if not value.strip():
        return None
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise _invalid(f"{name} in input form must be a valid number") from None


def _checkbox(value: Any) -> Any:
    if isinstance(value, str):
        return _BOOLEANS.get(value.strip().lower(), value)
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else value


async def _check_files(app: AppState, owner: str, kind: str, field: Mapping[str, Any], value: Any) -> None:
    name, max_length = field["variable"], field.get("max_length")
    if kind == "file":
        if not isinstance(value, dict):
            raise _invalid(f"{name} in input form must be a file")
        files = [cast("dict[str, Any]", value)]
    else:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in cast("list[Any]", value)):
            raise _invalid(f"{name} in input form must be a list of files")
        files = cast("list[dict[str, Any]]", value)
        if max_length and len(files) > max_length:
            raise _invalid(f"{name} in input form must be less than {max_length} files")
    await resolve_files(app, owner, files, upload={**field, "number_limits": None}, exact_types=app.mode == "workflow")


_KINDS = frozenset({"image", "document", "audio", "video", "custom"})
_TRANSFER_METHODS = frozenset({"local_file", "remote_url", "tool_file", "datasource_file"})


async def validate_files(
    app: AppState, owner: str | None, items: Iterable[Mapping[str, Any]] | None, *, exact_types: bool = False
) -> tuple[EmulatorFile, ...]:
    """Return the files of a request to an app, and mark uploads as used.

    Args:
        app: App whose `file_upload` settings apply.
        owner: Id of the end user, who can use only own uploads.
        items: Files of the request. Files without a transfer method or with an empty URL are skipped.
        exact_types: Refuse files whose name and media type belong to another type than the declared one.

    Raises:
        ApiError: A file is unknown or of a wrong type, or there are too many files.
    """
    upload: Mapping[str, Any] | None = app.features["file_upload"]
    if upload is not None and not upload.get("enabled"):
        upload = None
        if app.mode != "workflow":
            return ()  # the server ignores the files of such an app
    files = await resolve_files(app, owner, items, upload=upload, exact_types=exact_types)
    if app.mode != "workflow":
        for file in files:
            if file.upload_file_id is not None:
                app.files[file.upload_file_id].used = True
    return files


async def resolve_files(
    app: AppState,
    owner: str | None,
    items: Iterable[Mapping[str, Any]] | None,
    *,
    upload: Mapping[str, Any] | None,
    exact_types: bool = False,
) -> tuple[EmulatorFile, ...]:
    """Return the files that mappings of a request refer to.

    An `owner` or `upload` of None means no restriction.

    Raises:
        ApiError: A file is unknown or of a wrong type, or there are too many files.
    """
    files: list[EmulatorFile] = []
    for item in filter(_has_source, items or ()):
        file = await _resolve_file(app, owner, item, exact_types)
        if upload is not None and not _is_allowed(file, str(item.get("type") or "custom"), upload):
            raise _invalid(f"File validation failed for file: {file.name}")
        files.append(file)
    limit = None if upload is None else upload.get("number_limits", 3)
    if limit is not None:
        if sum(file.type == "image" for file in files) > limit:
            raise _invalid(f"Number of image files exceeds the maximum limit {limit}")
        if limit and len(files) > limit:
            raise _invalid(f"Number of files exceeds the maximum limit {limit}")
    return tuple(files)


def _invalid(message: str) -> ApiError:
    return ApiError(400, "invalid_param", message)


def _has_source(item: Mapping[str, Any]) -> bool:
    method = item.get("transfer_method")
    return bool(method) and (method != "remote_url" or bool(_url_of(item)))


def _url_of(item: Mapping[str, Any]) -> Any:
    return item.get("url") or item.get("remote_url")


async def _resolve_file(app: AppState, owner: str | None, item: Mapping[str, Any], exact_types: bool) -> EmulatorFile:
    method = str(item["transfer_method"])
    if method not in _TRANSFER_METHODS:
        raise _invalid(f"{method!r} is not a valid FileTransferMethod")
    if method in ("tool_file", "datasource_file"):
        kind = "ToolFile" if method == "tool_file" else "DatasourceFile"
        raise _invalid(f"{kind} {_id_in(item, f'{method}_id')} not found")
    upload_id = _id_in(item, "upload_file_id")
    if method == "remote_url" and upload_id is None:
        return await _remote(str(_url_of(item)), item, exact_types)
    if upload_id is None:
        raise _invalid("Invalid upload file id")
    try:
        upload_id = str(UUID(upload_id))
    except ValueError:
        raise _invalid("Invalid upload file id format") from None
    stored = app.files.get(upload_id)
    if stored is None or (owner is not None and stored.owner != owner):
        raise _invalid("Invalid upload file")
    return EmulatorFile(
        type=_type_of(item, stored.extension, stored.mime_type, exact_types),
        transfer_method=method,
        upload_file_id=stored.id,
        name=stored.name,
        mime_type=stored.mime_type,
        content=stored.content,
    )


def _id_in(item: Mapping[str, Any], key: str) -> str | None:
    """Return the id of a stored file from any field that servers accept for it."""
    for name in (key, "reference", "related_id"):
        value = item.get(name)
        if isinstance(value, str) and value:
            return record_of(value)
    return None


def _type_of(item: Mapping[str, Any], extension: str, mime_type: str, exact_types: bool) -> str:
    declared, detected = item.get("type"), _detected(extension, mime_type)
    if not declared:
        return detected
    if declared not in _KINDS:
        raise _invalid(f"{declared!r} is not a valid FileType")
    if exact_types and declared not in ("custom", detected):
        raise _invalid("Detected file type does not match the specified type. Please verify the file.")
    return str(declared)


_EXTENSIONS = {
    "image": "jpg jpeg png webp gif svg",
    "video": "mp4 mov mpeg webm",
    "audio": "mp3 m4a wav amr mpga",
    "document": "txt markdown md mdx pdf html htm xlsx xls docx csv vtt properties",
}


def _detected(extension: str, mime_type: str) -> str:
    for kind, extensions in _EXTENSIONS.items():
        if extension in extensions.split():
            return kind
    known = (("image", "image"), ("video", "video"), ("audio", "audio"), ("text", "document"), ("pdf", "document"))
    return next((kind for part, kind in known if part in mime_type), "custom")


def _is_allowed(file: EmulatorFile, declared_type: str, upload: Mapping[str, Any]) -> bool:
    types: list[str] = upload.get("allowed_file_types") or []
    of_type = not types or declared_type in types
    if not of_type and "custom" not in types:
        return False
    if declared_type == "custom" or not of_type:
        allowed: list[str] = upload.get("allowed_file_extensions") or []
        extension = (file.name or "").rpartition(".")[2].lower()
        if extension not in {item.lower().lstrip(".") for item in allowed}:
            return False
    methods: list[str] = upload.get("allowed_file_upload_methods") or []
    return not methods or file.transfer_method in methods


# ------------------------------------------------------------------------------------------------------- remote files
async def _remote(url: str, item: Mapping[str, Any], exact_types: bool) -> EmulatorFile:
    """Return a remote file, of which only the URL is known.

    The emulator does not download it.
    """
    if not await to_thread.run_sync(_reachable, url):
        raise _invalid(f"Reached maximum retries (3) for URL {url}")
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or None
    mime_type = mimetypes.guess_type(name)[0] if name else None
    extension = name.rpartition(".")[2].lower() if name and "." in name else ""
    kind = _type_of(item, extension, mime_type or "", exact_types)
    return EmulatorFile(type=kind, transfer_method="remote_url", url=url, name=name, mime_type=mime_type)


def _reachable(url: str) -> bool:
    """Return False for a URL that a server could not fetch.

    Only ports of this machine are tried. Other hosts count as reachable, so that tests need no network.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host:
        return False
    try:
        if not ip_address(host).is_loopback:
            return True
    except ValueError:
        return True
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
