"""The public face as scripts walk through it: names, resources, and which module holds what."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from _generated import ROOT  # noqa: F401 - puts the package on the path

import dify


@dataclass(frozen=True)
class Room:
    """A resource of the client, such as `knowledge.documents`."""

    path: str
    owner: type

    @property
    def identifier(self) -> str:
        """Where its class is, for the reference."""
        return f"{self.owner.__module__}.{self.owner.__qualname__}"


PACKAGES = ("dify", "dify.streams", "dify.types")


@cache
def public_names(package: str) -> dict[str, str]:
    """Return every public name below `dify` or of `dify.testing`, with the module that defines it, as ".types.files"."""
    if package == "dify.testing":
        module = importlib.import_module(package)
        table: dict[str, str] = module._NAMES
        return {name: home for name, home in table.items() if name in module.__all__}
    return {name: home for facade in PACKAGES for name, home in _imported_by(facade).items()}


def public_path(name: str) -> str:
    """Return the dotted name that programs import, such as "dify.types.Document"."""
    facade = next(facade for facade in PACKAGES if name in importlib.import_module(facade).__all__)
    return f"{facade}.{name}"


def public_value(name: str) -> Any:
    """Return the object that a public name of the client stands for."""
    facade, _, attribute = public_path(name).rpartition(".")
    return getattr(importlib.import_module(facade), attribute)


def _imported_by(facade: str) -> dict[str, str]:
    """Return the names that a module imports for type checkers, with the modules that define them."""
    module = importlib.import_module(facade)
    package = module.__package__ or ""
    block = next(node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.If))
    homes: dict[str, str] = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            home = f"{package}.{node.module}".removeprefix("dify")
            homes |= {alias.name: home for alias in node.names}
    return homes


def resource_rooms() -> list[Room]:
    """Every resource of `AsyncDify`, in the order of its properties; what belongs to one stands below it."""
    return list(_rooms(dify.AsyncDify(api_key="app-none", knowledge_api_key="dataset-none"), ""))


def _rooms(owner: object, before: str) -> Iterator[Room]:
    for name, value in vars(type(owner)).items():
        if isinstance(value, cached_property) and not name.startswith("_"):
            resource = getattr(owner, name)
            yield Room(before + name, type(resource))
            yield from _rooms(resource, f"{before}{name}.")
