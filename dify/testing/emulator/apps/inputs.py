"""The inputs of a request, held against the app's input form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..endpoints import WireError
from ..state import Core
from .file_arguments import files_of

__all__ = ["accepted_inputs"]

_TEXTS = frozenset({"text-input", "select", "paragraph"})
_SWITCHED = {**dict.fromkeys(("true", "1", "yes", "on"), True), **dict.fromkeys(("false", "0", "no", "off"), False)}


async def accepted_inputs(core: Core, owner: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the declared inputs with their values: others are dropped, and those that are missing get their default.

    An app without an input form takes any inputs as they are.

    Raises:
        WireError: A required input is missing, or a value does not fit its field.
    """
    if core.input_form is None:
        return dict(sent)
    accepted: dict[str, Any] = {}
    for entry in core.input_form:
        for kind, field in cast("Mapping[str, Mapping[str, Any]]", entry).items():
            name = str(field["variable"])
            accepted[name] = await _accepted(core, owner, kind, field, sent.get(name))
    return accepted


async def _accepted(core: Core, owner: str, kind: str, field: Mapping[str, Any], value: Any) -> Any:
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
            await _check_files(core, owner, kind, field, value)
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


async def _check_files(core: Core, owner: str, kind: str, field: Mapping[str, Any], value: Any) -> None:
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
    await files_of(core, owner, files, upload={**field, "number_limits": None}, exact_types=core.mode == "workflow")


def _refusal(message: str) -> WireError:
    return WireError(400, "invalid_param", message)
