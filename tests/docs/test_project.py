"""The workflows and hooks agree with the metadata of the project."""

from __future__ import annotations

import re
import tomllib

from .blocks import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_ci_runs_on_every_supported_python():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    listed = re.search(r"^ +python: \[(.+)\]$", workflow, re.MULTILINE)
    assert listed is not None
    classifiers = re.findall(r"'Programming Language :: Python :: (3\.\d+)'", str(PROJECT["classifiers"]))
    assert re.findall(r"3\.\d+", listed[1]) == classifiers
    assert PROJECT["requires-python"] == f">={classifiers[0]}"


def test_ci_and_the_hooks_check_every_generated_file():
    writers = {path.name for path in (ROOT / "scripts").glob("*_page*.py")} | {"unasync.py"}
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert {name for name in writers if f"scripts/{name} --check" not in hooks} == set()
    assert {name for name in writers if name.removesuffix(".py") not in ci} == set()


def test_a_release_is_published_only_after_ci_and_for_the_version_of_the_package():
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    jobs = dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n)+)", workflow, re.MULTILINE))
    assert "uses: ./.github/workflows/ci.yml" in jobs["ci"]
    assert "needs: ci" in jobs["build"]
    assert "needs: build" in jobs["publish"]
    assert '["project"]["version"]' in jobs["build"]
    assert "id-token: write" in jobs["publish"]


def test_the_paths_in_contributing_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`((?:dify|tests|docs|scripts)/[\w./-]*|\.ci/run)`", text))
    assert len(paths) > 30
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []
