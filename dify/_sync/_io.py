"""What differs by nature between the two faces: waiting, threads, deadlines. Hand-written on both sides.

A blocked read cannot be cancelled: what would end it is a watchdog thread that shuts the connection down. It is started only
where a wait really has an end of its own, and costs nothing elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from inspect import iscoroutine
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

from .._files import CHUNK, Upload, pieces_of
from .._http import HTTPError
from ..errors import InvalidArgumentError, UsageError

if TYPE_CHECKING:
    from .pager import Page

__all__ = [
    "Crew",
    "Deadline",
    "FirstPage",
    "Guard",
    "Slots",
    "answer_of",
    "current_loop",
    "each",
    "in_thread",
    "lock",
    "move_on_after",
    "read_upload",
    "run_many",
    "shielded",
    "sleep",
]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work: here, at once, where the caller waits anyway."""
    return work(*args, **kwargs)


class _Watchdog:
    """Calls `cut` after so many seconds, from a thread of its own, unless it is called off before."""

    def __init__(self, seconds: float, cut: Callable[[], object]) -> None:
        self.bit = False
        self._cut = cut
        self._timer = threading.Timer(seconds, self._bite)
        self._timer.daemon = True
        self._timer.start()

    def _bite(self) -> None:
        self.bit = True
        self._cut()

    def call_off(self) -> None:
        self._timer.cancel()
        self._timer.join()  # so that no thread outlives the call it watched


class Deadline:
    """Raises `TimeoutError` in its block after so many seconds; None for never. Can be started over from inside.

    Without a `cut` nothing can end a blocked read from outside; the library's own timeouts, one per read, then have to do.
    """

    def __init__(self, seconds: float | None, cut: Callable[[], object] | None = None) -> None:
        self._seconds = seconds
        self._cut = cut
        self._dog: _Watchdog | None = None

    def __enter__(self) -> Deadline:
        if self._seconds is not None and self._cut is not None:
            self._dog = _Watchdog(self._seconds, self._cut)
        return self

    def restart(self) -> None:
        """Count anew from now."""
        if self._dog is not None and self._seconds is not None and self._cut is not None:
            self._dog.call_off()
            self._dog = _Watchdog(self._seconds, self._cut)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if self._dog is None:
            return
        self._dog.call_off()
        if self._dog.bit and (error is None or isinstance(error, HTTPError)):
            raise TimeoutError from None


@contextmanager
def move_on_after(seconds: float, cut: Callable[[], object]) -> Generator[None]:
    """Leave the block after so many seconds, by shutting its connection down."""
    dog = _Watchdog(seconds, cut)
    try:
        yield
    except HTTPError:
        if not dog.bit:
            raise
    finally:
        dog.call_off()


def shielded() -> AbstractContextManager[None]:
    """Nothing here: only tasks can be cancelled."""
    return nullcontext()


def current_loop() -> object:
    """Connections belong to no event loop here."""
    return None


def read_upload(upload: Upload) -> Iterator[bytes]:
    """The bytes of a file."""
    file = upload.open()
    if file is None:
        if isinstance(upload.content, AsyncIterable):
            raise InvalidArgumentError(
                "an async iterable can only be uploaded with AsyncDify; give a plain iterable of bytes"
            )
        yield from cast("Iterable[bytes]", upload.content)
        return
    try:
        while data := file.read(CHUNK):
            yield from pieces_of(data)
    finally:
        if upload.owned:
            file.close()


def run_many(
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    at_once: int,
    on_done: Callable[[int], None] | None = None,
) -> list[R]:
    """Do the work for every item, so many at a time in threads; the results in the order of the items.

    What fails ends the rest and is raised, as an interrupt does: work that has begun is waited for, because nothing can end
    it, and no more is begun. `on_done` is told how many are done, where the caller runs.
    """
    from concurrent.futures import ThreadPoolExecutor, as_completed
    from contextvars import copy_context

    pool = ThreadPoolExecutor(max(1, min(at_once, len(items))), thread_name_prefix="dify")
    try:
        futures = [pool.submit(copy_context().run, work, item) for item in items]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            if on_done is not None:
                on_done(done)
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def answer_of(asked: T) -> T:
    """What a callback of the user's gives; one of the other face is told apart."""
    if iscoroutine(asked):
        asked.close()
        raise UsageError("on_form is `async def`: with Dify it must be a plain function; AsyncDify takes the other")
    return asked


def lock() -> AbstractContextManager[Any]:
    """A lock around what threads share."""
    return threading.Lock()


class Slots:
    """So many at a time; more wait for one to end."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)

    def acquire(self) -> None:
        """Take a slot, waiting for one."""
        self._free.acquire()

    def release(self) -> None:
        """Give a slot back."""
        self._free.release()


def each(items: Iterable[T]) -> Generator[T]:
    """The items one by one."""
    yield from items


class Crew(Generic[T]):
    """Workers beside the caller, in threads, and what they hand over to it."""

    def __init__(self) -> None:
        self._handed: SimpleQueue[T] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[[], None], count: int) -> None:
        """Begin so many workers."""
        from contextvars import copy_context

        for number in range(count):
            run, name = copy_context().run, f"dify-map-{number}"
            self._threads.append(threading.Thread(target=run, args=(work,), name=name, daemon=True))
            self._threads[-1].start()

    def hand_over(self, thing: T) -> None:
        """From a worker to the caller."""
        self._handed.put(thing)

    def take(self) -> T:
        """The next thing that a worker hands over."""
        return self._handed.get()

    def close(self, cut: Callable[[], None]) -> None:
        """End all workers: `cut` ends what they wait for, and what is done at once is waited for."""
        while any(thread.is_alive() for thread in self._threads):
            cut()  # again and again: what a worker has just begun could not be cut a moment ago
            for thread in self._threads:
                thread.join(timeout=0.05)


class FirstPage(Generic[T]):
    """What a pager is without being walked: its first page, fetched once, when it is first looked at."""

    _first: Page[T] | None = None

    def first(self) -> Page[T]:
        """The first page."""
        raise NotImplementedError

    def _page(self) -> Page[T]:
        if self._first is None:
            self._first = self.first()
        return self._first

    @property
    def data(self) -> list[T]:
        """The items of the first page, in the server's order."""
        return self._page().data

    @property
    def has_more(self) -> bool:
        """Whether another page follows the first."""
        return self._page().has_more

    @property
    def total(self) -> int | None:
        """How many items there are in all, where the wire says so."""
        return self._page().total

    def next_page(self) -> Page[T] | None:
        """The page after the first, or None where there is none."""
        return self._page().next_page()


class Guard:
    """Answers `async for`, `async with` and `await` with what to write instead."""

    if not TYPE_CHECKING:  # a type checker says it better when these do not exist

        def __aiter__(self) -> NoReturn:
            raise UsageError(
                f"{type(self).__name__} is not asynchronous: write a plain `for`, or use the client `AsyncDify`"
            )

        async def __aenter__(self) -> NoReturn:
            raise UsageError(
                f"{type(self).__name__} is not asynchronous: write a plain `with`, or use the client `AsyncDify`"
            )

        async def __aexit__(self, *_: object) -> None:
            """Only here so that `async with` gets as far as `__aenter__`."""

        def __await__(self) -> NoReturn:
            raise UsageError(
                f"{type(self).__name__} is not asynchronous: leave out the `await`, or use the client `AsyncDify`"
            )
