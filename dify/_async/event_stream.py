"""Event streams: typed events, deltas of text, and the folded reply."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar

from .._config import RequestOptions, without_extras
from .._log import fields_of, log
from .._net import http as _http
from .._protocol.error_mapping import masked
from .._protocol.pickling import NotPicklable
from .._protocol.request import Call
from .._protocol.responses import media_type, not_json
from .._protocol.retry import backoff
from .._streaming.folds import Fold
from .._streaming.interruptions import check_outcome, interruption
from .._streaming.kinds import DatasourceResults, StreamKind
from .._streaming.reconnect import ReconnectSettings, RunFollower, begins_with_replay, ending_of, run_detail_call
from ..errors import APITimeoutError, DifyError, MisuseError, StreamInterruptedError
from ..types._base import ResponseModel, attach
from ..types.events import ChatEvent, CompletionEvent, DatasourceEvent, WorkflowEvent, WorkflowFinishedEvent
from ..types.http import HTTPInfo
from ..types.replies import ChatResponse, CompletionResponse
from ..types.workflows import WorkflowRun, WorkflowRunDetail
from ._io import sleep
from .event_reader import AsyncEventReader
from .item_iterator import AsyncItemIterator
from .transport import AsyncExchange, AsyncTransport

__all__ = [
    "AsyncChatStream",
    "AsyncCompletionStream",
    "AsyncDatasourceStream",
    "AsyncEventStream",
    "AsyncTextStream",
    "AsyncWorkflowStream",
]

E = TypeVar("E")
R = TypeVar("R")

Consumer = Literal["events", "text", "final"]


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
        self._ended = False
        self._error: DifyError | None = None
        self._json_reply: R | None = None

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
        return self._iterate("events")  # a generator, typed as an iterator: editors complete the names of events

    def _iterate(self, consumer: Consumer) -> AsyncGenerator[E]:
        if self._consumer is not None or self._reader.closed:
            raise MisuseError(
                "this stream has been iterated already: events are delivered once. Store what you need in the loop, get the "
                "whole reply from .final() or .snapshot, or make a new call"
            )
        self._consumer = consumer
        return self._events()

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
        return AsyncTextStream(self._texts(), self)

    async def _texts(self) -> AsyncGenerator[str]:
        async with aclosing(self._iterate("text")) as events:
            async for event in events:
                text = self._fold.text_of(event)
                if text is not None:
                    yield text
        if self._ended:
            await self.final()  # raises for a failed run, whose text must not pass for a complete answer

    async def final(self) -> R:
        """Read the rest of the stream, if any, and return the folded reply.

        Raises:
            WorkflowFailedError: The run failed.
            StreamInterruptedError: The stream was interrupted; its `partial` holds the reply so far.
            APIStatusError: The server sent an `error` event.
            MisuseError: The loop over the stream was left before its end.

        Example:
            ```python
            async with client.chat.stream("Tell me more") as stream:
                async for text in stream.text_stream:
                    print(text, end="")
                reply = await stream.final()
            ```
        """
        if self._consumer is None and not self._reader.closed:
            async for _ in self._iterate("final"):
                pass
        if self._error is not None:
            raise self._error
        if not self._ended:
            raise MisuseError(
                "there is no final reply, because the loop over this stream was left before its end: .snapshot holds the reply "
                "so far. Let the loop run to its end before final(), or call final() instead of iterating"
            )
        reply = self.snapshot
        assert reply is not None  # a stream without events has ended with an error
        check_outcome(reply)
        if isinstance(reply, ResponseModel):
            attach(reply, self.http)
        return reply

    async def _events(self) -> AsyncGenerator[E]:
        """Yield the events of all connections. Every way out closes the last one."""
        fold, reader = self._fold, self._reader
        started = time.monotonic()
        try:
            exchange = await self._open()
            if exchange is None:
                return
            if self._json_reply is not None:
                # If only the reply is wanted, no events are made: they would cost a fiftieth of the call.
                for event in () if self._consumer == "final" else self._kind.events_of(self._json_reply):
                    fold.feed(event)
                    yield event
                self._ended = True
                return
            reader.start(exchange)
            follower = RunFollower(fold, replay=begins_with_replay(self._call))
            while True:
                info = self.http  # of this connection
                while not fold.over and (events := await reader.read(fold.grace)) is not None:
                    for event in follower.deliver(events, info):
                        yield event
                if reader.closed:
                    return  # by aclose() or stop(): the caller wants no more
                interruption = self._interruption()
                if interruption is None:
                    break
                ending = await self._reconnect(follower, interruption)
                if ending is not None:
                    for event in follower.deliver((ending,), info):
                        yield event
                    break
            self._ended = True
        except DifyError as error:
            self._error = masked(error, self._transport.settings.secrets())
            raise
        finally:
            self._log_end(time.monotonic() - started)
            await self.aclose()

    def _log_end(self, seconds: float) -> None:
        """Log the end of the stream, its interruption, or that it was left early."""
        if self._reader.exchange is None or self._json_reply is not None:
            return  # there was no stream
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
            events_read=self._consumer == "events",
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
        max_retries = self._transport.settings.with_options(self._options).max_retries
        if self._reconnect_settings is None or not follower.reconnect(max_retries) or fold.workflow_run_id is None:
            raise interruption
        fields = fields_of(self._call.operation, self.http, workflow_run_id=fold.workflow_run_id)
        log.info("run %s: its stream was interrupted, reconnecting", fold.workflow_run_id, extra=fields)
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
        if reader.exchange is None and (exchange := await reader.open(self._call)) is not None:
            reader.exchange = exchange
            match media_type(exchange.info):
                case "text/event-stream":
                    pass
                case "application/json":  # the reply of the blocking mode
                    self._json_reply = await self._transport.read_as(exchange, self._kind.reply)
                case _:
                    raise not_json(await exchange.read_start(), exchange.info)
        return reader.exchange

    async def __aenter__(self) -> Self:
        if self._consumer is not None or self._reader.closed or self._reader.exchange is not None:
            raise MisuseError("this stream has been used already: make a new call")
        if await self._open() is None:
            raise MisuseError("this stream was closed before it was open: make a new call")
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
        await self._reader.aclose()

    async def stop(self) -> None:
        """Ask the server to stop generating, then close the stream.

        If open streams use all connections that the pool allows, this stream is closed first, and the call uses its connection.

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
            await self._stop(self.task_id, {**(self._options or {}), "timeout": no_wait_for_pool})
        except APITimeoutError as error:
            if error.sent:
                raise
            await self.aclose()  # streams use all connections: the call gets this one's
            await self._stop(self.task_id, self._options)
        finally:
            await self.aclose()


