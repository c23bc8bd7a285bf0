"""The examples in the emulator's docstrings run."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

import dify.testing

MODULES = [
    "emulator.connections",
    "emulator.answers",
    "emulator.emulator",
    "script.blocks",
    "emulator.command",
    "script.frames",
    "emulator.fault_controls",
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name) -> None:
    module = import_module(f"dify.testing.{name}")
    names = {**vars(module), **{public: getattr(dify.testing, public) for public in ("Emulator", "EmulatorError")}}
    result = doctest.testmod(module, extraglobs=names)
    assert result.attempted > 0
    assert result.failed == 0


def test_every_public_method_of_an_emulator_shows_an_example() -> None:
    public = {name: value for name, value in vars(dify.testing.Emulator).items() if not name.startswith("_")}
    for base in dify.testing.Emulator.__mro__[1:-1]:
        public |= {name: value for name, value in vars(base).items() if not name.startswith("_")}
    documented = {name: value for name, value in public.items() if callable(value) or isinstance(value, property)}
    without = {name for name, value in documented.items() if "Example:" not in (value.__doc__ or "")}
    assert without == {"close", "aclose"}
