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
from .errors import UnusedAnswer
from .operations import MockedOperation

__all__ = [
    "CALLER_AWAITS",
    "Answered",
    "Effect",
    "Owner",
    "Plan",
    "Planned",
    "Route",
    "answer",
    "assert_all_given",
    "line_for",
]

CALLER_AWAITS: ContextVar[bool | None] = ContextVar("dify_mock_caller_awaits", default=None)
"""True while an async client calls, False for a sync one, None if a router of the user handles the request."""

Answered: TypeAlias = (
    Wire | ErrorReply | BaseModel | Mapping[str, Any] | list[Any] | bytes | Response | Exception | None
)
"""Values that a response is built from; an exception is raised, None is a response without content."""

Effect: TypeAlias = Callable[[MockCall], Answered | Awaitable[Answered]]


@dataclass(frozen=True)
class Planned:
    """A mocked response.

    Attributes:
        effect: What makes it, of a call.
        shape: What an operation makes of that, once it is there.
    """

    effect: Callable[[MockCall], Any]
    shape: Callable[[Any, MockCall], Answered] | None = None


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
        self._answers: list[Planned] = []
        self._given = 0
        self._lock = threading.Lock()

    def add(self, planned: Planned) -> None:
        """Add a response after the others."""
        with self._lock:
            self._answers.append(planned)

    def clear(self) -> None:
        """Remove all responses."""
        with self._lock:
            self._answers.clear()
            self._given = 0

    def next(self) -> Planned | None:
        """Return the response to the next call, or None without responses."""
        with self._lock:
            if not self._answers:
                return None
            planned = self._answers[min(self._given, len(self._answers) - 1)]
            self._given += 1
            return planned

    def unused(self) -> str | None:
        """Return a description of responses that were never requested, or None."""
        left = len(self._answers) - self._given
        if left <= 0:
            return None
        how_many = "was never called" if not self._given else f"was called {self._given} of {len(self._answers)} times"
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
        self, effect: Callable[[MockCall], Any], shape: Callable[[Any, MockCall], Answered] | None = None
    ) -> Self:
        if not callable(effect):  # one that somebody gave to `answers`
            raise TypeError(
                f"mock.{self.operation.call}: answers takes a function of the call, and not the {type(effect).__name__} "
                f"{effect!r}; to set an answer itself: {line_for(self)}"
            )
        self._owner.plan_of(self.operation).add(Planned(effect, shape))
        return self

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Raise an error: responses are set on the methods of the operation.

        Raises:
            TypeError: Always, with what may have been meant.
        """
        raise TypeError(f"mock.{self.operation.call} is where answers are set: did you mean {line_for(self)}?")

    def answers(self, function: Effect) -> Self:
        """Respond with the result of a function.

        Args:
            function: Called with the `MockCall`; returns a reply, a `Wire`, an `ErrorReply`, bytes, an httpx answer, or an
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
        """Raise a timeout without waiting: while the call waits for a response, or while it connects."""
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
"""Operations whose answers can be set on their resource too."""


def line_for(route: Route) -> str:
    """Return the line of code that sets a response."""
    call = route.operation.call.removeprefix("client.")
    where = call.partition(".")[0] if call in _SHORT else call
    return f"mock.{where}.{route._verb}"  # pyright: ignore[reportPrivateUsage]


def response_of(answered: Answered, operation: MockedOperation) -> Response:
    """Return a response as an httpx response."""
    match answered:
        case Exception():
            raise answered
        case Response():
            return answered
        case Wire():
            return responses.stream(answered)
        case ErrorReply():
            return responses.error(answered)
        case bytes():
            return responses.binary(answered)
        case _:
            return responses.reply(answered, status=operation.status)


async def _awaited(coming: Awaitable[Any] | AsyncIterator[Any], planned: Planned, call: MockCall) -> Any:
    if isinstance(coming, AsyncIterator):
        answered: Any = [each async for each in coming]
    else:
        answered = await coming
    return answered if planned.shape is None else planned.shape(answered, call)


async def _response_of(coming: Awaitable[Answered], operation: MockedOperation) -> Response:
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


def answer(planned: Planned, call: MockCall, operation: MockedOperation) -> Response | Awaitable[Response]:
    """Return the response to a call.

    Raises:
        TypeError: A coroutine function is to answer a client that does not await.
    """
    answered: Any = planned.effect(call)
    if inspect.isawaitable(answered) or isinstance(answered, AsyncIterator):
        if not _caller_awaits():
            coming = cast("Any", answered)
            if inspect.iscoroutine(coming):
                coming.close()  # else Python warns of it, in some later test
            raise TypeError(f"mock.{operation.call}: answers(async function) is for AsyncDify; give a plain one")
        return _response_of(_awaited(cast("Any", answered), planned, call), operation)
    return response_of(answered if planned.shape is None else planned.shape(answered, call), operation)


def assert_all_given(plans: Mapping[str, Plan]) -> None:
    """Raise an error if mocked responses were never requested."""
    unused = [said for plan in plans.values() if (said := plan.unused()) is not None]
    if unused:
        raise UnusedAnswer("some mocked responses were never requested: " + "; ".join(unused))
