"""Signatures as callers see them: `**settings: Unpack[SomeTypedDict]` stands for one keyword per field."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable
from typing import Any


def parameters_of(method: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a method without `self`, unpacked keywords in place of the typed dict."""
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(method).parameters.values():
        if parameter.name == "self":
            continue
        fields = unpacked(method, parameter)
        if fields is None:
            parameters.append(parameter)
        else:
            for name, hint in fields.items():
                parameters.append(
                    parameter.replace(name=name, kind=parameter.KEYWORD_ONLY, default=None, annotation=hint)
                )
    return parameters


def unpacked(method: Callable[..., Any], parameter: inspect.Parameter) -> dict[str, Any] | None:
    """Return the fields of the typed dict that a parameter unpacks, with their types; None for other parameters."""
    if parameter.kind is not parameter.VAR_KEYWORD or not str(parameter.annotation).startswith("Unpack["):
        return None
    name = str(parameter.annotation).removeprefix("Unpack[").removesuffix("]")
    return typing.get_type_hints(getattr(sys.modules[method.__module__], name))
