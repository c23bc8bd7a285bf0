"""Faults on purpose: their queue, the requests they apply to, and their effect."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..builders.error_replies import CODES
from .answers import EmulatorError
from .responses import error_answer

if TYPE_CHECKING:
    from .state import Core

__all__ = ["RESET", "Aim", "Cut", "Delay", "Failure", "Faults", "Troubles", "aimed", "below", "failure_of", "met"]


_GATEWAY = frozenset({502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses that no API server sends: they come from what stands before it, as HTML."""

_USUAL = {
    400: "invalid_param",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "dataset_name_duplicate",
    413: "file_too_large",
    415: "unsupported_file_type",
    429: "too_many_requests",
    500: "internal_server_error",
}


@dataclass
class Aim:
    """Which requests a fault meets, and how often.

    Attributes:
        times: How many more requests it meets.
        path: The path without `/v1`, with `*` for any text; None for every path.
        method: The HTTP method; None for any.
        met: Whether it has met one.
    """

    times: int = 1
    path: str | None = None
    method: str | None = None
    met: bool = field(default=False, kw_only=True)

    def meets(self, method: str, path: str) -> bool:
        """Whether it meets a request."""
        return (self.method is None or self.method.upper() == method) and (
            self.path is None or fnmatchcase(path, self.path)
        )

    @property
    def what(self) -> str:
        """What it is, in words."""
        raise NotImplementedError

    def __str__(self) -> str:
        where = " ".join(each for each in (self.method and self.method.upper(), self.path) if each)
        return f"{self.what} for {where or 'any request'}"


@dataclass
class Failure(Aim):
    """An answer that is an error; without a status the connection is reset in its place."""

    status: int | None = None
    code: str = ""
    message: str = ""
    html: bool = False
    retry_after: str | None = None

    @property
    def what(self) -> str:
        """What it is, in words."""
        return "a reset" if self.status is None else f"a failure with status {self.status}"


@dataclass
class Delay(Aim):
    """A wait before the answer."""

    seconds: float = 0.0

    @property
    def what(self) -> str:
        """What it is, in words."""
        return f"a delay of {self.seconds:g} seconds"


@dataclass
class Cut(Aim):
    """A stream that ends, or falls silent, after so many frames."""

    after: int = 0
    then: Literal["drop", "stall", "ping"] = "drop"

    @property
    def what(self) -> str:
        """What it is, in words."""
        return f"a stream that is {'cut' if self.then == 'drop' else 'stalled'} after {self.after} events"


AnyFault: TypeAlias = Failure | Delay | Cut
F = TypeVar("F", bound=AnyFault)


def failure_of(
    status: int | None,
    code: str | None,
    message: str | None,
    retry_after: float | str | None,
    html: bool | None,
) -> Failure:
    """A failure of which only the telling part need be named.

    Raises:
        TypeError: The status is no number; a code may have been meant.
        ValueError: Neither a status nor a code that comes with one is named, or the status is none of an error.
    """
    if status is not None and not isinstance(status, int):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"status is a number, and not {status!r}: a code is given as code={status!r}")
    if code is None and status is not None:
        code = _USUAL.get(status, "")
    usual, text = CODES.get(code or "", (None, ""))
    status = status if status is not None else usual
    if status is None:
        raise ValueError(f"name a status: the code {code!r} is not one whose status is known")
    if not 400 <= status <= 599:
        raise ValueError(f"the status of an error is from 400 to 599, and not {status}")
    if isinstance(retry_after, int | float) and retry_after < 0:
        raise ValueError(f"retry_after is in seconds: 0 or more, and not {retry_after}")
    return Failure(
        status=status,
        code=code or "unknown",
        message=text if message is None else message,
        html=html if html is not None else status in _GATEWAY and message is None,
        retry_after=None if retry_after is None else f"{retry_after}".removesuffix(".0"),
    )


@dataclass
class Faults:
    """The faults that wait for a request, oldest first."""

    waiting: list[AnyFault] = field(default_factory=list[AnyFault])
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, fault: AnyFault) -> None:
        """Keep a fault for the next request that it meets."""
        with self._lock:
            self.waiting.append(fault)

    def take(self, kind: type[F], method: str, path: str) -> F | None:
        """The oldest fault of a kind that meets a request, which counts as met."""
        with self._lock:
            for fault in self.waiting:
                if isinstance(fault, kind) and fault.meets(method, path):
                    fault.met = True
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                    return fault
            return None

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self.waiting.clear()


RESET = "dify.testing.reset"
"""The extension of ASGI: a function without arguments."""

_PARAMETER = re.compile(r"{\w+(?::\w+)?}")

_ONE, _MORE = "\0", "\1"
"""What a parameter consists of: a character that is no slash, and any number of them. No path has these characters."""


