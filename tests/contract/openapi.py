"""Dify's description of the Service API, read as plain data."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "contract" / "openapi_service.json"
FILE = BESIDE if BESIDE.is_file() else Path(os.environ.get("DIFY_OPENAPI") or "no-such-file")

needs_contract = pytest.mark.skipif(
    not FILE.is_file(), reason="openapi_service.json is not in ../shared/contract, and DIFY_OPENAPI names no file"
)

Schema = dict[str, Any]


@dataclass(frozen=True)
class Documented:
    """One operation as Dify describes it."""

    id: str
    method: str
    path: str
    described: Schema

    def parameters(self) -> dict[str, Schema]:
        """Everything that a caller may give, by its name on the wire: parameters, and the fields of the body."""
        given = {one["name"]: one.get("schema", {}) for one in self.described.get("parameters", [])}
        for kind, body in self.described.get("requestBody", {}).get("content", {}).items():
            fields = dict(resolve(body["schema"]).get("properties", {}))
            if kind == "multipart/form-data" and "data" in fields:
                same = documented()["createDocumentFromText"].parameters()
                given |= {name: same[name] for name in _named_in(fields.pop("data")["description"])}
            given |= fields
        return given

    def answer(self) -> Schema | None:
        """The schema of its JSON answer, or None where it answers otherwise."""
        for status, answer in self.described["responses"].items():
            schema = resolve(answer).get("content", {}).get("application/json", {}).get("schema")
            if status.startswith("2") and schema:
                return schema
        return None

    def answers_otherwise(self) -> bool:
        """Whether it answers with something that is no JSON: events, or bytes."""
        answers = map(resolve, self.described["responses"].values())
        return any("json" not in kind for answer in answers for kind in answer.get("content", ()))


def _named_in(description: str) -> list[str]:
    """The fields of the JSON text in a form's `data`; its description names them, and whose fields they are."""
    names = re.search(r"\(((?:`\w+`(?:, )?)+)\)", description)
    assert names, f"`data` names no fields: {description}"
    return re.findall(r"`(\w+)`", names[1])


@cache
def contract() -> Schema:
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def documented() -> dict[str, Documented]:
    """All operations, by id."""
    methods = {"get", "post", "put", "patch", "delete"}
    found = [
        Documented(described["operationId"], method.upper(), path, described)
        for path, item in contract()["paths"].items()
        for method, described in item.items()
        if method in methods
    ]
    return {one.id: one for one in found}


def resolve(schema: Schema) -> Schema:
    """What a reference stands for."""
    while "$ref" in schema:
        target: Any = contract()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return schema


def stream_events(name: str) -> Iterator[tuple[str, Schema]]:
    """The events of one kind of stream, by name."""
    discriminator = contract()["components"]["schemas"][name]["discriminator"]
    assert discriminator["propertyName"] == "event"
    for event, reference in discriminator["mapping"].items():
        yield event, {"$ref": reference}
