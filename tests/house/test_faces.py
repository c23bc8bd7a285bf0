"""House rules of the two faces beyond their methods: classes, properties, and what type checkers are told of them."""

import ast
import inspect
import re
from functools import cached_property
from pathlib import Path
from typing import Any, get_origin

import pytest

from dify import AsyncDify, Dify

from ..support.public_face import methods_of, public_values, resources

TYPING = Path(__file__).resolve().parents[1] / "typing"
TWINS = sorted(name.removeprefix("Async") for name in public_values() if name.startswith("Async"))


def shapes_of(client: type) -> dict[str, type]:
    """The client, what calls hand out, and the resources, by a name that both faces share."""
    prefix = "Async" if client is AsyncDify else ""
    shapes = {name: public_values()[prefix + name] for name in TWINS}
    return {name: cls for name, cls in shapes.items() if get_origin(cls) is None} | dict(resources(client))


def properties_of(cls: type) -> dict[str, Any]:
    """What each property of a class is said to be."""
    found: dict[str, Any] = {}
    for name, value in inspect.getmembers_static(cls):
        getter = value.func if isinstance(value, cached_property) else getattr(value, "fget", None)
        if getter is not None and not name.startswith("_"):
            found[name] = re.sub(r"\bAsync(?=[A-Z])", "", str(getter.__annotations__["return"]))
    return found


ASYNC, SYNC = shapes_of(AsyncDify), shapes_of(Dify)


def test_both_faces_have_the_same_classes():
    assert ASYNC.keys() == SYNC.keys()
    assert len(ASYNC) >= 25


@pytest.mark.parametrize("name", ASYNC)
def test_both_faces_have_the_same_properties_of_the_same_types(name):
    here, there = properties_of(ASYNC[name]), properties_of(SYNC[name])
    if name == "Pager":  # it stands for its first page where there is no `await` to give it
        there = {known: told for known, told in there.items() if known not in ("data", "has_more", "total")}
    assert here == there


@pytest.mark.parametrize("name", ASYNC)
@pytest.mark.parametrize("shapes", [ASYNC, SYNC], ids=["async", "plain"])
def test_every_property_says_what_it_is(shapes, name):
    for known in properties_of(shapes[name]):
        assert inspect.getdoc(inspect.getattr_static(shapes[name], known)), known


@pytest.mark.parametrize("name", [name for name, cls in ASYNC.items() if cls.__name__ != "AsyncPage"])
@pytest.mark.parametrize("shapes", [ASYNC, SYNC], ids=["async", "plain"])
def test_every_class_of_a_face_shows_itself(shapes, name):
    doc = shapes[name].__doc__ or ""
    assert doc
    assert "```python" in doc or name.startswith("_") or name == "DatasourceStream", "no example"


def called(path: Path) -> set[str]:
    """Every call in a file that is written out, such as `client.knowledge.tags.list`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {ast.unparse(call.func) for call in calls}


@pytest.mark.parametrize(("face", "client"), [("_async", AsyncDify), ("_sync", Dify)])
def test_type_checkers_are_told_what_every_call_returns(face, client):
    told = called(TYPING / face / "every_call.py")
    names = {name for name in methods_of(client) if re.match(r"[a-z]", name)}
    wanted: set[str] = set()
    for name in names - {"client.close", "client.aclose"}:
        *module, last = name.removeprefix("client.").split(".")
        # The class stands between the module and the method; a base class of the resources is none of a client.
        wanted.add(".".join(["client", *module[:-1], last]))
    assert not {call for call in wanted if not call.startswith("client._")} - told
