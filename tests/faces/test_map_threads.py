"""A map on threads whose inputs keep a thread waiting: leaving it waits for no input, and closes none that runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from dify import Dify
from dify.testing import Emulator


class Source:
    """Inputs that come as the test puts them in, and tell what is done with them."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.waiting = threading.Event()
        self.closed = threading.Event()

    def rows(self) -> Iterator[dict[str, Any]]:
        try:
            while True:
                if self.queue.empty():
                    self.waiting.set()
                yield self.queue.get()
        finally:
            self.closed.set()


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_leaving_the_loop_does_not_wait_for_the_next_input(concurrency: int) -> None:
    source, left = Source(), threading.Event()
    source.queue.put({"n": 0})
    emulator = Emulator(mode="workflow")

    def walk(client: Dify) -> None:
        with client.workflows.map(source.rows(), concurrency=concurrency) as results:
            for result in results:
                assert result.error is None
                assert source.waiting.wait(60)
                break
        left.set()

    with emulator, emulator.sync_client(user="alice") as client:
        walker = threading.Thread(target=walk, args=(client,), daemon=True)
        walker.start()
        assert left.wait(60)
        assert not source.closed.is_set()  # a thread is inside them: nobody else can close them
        source.queue.put({"n": 1})
        assert source.closed.wait(60)  # that thread does, when it comes back
        walker.join()
        assert len(emulator.requests) == 1, "what came after the end is not sent"


def test_closing_from_another_thread_ends_a_walk_that_waits_for_inputs() -> None:
    source, found = Source(), list[int]()
    emulator = Emulator(mode="workflow")
    with emulator, emulator.sync_client(user="alice") as client:
        results = client.workflows.map(source.rows(), concurrency=2)
        walker = threading.Thread(target=lambda: found.extend(result.index for result in results), daemon=True)
        walker.start()
        assert source.waiting.wait(60)
        results.close()
        walker.join(60)
        assert not walker.is_alive()
        source.queue.put({"n": 0})
        assert source.closed.wait(60)
    assert found == []
    assert emulator.requests == []


def test_a_callback_that_closes_the_results_does_not_wait_for_itself() -> None:
    emulator = Emulator(mode="workflow")
    with emulator, emulator.sync_client(user="alice") as client:
        results = client.workflows.map(
            ({"n": n} for n in range(20)), on_start=lambda *_: results.close(), concurrency=1
        )
        assert list(results) == []
        assert len(emulator.requests) == 1
