"""Files that a request brings along: those uploaded before, and those on the web."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from ._answers import EmulatorFile
from ._core import Core
from ._wire import WireError

__all__ = ["take_files", "use_files_in"]

_KINDS = ("image", "document", "audio", "video", "custom")


def take_files(core: Core, user: str, sent: Iterable[dict[str, Any]] | None) -> tuple[EmulatorFile, ...]:
    """The files of a request's `files`, which may be read from now on."""
    return tuple(_take(core, user, file) for file in sent or ())


def use_files_in(core: Core, value: Any) -> None:
    """Uploads named anywhere in a request's inputs may be read from now on."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            use_files_in(core, item)
    elif isinstance(value, dict):
        values = cast("dict[str, Any]", value)
        stored = core.files.get(str(values.get("upload_file_id")))
        if stored is not None and stored.app_id == core.app_id:
            stored.used = True
        for item in values.values():
            use_files_in(core, item)


def _take(core: Core, user: str, sent: dict[str, Any]) -> EmulatorFile:
    kind, method = str(sent.get("type")), str(sent.get("transfer_method"))
    if kind not in _KINDS:
        raise WireError(400, "invalid_param", f"{kind!r} is not a valid FileType")
    if method != "local_file":
        return EmulatorFile(type=kind, transfer_method=method, url=sent.get("url") or sent.get("remote_url"))
    stored = core.files.get(str(sent.get("upload_file_id")))
    if stored is None or (stored.user, stored.app_id) != (user, core.app_id):
        raise WireError(400, "invalid_param", "Invalid upload file")
    stored.used = True
    return EmulatorFile(
        type=kind,
        transfer_method=method,
        upload_file_id=stored.id,
        name=stored.name,
        mime_type=stored.mime_type,
        content=stored.content,
    )
