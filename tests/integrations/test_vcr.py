"""VCR.py records the exchanges of default clients, and replays them without the network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import vcr
from vcr.errors import CannotOverwriteExistingCassetteException

from dify import AsyncDify, Dify
from dify.testing import Emulator

HIDDEN = ["authorization"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(lambda request: ["one ", "two"]) as emulator:
        yield emulator


def settings(url: str) -> dict:
    return {"api_key": "app-x", "user": "alice", "base_url": url, "trust_env": False, "max_retries": 0}


def plain_calls(url: str) -> list[object]:
    with Dify(**settings(url)) as client:
        texts = list(client.chat.stream("Hi").text_stream)
        uploaded = client.files.upload(("a.txt", b"hello"))
        client.chat.send("look", files=[uploaded])
        return [client.app.info().name, texts, uploaded.id, client.files.download(uploaded.id).read()]


async def calls(url: str) -> list[object]:
    async with AsyncDify(**settings(url)) as client:
        texts = [text async for text in client.chat.stream("Hi").text_stream]
        uploaded = await client.files.upload(("a.txt", b"hello"))
        await client.chat.send("look", files=[uploaded])
        return [(await client.app.info()).name, texts, uploaded.id, await client.files.download(uploaded.id).read()]


def test_calls_are_recorded_and_replayed(emulator, tmp_path):
    cassette = str(tmp_path / "cassette.yaml")
    with emulator.serve() as url:
        with vcr.use_cassette(cassette, filter_headers=HIDDEN) as recorded:
            first = plain_calls(url)
        assert len(recorded) == len(emulator.requests) == 5
        assert "app-x" not in (tmp_path / "cassette.yaml").read_text()
        with vcr.use_cassette(cassette, record_mode="none", filter_headers=HIDDEN) as played:
            assert plain_calls(url) == first
        assert played.all_played
        assert len(emulator.requests) == 5
    assert first == [first[0], ["one ", "two", ""], first[2], b"hello"]


async def test_calls_of_an_async_client_are_recorded_and_replayed(emulator, tmp_path):
    cassette = str(tmp_path / "cassette.yaml")
    with emulator.serve() as url:
        with vcr.use_cassette(cassette, filter_headers=HIDDEN) as recorded:
            first = await calls(url)
        assert len(recorded) == len(emulator.requests) == 5
        with vcr.use_cassette(cassette, record_mode="none", filter_headers=HIDDEN):
            assert await calls(url) == first
        assert len(emulator.requests) == 5


def test_nothing_reaches_out_without_a_recording(emulator, tmp_path):
    cassette = vcr.use_cassette(str(tmp_path / "none.yaml"), record_mode="none")
    refused = pytest.raises(CannotOverwriteExistingCassetteException)
    with emulator.serve() as url, cassette, Dify(**settings(url)) as client, refused:
        client.app.info()
    assert emulator.requests == []
