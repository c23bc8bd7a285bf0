"""The sample project in docs/examples/bot: its own tests pass, with the public test kit and nothing else of ours."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BOT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "bot"


@pytest.mark.slow
def test_its_tests_pass_where_no_source_tree_is_near(tmp_path):
    project = tmp_path / "bot"
    shutil.copytree(BOT, project, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env={name: value for name, value in os.environ.items() if not name.startswith("DIFY_")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^(\d+) passed in", done.stdout, re.MULTILINE)
    assert passed is not None, done.stdout
    assert int(passed[1]) >= 19


def test_it_imports_public_names_only():
    for path in BOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dify":
                public = importlib.import_module(node.module or "").__all__
                assert {alias.name for alias in node.names} <= set(public), path.name
