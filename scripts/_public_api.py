"""The public API for the scripts that write pages: names, the modules that define them, and the resources of a client."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from _generated import ROOT  # noqa: F401 - puts the package on the path

import dify

PACKAGES = ("dify", "dify.streams", "dify.types")
TESTING_MODULES = ("events", "replies", "error_replies", "responses")
"""Public modules of `dify.testing`, beside its classes and functions."""


@dataclass(frozen=True)
class Resource:
    """A resource of the client, such as `knowledge.documents`."""

    path: str
    owner: type

    @property
    def identifier(self) -> str:
        """Dotted name of its class."""
        return f"{self.owner.__module__}.{self.owner.__qualname__}"


@cache
def public_names(package: str) -> dict[str, str]:
    """Return the public names of `dify` and its modules, or of `dify.testing`, with their modules, such as ".types.files"."""
    if package == "dify.testing":
        homes = {name: home.removeprefix(".testing") for name, home in _imported_by(package).items()}
        return {name: home for name, home in homes.items() if name not in TESTING_MODULES}
    return {name: home for facade in PACKAGES for name, home in _imported_by(facade).items()}


def public_path(name: str) -> str:
    """Return the dotted name that programs import, such as "dify.types.Document"."""
    facade = next(facade for facade in PACKAGES if name in importlib.import_module(facade).__all__)
    return f"{facade}.{name}"


def public_value(name: str) -> Any:
    """Return the object of a public name of the client."""
    facade, _, attribute = public_path(name).rpartition(".")
    return getattr(importlib.import_module(facade), attribute)


def stem(home: str) -> str:
    """Return the last part of a module's name without underscores: "files" for ".types.files"."""
    return home.rpartition(".")[2].strip("_")


def homes_by_page(pages: dict[str, Sequence[str]], script: str) -> dict[str, list[str]]:
    """Return the modules that define the public names of each page.

    Args:
        pages: Stems of modules by page, in the order of the page.
        script: File name of the script that holds this table, for the message.

    Raises:
        SystemExit: If a module with public names is on no page.
    """
    homes = list(dict.fromkeys(public_names("dify").values()))
    known = {name for stems in pages.values() for name in stems}
    if missing := sorted({stem(home) for home in homes} - known):
        raise SystemExit(f"modules without a page; add them to the table in scripts/{script}: {', '.join(missing)}")
    return {page: [home for name in stems for home in homes if stem(home) == name] for page, stems in pages.items()}


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


@cache
def resources() -> tuple[Resource, ...]:
    """Return every resource of `AsyncDify` in the order of its properties, each followed by its own resources."""
    return tuple(_resources(dify.AsyncDify(api_key="app-none", knowledge_api_key="dataset-none"), ""))


def _resources(owner: object, before: str) -> Iterator[Resource]:
    for name, value in vars(type(owner)).items():
        if isinstance(value, cached_property) and not name.startswith("_"):
            resource = getattr(owner, name)
            yield Resource(before + name, type(resource))
            yield from _resources(resource, f"{before}{name}.")
