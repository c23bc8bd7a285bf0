"""What all event streams do: typed events as they come, text deltas, the folded reply; opening, picking up, closing."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Generic, Self, TypeVar

from .._config import RequestOptions
from .._log import log
from .._net import http as _http
from .._net.sockets import Hangup
from .._protocol.error_mapping import masked
from .._protocol.request import Call
from .._protocol.responses import media_type, not_json
from .._protocol.retry import backoff
from .._streaming.folds import Fold
from .._streaming.interruptions import cut_by, error_in
from .._streaming.kinds import Kind, check_outcome, interrupted
from .._streaming.resume import Delivered, Pickup, begins_with_replay, ending_of, run_detail_call
from .._streaming.sse import FrameTooLarge, SSEParser
from ..errors import APITimeoutError, DifyError, MisuseError, ResponseValidationError, StreamInterruptedError
from ..types._base import Answer, attach
from ..types.events import ErrorEvent, PingEvent, WorkflowFinishedEvent
from ..types.http import HTTPInfo
from ..types.workflows import WorkflowRunDetail
from ._io import AsyncWalk, move_on_after, sleep
from .text import AsyncTextPieces
from .transport import AsyncExchange, AsyncTransport

__all__ = ["AsyncEventStream"]

E = TypeVar("E")
R = TypeVar("R")


class AsyncEventStream(AsyncWalk, Generic[E, R]):
    """A stream of typed events that folds to a reply.

    Nothing is sent until the stream is entered or iterated. It can be iterated once; leaving the loop or the block in any way
    closes the connection. The server goes on with what it runs: `stop` asks it not to.

    Example:
        ```python
        async with client.chat.stream("Hello") as stream:
            async for event in stream:
                print(event.event)
            reply = await stream.final()
        ```
    """

    def __init__(
        self,
        transport: AsyncTransport,
        call: Call,
        kind: Kind[R],
        *,
        fold: Fold[R],
        stop: Callable[[str, RequestOptions | None], Awaitable[None]],
        options: RequestOptions | None = None,
        pickup: Pickup | None = None,
    ) -> None:
        self._transport = transport
        self._call = call
        self._kind = kind
        self._fold = fold
        self._stop = stop
        self._options = options
        self._pickup = pickup
        self._cut: StreamInterruptedError | None = None
        self._exchange: AsyncExchange | None = None
        self._begun = False
        self._alone = False  # nobody but final() reads
        self._heard = False  # the events themselves are read, those of speech among them
        self._closed = False
        self._waits = False  # for bytes
        self._hangup = Hangup()
        self._ended = False
        self._error: DifyError | None = None
        self._reply: R | None = None

    # ------------------------------------------------------------------------------------------------ what is known
    @property
    def http(self) -> HTTPInfo:
        """The exchange behind the stream: status, headers, server version. Known once the stream is open."""
        if self._exchange is None:
            raise MisuseError(
                "the stream is not open yet: iterate it, or enter it with `async with`, before reading .http"
            )
        return self._exchange.info

    @property
    def snapshot(self) -> R | None:
        """The reply as far as it has come, at any time; None before the first ids are known."""
        return self._fold.snapshot() if self._reply is None else self._reply

    @property
    def task_id(self) -> str | None:
        """What the stop calls take; known from the first event on."""
        return self._id("task_id")

    @property
    def workflow_run_id(self) -> str | None:
        """What `workflows.get` and `workflows.events` take; None for apps without runs."""
        return self._id("workflow_run_id")

    def _id(self, name: str) -> str | None:
        return getattr(self._fold if self._reply is None else self._reply, name, None)

    # --------------------------------------------------------------------------------------------------- iteration
    def __aiter__(self) -> AsyncIterator[E]:
        self._heard = True
        return self._begin()  # a generator, told as an iterator: editors complete the events of that

    def _begin(self) -> AsyncGenerator[E]:
        if self._begun:
            raise MisuseError(
                "this stream has been iterated already: events come once. Keep what you need in the loop, take the whole "
                "reply from .final() or .snapshot, or make a new call"
            )
        self._begun = True
        return self._events()

    @property
    def text_stream(self) -> AsyncIterator[str]:
        """The pieces of text as they come, for printing.

        A piece that replaces everything before it (moderation, a replay) is a `TextReplaced`, which is a `str`, too. Text that
        ends without an exception belongs to a run that did not fail. It may have been stopped, or wait for a person: the reply
        of `final` says so in its status.

        Raises:
            WorkflowFailedError: The run ended failed, after the last piece.
            StreamInterruptedError: The stream ended before its end.
            APIStatusError: The stream carried an error.

        Example:
            ```python
            async with client.chat.stream("Tell me more") as stream:
                async for text in stream.text_stream:
                    print(text, end="")
            ```
        """
        return AsyncTextPieces(self._pieces())

    async def _pieces(self) -> AsyncGenerator[str]:
        async with aclosing(self._begin()) as events:
            async for event in events:
                piece = self._fold.text_of(event)
                if piece is not None:
                    yield piece
        if self._ended:
            await self.final()  # raises for a run that failed: its text must not pass for a whole answer

    async def final(self) -> R:
        """Read the stream to its end, where that is still to be done, and return the folded reply.

        Raises:
            WorkflowFailedError: The run ended failed.
            StreamInterruptedError: The stream ended before its end; what came is in its `partial`.
            APIStatusError: The stream carried an error.
            MisuseError: The loop over the stream was left before its end.

        Example:
            ```python
            async with client.chat.stream("Tell me more") as stream:
                async for text in stream.text_stream:
                    print(text, end="")
                reply = await stream.final()
            ```
        """
        if not self._begun:
            self._alone = True
            async for _ in self._begin():
                pass
        if self._error is not None:
            raise self._error
        if not self._ended:
            raise MisuseError(
                "the loop over this stream was left before its end, so there is no final reply: .snapshot holds what came. "
                "Let the loop run to its end before final(), or call final() in its place"
            )
        reply = self.snapshot
        if reply is None:
            raise interrupted("it brought no event", self._fold)
        check_outcome(reply)
        if isinstance(reply, Answer):
            attach(reply, self.http)
        return reply

    async def _events(self) -> AsyncGenerator[E]:
        """The events; every way out of here closes the exchange."""
        fold = self._fold
        try:
            exchange = await self._open()
            if exchange is None:
                return
            if self._reply is not None:
                # Where nobody looks at them they need not be made: a fiftieth of what a call costs.
                for event in () if self._alone else self._kind.events_of(self._reply):
                    fold.feed(event)
                    yield event
                self._ended = True
                return
            read = self._kind.reader()
            delivered = Delivered()
            noted = delivered.noted
            replay = begins_with_replay(self._call)
            while True:
                parser = SSEParser(exchange.limits.frame)
                chunks = exchange.chunks()
                alive = time.monotonic()
                while not fold.over and (chunk := await self._next(exchange, chunks)) is not None:
                    frames = parser.feed(chunk)
                    if parser.noise and exchange.limit is not None and time.monotonic() - alive > exchange.limit:
                        if not fold.complete:
                            self._cut = interrupted("nothing but blank lines and comments came", fold, timeout=True)
                        break
                    for data in frames:
                        event = read(data)
                        if event.__class__ is PingEvent:
                            continue
                        if event.__class__ is ErrorEvent:
                            raise error_in(event, fold, self.http)
                        for new in delivered.new_of(event, fold) if replay else (event,):
                            if fold.feed(new):
                                if new.__class__ in noted:
                                    delivered.note(new)
                                yield new
                        if fold.over:
                            break
                    if not parser.noise:
                        alive = time.monotonic()  # only now: the time that the reader takes is not the server's
                if self._closed:
                    return  # stop() or aclose(), from inside the loop or beside it: the caller wants no more
                if fold.over or (fold.complete and self._cut is None):
                    break
                resumed = await self._pick_up(delivered)
                if resumed is None:
                    return
                if isinstance(resumed, WorkflowFinishedEvent):
                    for new in delivered.new_of(resumed, fold):
                        fold.feed(new)
                        yield new
                    break
                exchange, replay = resumed, True
            self._ended = True
        except FrameTooLarge as error:
            self._error = ResponseValidationError(f"the stream cannot be read on: {error}")
            raise self._error from None
        except DifyError as error:
            self._error = masked(error, self._transport.settings.secrets())
            raise
        finally:
            await self.aclose()

    async def _next(self, exchange: AsyncExchange, chunks: AsyncIterator[bytes]) -> bytes | None:
        """The next chunk, or None at the end: the server's, or ours where nothing need follow and nothing does in time."""
        fold = self._fold
        self._waits = True
        try:
            if self._closed:
                return None
            if fold.grace is None:
                return await anext(chunks, None)
            with move_on_after(fold.grace, exchange.wire):
                return await anext(chunks, None)
            return None
        except (_http.HTTPError, ResponseValidationError) as cause:
            if isinstance(cause, ResponseValidationError) and not exchange.broke_off:
                raise
            if not self._closed:  # where no more is wanted, how the connection ends is of no interest
                gap = None if exchange.limit is None else exchange.limit / 2
                closed = self._transport.pool.closed
                self._cut = cut_by(cause, fold, read_limit=gap, heard=self._heard, closed=closed)
            return None
        finally:
            self._waits = False

    async def _pick_up(self, delivered: Delivered) -> AsyncExchange | WorkflowFinishedEvent | None:
        """The rest of a run whose stream was cut: a stream that goes on, or the end as the run's detail tells it.

        None where the stream was closed meanwhile.

        Raises:
            StreamInterruptedError: It cannot be picked up, or was cut again and again without anything new between.
        """
        fold = self._fold
        cut, self._cut = self._cut or interrupted("the server closed it", fold), None
        if self._exchange is not None:
            await self._exchange.aclose()
        settings = self._transport.settings.with_options(self._options)
        run_id = fold.workflow_run_id
        # Of a run that has ended only speech can be missing, and no replay has any.
        if (
            self._pickup is None
            or run_id is None
            or fold.settled
            or delivered.idle_cuts(str(fold.text)) > settings.max_retries
        ):
            raise cut
        log.info("run %s: its stream was cut, picking it up", run_id)
        fold.reconnects += 1
        try:
            if fold.reconnects > 1:
                # The replay itself ended without an end: it may have come while nobody listened.
                await sleep(backoff(fold.reconnects - 1))
                asked = await self._reach(run_detail_call(run_id))
                if asked is None:
                    return None
                detail = await self._transport.read_as(asked, WorkflowRunDetail)
                ending = ending_of(detail, task_id=fold.task_id)
                if ending is not None:
                    return ending
            exchange = await self._reach(self._pickup.events(run_id))
        except DifyError as error:
            raise cut from error
        if exchange is None:
            return None
        if media_type(exchange.info) != "text/event-stream":
            await exchange.aclose()
            raise cut
        self._exchange = exchange
        return exchange

    # -------------------------------------------------------------------------------------------- opening and closing
    async def _reach(self, call: Call) -> AsyncExchange | None:
        """Open a call; None where the stream is closed from elsewhere, which ends the wait for the answer."""
        self._waits = True  # before looking whether it is closed, as `aclose` does it the other way round
        try:
            if self._closed:
                return None
            exchange = await self._transport.open(call, self._options, self._hangup)
        except DifyError:
            if self._closed:
                return None
            raise
        finally:
            self._waits = False
        if self._closed:
            await exchange.aclose()
            return None
        return exchange

    async def _open(self) -> AsyncExchange | None:
        if self._exchange is None and (exchange := await self._reach(self._call)) is not None:
            self._exchange = exchange
            match media_type(exchange.info):
                case "text/event-stream":
                    pass
                case "application/json":
                    # The blocking answer in place of a stream: the one reply, and the events it stands for.
                    self._reply = await self._transport.read_as(exchange, self._kind.reply)
                case _:
                    raise not_json(await exchange.read_start(), exchange.info)
        return self._exchange

    async def __aenter__(self) -> Self:
        if self._begun or self._exchange is not None:
            raise MisuseError("this stream has been used already: make a new call")
        if await self._open() is None:
            raise MisuseError("this stream was closed before it was open: make a new call")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection. The server goes on with what it runs; `stop` asks it not to.

        Whoever reads the stream in another task or thread wakes up, and the loop there ends.

        Example:
            ```python
            stream = client.chat.stream("Hello")
            await stream.aclose()  # nothing was sent, and nothing will be
            ```
        """
        self._begun = True
        self._closed = True
        if self._waits and self._hangup.end():
            return  # whoever waits elsewhere wakes up, and closes on the way out
        if self._exchange is not None:
            await self._exchange.aclose()

    async def stop(self) -> None:
        """Ask the server to stop generating, then close the stream.

        Where open streams hold every connection there may be, it is closed first, so that the call has one.

        Raises:
            MisuseError: No event has come yet, so the task has no name to stop it by.

        Example:
            ```python
            async with client.chat.stream("Count to a million") as stream:
                async for event in stream:
                    await stream.stop()
            ```
        """
        if self.task_id is None or self.task_id == self.workflow_run_id:
            raise MisuseError(
                "there is nothing to stop yet: the server names the task in its first event that is no replay"
            )
        patience = self._transport.settings.with_options(self._options).timeout
        # First while the stream is open: servers that take a lost connection for the end then store what they said.
        soon = _http.Timeout(connect=patience.connect, read=patience.read, write=patience.write, pool=0.25)
        try:
            await self._stop(self.task_id, {**(self._options or {}), "timeout": soon})
        except APITimeoutError as error:
            if error.sent:
                raise
            # Open streams hold every connection, this one among them: it gives its own up for the asking.
            await self.aclose()
            await self._stop(self.task_id, self._options)
        finally:
            await self.aclose()
