"""Event streams: typed events, deltas of text, and the folded reply."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from .._config import RequestOptions, without_extras
from .._log import fields_of, log
from .._net import http as _http
from .._net.synchronization import async_shield_if_cancelled
from .._protocol.error_mapping import masked
from .._protocol.pickling import NotPicklable
from .._protocol.request import Call
from .._protocol.responses import media_type, not_json
from .._protocol.retry import backoff
from .._streaming.content import Content
from .._streaming.folds import Fold
from .._streaming.interruptions import check_outcome, interruption
from .._streaming.kinds import StreamKind
from .._streaming.reconnect import ReconnectSettings, RunFollower, begins_with_replay, ending_of, run_detail_call
from ..errors import APIConnectionError, APITimeoutError, DifyError, MisuseError, StreamInterruptedError
from ..types._base import ResponseModel, attach
from ..types.events import PingEvent
from ..types.http import HTTPInfo
from ..types.reasoning import ContentPart
from ..types.run_events import WorkflowFinishedEvent
from ..types.workflows import WorkflowRunDetail
from ._io import sleep
from .event_reader import AsyncEventReader
from .stream_iterators import AsyncStreamIterator, AsyncTextStream
from .transport import AsyncExchange, AsyncTransport

__all__ = ["AsyncEventStream"]

E = TypeVar("E")
R = TypeVar("R")
T = TypeVar("T")

_STOP_SECONDS = 10.0
"""Seconds for the request to stop of a task that was cancelled, which must not delay the end of the program for long."""

Consumer = Literal["events", "pings", "text", "final"]


class AsyncEventStream(NotPicklable, Generic[E, R]):
    """A stream of typed events that folds to a reply.

    Nothing is sent until the stream is entered or iterated. It can be iterated once. Leaving the loop or the block in any way
    closes the connection; the run continues on the server unless `stop` is called.

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
        kind: StreamKind[R],
        *,
        fold: Fold[R],
        stop: Callable[[str, RequestOptions | None], Awaitable[None]],
        options: RequestOptions | None = None,
        reconnect_settings: ReconnectSettings | None = None,
    ) -> None:
        self._transport = transport
        self._call = call.with_extras(options)
        self._kind = kind
        self._fold = fold
        self._stop = stop
        # Reconnecting and stopping are other requests, which the additional members are not for.
        self._options = without_extras(options)
        self._reconnect_settings = reconnect_settings
        self._reader = AsyncEventReader(transport, kind, self._options)
        self._consumer: Consumer | None = None
        self._in_block = False
        self._reading = False
        self._ready: Iterator[E] = iter(())  # events of the last chunk
        self._content = Content()
        self._parts: Iterator[ContentPart] = iter(())  # of the last event
        self._follower: RunFollower | None = None  # once the stream is open
        self._interrupted: StreamInterruptedError | None = None  # while it reconnects
        self._complete = False  # nothing more has to be read
        self._ended = False  # all events were delivered
        self._outcome_checked = False  # at the end of the text
        self._error: DifyError | None = None
        self._started: float | None = None  # when the call was sent, until the end is logged
        self._json_reply: R | None = None
        self._json_events: Iterator[E] | None = None  # until they are delivered

    # ------------------------------------------------------------------------------------------------ state of the reply
    @property
    def http(self) -> HTTPInfo:
        """Status, headers and server version of the response.

        Available once the stream is open.
        """
        if self._reader.exchange is None:
            raise MisuseError(
                "the stream is not open yet: iterate it, or enter it with `async with`, before reading .http"
            )
        return self._reader.exchange.info

    @property
    def snapshot(self) -> R | None:
        """The reply so far, at any time; None before the first ids are known."""
        return self._fold.snapshot() if self._json_reply is None else self._json_reply

    @property
    def task_id(self) -> str | None:
        """Id for the stop calls; known from the first event on."""
        return self._id("task_id")

    @property
    def workflow_run_id(self) -> str | None:
        """Id for `workflows.get` and `workflows.events`; None for apps without runs."""
        return self._id("workflow_run_id")

    def _id(self, name: str) -> str | None:
        return getattr(self._fold if self._json_reply is None else self._json_reply, name, None)

    # --------------------------------------------------------------------------------------------------------- iteration
    def __aiter__(self) -> AsyncIterator[E]:
        self._begin_iteration("events")
        return AsyncStreamIterator(self._next_event, self.aclose, self._drop)

    def with_pings(self) -> AsyncIterator[E | PingEvent]:
        """Iterate over the events and the pings.

        Servers send a ping every 10 seconds while nothing else happens.

        Use the pings as a heartbeat for a browser or a proxy that ends silent connections.

        Example:
            ```python
            async with client.chat.stream("Tell me more") as stream:
                async for event in stream.with_pings():
                    print(": still waiting" if event.event == "ping" else event.event)
            ```
        """
        self._begin_iteration("pings")
        return AsyncStreamIterator(self._next_event, self.aclose, self._drop)

    def _begin_iteration(self, consumer: Consumer) -> None:
        if self._consumer is not None or self._reader.closed:
            raise MisuseError(
                "this stream has been iterated already: events are delivered once. Store what you need in the loop, get the "
                "whole reply from .final() or .snapshot, or make a new call"
            )
        self._consumer = consumer

    @property
    def text_stream(self) -> AsyncTextStream:
        """The pieces of text as they arrive, for printing.

        A piece that replaces everything before it (after moderation, or when text was lost in a reconnect) is a
        `TextReplaced`, a subclass of `str`. If the iteration ends without an exception, the run did not fail. It may have
        been stopped, or wait for a person: see the status of the reply of `final`.

        Raises:
            WorkflowFailedError: The run failed; raised after the last piece.
            StreamInterruptedError: The stream was interrupted.
            APIStatusError: The server sent an `error` event.

        Example:
            ```python
            async with client.chat.stream("Tell me more") as stream:
                async for text in stream.text_stream:
                    print(text, end="")
            ```
        """
        return AsyncTextStream(self._begin_texts, self.aclose)

    def _begin_texts(self) -> AsyncStreamIterator[str]:
        self._begin_iteration("text")
        return AsyncStreamIterator(self._next_text, self.aclose, self._drop)

    async def _next(self, take: Callable[[], T | None]) -> T | None:
        """Return what `take` finds in the events; None at the end of the stream.

        More events are read until it finds something.
        """
        try:
            while (found := take()) is None:
                if not await self._advance():
                    return None
        except DifyError as error:
            await self._fail(error)
            raise
        return found

    async def _next_event(self) -> E:
        try:  # not by `_next`, whose coroutine costs a tenth of an event in a large chunk
            while True:
                for event in self._ready:
                    return event
                if not await self._advance():
                    break
        except DifyError as error:
            await self._fail(error)
            raise
        raise StopAsyncIteration

    def _take_text(self) -> str | None:
        for event in self._ready:
            text = self._fold.text_of(event)
            if text is not None:
                return text
        return None

    async def _next_text(self) -> str:
        text = await self._next(self._take_text)
        if text is None:
            await self._check_outcome()
            raise StopAsyncIteration
        return text

    async def _check_outcome(self) -> None:
        """Raise for a failed run: its text must not pass for a complete answer."""
        if self._ended and not self._outcome_checked:
            self._outcome_checked = True
            await self.final()

    def content_parts(self) -> AsyncIterator[ContentPart]:
        """Iterate over the pieces of text and of the model's reasoning, labelled.

        Reasoning is what the answer contains between `<think>` and `</think>`, and the text of `reasoning_chunk` events. The
        errors are those of `text_stream`.

        Example:
            ```python
            async with client.chat.stream("Tell me more") as stream:
                async for part in stream.content_parts():
                    if part.type == "text":
                        print(part.text, end="")
            ```
        """
        self._begin_iteration("text")
        return AsyncStreamIterator(self._next_part, self.aclose, self._drop)

    def _take_part(self) -> ContentPart | None:
        while (part := next(self._parts, None)) is None and (event := next(self._ready, None)) is not None:
            self._parts = self._content.parts(event, self._fold.text_of(event))
        return part

    async def _next_part(self) -> ContentPart:
        part = await self._next(self._take_part) or next(self._content.finish(), None)
        if part is None:
            await self._check_outcome()
            raise StopAsyncIteration
        return part

    async def final(self) -> R:
        """Read the rest of the stream, if any, and return the folded reply.

        Inside `async with`, a loop over the stream can be left at any event; `final` reads the events after it.

        Raises:
            WorkflowFailedError: The run failed.
            StreamInterruptedError: The stream was interrupted; its `partial` holds the reply so far.
            APIStatusError: The server sent an `error` event.
            MisuseError: The stream was closed before its end: by leaving a loop outside of `async with`, by `aclose` or `stop`.

        Example:
            ```python
            async with client.chat.stream("Tell me more") as stream:
                async for text in stream.text_stream:
                    print(text, end="")
                reply = await stream.final()
            ```
        """
        if self._consumer is None and not self._reader.closed:
            self._consumer = "final"
        if not self._reader.closed:
            await self._next(self._drain)
        if self._error is not None:
            raise self._error
        if not self._ended:
            raise MisuseError(
                "there is no final reply, because this stream was closed before its end: .snapshot holds the reply so far. Let "
                "the loop run to its end, or leave it inside `async with` and call final() there"
            )
        reply = self.snapshot
        assert reply is not None  # a stream without events has ended with an error
        try:
            check_outcome(reply)
        except DifyError as error:
            raise masked(error, self._transport.secrets) from None
        if isinstance(reply, ResponseModel):
            attach(reply, self.http)
        return reply

    def _drain(self) -> None:
        for _ in self._ready:  # also those that a loop has left
            pass

    async def _advance(self) -> bool:
        """Read until events are ready; at the end, close the stream.

        Returns False at the end.

        If the task is cancelled while it waits, the next call continues.
        """
        fold, reader = self._fold, self._reader
        if self._error is not None:
            raise self._error
        if self._reading:
            raise MisuseError("another task or thread is reading this stream: read it in one place")
        self._reading = True
        try:
            follower = self._follower or await self._begin()
            if self._json_events is not None:
                self._ready, self._json_events = self._json_events, None
                return True
            while follower is not None and not self._complete:
                interrupted = self._interrupted is not None  # and the task was cancelled while it reconnected
                if not interrupted and not fold.over and (events := await reader.read(fold.grace)) is not None:
                    self._ready = follower.deliver(events, self.http)
                    return True
                if reader.closed:
                    break  # by aclose() or stop(): the caller wants no more
                interruption = self._interrupted or self._interruption()
                ending = None if interruption is None else await self._reconnect(follower, interruption)
                self._complete = interruption is None or ending is not None
                if ending is not None:
                    self._ready = follower.deliver((ending,), self.http)
                    return True
        finally:
            self._reading = False
        self._ended = self._complete
        await self.aclose()
        return False

    async def _begin(self) -> RunFollower | None:
        """Open the stream; None if it is closed meanwhile."""
        self._started = time.monotonic()
        exchange = await self._open()
        if exchange is None:
            return None
        pings = self._consumer == "pings"
        self._follower = RunFollower(self._fold, replay=begins_with_replay(self._call), pings=pings)
        if self._json_reply is None:
            self._reader.start(exchange)
            return self._follower
        self._complete = True
        # If only the reply is wanted, no events are made: they would cost a fiftieth of the call.
        if self._consumer != "final":
            self._json_events = self._fed(self._kind.events_of(self._json_reply))
        return self._follower

    def _fed(self, events: Iterable[E]) -> Iterator[E]:
        for event in events:
            self._fold.feed(event)
            yield event

    async def _fail(self, error: DifyError) -> None:
        """End the stream with an error, which holds the reply so far."""
        if isinstance(error, MisuseError):
            return
        if error.partial is None:
            error.partial = self.snapshot
        self._error = masked(error, self._transport.secrets)
        await self.aclose()

    def _drop(self) -> None:
        """Close the stream of a loop that was left outside of a block."""
        if not self._in_block:
            self._reader.abandon()

    def _log_end(self) -> None:
        """Log once the end of the stream, its interruption, or that it was left early."""
        if self._started is None or self._reader.exchange is None or self._json_reply is not None:
            return  # there was no stream
        seconds = time.monotonic() - self._started
        self._started = None
        operation = self._call.operation
        fields = fields_of(operation, self.http, task_id=self.task_id, workflow_run_id=self.workflow_run_id)
        fields["elapsed"] = seconds
        if self._error is not None:
            fields["error"] = type(self._error).__name__
            log.info("%s: the stream broke after %.2f s: %s", operation, seconds, fields["error"], extra=fields)
        elif self._ended:
            log.debug("%s: the stream ended after %.2f s", operation, seconds, extra=fields)
        else:
            log.debug("%s: the stream was closed before its end, after %.2f s", operation, seconds, extra=fields)

    def _interruption(self) -> StreamInterruptedError | None:
        """Return the error for the response that just ended.

        None if the reply is complete.
        """
        exchange = self._reader.exchange
        return interruption(
            self._fold,
            self._reader.failure,
            events_read=self._consumer in ("events", "pings"),
            read_timeout=None if exchange is None or exchange.limit is None else exchange.limit / 2,
            client_closed=self._transport.pool.closed,
        )

    async def _reconnect(
        self, follower: RunFollower, interruption: StreamInterruptedError
    ) -> WorkflowFinishedEvent | None:
        """Read the rest of a run from a new connection.

        If the run has ended meanwhile, return its last event.

        Raises:
            StreamInterruptedError: The run cannot be followed, or several connections in a row brought nothing new.
        """
        fold, reader = self._fold, self._reader
        assert reader.exchange is not None  # that of the response which just ended
        await reader.exchange.aclose()
        if self._reconnect_settings is None or fold.workflow_run_id is None:
            raise interruption
        if self._interrupted is None:
            max_retries = self._transport.settings.with_options(self._options).max_retries
            if not follower.reconnect(max_retries):
                raise interruption
            fields = fields_of(self._call.operation, self.http, workflow_run_id=fold.workflow_run_id)
            log.info("run %s: its stream was interrupted, reconnecting", fold.workflow_run_id, extra=fields)
            self._interrupted = interruption
        try:
            if fold.reconnects > 1:
                # A replay ended without the end of the run. The run may have ended between two connections.
                await sleep(backoff(fold.reconnects - 1))
                ending = await self._stored_ending(fold.workflow_run_id)
                if ending is not None:
                    return ending
            exchange = await reader.open(self._reconnect_settings.events(fold.workflow_run_id))
        except DifyError as error:
            raise interruption from error
        if exchange is not None:
            if media_type(exchange.info) != "text/event-stream":
                await exchange.aclose()
                raise interruption
            reader.start(exchange)
        self._interrupted = None
        return None

    async def _stored_ending(self, run_id: str) -> WorkflowFinishedEvent | None:
        exchange = await self._reader.open(run_detail_call(run_id))
        if exchange is None:
            return None
        return ending_of(await self._transport.read_as(exchange, WorkflowRunDetail), task_id=self._fold.task_id)

    # ----------------------------------------------------------------------------------------------- opening and closing
    async def _open(self) -> AsyncExchange | None:
        """Send the call unless it was sent, and return its response.

        None if the stream is closed meanwhile.
        """
        reader = self._reader
        if reader.exchange is not None:
            return reader.exchange
        try:
            exchange = await reader.open(self._call)
            if exchange is not None:
                reader.exchange = exchange
                match media_type(exchange.info):
                    case "text/event-stream":
                        pass
                    case "application/json":  # the reply of the blocking mode
                        self._json_reply = await self._transport.read_as(exchange, self._kind.reply)
                    case _:
                        raise not_json(await exchange.read_start(), exchange.info)
        except DifyError:
            raise
        except BaseException as error:
            # The request may have been sent, and must not be sent again by the next step of a loop.
            self._error = APIConnectionError(
                f"the call was ended by {type(error).__name__} before its response arrived: make a new call", sent=True
            )
            raise
        return exchange

    async def __aenter__(self) -> Self:
        if self._consumer is not None or self._reader.closed or self._reader.exchange is not None:
            raise MisuseError("this stream has been used already: make a new call")
        if self._error is not None:
            raise self._error
        try:
            if await self._open() is None:
                raise MisuseError("this stream was closed before it was open: make a new call")
        except DifyError as error:
            await self._fail(error)
            raise
        self._in_block = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection. The run continues on the server unless `stop` is called.

        A task or thread that reads the stream wakes up, and its loop ends.

        Example:
            ```python
            stream = client.chat.stream("Hello")
            await stream.aclose()  # nothing was sent, and nothing will be
            ```
        """
        self._log_end()
        await self._reader.aclose()

    async def stop(self) -> None:
        """Ask the server to stop generating, then close the stream.

        If open streams use all connections that the pool allows, this stream is closed first, and the call uses its connection.
        The request is sent although the task is cancelled, such as in `finally` after a browser has disconnected; it takes at
        most 10 seconds then.

        Raises:
            MisuseError: No event has arrived yet, so the task id is unknown.

        Example:
            ```python
            async with client.chat.stream("Count to a million") as stream:
                async for event in stream:
                    await stream.stop()
            ```
        """
        if self.task_id is None or self.task_id == self.workflow_run_id:
            raise MisuseError(
                "there is no task to stop yet: the first event names it, after a reconnect the first that is not replayed"
            )
        timeout = self._transport.settings.with_options(self._options).timeout
        # First with the stream open: servers that notice a lost connection store the answer as it is then.
        no_wait_for_pool = _http.Timeout(connect=timeout.connect, read=timeout.read, write=timeout.write, pool=0.25)
        try:
            with async_shield_if_cancelled(_STOP_SECONDS):
                try:
                    await self._stop(self.task_id, {**(self._options or {}), "timeout": no_wait_for_pool})
                except APITimeoutError as error:
                    if error.sent:
                        raise
                    await self.aclose()  # streams use all connections: the call gets this one's
                    await self._stop(self.task_id, self._options)
        finally:
            await self.aclose()
