"""House rules of the public face: names, docstrings, parameters, and that both faces are one."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dify
import dify.types
from dify import AsyncDify, Dify

from ..support.public_face import FACADES, methods_of, public_classes
from ..support.signatures import parameters_of

SOURCE = Path(dify.__file__).parent


ASYNC = methods_of(AsyncDify)
SYNC = methods_of(Dify)


def test_both_faces_have_the_same_methods():
    # Where the async pager is awaited for its first page, the sync one stands for it.
    assert {name.replace("aclose", "close") for name in ASYNC} == set(SYNC) - {"Pager.next_page"}


def test_both_faces_take_and_return_the_same():
    def described(method: Callable[..., Any]) -> list[tuple[str, Any, Any, str]]:
        signature = inspect.signature(method)
        plain = [
            (p.name, p.kind, p.default if p.default is not inspect.Parameter.empty else "required", str(p.annotation))
            for p in signature.parameters.values()
        ]
        return [*plain, ("return", None, None, str(signature.return_annotation))]

    def unasynced(text: str) -> str:
        text = re.sub(r"\bAwaitable\[(\w+)\]", r"\1", text)
        return re.sub(r"\bAsync(?=[A-Z])", "", text)

    for name, method in ASYNC.items():
        expected = [(n, kind, default, unasynced(text)) for n, kind, default, text in described(method)]
        assert described(SYNC[name.replace("aclose", "close")]) == expected, name


def test_only_the_obvious_first_arguments_can_be_given_by_place():
    offenders: dict[str, list[str]] = {}
    for name, method in ASYNC.items():
        by_place = [p.name for p in parameters_of(method) if p.kind is p.POSITIONAL_OR_KEYWORD]
        # Ids that name one thing together (a knowledge base, its document, its segment ...) count as one.
        if len([argument for argument in by_place if not argument.endswith("_id")]) > 2:
            offenders[name] = by_place
        if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters_of(method)):
            offenders[name] = by_place
    assert offenders == {}


def test_every_call_can_be_given_options_of_its_own():
    # These send nothing, or what an earlier call was given options for.
    without = re.compile(r"client\.(with_options|aclose)|\w*(Stream|Pager?)\..*")
    calls = {name: method for name, method in ASYNC.items() if not without.fullmatch(name)}
    assert [name for name, method in calls.items() if "options" not in inspect.signature(method).parameters] == []


def test_every_method_says_what_it_is_for_and_shows_it():
    offenders: list[str] = []
    for name, method in ASYNC.items():
        doc = inspect.getdoc(method) or ""
        if "```python" not in doc:
            offenders.append(f"{name} has no example")
        for parameter in list(inspect.signature(method).parameters.values())[1:]:  # unpacked fields have descriptions
            stars = r"\*\*" if parameter.kind is parameter.VAR_KEYWORD else ""
            if not re.search(rf"^\s+{stars}{parameter.name}: ", doc, re.MULTILINE):
                offenders.append(f"{name} does not explain {parameter.name}")
    assert offenders == []


def test_the_docs_of_the_sync_face_speak_of_no_await():
    of_the_other = re.compile(r"\bawait|\basync (for|with|def)|\bAsyncDify|aclose")
    methods = {name: method for name, method in SYNC.items() if name != "Pager.next_page"}
    assert [name for name, method in methods.items() if of_the_other.search(inspect.getdoc(method) or "")] == []


def test_every_public_class_has_a_docstring_and_its_public_module():
    offenders: list[str] = []
    for name, cls in public_classes().items():
        # Clients and streams keep the module of their source: notebooks complete what a call returns from there.
        public = cls.__module__ in FACADES or cls.__module__.startswith(("dify._async.", "dify._sync."))
        if not cls.__doc__ or not public:
            offenders.append(name)
    assert offenders == []


def test_the_top_level_has_the_names_that_people_type_and_no_more():
    assert 60 <= len(dify.__all__) <= 90
    assert {"ErrorEvent", "PingEvent", "Document", "Any", "ssl"} & set(dify.__all__) == set()
    assert set(dir(dify)) - set(dify.__all__) <= {"errors", "streams", "types", "__doc__", "__file__", "__name__"}


def test_every_error_is_at_the_top_level():
    assert set(dify.errors.__all__) <= set(dify.__all__)


def test_every_model_is_exported_by_the_types():
    missing: list[str] = []
    for module in pkgutil.iter_modules(dify.types.__path__):
        if not module.name.startswith("_"):
            loaded = importlib.import_module(f"dify.types.{module.name}")
            missing += [n for n in loaded.__all__ if n not in dify.types.__all__ and not n.startswith("Known")]
    assert missing == []


def test_a_model_that_moved_names_its_module_in_the_error():
    with pytest.raises(
        AttributeError, match=r"^module 'dify' has no attribute 'Document'; import it from dify\.types$"
    ):
        dify.Document  # noqa: B018


@pytest.mark.parametrize("facade", FACADES)
def test_type_checkers_and_programs_see_the_same_names(facade: str):
    module = importlib.import_module(facade)
    tree = ast.parse(inspect.getsource(module))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen - {"errors", "streams", "types"} == set(module.__all__) - {"__version__"}


def test_importing_the_package_loads_neither_the_http_library_nor_pydantic():
    code = "import sys, dify; print([m for m in ('httpx', 'pydantic', 'anyio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_public_signature_says_any_where_the_wire_is_not_open():
    open_ones = {"inputs", "value", "json", "query", "body", "cast_to"}
    for name, method in ASYNC.items():
        hints = typing.get_type_hints(method, vars(importlib.import_module(method.__module__)) | {"Any": Any})
        closed = {n for n, hint in hints.items() if hint is Any and n not in open_ones}
        assert not closed, f"{name}: {closed}"
