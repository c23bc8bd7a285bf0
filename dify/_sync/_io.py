"""Delays, threads, event loops and iteration, which differ between the two faces.

Written by hand for both.

The primitives of the network, which differ too, are in `_net`: deadlines, semaphores, locks, sockets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator
from inspect import iscoroutine
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from .._net.http import Response, body_of
from .._protocol.delays import skipped
from .._protocol.upload_sources import async_reader, checked_piece, without_wrapper
from .._protocol.uploads import PIECE, Upload, pieces_of
from ..errors import InvalidArgumentError, MisuseError

__all__ = [
    "WRITES_BESIDE",
    "FirstPage",
    "Signal",
    "result_of_callback",
    "begin",
    "check_source",
    "close_soon",
    "current_loop",
    "each",
    "in_thread",
    "is_gone",
    "measure",
    "read_upload",
    "sleep",
]

WRITES_BESIDE = False
"""A download is written in the thread that reads it."""

P = ParamSpec("P")
T = TypeVar("T")


class _Page(Protocol):
    data: list[Any]
    has_more: bool
    total: int | None

    def next_page(self) -> Any: ...


PageT = TypeVar("PageT", bound=_Page)


def sleep(seconds: float) -> None:
    """Pause, unless tests skip pauses."""
    if not skipped(seconds):
        time.sleep(seconds)


def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work in this thread."""
    return work(*args, **kwargs)


def current_loop() -> object:
    """Return None: connections do not belong to an event loop."""
    return None


def is_gone(_loop: object) -> bool:
    """Return False: there is no event loop that could end."""
    return False


def begin(_loop: object, work: Callable[[], None]) -> None:
    """Run work in this thread."""
    work()


def close_soon(close: Callable[[], None]) -> None:
    """Close something at once."""
    close()


def read_upload(upload: Upload) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    file = upload.open()
    if file is None:
        yield from map(checked_piece, cast("Iterable[bytes]", upload.content))
        return
    try:
        # Pieces are read in the size in which they are sent: splitting larger ones would copy the file once more, which costs
        # a tenth of the CPU time of an upload.
        while data := file.read(PIECE):
            yield from pieces_of(checked_piece(data))
    finally:
        if upload.owned:
            file.close()


def check_source(content: object) -> None:
    """Raise for a source that only `AsyncDify` can read."""
    inner = without_wrapper(content)
    if isinstance(inner, Response):
        is_async = isinstance(body_of(inner), AsyncIterable)
    else:
        is_async = async_reader(inner) is not None or isinstance(inner, AsyncIterable)
    if is_async:
        raise InvalidArgumentError(
            f"a {type(content).__name__} is asynchronous and can only be uploaded with AsyncDify; pass a plain file or "
            "iterable of bytes",
            param="file",
        )


def measure(_upload: Upload) -> None:
    """Return: the size of a plain file is known."""


def result_of_callback(asked: T) -> T:
    """Return the result of a callback of the user."""
    if iscoroutine(asked):
        asked.close()
        raise MisuseError(
            "on_form is `async def`; with Dify it must be a plain function", param="on_form", hint="or use AsyncDify"
        )
    return asked


class Signal:
    """An event that any thread can set."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self) -> None:
        """Wait until the event is set."""
        self._event.wait()

    def set(self) -> None:
        """Set the event."""
        self._event.set()


def each(items: Iterable[T]) -> Generator[T]:
    """Yield the items of an iterable."""
    yield from items


class FirstPage(Generic[T, PageT]):
    """Base class of pagers with the attributes of their first page.

    The page is fetched once, when it is needed.
    """

    _first: PageT | None = None

    def first(self) -> PageT:
        """Return the first page."""
        raise NotImplementedError

    def _page(self) -> PageT:
        if self._first is None:
            self._first = self.first()
        return self._first

    @property
    def data(self) -> list[T]:
        """Items of the first page, in the server's order."""
        return self._page().data

    @property
    def has_more(self) -> bool:
        """True if another page follows the first."""
        return self._page().has_more

    @property
    def total(self) -> int | None:
        """Number of items in the list. None if the server does not count them."""
        return self._page().total

    def next_page(self) -> PageT | None:
        """Return the page after the first, or None if the first is the last."""
        return self._page().next_page()