def aimed(
    routes: Iterable[tuple[str, frozenset[str]]], times: object, path: str | None, method: str | None
) -> tuple[int, str | None, str | None]:
    """How often, and at what a fault is aimed.

    Args:
        routes: The paths of the API, with parameters in braces and without `/v1`, and their methods.
        times: How many requests it is to meet.
        path: The path, with `*` for any text.
        method: The method.

    Raises:
        ValueError: It would meet no request.
    """
    if not isinstance(times, int) or times < 1:
        raise ValueError(f"times counts requests: 1 or more, and not {times!r}")
    known = list(routes)
    fitting = known if path is None else [route for route in known if _fits(path, route[0])]
    if path is not None and not fitting:
        raise ValueError(_no_route(path, known))
    if method is not None and not any(method.upper() in methods for _, methods in fitting):
        having = ", ".join(sorted({one for _, methods in fitting for one in methods} - {"HEAD"}))
        raise ValueError(f"method={method!r} meets no request: {path or 'the API'} is called with {having}")
    return times, path, method


def _no_route(path: str, routes: Sequence[tuple[str, frozenset[str]]]) -> str:
    said = f"path={path!r} meets no request, for no path of the API fits it"
    if re.search(r"(^|/)v1(/|$)", path):
        below = "/" + re.sub(r"^.*?(^|/)v1(/|$)", "", path)
        return f'{said}: paths are told without "/v1", so path={below!r}'
    if "{" in path:
        return f"{said}: `*` stands for any text, so path={_PARAMETER.sub('*', path)!r}"
    if not path.startswith(("/", "*")):
        return f"{said}: paths begin with a slash"
    near = get_close_matches(path, sorted({_PARAMETER.sub("*", each) for each, _ in routes}), 3)
    return f"{said}: did you mean {' or '.join(near)}?" if near else f"{said} (`*` stands for any text)"


def _fits(path: str, route: str) -> bool:
    """Whether some text is a path of the route and fits what the fault is aimed at."""
    if "{" in path:
        return False  # a path as the API's description has it, which no request has
    return _meet(_glob(path), _PARAMETER.sub(_ONE + _MORE, route))


def _glob(path: str) -> list[str]:
    # A set of characters is taken for any.
    return ["?" if len(token) > 1 else token for token in re.findall(r"\[!?\]?[^\]]*\]|.", path, re.DOTALL)]


def _meet(glob: Sequence[str], route: str) -> bool:
    """Whether there is a text that both stand for."""

    @cache
    def rest(at: int, place: int) -> bool:
        if at == len(glob):
            return not route[place:].strip(_MORE)
        token = glob[at]
        if token == "*":
            return rest(at + 1, place) or (place < len(route) and rest(at, place + 1))
        if place == len(route):
            return False
        here = route[place]
        if here == _MORE:
            return rest(at, place + 1) or (token != "/" and rest(at + 1, place))
        same = token in ("?", here) or (here == _ONE and token != "/")
        return same and rest(at + 1, place + 1)

    return rest(0, 0)


_GATEWAY_PAGE = "<html>\n<head><title>{0}</title></head>\n<body>\n<center><h1>{0}</h1></center>\n</body>\n</html>\n"


