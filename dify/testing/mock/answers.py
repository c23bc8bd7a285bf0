"""What a route of a mock is to answer, one call after the other."""

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
"""Whether the client that calls awaits its answer; None where a router of the user's was called, which does not tell."""

Answered: TypeAlias = (
    Wire | ErrorReply | BaseModel | Mapping[str, Any] | list[Any] | bytes | Response | Exception | None
)
"""What an answer is made of: a stream, a refusal, a reply, bytes, an httpx answer, an error to raise, or no content."""

Effect: TypeAlias = Callable[[MockCall], Answered | Awaitable[Answered]]


@dataclass(frozen=True)
class Planned:
    """An answer that was set.

    Attributes:
        effect: What makes it, of a call.
        shape: What an operation makes of that, once it is there.
    """

    effect: Callable[[MockCall], Any]
    shape: Callable[[Any, MockCall], Answered] | None = None


class Owner(Protocol):
    """What a route needs of its mock."""

    calls: Calls

    def plan_of(self, operation: MockedOperation) -> Plan:
        """Where the answers of an operation are kept."""
        ...


class Plan:
    """The answers of one operation. They are given in turn; the last one is given from then on."""

    def __init__(self, operation: MockedOperation) -> None:
        self.operation = operation
        self._answers: list[Planned] = []
        self._given = 0
        self._lock = threading.Lock()

    def add(self, planned: Planned) -> None:
        """Another answer, after those that are there."""
        with self._lock:
            self._answers.append(planned)

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._answers.clear()
            self._given = 0

    def next(self) -> Planned | None:
        """The answer for the next call; None where no answer was set."""
        with self._lock:
            if not self._answers:
                return None
            planned = self._answers[min(self._given, len(self._answers) - 1)]
            self._given += 1
            return planned

    def unused(self) -> str | None:
        """What to say of answers that no call asked for; None where all were given."""
        left = len(self._answers) - self._given
        if left <= 0:
            return None
        how_many = "was never called" if not self._given else f"was called {self._given} of {len(self._answers)} times"
        return f"mock.{self.operation.call} {how_many} ({self.operation.method} {self.operation.path})"


class Route:
    """One operation of a mock: its answers, and the calls that it got.

    Answers are given in the order in which they were set, and the last one again and again. So a refusal and then an answer
    are two lines:

        mock.chat.refuses("too_many_requests", retry_after=0)
        mock.chat.streams("Hello")
    """

    def __init__(self, owner: Owner, operation: MockedOperation) -> None:
        self._owner = owner
        self.operation = operation

    _verb: ClassVar[str] = "answers(...)"
    """What usually gives it an answer."""

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
        """It is where answers are set, and no call of its own.

        Raises:
            TypeError: Always, with what may have been meant.
        """
        raise TypeError(f"mock.{self.operation.call} is where answers are set: did you mean {line_for(self)}?")

    def answers(self, function: Effect) -> Self:
        """Let a function answer.

        Args:
            function: Is given the `MockCall`, and returns a reply, a `Wire`, an `ErrorReply`, bytes, an httpx answer, or an
                exception to raise. It may be a coroutine function where the async client calls.
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
        """Answer with an error.

        Args:
            code: Dify's code, such as "provider_quota_exceeded", or an error from `dify.testing.error_replies`.
            message: Another text than the usual.
            status: Another status than the usual; needed for codes that are not known here.
            retry_after: Seconds for the header `Retry-After`. 0 lets a client that tries again do so at once.
        """
        known = error_reply(code, message=message, status=status, retry_after=retry_after)
        return self._plan(lambda _: known)

    def times_out(self, on: Literal["answer", "connect"] = "answer") -> Self:
        """Let the call time out: while it waits for an answer, or while it connects. It does so at once."""
        make = responses.read_timeout if on == "answer" else responses.connect_timeout
        return self._plan(lambda _: make())

    def disconnects(self, on: Literal["answer", "connect"] = "answer") -> Self:
        """Let the connection break before the answer, or never come to be."""
        make = responses.reset if on == "answer" else responses.refused
        return self._plan(lambda _: make())

    def clear(self) -> Self:
        """Forget the answers that were set."""
        self._owner.plan_of(self.operation).clear()
        return self

    @property
    def calls(self) -> Calls:
        """The calls that it got, oldest first."""
        return self._owner.calls.of(self.operation.id)

    @property
    def called(self) -> bool:
        """Whether it got a call."""
        return bool(self.calls)

    @property
    def call_count(self) -> int:
        """How many calls it got."""
        return len(self.calls)

    def assert_called_once(self) -> MockCall:
        """The one call that it got.

        Raises:
            AssertionError: It got none, or several.
        """
        calls = self.calls
        if len(calls) != 1:
            raise AssertionError(f"{self.operation.call} was called {len(calls)} times, not once: {calls!r}")
        return calls[0]

    def assert_not_called(self) -> None:
        """Nobody called it.

        Raises:
            AssertionError: Somebody did.
        """
        if self.called:
            raise AssertionError(f"{self.operation.call} was called: {self.calls!r}")

    def __repr__(self) -> str:
        return f"<mock of {self.operation.call}: {self.operation.method} {self.operation.path}>"


_SHORT = {"chat.send", "chat.stream", "completions.create", "completions.stream", "workflows.run", "workflows.stream"}
"""Operations whose answers can be set on their resource too."""


def line_for(route: Route) -> str:
    """The line that gives an operation an answer."""
    call = route.operation.call.removeprefix("client.")
    where = call.partition(".")[0] if call in _SHORT else call
    return f"mock.{where}.{route._verb}"  # pyright: ignore[reportPrivateUsage]


def response_of(answered: Answered, operation: MockedOperation) -> Response:
    """An answer as httpx has it."""
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
    """What an answer comes to for a call.

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
    """Complain of answers that nobody asked for."""
    unused = [said for plan in plans.values() if (said := plan.unused()) is not None]
    if unused:
        raise UnusedAnswer("answers were set that no call asked for: " + "; ".join(unused))
