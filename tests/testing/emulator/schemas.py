"""What of a value does not fit a schema of OpenAPI 3.0: enough of it for Dify's description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.contract.openapi import Schema, resolve

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def misfits(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """Every place where a value does not fit, as "path: why"."""
    schema = resolve(schema)
    for part in schema.get("allOf", ()):
        yield from misfits(value, part, path)
    options = schema.get("oneOf") or schema.get("anyOf")
    if options:
        found = [list(misfits(value, option, path)) for option in options]
        yield from min(found, key=len)
        return
    if value is None:
        if not schema.get("nullable") and "type" in schema:
            yield f"{path or '(all)'}: null"
        return
    kind = schema.get("type")
    if kind in _TYPES and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{path or '(all)'}: {type(value).__name__}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path or '(all)'}: not in enum"
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{_join(path, name)}: missing"
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from misfits(value[name], inner, _join(path, name))
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from misfits(item, schema["items"], f"{path}[]")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
