"""`InputFile`: from a URL, from an upload, from a stored id, and what no server can fetch is refused."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import ValidationError

from dify import InputFile, InvalidArgumentError

ID = "8f2c6f0e-5d38-4b6f-8a58-0c5b1e7f6b1d"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.com/cat.png", "image"),
        ("https://example.com/a/CAT.JPEG?size=big#top", "image"),
        ("http://example.com/cat.webp", "image"),
        ("https://example.com/a%20b.docx", "document"),
        ("https://example.com/notes.md", "document"),
        ("https://example.com/report.pdf", "document"),
        ("https://example.com/data.csv", "document"),
        ("https://example.com/talk.m4a", "audio"),
        ("https://example.com/talk.mp3", "audio"),
        ("https://example.com/film.mp4", "video"),
        ("https://example.com/film.webm", "video"),
    ],
)
def test_the_kind_is_guessed_from_the_name_in_the_url(url, kind):
    assert InputFile.from_url(url).type == kind
    assert InputFile.from_url(url, type="custom").type == "custom"


@pytest.mark.parametrize(
    "url", ["https://example.com/photos/200", "https://example.com/", "https://example.com/a.xyzzy"]
)
def test_a_name_that_says_nothing_needs_a_type(url):
    with pytest.raises(InvalidArgumentError, match="pass type=") as caught:
        InputFile.from_url(url)
    assert caught.value.param == "type"
    assert InputFile.from_url(url, type="image").url == url


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,iVBORw0KGgo=", "file:///tmp/cat.png", "/tmp/cat.png", "cat.png", "", "https://", "http:///a.png",
     "https://[::1/a.png", "ftp://example.com/a.png", "https://example.com/a b.png", None],
)  # fmt: skip
def test_what_no_server_can_fetch_is_refused(url):
    with pytest.raises(InvalidArgumentError, match=r"files\.upload") as caught:
        InputFile.from_url(url, type="image")
    assert caught.value.param == "url"


@pytest.mark.parametrize("id", [ID, UUID(ID), f" {ID}\n"])
def test_a_stored_id_becomes_a_file(id):
    file = InputFile.from_id(id, type="document")
    assert file == InputFile(type="document", transfer_method="local_file", upload_file_id=ID)


@pytest.mark.parametrize("id", ["", " ", None, 7, InputFile.from_id(ID, type="image")])
def test_what_is_no_id_is_refused(id):
    with pytest.raises(InvalidArgumentError, match=r"UploadedFile\.id"):
        InputFile.from_id(id, type="image")


@pytest.mark.parametrize("method", ["local_file", "remote_url"])
def test_a_file_without_its_source_is_refused(method):
    with pytest.raises(ValidationError, match="is missing"):
        InputFile(type="image", transfer_method=method)
