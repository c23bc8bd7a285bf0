"""Descriptions of fields for JSON schemas, read from the source.

They are read when the first schema is generated.

The descriptions are the strings below the fields. The compiler drops them, so they cost nothing at import; pydantic's
`use_attribute_docstrings` would read the source of every class at import: 70 ms instead of 25 for the events (CPU).
Without the source, as in some frozen applications, schemas have no descriptions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from inspect import cleandoc
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

__all__ = ["describe"]


def describe(model: type[BaseModel], schema: dict[str, Any]) -> None:
    """Add the descriptions of a model's fields to its JSON schema, in place."""
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    for base in model.__mro__:
        if base.__module__.partition(".")[0] == "dify":
            for name, text in _descriptions().get(base.__name__, {}).items():
                field = model.model_fields[name]
                for key in {name, field.alias or name} & properties.keys():
                    properties[key].setdefault("description", text)


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    """Return the description of every field of every model, by class and field."""
    try:
        sources = [file.read_text("utf-8") for file in files("dify.types").iterdir() if file.name.endswith(".py")]
    except OSError:
        return {}
    classes = [node for source in sources for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {node.name: dict(_described(node.body)) for node in classes}


def _described(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(cleandoc(text).split())
            case _:
                pass
