"""House rules of the test kit."""

import ast
from pathlib import Path

TESTING = Path(__file__).resolve().parents[2] / "dify" / "testing"


def test_the_modules_that_tests_call_leave_their_frames_out_of_tracebacks():
    modules = [*(TESTING / "mock").glob("*.py"), *(TESTING / "builders").rglob("*.py"), TESTING / "pytest.py"]
    with_functions = [path for path in modules if any(isinstance(n, ast.FunctionDef) for n in ast.walk(tree_of(path)))]
    assert len(with_functions) > 20
    shown = [path.relative_to(TESTING).as_posix() for path in with_functions if not hides_frames(tree_of(path))]
    assert shown == []


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def hides_frames(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Assign) and "__tracebackhide__" in ast.unparse(node) for node in tree.body)
