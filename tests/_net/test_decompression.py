"""Gzip is decompressed in pieces of bounded size, whatever the size of the chunks, and what it lacks is noticed."""

from __future__ import annotations

import gzip
import zlib
from random import Random

import pytest

from dify._net.decompression import Inflater

FIRST, SECOND = b"first " * 50_000, Random(1).randbytes(40_000)
SIZES = [1, 7, 1000, 1 << 20]


def read(body: bytes, size: int = 1 << 20) -> tuple[bytes, Inflater, ValueError | None]:
    """Return the content of a body that arrives in chunks of a size, its reader, and the error at the end."""
    inflater = Inflater("gzip")
    content = bytearray()
    try:
        for start in range(0, len(body), size):
            for piece in inflater.feed(body[start : start + size]):
                assert 0 < len(piece) <= 1 << 18
                content += piece
    except ValueError as error:
        return bytes(content), inflater, error
    return bytes(content), inflater, None


@pytest.mark.parametrize("size", SIZES)
def test_all_members_are_read(size: int) -> None:
    body = gzip.compress(FIRST) + gzip.compress(b"") + gzip.compress(SECOND)
    content, inflater, error = read(body, size)
    assert content == FIRST + SECOND
    assert inflater.whole
    assert error is None


@pytest.mark.parametrize("size", SIZES)
def test_zero_bytes_after_a_member_are_ignored(size: int) -> None:
    body = gzip.compress(FIRST) + bytes(3000) + gzip.compress(SECOND) + bytes(10)
    content, inflater, error = read(body, size)
    assert content == FIRST + SECOND
    assert inflater.whole
    assert error is None


@pytest.mark.parametrize("missing", [1, 8, 9, 20, 3000])
def test_a_second_member_that_breaks_off_is_noticed(missing: int) -> None:
    content, inflater, error = read((gzip.compress(FIRST) + gzip.compress(SECOND))[:-missing])
    assert content.startswith(FIRST)
    assert not inflater.whole
    assert error is None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("start", ["within a member", "after a member"])
def test_other_data_after_gzip_is_an_error_after_the_content_before_it(start: str, size: int) -> None:
    packer = zlib.compressobj(wbits=31)
    end = zlib.Z_SYNC_FLUSH if start == "within a member" else zlib.Z_FINISH
    body = packer.compress(FIRST + SECOND) + packer.flush(end) + b"\xff raw bytes"
    content, inflater, error = read(body, size)
    assert content == FIRST + SECOND
    assert inflater.broken
    assert "broke off, and other data followed" in str(error)


@pytest.mark.parametrize("position", [-8, -1], ids=["checksum", "length"])
def test_content_that_differs_from_its_checksum_is_not_returned(position: int) -> None:
    body = bytearray(gzip.compress(SECOND))
    body[position] ^= 1
    content, inflater, error = read(bytes(body))
    assert content == b""
    assert not inflater.broken
    assert "is corrupt" in str(error)


def test_a_body_that_does_not_begin_as_gzip_is_not_a_broken_one() -> None:
    content, inflater, error = read(b'{"answer": "plain"}')
    assert content == b""
    assert not inflater.broken
    assert "its body is not" in str(error)


def test_nothing_is_held_back_when_a_piece_is_full() -> None:
    # Zlib stops within the last match if the piece is full: its end must not wait for the next chunk.
    for length in range((1 << 18) - 300, (1 << 18) + 600, 37):
        packer = zlib.compressobj(wbits=31)
        body = packer.compress(b"a" * length) + packer.flush(zlib.Z_SYNC_FLUSH)
        assert len(b"".join(Inflater("gzip").feed(body))) == length


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_data_without_an_encoding_is_returned_as_it_is(encoding: str) -> None:
    inflater = Inflater(encoding)
    assert list(inflater.feed(b"\x1f\x8b")) == [b"\x1f\x8b"]
    assert inflater.known
    assert inflater.whole


def test_an_empty_body_is_whole() -> None:
    assert Inflater("gzip").whole
