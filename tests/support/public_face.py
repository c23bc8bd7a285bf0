"""What is public: the methods and classes of each face, as tests walk through them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

from dify import AsyncDify


def resources(client: type) -> Iterator[tuple[str, type]]:
    """Every resource class that a client leads to, with its dotted name."""
    face = "_async" if client is AsyncDify else "_sync"
    root = importlib.import_module(f"dify.{face}.resources")
    base_module = importlib.import_module(f"dify.{face}.resources._base")
    base = base_module.AsyncResource if client is AsyncDify else base_module.Resource
    for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", []):
            value = getattr(loaded, name)
            if inspect.isclass(value) and issubclass(value, base):
                yield f"{module.name.partition('.resources.')[2]}.{name.removeprefix('Async')}", value


def public_methods(owner: type) -> dict[str, Callable[..., Any]]:
    """The methods that users of a class call, by their name."""
    return {
        name: value
        for name, value in inspect.getmembers(owner, inspect.isfunction)
        if not name.startswith("_") and value.__module__.startswith("dify")
    }


FACADES = ("dify", "dify.streams", "dify.types")


def public_values() -> dict[str, Any]:
    """Return every name that `dify`, `dify.streams` and `dify.types` export, and its value."""
    modules = [importlib.import_module(facade) for facade in FACADES]
    return {name: getattr(module, name) for module in modules for name in module.__all__ if name != "__version__"}


def public_paths() -> set[str]:
    """Return the dotted name of every public name, as programs import it first: "dify.types.Document"."""
    paths: dict[str, str] = {}
    for facade in FACADES:
        for name in importlib.import_module(facade).__all__:
            paths.setdefault(name, f"{facade}.{name}")
    return set(paths.values()) - {"dify.__version__"}


def public_classes() -> dict[str, type]:
    """Every class that can be imported from the package, by its name."""
    return {name: value for name, value in public_values().items() if inspect.isclass(value)}


def methods_of(client: type) -> dict[str, Callable[..., Any]]:
    """Every public method of a face: of its client, its shapes and its resources, by a name that both faces share."""
    found = {f"client.{name}": method for name, method in public_methods(client).items()}
    shapes = [
        value
        for value in public_classes().values()
        if value.__name__.endswith(("Stream", "Page", "Pager"))
        and value.__name__.startswith("Async") == (client is AsyncDify)
    ]
    for shape in shapes:
        found |= {f"{shape.__name__.removeprefix('Async')}.{n}": method for n, method in public_methods(shape).items()}
    for dotted, resource in resources(client):
        found |= {f"{dotted}.{name}": method for name, method in public_methods(resource).items()}
    return found
