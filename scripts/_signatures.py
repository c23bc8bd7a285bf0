"""Signatures in one line each, read from the source so that annotations are unchanged."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any, is_typeddict

from _public_api import public_names
from typing_extensions import get_original_bases

Function = ast.FunctionDef | ast.AsyncFunctionDef
OURS = "dify."


def first_sentence(value: Any) -> str:
    """Return the first sentence of a docstring on one line."""
    own = value.__doc__ if not isinstance(value, type) else vars(value).get("__doc__")
    return " ".join((inspect.cleandoc(own or "").partition("\n\n")[0]).split())


def function_line(name: str, function: Any) -> str:
    """Return the signature of a function or method: `await chat.send(query: str, *, …) -> ChatResponse`."""
    node = _parsed(function)
    assert isinstance(node, Function)
    return _call(name, node, waits=isinstance(node, ast.AsyncFunctionDef) and not _yields(node))


def class_lines(cls: type) -> Iterator[str]:
    """Yield the constructor of a class, then its fields, properties and methods, including those of its bases in this package.

    For an error, the members of its base errors are left out.
    """
    members: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base is not cls and issubclass(cls, Exception):
            continue
        if base.__module__.startswith(OURS) or base.__module__ == "dify":
            members |= dict(_members(base))
    if is_typeddict(cls):
        members = {name: f"    {name}: {hint}" for name, hint in _typed_dict(cls).items()}
    yield members.pop("__init__", cls.__name__).replace("__init__", cls.__name__)
    yield from members.values()


def alias_line(module: ModuleType, name: str) -> str:
    """Return an alias with its value: `Rating = Literal["like", "dislike"]`."""
    for node in _body(module):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return f"{name} = {ast.unparse(node.value)}"
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return f"{name} = {ast.unparse(node.value)}" if node.value else f"{name}: {ast.unparse(node.annotation)}"
    raise LookupError(f"{module.__name__} has no {name}")


def _members(cls: type) -> Iterator[tuple[str, str]]:
    for part in _class(cls).body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and not part.target.id.startswith("_"):
            yield part.target.id, f"    {part.target.id}: {ast.unparse(part.annotation)}"
        elif isinstance(part, Function) and part.name == "__init__":
            yield part.name, _call("__init__", part, waits=False).partition(" -> ")[0]
        elif isinstance(part, Function) and not part.name.startswith("_"):
            yield part.name, f"    {_member(part)}"


def _member(node: Function) -> str:
    decorators = [ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list]
    if "property" in decorators or "cached_property" in decorators:
        return f"{node.name}: {ast.unparse(node.returns) if node.returns else 'Any'}"
    return _call(f".{node.name}", node, waits=isinstance(node, ast.AsyncFunctionDef) and not _yields(node))


def _call(name: str, node: Function, *, waits: bool) -> str:
    arguments = node.args
    for positional in (arguments.posonlyargs, arguments.args):
        if positional and positional[0].arg in ("self", "cls"):
            del positional[0]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{'await ' if waits else ''}{name}({', '.join(_written(arguments))}){returns}"


def _written(arguments: ast.arguments) -> Iterator[str]:
    """Yield the arguments in the style of the formatter."""
    plain = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    for argument, default in zip(plain, [*missing, *arguments.defaults], strict=True):
        yield _argument(argument, default)
        if arguments.posonlyargs and argument is arguments.posonlyargs[-1]:
            yield "/"
    unpacked = _unpacked(arguments.kwarg)
    if arguments.vararg or arguments.kwonlyargs or unpacked:
        yield f"*{_argument(arguments.vararg) if arguments.vararg else ''}"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _argument(argument, default)
    for name, hint in unpacked.items():
        yield f"{name}: {hint} = ..."
    if arguments.kwarg and not unpacked:
        yield f"**{_argument(arguments.kwarg)}"


def _unpacked(keywords: ast.arg | None) -> dict[str, str]:
    """Return the keyword arguments of `**settings: Unpack[...]` with their types."""
    match keywords and keywords.annotation:
        case ast.Subscript(value=ast.Name(id="Unpack"), slice=ast.Name(id=name)):
            homes = (importlib.import_module(f"dify.{home}") for home in ("_config", "errors", "types.documents"))
            return _typed_dict(next(getattr(home, name) for home in homes if hasattr(home, name)))
    return {}


def _typed_dict(cls: Any) -> dict[str, str]:
    """Return the fields of a typed dict with their annotations, including inherited ones."""
    fields: dict[str, str] = {}
    for base in get_original_bases(cls):
        if is_typeddict(base):
            fields |= _typed_dict(base)
    for part in _class(cls).body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            fields[part.target.id] = ast.unparse(part.annotation)
    return fields


def _argument(argument: ast.arg, default: ast.expr | None = None) -> str:
    written = f"{argument.arg}: {ast.unparse(argument.annotation)}" if argument.annotation else argument.arg
    equals = " = " if argument.annotation else "="
    return f"{written}{equals}{ast.unparse(default)}" if default else written


def _yields(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node))


def _parsed(value: Any) -> ast.stmt:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(value)))).body[0]


def _class(cls: type) -> ast.ClassDef:
    """Return the definition of a class. The `__module__` of a public class is the module that programs import it from."""
    package = "dify.testing" if cls.__module__ == "dify.testing" else "dify"
    homes = public_names(package) if cls.__module__ in ("dify", "dify.streams", "dify.types", "dify.testing") else {}
    module = importlib.import_module(homes.get(cls.__name__, cls.__module__), package)
    return next(node for node in _body(module) if isinstance(node, ast.ClassDef) and node.name == cls.__name__)


@cache
def _body(module: ModuleType) -> list[ast.stmt]:
    return ast.parse(inspect.getsource(module)).body
