"""Exchanges recorded from a real server: tests/recordings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

ROOT = Path(__file__).resolve().parents[1] / "recordings"


@dataclass(frozen=True)
class Recording:
    """One exchange: what was asked, and what the server answered."""

    name: str
    operation: str | None
    app: str | None
    path: str
    query: dict[str, str]
    asked: Any
    status: int
    headers: dict[str, str]
    cut: bool
    body: Any
    content: bytes
    method: str = ""
    pairs: tuple[tuple[str, str], ...] = ()  # of the query, where a name may come twice
    asked_headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The JSON of every data frame, read without the client's own parser."""
        lines = self.content.replace(b"\r\n", b"\n").split(b"\n")
        return [json.loads(line[5:]) for line in lines if line.startswith(b"data:")]


def _read(path: Path) -> Recording:
    meta = json.loads(path.read_bytes())
    request, response = meta["request"], meta["response"]
    if "body_file" in response:
        content, body = path.with_name(response["body_file"]).read_bytes(), None
    else:
        body = response.get("body")
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else b""
    return Recording(
        name=f"{path.parent.name}/{path.stem}",
        operation=meta["operation_id"],
        app=meta["app"],
        path=request["path"],
        query={name: values[0] for name, values in parse_qs(request.get("query") or "").items()},
        asked=request.get("body"),
        status=response.get("status") or 0,
        headers={name.lower(): value for name, value in response.get("headers") or []},
        cut=bool(response.get("client_error")),
        body=body,
        content=content,
        method=request["method"],
        pairs=tuple(parse_qsl(request.get("query") or "")),
        asked_headers={name.lower(): value for name, value in request.get("headers") or []},
    )


@cache
def recording(name: str) -> Recording:
    """Return a recording by its name, such as "chat/stream_hello"."""
    return _read(ROOT / f"{name}.json")


@cache
def _all() -> tuple[Recording, ...]:
    return tuple(_read(path) for path in sorted(ROOT.glob("*/*.json")))


def recordings(wanted: Callable[[Recording], bool]) -> list[Recording]:
    """All recordings that fit."""
    return [one for one in _all() if wanted(one)]


def streams() -> list[Recording]:
    """Every recorded event stream."""
    return recordings(lambda one: one.is_stream and one.status == 200)


def errors() -> list[Recording]:
    """Every recorded refusal."""
    return recordings(lambda one: one.status >= 400)


def cuts(content: bytes, size: int) -> list[bytes]:
    """The content in chunks of `size` bytes; 0 for whole."""
    return [content[at : at + size] for at in range(0, len(content), size or len(content) or 1)]
