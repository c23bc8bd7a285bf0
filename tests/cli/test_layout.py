"""The layout of `dify/cli`: its modules import each other without circles, at the top of a file and inside of functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import dify

PACKAGE = Path(dify.__file__).parent / "cli"


def parts_of(path: Path) -> list[str]:
    parts = ["dify", "cli", *path.relative_to(PACKAGE).with_suffix("").parts]
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports_in(node: ast.AST) -> Iterator[ast.ImportFrom]:
    """Yield relative imports, except those for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.ImportFrom) and child.level:
            yield child
        yield from imports_in(child)


def import_graph(sources: Mapping[Path, str]) -> dict[str, set[str]]:
    """Return the modules that each module imports."""
    modules = {".".join(parts_of(path)) for path in sources}
    graph: dict[str, set[str]] = {}
    for path, source in sources.items():
        parts = parts_of(path)
        package = parts if path.name == "__init__.py" else parts[:-1]
        names: set[str] = set()
        for node in imports_in(ast.parse(source)):
            base = [*package[: len(package) - node.level + 1], *(node.module.split(".") if node.module else [])]
            names |= {".".join(base), *(".".join([*base, alias.name]) for alias in node.names)}
        graph[".".join(parts)] = (names & modules) - {".".join(parts)}
    return graph


def find_circle(graph: Mapping[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str] | None:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        for imported in sorted(graph[module]):
            if (circle := visit(imported, [*path, module])) is not None:
                return circle
        done.add(module)
        return None

    return next((circle for module in sorted(graph) if (circle := visit(module, [])) is not None), None)


@pytest.fixture(scope="module")
def sources() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}


def test_the_modules_of_the_command_import_each_other_in_no_circle(sources: dict[Path, str]) -> None:
    graph = import_graph(sources)
    assert "dify.cli.chat.ask" in graph["dify.cli.chat.interactive"]
    assert find_circle(graph) is None


def test_a_circle_is_noticed_also_where_an_import_is_inside_of_a_function(sources: dict[Path, str]) -> None:
    ask = PACKAGE / "chat" / "ask.py"
    changed = {**sources, ask: sources[ask] + "\ndef later():\n    from .interactive import converse\n"}
    circle = find_circle(import_graph(changed))
    assert circle is not None
    assert {"dify.cli.chat.ask", "dify.cli.chat.interactive"} <= set(circle)
