"""Multipart forms: the bytes before and after the file.

`_async/upload_body.py` streams the file.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

__all__ = ["form_envelope"]


def form_envelope(filename: str, mime_type: str, form: Mapping[str, str]) -> tuple[str, bytes, bytes]:
    """Return content type, head and tail of a multipart form.

    The content of its file belongs between head and tail.

    httpx encodes the form with an empty file, so that names and quoting are its own. The file can then be read in a thread
    while it is sent, where httpx would read it on the event loop.
    """
    request = httpx.Request("POST", "http://localhost/", data=dict(form), files={"file": (filename, b"", mime_type)})
    content_type = request.headers["content-type"]
    body = request.read()
    tail = f"\r\n--{content_type.partition('boundary=')[2]}--\r\n".encode()
    return content_type, body.removesuffix(tail), tail
