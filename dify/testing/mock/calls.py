"""The calls of the code under test."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload
from urllib.parse import parse_qsl

from ..builders.responses import Request
from ..request_fields import RequestFields

__all__ = ["Calls", "MockCall", "SentFile", "call_of"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file in a multipart body."""

    part: str
    """Name of the part."""
    filename: str
    """File name."""
    content: bytes = field(repr=False)
    """Content of the file."""
    mime_type: str = "application/octet-stream"
    """MIME type."""


@dataclass(frozen=True)
class MockCall(RequestFields):
    """A call that the mock received."""

    operation: str
    """Id of the operation in Dify's API description."""
    call: str
    """Method of the client that makes the call, such as "chat.send"."""
    method: str
    """HTTP method."""
    path: str
    """Path below the base URL."""
    path_params: dict[str, str]
    """Ids in the path, by name."""
    params: dict[str, str]
    """Query parameters; the last value of repeated ones."""
    json: Any
    """JSON body. None if there is none."""
    form: dict[str, str] | None
    """Fields of a multipart body, without its files. None if there is none."""
    uploads: tuple[SentFile, ...]
    """Files of a multipart body."""
    headers: dict[str, str] = field(repr=False)
    """Headers, with lower-case names and without the key."""
    key: Literal["app", "knowledge", "none"]
    """Kind of the key."""
    api_key: str | None = field(repr=False)
    """The key; never part of the repr. None if there is none."""

    @property
    def user(self) -> str | None:
        """End user of the call."""
        return self.body.get("user") or (self.form or {}).get("user") or self.params.get("user")

    def __str__(self) -> str:
        user = f" by {self.user!r}" if self.user else ""
        asked = f" {self.query!r}" if self.query else ""
        return f"{self.call}{asked}{user} ({self.method} {self.path})"


class Calls(Sequence[MockCall]):
    """The calls of a mock, oldest first; a sequence."""

    def __init__(self, calls: Sequence[MockCall] = ()) -> None:
        self._calls = list(calls)

    def add(self, call: MockCall) -> None:
        """Add a call."""
        self._calls.append(call)

    @overload
    def __getitem__(self, index: int) -> MockCall: ...
    @overload
    def __getitem__(self, index: slice) -> Calls: ...
    def __getitem__(self, index: int | slice) -> MockCall | Calls:
        return Calls(self._calls[index]) if isinstance(index, slice) else self._calls[index]

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[MockCall]:
        return iter(tuple(self._calls))

    @property
    def last(self) -> MockCall:
        """The last call.

        Raises:
            AssertionError: There was no call.
        """
        if not self._calls:
            raise AssertionError("no call was made")
        return self._calls[-1]

    def of(self, name: str) -> Calls:
        """Return the calls of an operation.

        Args:
            name: The operation's name in Dify's API description, or the client's method: "chat.send".
        """
        return Calls([call for call in self._calls if name in (call.operation, call.call)])

    def __repr__(self) -> str:
        return f"[{', '.join(map(str, self._calls))}]"


def call_of(request: Request, operation: str, call: str, path_params: dict[str, str]) -> MockCall:
    """Return a request as a call of an operation. The body must have been read."""
    headers = dict(request.headers)
    _, _, api_key = headers.pop("authorization", "").partition(" ")
    content = request.content
    content_type = headers.get("content-type", "")
    body: Any = None
    form: dict[str, str] | None = None
    uploads: list[SentFile] = []
    if content_type.startswith("multipart/form-data"):
        form, uploads = _parts(content, content_type)
    elif content:
        body = json.loads(content)
    return MockCall(
        operation=operation,
        call=call,
        method=request.method,
        path=below_base(request.url.path),
        path_params=path_params,
        params=dict(parse_qsl(request.url.query.decode(), keep_blank_values=True)),
        json=body,
        form=form,
        uploads=tuple(uploads),
        headers=headers,
        key="none" if not api_key else "knowledge" if api_key.startswith("dataset-") else "app",
        api_key=api_key or None,
    )


def below_base(path: str) -> str:
    """Return a path below the base URL."""
    _, found, rest = path.partition("/v1/")
    return f"/{rest}" if found else path


def _parts(content: bytes, content_type: str) -> tuple[dict[str, str], list[SentFile]]:
    boundary = b"--" + content_type.partition("boundary=")[2].strip('"').encode()
    form: dict[str, str] = {}
    files: list[SentFile] = []
    for part in content.split(boundary)[1:-1]:
        head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        body = body.removesuffix(b"\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.decode().split("\r\n"))
        }
        told = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', headers.get("content-disposition", "")))
        if "filename" in told:
            kind = headers.get("content-type", "application/octet-stream")
            files.append(SentFile(told.get("name", ""), told["filename"].replace("%22", '"'), body, kind))
        else:
            form[told.get("name", "")] = body.decode()
    return form, files
