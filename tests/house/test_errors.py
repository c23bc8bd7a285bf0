"""House rules of errors: each names its argument, and the documentation has every reason."""

import ast
import re
from pathlib import Path
from typing import get_args

import dify
from dify.errors import ErrorReason

ROOT = Path(__file__).resolve().parents[2]
NAMING = {"ConfigurationError", "InvalidArgumentError"}


def test_an_error_about_the_arguments_names_the_argument():
    """`param=None` stands for an error that no single argument causes."""
    nameless: list[str] = []
    for path in sorted((ROOT / "dify").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMING:
                keywords = {keyword.arg for keyword in node.keywords}
                if not keywords & {"param", "reason", None}:
                    nameless.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert nameless == []


def test_every_reason_is_documented_where_users_look():
    reasons = set(get_args(ErrorReason))
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    table = page.split("| `reason` |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == reasons
    documented = re.findall(
        r'"(\w+)"(?=[^:]*: )', (dify.DifyError.__doc__ or "").split("several:")[1].split("sent:")[0]
    )
    assert set(documented) >= reasons


def test_every_reason_is_given_by_some_code():
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "dify").rglob("*.py")
        if path.name != "errors.py" and "cli" not in path.parts
    )
    assert {reason for reason in get_args(ErrorReason) if f'"{reason}"' not in code} == set()