class AsyncTextStream(AsyncItemIterator[str]):
    """The pieces of text of a stream, as they arrive. Closing it closes the stream.

    Example:
        ```python
        async with client.chat.stream("Tell me more").text_stream as pieces:
            async for text in pieces:
                print(text, end="")
        ```
    """

    def __init__(self, texts: AsyncGenerator[str], stream: AsyncEventStream[Any, Any]) -> None:
        super().__init__(texts)
        self._stream = stream

    async def aclose(self) -> None:
        """Close the stream's connection, even if no text has been read.

        Example:
            ```python
            pieces = client.chat.stream("Tell me more").text_stream
            await pieces.aclose()  # nothing was sent, and nothing will be
            ```
        """
        await super().aclose()
        await self._stream.aclose()


# ----------------------------------------------------------------------------------------------- streams of each kind of app
class AsyncChatStream(AsyncEventStream[ChatEvent, ChatResponse]):
    """The stream of a chat app, an agent or a chatflow.

    It yields `ChatEvent`s, which fold to a `ChatResponse`.

    Example:
        ```python
        async for event in client.chat.stream("What is Dify?"):
            if event.event == "message":
                print(event.answer, end="")
        ```
    """

    @property
    def message_id(self) -> str | None:
        """Id of the reply's message; known from the first event on."""
        return self._id("message_id")

    @property
    def conversation_id(self) -> str | None:
        """Id of the conversation; pass it to the next call to continue.

        Known from the first event on.
        """
        return self._id("conversation_id")


class AsyncCompletionStream(AsyncEventStream[CompletionEvent, CompletionResponse]):
    """The stream of a completion app.

    It yields `CompletionEvent`s, which fold to a `CompletionResponse`.

    Example:
        ```python
        async for event in client.completions.stream({"topic": "tea"}):
            if event.event == "message":
                print(event.answer, end="")
        ```
    """

    @property
    def message_id(self) -> str | None:
        """Id of the reply's message; known from the first event on."""
        return self._id("message_id")


class AsyncWorkflowStream(AsyncEventStream[WorkflowEvent, WorkflowRun]):
    """The stream of a workflow run: `WorkflowEvent`s that fold to a `WorkflowRun`.

    Example:
        ```python
        async for event in client.workflows.stream({"q": "tea"}):
            if event.event == "node_finished":
                print(event.data.title, event.data.status)
        ```
    """


class AsyncDatasourceStream(AsyncEventStream[DatasourceEvent, DatasourceResults]):
    """The stream of a datasource node.

    It yields `DatasourceEvent`s; `final` returns those that completed or failed.
    """
