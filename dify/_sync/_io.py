"""What differs by nature between the two faces: waiting, threads, deadlines. Hand-written on both sides.

A blocked read cannot be cancelled: a wait that has an end of its own is ended by the socket, which looks at the time. A socket
that is not ours does not; there a watchdog thread shuts the connection down.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

from .._net.exceptions import HTTPError, TimeoutException
from .._net.http import NetworkStream, network
from .._net.sockets import TimedStream, Wire
from .._protocol.pickling import Connected
from .._protocol.uploads import CHUNK, Upload, checked_piece, pieces_of
from .._protocol.waits import skipped
from ..errors import InvalidArgumentError, MisuseError

if TYPE_CHECKING:
    from .pager import Page

__all__ = [
    "WRITES_BESIDE",
    "Deadline",
    "FirstPage",
    "Guard",
    "Signal",
    "Slots",
    "Walk",
    "answer_of",
    "connect",
    "begin",
    "current_loop",
    "each",
    "in_thread",
    "is_gone",
    "lock",
    "lock_of_threads",
    "move_on_after",
    "read_upload",
    "shielded",
    "sleep",
    "timed",
]

WRITES_BESIDE = False
"""A download is written where it is read."""

P = ParamSpec("P")
T = TypeVar("T")


def sleep(seconds: float) -> None:
    """Pause, unless tests skip pauses."""
    if not skipped(seconds):
        time.sleep(seconds)


def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work: here, at once, where the caller waits anyway."""
    return work(*args, **kwargs)


class _Watchdog:
    """A thread that shuts a connection down when the time on its wire is over, unless it is called off before."""

    def __init__(self, wire: Wire) -> None:
        self.bit = False
        self._wire = wire
        self._off = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dify-deadline", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while (until := self._wire.until) is not None and (left := until - time.monotonic()) > 0:
            if self._off.wait(left):
                return
        self.bit = True
        self._wire.cut()

    def call_off(self) -> None:
        self._off.set()
        self._thread.join()  # so that no thread outlives the call it watched


class _End:
    """The time when a wait must be over: a number that our own sockets look at, or a watchdog for somebody else's."""

    def __init__(self, seconds: float, wire: Wire) -> None:
        self._seconds = seconds
        self._wire = wire
        self._until = wire.until = time.monotonic() + seconds
        self._dog = _Watchdog(wire) if wire.foreign else None

    def pause(self) -> None:
        """No end, until it is moved."""
        self._until = math.inf
        self._wire.until = None

    def move(self) -> None:
        """As many seconds, from now; what is over stays so."""
        now = time.monotonic()
        if now < self._until:
            self._until = self._wire.until = now + self._seconds

    def over(self, error: BaseException | None) -> bool:
        """Wait no more; True where the time was over and the connection was given up for that."""
        if self._dog is not None:
            self._dog.call_off()
        self._wire.until = None
        if self._dog is not None:
            return self._dog.bit and (error is None or isinstance(error, HTTPError))
        return isinstance(error, TimeoutException) and time.monotonic() >= self._until


class Deadline:
    """Raises `TimeoutError` in its block after so many seconds; None for never. Can be started over from inside."""

    def __init__(self, seconds: float | None, wire: Wire) -> None:
        self._seconds = seconds
        self._wire = wire
        self._end: _End | None = None
        wire.patience = self

    def __enter__(self) -> Deadline:
        if self._seconds is not None:
            self._end = _End(self._seconds, self._wire)
        return self

    def pause(self) -> None:
        """No end, until it is started over."""
        if self._end is not None:
            self._end.pause()

    def restart(self) -> None:
        """Count anew from now."""
        if self._end is not None:
            self._end.move()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if self._end is not None and self._end.over(error):
            raise TimeoutError from None


@contextmanager
def move_on_after(seconds: float, wire: Wire) -> Generator[None]:
    """Leave the block after so many seconds, by giving its connection up."""
    end = _End(seconds, wire)
    try:
        yield
    except BaseException as error:
        if not end.over(error):
            raise
    else:
        end.over(None)


def connect(host: str, port: int, seconds: float | None) -> NetworkStream:
    """Open a connection."""
    return network().connect_tcp(host, port, timeout=seconds)


def timed(stream: NetworkStream) -> NetworkStream:
    """A socket that looks at the time of its call."""
    return TimedStream(stream)


def shielded() -> AbstractContextManager[None]:
    """Nothing here: only tasks can be cancelled."""
    return nullcontext()


def current_loop() -> object:
    """Connections belong to no event loop here."""
    return None


def is_gone(_loop: object) -> bool:
    """There is no loop here that could end."""
    return False


def begin(_loop: object, work: Callable[[], None]) -> None:
    """Do something where another loop runs: here, there is none."""
    work()


def read_upload(upload: Upload) -> Iterator[bytes]:
    """The bytes of a file."""
    file = upload.open()
    if file is None:
        if isinstance(upload.content, AsyncIterable):
            raise InvalidArgumentError(
                "an async iterable can only be uploaded with AsyncDify; give a plain iterable of bytes"
            )
        yield from map(checked_piece, cast("Iterable[bytes]", upload.content))
        return
    try:
        while data := file.read(CHUNK):
            yield from pieces_of(checked_piece(data))
    finally:
        if upload.owned:
            file.close()


def answer_of(asked: T) -> T:
    """What a callback of the user's gives; one of the other face is told apart."""
    if iscoroutine(asked):
        asked.close()
        raise MisuseError("on_form is `async def`: with Dify it must be a plain function; AsyncDify takes the other")
    return asked


def lock() -> AbstractContextManager[Any]:
    """A lock around what threads share."""
    return threading.Lock()


lock_of_threads = lock


class Signal:
    """Wakes the thread that waits for it, from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self) -> None:
        """Wait until it is set; at once when it is set already."""
        self._event.wait()

    def set(self) -> None:
        """Wake the thread."""
        self._event.set()


class Slots:
    """So many at a time; more wait for one to end."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)

    def take(self) -> bool:
        """Take a slot; False where none is free."""
        return self._free.acquire(blocking=False)

    def acquire(self) -> None:
        """Take a slot, waiting for one."""
        if not self.take():
            self.wait(None)

    def wait(self, seconds: float | None) -> bool:
        """Take the next slot that comes free; False where none does in so many seconds."""
        return self._free.acquire(timeout=seconds)

    def release(self) -> None:
        """Give a slot back."""
        self._free.release()


def each(items: Iterable[T]) -> Generator[T]:
    """The items one by one."""
    yield from items


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
            raise MisuseError(
                f"{type(self).__name__} is not asynchronous: write a plain `for`, or use the client `AsyncDify`"
            )

        async def __aenter__(self) -> NoReturn:
            raise MisuseError(
                f"{type(self).__name__} is not asynchronous: write a plain `with`, or use the client `AsyncDify`"
            )

        async def __aexit__(self, *_: object) -> None:
            """Only here so that `async with` gets as far as `__aenter__`."""

        def __await__(self) -> NoReturn:
            raise MisuseError(
                f"{type(self).__name__} is not asynchronous: leave out the `await`, or use the client `AsyncDify`"
            )


class Walk(Guard, Connected):
    """What is iterated, once, while its connection is open."""
