"""`no_waits`: the client's delays are skipped and recorded, and time limits of polling still hold."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dify import APITimeoutError, AsyncDify, Dify, IndexingTimeoutError
from dify.testing import Emulator, no_waits

pytest_plugins = ["pytester"]

LONG = 3600.0
"""Seconds of a delay that no test could wait for."""


@pytest.fixture(params=["async", "sync"])
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def perform(face: str, emulator: Emulator, call: Callable[[Any], Any], **settings: Any) -> Any:
    """Make a call with a client of the face, and return its result."""
    if face == "sync":
        return call(emulator.sync_client(user="alice", **settings))

    async def awaiting() -> Any:
        return await call(emulator.client(user="alice", **settings))

    return asyncio.run(awaiting())


def test_the_pause_that_a_server_asks_for_is_recorded_and_not_made(face: str) -> None:
    with Emulator() as emulator, no_waits() as waits:
        emulator.fail_next(429, retry_after=45)
        reply = perform(face, emulator, lambda client: client.chat.send("Hello"))
    assert reply.answer == "Echo: Hello"
    assert waits == [45]


def test_backoff_is_recorded_in_order(face: str) -> None:
    with Emulator() as emulator, no_waits() as waits:
        emulator.fail_next(503, times=4)
        perform(face, emulator, lambda client: client.app.info(), max_retries=4)
    assert len(waits) == 4
    assert all(0 <= wait <= longest for wait, longest in zip(waits, [0.5, 1, 2, 4], strict=True))


def never_indexed(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": [{"id": "d-1", "indexing_status": "indexing"}]})


def never_done(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"job_id": "j-1", "job_status": "processing", "error_msg": ""})


KEYS = {"base_url": "https://dify.test/v1", "api_key": "app-test-key", "knowledge_api_key": "dataset-test-key"}


def test_the_skipped_seconds_count_for_the_time_limit_of_polling() -> None:
    documents = Dify(**KEYS, http_client=httpx.Client(transport=httpx.MockTransport(never_indexed))).knowledge.documents
    with no_waits() as waits, pytest.raises(IndexingTimeoutError):
        documents.wait_indexed("k", "b", timeout=2.5 * LONG, poll_interval=LONG)
    assert waits == [LONG, LONG, LONG / 2]


async def test_the_same_holds_for_the_jobs_of_annotations() -> None:
    with no_waits() as waits:
        async with httpx.AsyncClient(transport=httpx.MockTransport(never_done)) as http:
            annotations = AsyncDify(**KEYS, http_client=http).annotations
            with pytest.raises(APITimeoutError):
                await annotations.wait_reply("enable", "j-1", timeout=LONG + 1, poll_interval=LONG)
    assert waits == [LONG, 1]


def test_it_holds_for_all_threads() -> None:
    with Emulator() as emulator, no_waits() as waits:
        emulator.fail_next(429, retry_after=50, times=2)
        client = emulator.sync_client(user="alice")
        threads = [threading.Thread(target=client.app.info) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert waits == [50, 50]


def test_the_innermost_block_records() -> None:
    with Emulator() as emulator, no_waits() as outer:
        client = emulator.sync_client(user="alice")
        emulator.fail_next(429, retry_after=10)
        client.app.info()
        with no_waits() as inner:
            emulator.fail_next(429, retry_after=20)
            client.app.info()
        emulator.fail_next(429, retry_after=30)
        client.app.info()
    assert (outer, inner) == ([10, 30], [20])


def test_after_the_block_pauses_are_made_again(face: str) -> None:
    with pytest.raises(ZeroDivisionError), no_waits():
        raise ZeroDivisionError
    with Emulator() as emulator, no_waits() as before:
        pass
    with Emulator() as emulator:
        emulator.fail_next(429, retry_after=0.2)
        begun = time.monotonic()
        perform(face, emulator, lambda client: client.app.info())
        assert time.monotonic() - begun >= 0.2
    assert before == []


def test_a_time_limit_that_began_inside_ends_no_later_outside() -> None:
    from dify._protocol.delays import now, skipped

    before = now()
    with no_waits():
        assert skipped(1000)
        assert now() >= before + 1000
        inside = now()
        assert now() == inside  # only delays make time pass
    assert not skipped(0.0)
    assert now() >= inside


def test_the_fixture_skips_pauses_of_the_code_under_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["dify.testing.pytest"]\n')
    pytester.makeini("[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(
        """
        def test_a_busy_server(dify_emulator, dify_sync_client, dify_no_waits):
            dify_emulator.fail_next(429, retry_after=60)
            assert dify_sync_client.chat.send("Hi").answer == "Echo: Hi"
            assert dify_no_waits == [60]
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
