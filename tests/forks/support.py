"""A server whose answers name their question, so that an answer to another process's question is noticed."""

from __future__ import annotations

import os

from ..support import raw_frames as frames
from ..support.server import Exchange, Server


def echo(x: Exchange) -> None:
    """Answer with the query, in a stream of several packets."""
    query = str(x.request.json["query"])
    x.sse(frames.PING, *(frames.message(letter) for letter in query), frames.message_end())
    x.end()


def environment_of(server: Server) -> dict[str, str]:
    """Return the environment of a program whose clients use the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DIFY_")}
    return kept | {"DIFY_API_KEY": "app-test-key", "DIFY_BASE_URL": server.url, "PYTHONWARNINGS": "error"}
