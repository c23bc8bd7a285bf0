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


_TEXTS = frozenset({"text-input", "select", "paragraph"})
_SWITCHED = {**dict.fromkeys(("true", "1", "yes", "on"), True), **dict.fromkeys(("false", "0", "no", "off"), False)}


async def validate_inputs(app: AppState, owner: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the declared inputs with their values: others are dropped, and those that are missing get their default.

    An app without an input form takes any inputs as they are.

    Raises:
        ApiError: A required input is missing, or a value does not fit its field.
    """
    if app.input_form is None:
        return dict(sent)
    accepted: dict[str, Any] = {}
    for entry in app.input_form:
        for kind, field in cast("Mapping[str, Mapping[str, Any]]", entry).items():
            name = str(field["variable"])
            accepted[name] = await _validate_value(app, owner, kind, field, sent.get(name))
    return accepted


async def _validate_value(app: AppState, owner: str, kind: str, field: Mapping[str, Any], value: Any) -> Any:
    name, required = field["variable"], bool(field.get("required"))
    if value is None:
        if required:
            raise _refusal(f"{name} is required in input form")
        value = field.get("default")
        if value is None:
            return None
    longest = field.get("max_length")
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
                raise _refusal(f"{name} in input form must be a dict")
        case _ if kind in _TEXTS and not isinstance(value, str):
            raise _refusal(f"(type '{kind}') {name} in input form must be a string")
        case "select":
            options = list(cast("Sequence[Any]", field.get("options") or []))
            if value not in options:
                raise _refusal(f"{name} in input form must be one of the following: {options}")
        case _:
            if longest and len(value) > longest:
                raise _refusal(f"{name} in input form must be less than {longest} characters")
    return cast("Any", value)


def _number(name: str, value: Any) -> int | float | None:
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise _refusal(f"expected value type int, float or str, got {type(value)}, value: {value}")
    if not value.strip():
        return None
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise _refusal(f"{name} in input form must be a valid number") from None


def _checkbox(value: Any) -> Any:
    if isinstance(value, str):
        return _SWITCHED.get(value.strip().lower(), value)
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else value


async def _check_files(app: AppState, owner: str, kind: str, field: Mapping[str, Any], value: Any) -> None:
    name, longest = field["variable"], field.get("max_length")
    if kind == "file":
        if not isinstance(value, dict):
            raise _refusal(f"{name} in input form must be a file")
        files = [cast("dict[str, Any]", value)]
    else:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in cast("list[Any]", value)):
            raise _refusal(f"{name} in input form must be a list of files")
        files = cast("list[dict[str, Any]]", value)
        if longest and len(files) > longest:
            raise _refusal(f"{name} in input form must be less than {longest} files")
    await resolve_files(app, owner, files, upload={**field, "number_limits": None}, exact_types=app.mode == "workflow")


_KINDS = frozenset({"image", "document", "audio", "video", "custom"})
_METHODS = frozenset({"local_file", "remote_url", "tool_file", "datasource_file"})


async def validate_files(
    app: AppState, owner: str | None, sent: Iterable[Mapping[str, Any]] | None, *, exact_types: bool = False
) -> tuple[EmulatorFile, ...]:
    """Look up the files of a request to an app; those of a message may be read from now on.

    Args:
        app: The app, whose `file_upload` settings apply.
        owner: The id of the end user, who may use own uploads only.
        sent: The files as they were sent. Those without a transfer method, and addresses that are empty, are skipped.
        exact_types: Refuse a file whose name and media type are of another type than the request says.

    Raises:
        ApiError: A file is unknown, of a wrong type or one too many.
    """
    upload: Mapping[str, Any] | None = app.features["file_upload"]
    if upload is not None and not upload.get("enabled"):
        upload = None
        if app.mode != "workflow":
            return ()  # the server does not look at the files of such an app
    taken = await resolve_files(app, owner, sent, upload=upload, exact_types=exact_types)
    if app.mode != "workflow":
        for file in taken:
            if file.upload_file_id is not None:
                app.files[file.upload_file_id].used = True
    return taken


async def resolve_files(
    app: AppState,
    owner: str | None,
    sent: Iterable[Mapping[str, Any]] | None,
    *,
    upload: Mapping[str, Any] | None,
    exact_types: bool = False,
) -> tuple[EmulatorFile, ...]:
    """Look up files, for settings of any form: `owner` and `upload` are None for no limits.

    Raises:
        ApiError: A file is unknown, of a wrong type or one too many.
    """
    taken: list[EmulatorFile] = []
    for each in filter(_is_named, sent or ()):
        file = await _take(app, owner, each, exact_types)
        if upload is not None and not _accepted(file, str(each.get("type") or "custom"), upload):
            raise _refusal(f"File validation failed for file: {file.name}")
        taken.append(file)
    limit = None if upload is None else upload.get("number_limits", 3)
    if limit is not None:
        if sum(file.type == "image" for file in taken) > limit:
            raise _refusal(f"Number of image files exceeds the maximum limit {limit}")
        if limit and len(taken) > limit:
            raise _refusal(f"Number of files exceeds the maximum limit {limit}")
    return tuple(taken)


def _refusal(message: str) -> ApiError:
    return ApiError(400, "invalid_param", message)


def _is_named(sent: Mapping[str, Any]) -> bool:
    method = sent.get("transfer_method")
    return bool(method) and (method != "remote_url" or bool(_url_of(sent)))


def _url_of(sent: Mapping[str, Any]) -> Any:
    return sent.get("url") or sent.get("remote_url")


async def _take(app: AppState, owner: str | None, sent: Mapping[str, Any], exact: bool) -> EmulatorFile:
    method = str(sent["transfer_method"])
    if method not in _METHODS:
        raise _refusal(f"{method!r} is not a valid FileTransferMethod")
    if method in ("tool_file", "datasource_file"):
        kind = "ToolFile" if method == "tool_file" else "DatasourceFile"
        raise _refusal(f"{kind} {_id_in(sent, f'{method}_id')} not found")
    upload_id = _id_in(sent, "upload_file_id")
    if method == "remote_url" and upload_id is None:
        return await _remote(str(_url_of(sent)), sent, exact)
    if upload_id is None:
        raise _refusal("Invalid upload file id")
    try:
        upload_id = str(UUID(upload_id))
    except ValueError:
        raise _refusal("Invalid upload file id format") from None
    stored = app.files.get(upload_id)
    if stored is None or (owner is not None and stored.owner != owner):
        raise _refusal("Invalid upload file")
    return EmulatorFile(
        type=_type_of(sent, stored.extension, stored.mime_type, exact),
        transfer_method=method,
        upload_file_id=stored.id,
        name=stored.name,
        mime_type=stored.mime_type,
        content=stored.content,
    )


def _id_in(sent: Mapping[str, Any], key: str) -> str | None:
    """The id of a stored file, under any of the names that servers accept for it."""
    for name in (key, "reference", "related_id"):
        value = sent.get(name)
        if isinstance(value, str) and value:
            return record_of(value)
    return None


def _type_of(sent: Mapping[str, Any], extension: str, mime_type: str, exact: bool) -> str:
    named, detected = sent.get("type"), _detected(extension, mime_type)
    if not named:
        return detected
    if named not in _KINDS:
        raise _refusal(f"{named!r} is not a valid FileType")
    if exact and named not in ("custom", detected):
        raise _refusal("Detected file type does not match the specified type. Please verify the file.")
    return str(named)


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


def _accepted(file: EmulatorFile, named: str, upload: Mapping[str, Any]) -> bool:
    types: list[str] = upload.get("allowed_file_types") or []
    of_type = not types or named in types
    if not of_type and "custom" not in types:
        return False
    if named == "custom" or not of_type:
        allowed: list[str] = upload.get("allowed_file_extensions") or []
        extension = (file.name or "").rpartition(".")[2].lower()
        if extension not in {each.lower().lstrip(".") for each in allowed}:
            return False
    methods: list[str] = upload.get("allowed_file_upload_methods") or []
    return not methods or file.transfer_method in methods


# ------------------------------------------------------------------------------------------------------------ the web
async def _remote(url: str, sent: Mapping[str, Any], exact: bool) -> EmulatorFile:
    """A file on the web, described by its address alone: the emulator downloads nothing."""
    if not await to_thread.run_sync(_reachable, url):
        raise _refusal(f"Reached maximum retries (3) for URL {url}")
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or None
    mime_type = mimetypes.guess_type(name)[0] if name else None
    extension = name.rpartition(".")[2].lower() if name and "." in name else ""
    kind = _type_of(sent, extension, mime_type or "", exact)
    return EmulatorFile(type=kind, transfer_method="remote_url", url=url, name=name, mime_type=mime_type)


def _reachable(url: str) -> bool:
    """Return False for an address that no server could fetch.

    Only ports of this machine are tried. Other hosts are taken to be there, so that tests need no network.
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
