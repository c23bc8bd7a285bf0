"""Multipart forms as they are on the wire, read without the client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any


@dataclass(frozen=True)
class Form:
    """A multipart form with one file."""

    fields: dict[str, Any]
    filename: str
    mime_type: str
    content: bytes


def form_of(body: bytes) -> Form:
    """A form as it is on the wire; `data` is JSON text, and read as such."""
    boundary = body.partition(b"\r\n")[0][2:]
    message = message_from_bytes(b"Content-Type: multipart/form-data; boundary=" + boundary + b"\r\n\r\n" + body)
    fields: dict[str, Any] = {}
    files: list[Form] = []
    for part in message.get_payload():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        filename = _filename(part)
        if filename is None:
            fields[name] = json.loads(content) if name == "data" else content.decode()
        else:
            assert name == "file"
            files.append(Form(fields, filename, part.get_content_type(), content))
    assert len(files) == 1
    return files[0]


def _filename(part: Message) -> str | None:
    """The file name as it is on the wire, in UTF-8; `get_filename` knows ASCII alone."""
    disposition = dict(part.raw_items())["Content-Disposition"].encode("ascii", "surrogateescape").decode()
    _, named, rest = disposition.partition('filename="')
    return rest.partition('"')[0] if named else None


def recorded_form(asked: Mapping[str, Any]) -> Form:
    """The form of a recorded request."""
    if "_raw" in asked:
        return form_of(asked["_raw"].encode())
    # Of a large one only the head was kept; the rest of it is as its beginning.
    head = asked["_head"].encode()
    start = head.rindex(b"\r\n\r\n") + 4
    tail = b"\r\n--" + head.partition(b"\r\n")[0][2:] + b"--\r\n"
    return form_of(head[:start] + head[-1:] * (asked["_raw_len"] - start - len(tail)) + tail)
