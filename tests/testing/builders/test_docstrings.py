"""Every public builder shows one example, and every example runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

import dify.testing
from dify.testing import error_replies, events, replies, responses
from dify.testing.builders.streams import __all__ as streams

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(dify.testing.__path__, "dify.testing.")
    if not any(part.startswith("_") for part in module.name.split(".")[2:3])
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def builders():
    for module in (events, replies, error_replies, responses):
        yield from (getattr(module, name) for name in module.__all__)
    yield from (getattr(importlib.import_module("dify.testing.builders.streams"), name) for name in streams)


@pytest.mark.parametrize(
    "builder",
    [one for one in builders() if inspect.isfunction(one)],
    ids=lambda one: f"{one.__module__}.{one.__name__}",
)
def test_a_builder_says_what_it_makes_and_shows_it(builder):
    said = inspect.getdoc(builder) or ""
    assert said.partition("\n")[0].endswith((".", "?", ": none."))
    assert "Example:" in said


def test_the_kit_imports_without_what_its_parts_need():
    """Builders without the emulator's web framework, the emulator without respx: each loads what it is made of."""
    import subprocess
    import sys

    code = (
        "import sys; from dify.testing import chat_stream, replies, Wire; chat_stream(); replies.dataset();"
        "assert not {'starlette', 'respx', 'uvicorn'} & set(sys.modules), 'builders';"
        "from dify.testing import Emulator; Emulator();"
        "assert 'respx' not in sys.modules, 'emulator'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_public_name_is_there():
    assert [name for name in dify.testing.__all__ if not hasattr(dify.testing, name)] == []
    assert set(dify.testing.__all__) <= set(dir(dify.testing))
