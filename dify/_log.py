"""The logger "dify": one line per request, without keys and bodies.

`DIFY_LOG=info` or `DIFY_LOG=debug` in the environment prints it to standard error; otherwise the logger is silent until the
application configures logging.
"""

from __future__ import annotations

import logging
import os

__all__ = ["log", "redact"]

log = logging.getLogger("dify")
log.addHandler(logging.NullHandler())


def configure() -> None:
    """Configure the logger from `DIFY_LOG`, once."""
    level = os.environ.get("DIFY_LOG", "").upper()
    if level not in ("INFO", "DEBUG") or any(isinstance(h, logging.StreamHandler) for h in log.handlers):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(level)


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """Return a text with the keys masked, in case a server or URL repeats one."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
