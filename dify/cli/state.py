"""The files that the command keeps between runs, in the user's state directory."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["replace_file", "state_folder"]


def state_folder() -> Path:
    """Return the directory: `dify` in `XDG_STATE_HOME`, by default `~/.local/state`; on Windows in `LOCALAPPDATA`."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "dify"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "dify"


def replace_file(path: Path, content: str) -> None:
    """Replace a file atomically by one that only its owner can read; create its directory.

    Raises:
        OSError: The file cannot be written. The old file, if any, is unchanged.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # created with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
