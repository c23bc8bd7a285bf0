"""Another package with the name `dify` in the same folder is reported when the package is imported."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import dify
from dify._mixed_install import PUBLIC, warn_of_other_packages

FOLDER = Path(dify.__file__).parent


def test_the_files_of_this_package_are_all_known():
    assert {path.name for path in FOLDER.iterdir() if path.name[0] not in "_."} == PUBLIC
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_other_packages(str(FOLDER))


def test_files_of_another_package_are_named(tmp_path):
    for name in ("__init__.py", "_log.py", "types", ".DS_Store", "app", "http.py"):
        (tmp_path / name).touch()
    with pytest.warns(RuntimeWarning, match=r"files of another package: app, http\.py\. Packages such as dify-sdk"):
        warn_of_other_packages(str(tmp_path))


def test_a_folder_that_cannot_be_listed_is_no_reason_to_fail(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_other_packages(str(tmp_path / "package.zip" / "dify"))


def test_the_import_warns(tmp_path):
    for name in ("__init__.py", "_lazy.py", "_mixed_install.py", "_version.py"):
        (tmp_path / "dify").mkdir(exist_ok=True)
        shutil.copy(FOLDER / name, tmp_path / "dify" / name)
    (tmp_path / "dify" / "admin_client.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", "import dify"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "RuntimeWarning" in done.stderr
    assert "admin_client.py" in done.stderr
