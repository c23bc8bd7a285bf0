"""The fault server as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | {
    "NO_PROXY": "*",
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Faults:
    """A running fault server."""

    def __init__(self, bases: dict[str, Any]) -> None:
        self.base = str(bases["main"])

    def get(self, path: str) -> Any:
        """Return the JSON of one of the pages that the server has about itself."""
        with urllib.request.urlopen(self.base + path, timeout=60) as response:
            return json.loads(response.read())

    def catalogue(self, group: str) -> list[dict[str, Any]]:
        """Return the faults of a group."""
        return [fault for fault in self.get("/__catalog__") if fault["group"] == group]

    def connections(self) -> int:
        """Return the number of open connections, without the one of this request."""
        return int(self.get("/__conns__")["open"])


@contextmanager
def fault_server() -> Iterator[Faults]:
    """Run the server while the block lasts."""
    command = [sys.executable, "-m", "tests.faults.tools.faultserver"]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            yield Faults(json.loads(program.stdout.readline()))
        finally:
            program.kill()
