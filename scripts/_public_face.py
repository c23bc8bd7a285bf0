"""The public face as scripts walk through it: names, resources, and which module holds what."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

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


def public_names(package: str) -> dict[str, str]:
    """Every public name of a package that loads lazily, and the module that holds it."""
    module = importlib.import_module(package)
    table: dict[str, str] = module._NAMES
    return {name: home for name, home in table.items() if name in module.__all__}


def resource_rooms() -> list[Room]:
    """Every resource of `AsyncDify`, in the order of its properties; what belongs to one stands below it."""
    return list(_rooms(dify.AsyncDify(api_key="app-none", knowledge_api_key="dataset-none"), ""))


def _rooms(owner: object, before: str) -> Iterator[Room]:
    for name, value in vars(type(owner)).items():
        if isinstance(value, cached_property) and not name.startswith("_"):
            resource = getattr(owner, name)
            yield Room(before + name, type(resource))
            yield from _rooms(resource, f"{before}{name}.")
