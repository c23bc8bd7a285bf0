"""House rules: who may import whom, who names the HTTP library, how long a file may be."""

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "dify"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))
HTTP_LIBRARIES = {"httpx", "httpx_sse", "httpcore", "h11", "aiohttp", "httpx_aiohttp"}


@cache
def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, relative ones resolved to their full name."""
    package = ["dify", *path.relative_to(PACKAGE).parts[:-1]]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def room_of(module: str) -> str:
    """The room a module of ours lies in: _async, _sync, types, testing, cli, or "pure"."""
    parts = module.split(".")
    if len(parts) > 1 and parts[1] in ("_async", "_sync", "types", "testing", "cli"):
        return parts[1]
    return "pure"


MAY_IMPORT = {
    "types": {"types"},
    "pure": {"types", "pure"},
    "_async": {"types", "pure", "_async"},
    "_sync": {"types", "pure", "_sync"},
    # The public face is dify/__init__.py and dify/errors.py, which count as pure.
    "testing": {"types", "pure", "testing"},
    "cli": {"types", "pure", "testing", "cli"},
}


def test_each_room_imports_only_from_the_rooms_below_it():
    offenders: dict[str, set[str]] = {}
    for path in FILES:
        name = path.relative_to(PACKAGE)
        room = room_of(".".join(["dify", *name.with_suffix("").parts]))
        ours = {module for module in imports_of(path) if module.split(".")[0] == "dify"}
        offenders[name.as_posix()] = {module for module in ours if room_of(module) not in MAY_IMPORT[room]}
    for facade in ("__init__.py", "streams.py", "types/__init__.py"):  # they name public names for type checkers
        del offenders[facade]
    assert {name: modules for name, modules in offenders.items() if modules} == {}


SEAMS = ("dify._protocol.waits", "dify._operations")  # made for the test kit


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
    assert naming == {f"{face}/{name}" for face in ("_async", "_sync") for name in ("_crew.py", "_io.py")}


def test_no_file_is_longer_than_a_reader_can_hold():
    lines = {path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > 600} == {}
