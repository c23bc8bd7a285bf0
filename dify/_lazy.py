"""Modules whose public names load when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

__all__ = ["lazy_module"]


def lazy_module(
    module: str, sources: Mapping[str, str], *, submodules: Sequence[str] = (), rename: bool = True
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a module that loads its names on demand.

    Args:
        module: The full name of the module.
        sources: The public names by the module that defines them, separated by spaces. Names of modules are relative to
            the package, such as ".errors".
        submodules: Public modules, which are attributes too, by their name relative to the package.
        rename: True to make classes print and pickle by their public name, except for clients and streams.
    """
    package = module if hasattr(sys.modules[module], "__path__") else module.rpartition(".")[0]
    source_of = {name: source for source, names in sources.items() for name in names.split()}
    module_of = {name.rpartition(".")[2]: f".{name}" for name in submodules}

    def load(name: str) -> Any:
        if name in module_of:
            return import_module(module_of[name], package)
        source = source_of.get(name)
        if source is None:
            raise AttributeError(_unknown(module, name), name=name, obj=sys.modules[module])
        value = getattr(import_module(source, package), name)
        if rename and isinstance(value, type) and not source.startswith(("._async", "._sync", ".streams", ".types")):
            # Models and errors print and pickle by their public name. Clients and streams keep the module of their source,
            # where notebooks look for the type that a call returns.
            value.__module__ = module
        setattr(sys.modules[module], name, value)
        return value

    def names() -> list[str]:
        return sorted([*source_of, *module_of, "__doc__", "__file__", "__name__"])

    return load, names


def _unknown(module: str, name: str) -> str:
    text = f"module {module!r} has no attribute {name!r}"
    if module == "dify" and not name.startswith("_"):
        for public in ("dify.types", "dify.streams"):
            if name in import_module(public).__all__:
                return f"{text}; import it from {public}"
    return text
