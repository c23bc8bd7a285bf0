"""The files that the command keeps between runs, in the user's state directory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replace_file", "replacing", "state_folder"]


def state_folder() -> Path:
    """Return the directory: `dify` in `XDG_STATE_HOME`, by default `~/.local/state`; on Windows in `LOCALAPPDATA`."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "dify"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "dify"


@contextmanager
def replacing(path: Path, *, mode: int = 0o600) -> Generator[Path]:
    """Replace a file atomically by the one that the block writes.

    Args:
        path: The file.
        mode: The permissions of the new file, which only its owner can read until the block ends.

    Raises:
        OSError: The file cannot be written. The old file, if any, is unchanged.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # created with mode 0600
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def replace_file(path: Path, content: str) -> None:
    """Replace a file atomically by one that only its owner can read; create its directory.

    Raises:
        OSError: The file cannot be written. The old file, if any, is unchanged.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
