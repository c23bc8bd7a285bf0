"""House rules: who may import whom, who names the HTTP library, how long a file may be."""

import ast
import importlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "dify"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))
HTTP_LIBRARIES = {"httpx", "httpx_sse", "httpcore", "h11", "aiohttp", "httpx_aiohttp"}


@cache
def imports_of(path: Path) -> set[str]:
    """Return every module that a file imports, anywhere, relative ones resolved to their full name."""
    return _imports_in(path, ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def top_level_imports_of(path: Path) -> set[str]:
    """Return every module that a file imports outside of functions, for type checkers or not."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    blocks = [node.body for node in body if isinstance(node, ast.If)]
    return _imports_in(path, [*body, *(node for block in blocks for node in block)])


def _imports_in(path: Path, nodes: Iterable[ast.AST]) -> set[str]:
    package = ["dify", *path.relative_to(PACKAGE).parts[:-1]]
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def room_of(module: str) -> str:
    """Return the layer that a module of ours belongs to; the public face is `dify/__init__.py` and the modules it exports."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] not in LAYERS:
        return "face"
    return parts[1]


BASE = {"types", "_log", "_lazy", "_readable", "_operations", "_version"}
"""Modules that import nothing of this package but each other."""

LAYERS = {
    **dict.fromkeys(BASE, BASE),
    "types": BASE | {"errors"},  # for arguments that cannot be sent
    "errors": BASE,
    "_net": BASE | {"_net"},
    "_config": BASE | {"errors", "_net"},
    "_protocol": BASE | {"errors", "_net", "_config", "_protocol"},
    "_streaming": BASE | {"errors", "_net", "_config", "_protocol", "_streaming"},
    "_async": BASE | {"errors", "_net", "_config", "_protocol", "_streaming", "_async"},
    "_sync": BASE | {"errors", "_net", "_config", "_protocol", "_streaming", "_sync"},
    "testing": BASE | {"errors", "_protocol", "face", "testing"},
    "cli": BASE | {"errors", "face", "testing", "cli"},
}
"""The layers of the package, each with the layers that it may import."""


def test_each_layer_imports_only_from_the_layers_below_it():
    offenders: dict[str, set[str]] = {}
    for path in FILES:
        layer = room_of(module_of(path))
        if layer != "face":  # it names public names of every layer
            ours = {module for module in imports_of(path) if module.startswith("dify.")}
            offenders[path.relative_to(PACKAGE).as_posix()] = {m for m in ours if room_of(m) not in LAYERS[layer]}
    assert {name: modules for name, modules in offenders.items() if modules} == {}


def module_of(path: Path) -> str:
    """Return the name of the module that a file holds."""
    return ".".join(["dify", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def test_no_modules_import_each_other():
    """Imports inside functions and for type checkers count, too; those of the public modules do not: they name everything."""
    modules = {module_of(path): path for path in FILES}
    needs = {
        name: {found for found in imports_of(path) & modules.keys() if not name.startswith(f"{found}.")} - {name}
        for name, path in modules.items()
        if room_of(name) != "face" and name not in ("dify.types", "dify.testing")
    }
    while True:  # a module whose imports are all gone is not part of a circle
        free = {name for name, imported in needs.items() if not imported & needs.keys()}
        if not free:
            break
        needs = {name: imported for name, imported in needs.items() if name not in free}
    assert {name: sorted(imported & needs.keys()) for name, imported in needs.items()} == {}


SEAMS = ("dify._protocol.delays", "dify._operations", "dify._lazy")  # made for the test kit


@pytest.mark.parametrize("room", ["testing", "cli"])
def test_the_test_kit_and_the_command_use_the_public_face_and_the_types_only(room):
    for path in sorted((PACKAGE / room).rglob("*.py")):
        private = {
            n for n in imports_of(path) if n.startswith("dify._") and "__" not in n and not n.startswith(f"dify.{room}")
        }
        others = {name for name in private if name != "dify._protocol" and not name.startswith(SEAMS)}
        assert others == set(), path.name


def test_every_module_is_there_for_whoever_has_all_extras():
    names = [".".join(["dify", *path.relative_to(PACKAGE).with_suffix("").parts]) for path in FILES]
    for name in (name.removesuffix(".__init__") for name in names if not name.endswith("__main__")):
        assert importlib.import_module(name).__name__ == name


def test_only_the_network_folder_names_the_http_libraries():
    # The emulator's doors are transports of httpx, and the test kit's responses are its responses.
    allowed = {"testing/emulator/asgi.py", "testing/builders/responses.py"}
    naming = {
        path.relative_to(PACKAGE).as_posix()
        for path in FILES
        if any(name.split(".")[0] in HTTP_LIBRARIES for name in imports_of(path))
    }
    assert {name for name in naming if not name.startswith("_net/")} == allowed


def test_asyncio_is_named_only_where_the_faces_differ():
    naming = {
        path.relative_to(PACKAGE).as_posix()
        for path in [*(PACKAGE / "_async").rglob("*.py"), *(PACKAGE / "_sync").rglob("*.py")]
        if any(name.split(".")[0] in ("asyncio", "anyio", "trio", "threading") for name in imports_of(path))
    }
    assert naming == {f"{face}/{name}" for face in ("_async", "_sync") for name in ("worker_group.py", "_io.py")}


def test_no_file_is_longer_than_a_reader_can_hold():
    lines = {path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > 600} == {}