class Reset(Response):
    """No answer: the connection is reset, by whichever door the request came in."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"][RESET]()


async def met(faults: Faults, request: Request) -> Response | None:
    """What goes wrong on purpose with a request, before anybody looks at it."""
    delay = faults.take(Delay, request.method, below(request))
    if delay is not None:
        await asyncio.sleep(delay.seconds)
    failure = faults.take(Failure, request.method, below(request))
    if failure is None:
        return None
    if failure.status is None:
        return Reset()
    headers = {} if failure.retry_after is None else {"Retry-After": failure.retry_after}
    if failure.html:
        reason = HTTPStatus(failure.status).phrase if failure.status in set(HTTPStatus) else "Error"
        page = _GATEWAY_PAGE.format(f"{failure.status} {reason}")
        return Response(page, failure.status, headers, media_type="text/html")
    return error_answer(EmulatorError(failure.status, failure.code, failure.message), headers)


def below(request: Request) -> str:
    """The path of a request without `/v1`."""
    return request.url.path.removeprefix("/v1")


class Troubles:
    """What can be made to go wrong with an emulator, for the next requests that a fault is aimed at.

    Every method takes `times` (how many requests it meets), `path` (without `/v1`; `*` stands for any text, so
    "/datasets/*" for all that is about knowledge bases) and `method`. Faults of one kind come in the order of the calls.
    What no request can meet, such as a path that the API does not have, is refused.
    """

    _core: Core

    def _aimed(self, times: int, path: str | None, method: str | None) -> tuple[int, str | None, str | None]:
        from .app import all_routes

        routes = ((route.path, frozenset(route.methods or ())) for route in all_routes(self._core))
        return aimed([(path.removeprefix("/v1"), methods) for path, methods in routes], times, path, method)

    def fail_next(
        self,
        status: int | None = None,
        *,
        code: str | None = None,
        message: str | None = None,
        retry_after: float | str | None = None,
        html: bool | None = None,
        times: int = 1,
        path: str | None = None,
        method: str | None = None,
    ) -> None:
        """Answer the next request with an error; the app is not asked.

        Either a status or a code is enough: Dify's usual code for a status (a gateway's HTML page for 502, 503, 504 and
        520 to 524), or the status that a code comes with.

        Args:
            status: HTTP status.
            code: Dify's code, such as "provider_quota_exceeded".
            message: The text for people; by default Dify's own, which often is empty.
            retry_after: The `Retry-After` header: seconds, or an HTTP date.
            html: Whether the body is a gateway's page and no JSON.
            times: How many requests it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            TypeError: The status is no number.
            ValueError: No status is named, and none is known for the code; the status is none of an error; or no request
                can meet it.

        Example:
            >>> from dify import ProviderQuotaExceededError
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     client = emulator.sync_client(user="alice")
            ...     emulator.fail_next(429, retry_after=0)
            ...     print(client.app.info().name)  # tried again after the 429
            ...     emulator.fail_next(code="provider_quota_exceeded", path="/chat-messages")
            ...     try:
            ...         client.chat.send("hi")
            ...     except ProviderQuotaExceededError as error:
            ...         print(error.status_code)
            Emulator
            400
        """
        fault = failure_of(status, code, message, retry_after, html)
        fault.times, fault.path, fault.method = self._aimed(times, path, method)
        self._core.workspace.faults.add(fault)

    def reset_next(self, *, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Reset the connection of the next request before any answer; the app is not asked.

        Args:
            times: How many requests it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            ValueError: No request can meet it.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.reset_next()
            ...     emulator.sync_client().app.info().name  # tried again, for it only reads
            'Emulator'
        """
        self._core.workspace.faults.add(Failure(*self._aimed(times, path, method)))

    def delay_next(self, seconds: float, *, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Wait before the next request is answered.

        Args:
            seconds: How long.
            times: How many requests it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            ValueError: No request can meet it, or it would wait for less than nothing.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.delay_next(0.01)
            ...     emulator.sync_client(timeout=1).app.info().name
            'Emulator'
        """
        if seconds < 0:
            raise ValueError(f"seconds is how long to wait: 0 or more, and not {seconds!r}")
        self._core.workspace.faults.add(Delay(*self._aimed(times, path, method), seconds=seconds))

    def drop_stream(self, *, after: int, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Cut the next event stream off. A run goes on, and its events can be picked up again.

        Args:
            after: How many frames are sent before; pings do not count.
            times: How many streams it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            ValueError: No request can meet it, or `after` is less than nothing.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator(mode="workflow") as emulator:
            ...     emulator.drop_stream(after=2)
            ...     run = emulator.sync_client().workflows.run({"q": "tea"})
            ...     run.outputs, run.reconnects
            ({'text': 'Echo: tea'}, 1)
        """
        self._core.workspace.faults.add(_cut(after, "drop", self._aimed(times, path, method)))

    def stall_stream(
        self,
        *,
        after: int,
        pings: bool = False,
        times: int = 1,
        path: str | None = None,
        method: str | None = None,
    ) -> None:
        """Let the next event stream fall silent, and stay open until its reader leaves.

        Args:
            after: How many frames are sent before; pings do not count.
            pings: Whether pings go on.
            times: How many streams it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            ValueError: No request can meet it, or `after` is less than nothing.

        Example:
            >>> from dify import StreamInterruptedError
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.stall_stream(after=1)
            ...     try:
            ...         emulator.sync_client(timeout=0.05).chat.send("hi")
            ...     except StreamInterruptedError as error:
            ...         print(error.partial.answer)
            Echo:
        """
        self._core.workspace.faults.add(_cut(after, "ping" if pings else "stall", self._aimed(times, path, method)))

    def clear_faults(self) -> None:
        """Forget the faults that have met no request yet.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.fail_next(503, times=100)
            ...     emulator.clear_faults()
            ...     emulator.sync_client().app.info().name
            'Emulator'
        """
        self._core.workspace.faults.clear()

    @property
    def waiting_faults(self) -> list[str]:
        """The faults that have met no request yet, in words.

        Example:
            >>> from dify.testing import Emulator
            >>> emulator = Emulator()
            >>> emulator.fail_next(503, path="/info")
            >>> emulator.waiting_faults
            ['a failure with status 503 for /info']
        """
        return [str(fault) for fault in self._core.workspace.faults.waiting if not fault.met]


def _cut(after: int, then: Literal["drop", "stall", "ping"], aim: tuple[int, str | None, str | None]) -> Cut:
    if after < 0:
        raise ValueError(f"after counts events: 0 or more, and not {after!r}")
    return Cut(*aim, after=after, then=then)
