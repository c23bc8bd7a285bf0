"""A multipart form taken apart part by part by the standard library, not by what wrote it."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import NamedTuple

import httpx


class Part(NamedTuple):
    name: str
    filename: str | None
    mime_type: str
    content: bytes


def parts_of(request: httpx.Request) -> list[Part]:
    """The parts of a request's form, in their order."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + request.content)
    assert form.is_multipart(), "no multipart form"
    assert not form.defects
    return [
        Part(
            name=part.get_param("name", header="content-disposition"),
            filename=part.get_filename(),
            mime_type=part.get_content_type(),
            content=part.get_payload(decode=True),
        )
        for part in form.iter_parts()
    ]
