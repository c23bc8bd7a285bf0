"""Routes of a mock, and their planned responses."""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NoReturn, Protocol, Self, TypeAlias, cast

from anyio import get_cancelled_exc_class
from pydantic import BaseModel

from ..builders import responses
from ..builders.error_replies import ErrorReply, error_reply
from ..builders.responses import Response
from ..builders.wire import Wire
from .calls import Calls, MockCall
from .errors import UnusedResponse
from .operations import MockedOperation

__all__ = [
    "CALLER_AWAITS",
    "MockedResponse",
    "Owner",
    "Plan",
    "Planned",
    "ResponseFunction",
    "Route",
    "assert_all_used",
    "line_for",
    "respond",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

CALLER_AWAITS: ContextVar[bool | None] = ContextVar("dify_mock_caller_awaits", default=None)
"""True while an async client calls, False for a sync one, None if a router of the user handles the request."""

MockedResponse: TypeAlias = (
    Wire | ErrorReply | BaseModel | Mapping[str, Any] | list[Any] | bytes | Response | Exception | None
)
"""Values that a response is built from; an exception is raised, None is a response without content."""

ResponseFunction: TypeAlias = Callable[[MockCall], MockedResponse | Awaitable[MockedResponse]]


@dataclass(frozen=True)
class Planned:
    """A mocked response.

    Attributes:
        effect: Function that makes it from a call.
        shape: Function that shapes the result of `effect` for the operation, or None.
    """

    effect: Callable[[MockCall], Any]
    shape: Callable[[Any, MockCall], MockedResponse] | None = None


class Owner(Protocol):
    """The mock of a route."""

    calls: Calls

    def plan_of(self, operation: MockedOperation) -> Plan:
        """Return the plan of an operation."""
        ...


class Plan:
    """The responses of an operation, returned in order; the last one is repeated."""

    def __init__(self, operation: MockedOperation) -> None:
        self.operation = operation
        self._responses: list[Planned] = []
        self._returned = 0
        self._lock = threading.Lock()

    def add(self, planned: Planned) -> None:
        """Add a response after the others."""
        with self._lock:
            self._responses.append(planned)

    def clear(self) -> None:
        """Remove all responses."""
        with self._lock:
            self._responses.clear()
            self._returned = 0

    def next(self) -> Planned | None:
        """Return the response to the next call, or None without responses."""
        with self._lock:
            if not self._responses:
                return None
            planned = self._responses[min(self._returned, len(self._responses) - 1)]
            self._returned += 1
            return planned

    def unused(self) -> str | None:
        """Return a description of responses that were never requested, or None."""
        left = len(self._responses) - self._returned
        if left <= 0:
            return None
        how_many = (
            "was never called" if not self._returned else f"was called {self._returned} of {len(self._responses)} times"
        )
        return f"mock.{self.operation.call} {how_many} ({self.operation.method} {self.operation.path})"


class Route:
    """An operation of a mock: its responses and its calls.

    Responses are returned in the order in which they were set; the last one is repeated. An error and then a reply are two
    lines:

        mock.chat.refuses("too_many_requests", retry_after=0)
        mock.chat.streams("Hello")
    """

    def __init__(self, owner: Owner, operation: MockedOperation) -> None:
        self._owner = owner
        self.operation = operation

    _verb: ClassVar[str] = "answers(...)"
    """The method that error messages recommend for setting a response."""

    def _plan(
        self, effect: Callable[[MockCall], Any], shape: Callable[[Any, MockCall], MockedResponse] | None = None
    ) -> Self:
        if not callable(effect):  # a value passed to `answers`
            raise TypeError(
                f"mock.{self.operation.call}: answers takes a function of the call, and not the {type(effect).__name__} "
                f"{effect!r}; to set a response itself: {line_for(self)}"
            )
        self._owner.plan_of(self.operation).add(Planned(effect, shape))
        return self

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Raise an error: responses are set on the methods of the operation.

        Raises:
            TypeError: Always, with what may have been meant.
        """
        raise TypeError(
            f"mock.{self.operation.call} cannot be called; it sets mocked responses. Did you mean {line_for(self)}?"
        )

    def answers(self, function: ResponseFunction) -> Self:
        """Respond with the result of a function.

        Args:
            function: Called with the `MockCall`; returns a reply, a `Wire`, an `ErrorReply`, bytes, an httpx response, or an
                exception to raise. With the async client it may be a coroutine function.
        """
        return self._plan(function)

    def refuses(
        self,
        code: str | ErrorReply,
        *,
        message: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> Self:
        """Respond with an error.

        Args:
            code: Code of Dify, such as "provider_quota_exceeded", or an error from `dify.testing.error_replies`.
            message: Message; by default that of the code.
            status: Status; by default that of the code. Required for unknown codes.
            retry_after: Seconds for the header `Retry-After`. 0 lets a client retry at once.
        """
        known = error_reply(code, message=message, status=status, retry_after=retry_after)
        return self._plan(lambda _: known)

    def times_out(self, on: Literal["answer", "connect"] = "answer") -> Self:
        """Raise a timeout without waiting.

        The call times out for its response, or while it connects.
        """
        make = responses.read_timeout if on == "answer" else responses.connect_timeout
        return self._plan(lambda _: make())

    def disconnects(self, on: Literal["answer", "connect"] = "answer") -> Self:
        """Break the connection before the response, or refuse it."""
        make = responses.reset if on == "answer" else responses.refused
        return self._plan(lambda _: make())

    def clear(self) -> Self:
        """Remove all responses."""
        self._owner.plan_of(self.operation).clear()
        return self

    @property
    def calls(self) -> Calls:
        """Calls of the operation, oldest first."""
        return self._owner.calls.of(self.operation.id)

    @property
    def called(self) -> bool:
        """True if the operation was called."""
        return bool(self.calls)

    @property
    def call_count(self) -> int:
        """Number of calls."""
        return len(self.calls)

    def assert_called_once(self) -> MockCall:
        """Return the only call.

        Raises:
            AssertionError: The operation was not called, or several times.
        """
        calls = self.calls
        if len(calls) != 1:
            raise AssertionError(f"{self.operation.call} was called {len(calls)} times, not once: {calls!r}")
        return calls[0]

    def assert_not_called(self) -> None:
        """Check that the operation was not called.

        Raises:
            AssertionError: It was.
        """
        if self.called:
            raise AssertionError(f"{self.operation.call} was called: {self.calls!r}")

    def __repr__(self) -> str:
        return f"<mock of {self.operation.call}: {self.operation.method} {self.operation.path}>"


_SHORT = {"chat.send", "chat.stream", "completions.create", "completions.stream", "workflows.run", "workflows.stream"}
"""Operations whose responses can be set on their resource too."""


def line_for(route: Route) -> str:
    """Return the line of code that sets a response."""
    call = route.operation.call.removeprefix("client.")
    where = call.partition(".")[0] if call in _SHORT else call
    return f"mock.{where}.{route._verb}"  # pyright: ignore[reportPrivateUsage]


def response_of(response: MockedResponse, operation: MockedOperation) -> Response:
    """Return a response as an httpx response."""
    match response:
        case Exception():
            raise response
        case Response():
            return response
        case Wire():
            return responses.stream(response)
        case ErrorReply():
            return responses.error(response)
        case bytes():
            return responses.binary(response)
        case _:
            return responses.reply(response, status=operation.status)


async def _awaited(coming: Awaitable[Any] | AsyncIterator[Any], planned: Planned, call: MockCall) -> Any:
    if isinstance(coming, AsyncIterator):
        response: Any = [each async for each in coming]
    else:
        response = await coming
    return response if planned.shape is None else planned.shape(response, call)


async def _response_of(coming: Awaitable[MockedResponse], operation: MockedOperation) -> Response:
    return response_of(await coming, operation)


def _caller_awaits() -> bool:
    known = CALLER_AWAITS.get()
    if known is not None:
        return known
    try:
        get_cancelled_exc_class()
    except RuntimeError:  # no event loop runs
        return False
    return True


def respond(planned: Planned, call: MockCall, operation: MockedOperation) -> Response | Awaitable[Response]:
    """Return the response to a call.

    Raises:
        TypeError: A coroutine function cannot respond to a client that does not await.
    """
    response: Any = planned.effect(call)
    if inspect.isawaitable(response) or isinstance(response, AsyncIterator):
        if not _caller_awaits():
            coming = cast("Any", response)
            if inspect.iscoroutine(coming):
                coming.close()  # else Python warns of it, in some later test
            raise TypeError(f"mock.{operation.call}: answers(async function) is for AsyncDify; give a plain one")
        return _response_of(_awaited(cast("Any", response), planned, call), operation)
    return response_of(response if planned.shape is None else planned.shape(response, call), operation)


def assert_all_used(plans: Mapping[str, Plan]) -> None:
    """Raise an error if mocked responses were never requested."""
    unused = [text for plan in plans.values() if (text := plan.unused()) is not None]
    if unused:
        raise UnusedResponse("some mocked responses were never requested: " + "; ".join(unused))
