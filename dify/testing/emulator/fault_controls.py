"""The methods of an emulator that add faults, and their checks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from ..builders.error_replies import CODES, suggestion
from .faults import AnyFault, DelayFault, ErrorFault, StreamFault

if TYPE_CHECKING:
    from .state import AppState

__all__ = ["FaultControls"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_GATEWAY_STATUSES = frozenset({502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses of gateways before the API, which send an HTML page."""

_DEFAULT_CODES = {
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


# --------------------------------------------------------------------------------------------------------- their target
_PARAMETER = re.compile(r"{\w+(?::\w+)?}")
_CHARACTER, _CHARACTERS = "\0", "\1"
"""Stand-ins for a parameter in a path: a character that is not a slash, and any number of them. No path contains them."""

Routes: TypeAlias = Sequence[tuple[str, frozenset[str]]]
"""Paths of the API without `/v1`, with parameters in braces, and their methods."""


def _check_target(routes: Routes, times: object, path: str | None, method: str | None) -> None:
    """Check that a fault applies to at least one possible request.

    Raises:
        ValueError: `times` is less than 1, or no route matches the path and the method.
    """
    if not isinstance(times, int) or times < 1:
        raise ValueError(f"times must be an integer of at least 1, the number of requests to apply to; got {times!r}")
    matches = routes if path is None else [route for route in routes if _can_match(path, route[0])]
    if path is not None and not matches:
        raise ValueError(f"path={path!r} matches no route of the API{_suggestion(path, routes)}")
    if method is not None and not any(method.upper() in methods for _, methods in matches):
        allowed = ", ".join(sorted({name for _, methods in matches for name in methods} - {"HEAD"}))
        raise ValueError(f"method={method!r} matches no route: the methods of {path or 'the API'} are {allowed}")


def _suggestion(path: str, routes: Routes) -> str:
    if re.search(r"(^|/)v1(/|$)", path):
        shorter = "/" + re.sub(r"^.*?(^|/)v1(/|$)", "", path)
        return f": omit the base URL and `/v1`, as in path={shorter!r}"
    if "{" in path:
        return f": use `*` for parameters, as in path={_PARAMETER.sub('*', path)!r}"
    if not path.startswith(("/", "*")):
        return ": paths start with a slash"
    close = get_close_matches(path, sorted({_PARAMETER.sub("*", route) for route, _ in routes}), 3)
    return f": did you mean {' or '.join(close)}?" if close else "; `*` matches any text"


def _can_match(path: str, route: str) -> bool:
    """Return True if a request to a route can match the path of a fault."""
    if "{" in path:
        return False  # a path as in the API description, which no request has
    return _overlap(_tokens(path), _PARAMETER.sub(_CHARACTER + _CHARACTERS, route))


def _tokens(glob: str) -> list[str]:
    # A set of characters counts as any character.
    return ["?" if len(token) > 1 else token for token in re.findall(r"\[!?\]?[^\]]*\]|.", glob, re.DOTALL)]


def _overlap(glob: Sequence[str], route: str) -> bool:
    """Return True if some text matches both patterns."""

    @cache
    def overlap(start: int, position: int) -> bool:
        if start == len(glob):
            return not route[position:].strip(_CHARACTERS)
        token = glob[start]
        if token == "*":
            return overlap(start + 1, position) or (position < len(route) and overlap(start, position + 1))
        if position == len(route):
            return False
        character = route[position]
        if character == _CHARACTERS:
            return overlap(start, position + 1) or (token != "/" and overlap(start + 1, position))
        same = token in ("?", character) or (character == _CHARACTER and token != "/")
        return same and overlap(start + 1, position + 1)

    return overlap(0, 0)


# ---------------------------------------------------------------------------------------------- the emulator's methods
class FaultControls:
    """Methods of an emulator that add faults for the next requests.

    Every method has the parameters `times` (number of requests), `path` (without `/v1`; `*` matches any text, as in
    "/datasets/*") and `method`. Faults of a kind apply in the order of the calls. A fault that no request can match,
    such as one for a path that the API does not have, raises `ValueError`.
    """

    _state: AppState

    def _add_fault(self, fault: AnyFault) -> None:
        from .app import ROUTES  # here, because it needs the web framework of the extra

        routes = [(route.path.removeprefix("/v1"), frozenset(route.methods or ())) for route in ROUTES]
        _check_target(routes, fault.times, fault.path, fault.method)
        self._state.workspace.faults.add(fault)

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
        """Respond to the next request with an error, without calling the answer function.

        Pass a status, a code, or both. A status alone implies Dify's usual code for it, or a gateway's HTML page (502,
        503, 504 and 520 to 524). A code alone implies its status.

        Args:
            status: HTTP status, from 400 to 599.
            code: Dify's error code, such as "provider_quota_exceeded".
            message: Error message; by default Dify's own, which is often empty.
            retry_after: `Retry-After` header: seconds, or an HTTP date.
            html: Send a gateway's HTML page instead of JSON.
            times: Number of requests to apply to.
            path: Path of these requests. None for every path.
            method: HTTP method of these requests. None for every method.

        Raises:
            TypeError: `status` is not an integer.
            ValueError: There is no status and the code implies none, `status` or `retry_after` is out of range, or no
                request can match.

        Example:
            >>> from dify import ProviderQuotaExceededError
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     client = emulator.sync_client(user="alice")
            ...     emulator.fail_next(429, retry_after=0)
            ...     print(client.app.info().name)  # retried after the 429
            ...     emulator.fail_next(code="provider_quota_exceeded", path="/chat-messages")
            ...     try:
            ...         client.chat.send("hi")
            ...     except ProviderQuotaExceededError as error:
            ...         print(error.status_code)
            Emulator
            400
        """
        if status is not None and not isinstance(status, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"status must be an integer, got {status!r}; to pass an error code, use code={status!r}")
        if code is None and status is not None:
            code = _DEFAULT_CODES.get(status, "")
        usual_status, usual_message = CODES.get(code or "", (None, ""))
        status = status if status is not None else usual_status
        if status is None:
            similar = suggestion(code or "")
            raise ValueError(f"the status of code={code!r} is unknown: pass a status as well{similar}")
        if not 400 <= status <= 599:
            raise ValueError(f"status must be from 400 to 599, got {status}")
        if isinstance(retry_after, int | float) and retry_after < 0:
            raise ValueError(f"retry_after must be 0 seconds or more, got {retry_after}")
        self._add_fault(
            ErrorFault(
                times,
                path,
                method,
                status=status,
                code=code or "unknown",
                message=usual_message if message is None else message,
                html=html if html is not None else status in _GATEWAY_STATUSES and message is None,
                retry_after=None if retry_after is None else f"{retry_after}".removesuffix(".0"),
            )
        )

    def reset_next(self, *, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Reset the connection of the next request before any response.

        The answer function is not called.

        Args:
            times: Number of requests to apply to.
            path: Path of these requests. None for every path.
            method: HTTP method of these requests. None for every method.

        Raises:
            ValueError: No request can match.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.reset_next()
            ...     emulator.sync_client().app.info().name  # retried, because it only reads
            'Emulator'
        """
        self._add_fault(ErrorFault(times, path, method))

    def delay_next(self, seconds: float, *, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Delay the response to the next request.

        Args:
            seconds: Seconds to wait, 0 or more.
            times: Number of requests to apply to.
            path: Path of these requests. None for every path.
            method: HTTP method of these requests. None for every method.

        Raises:
            ValueError: `seconds` is negative, or no request can match.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.delay_next(0.01)
            ...     emulator.sync_client(timeout=1).app.info().name
            'Emulator'
        """
        if seconds < 0:
            raise ValueError(f"seconds must be 0 or more, got {seconds!r}")
        self._add_fault(DelayFault(times, path, method, seconds=seconds))

    def drop_stream(self, *, after: int, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Cut the next event stream.

        A run continues, and its events can be requested again.

        Args:
            after: Number of events to send before; pings do not count.
            times: Number of streams to apply to.
            path: Path of the requests. None for every path.
            method: HTTP method of the requests. None for every method.

        Raises:
            ValueError: `after` is negative, or no request can match.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator(mode="workflow") as emulator:
            ...     emulator.drop_stream(after=2)
            ...     run = emulator.sync_client().workflows.run({"q": "tea"})
            ...     run.outputs, run.reconnects
            ({'text': 'Echo: tea'}, 1)
        """
        self._add_stream_fault(StreamFault(times, path, method, after=after))

    def stall_stream(
        self,
        *,
        after: int,
        pings: bool = False,
        times: int = 1,
        path: str | None = None,
        method: str | None = None,
    ) -> None:
        """Stop sending events in the next event stream.

        The stream stays open until the client closes it.

        Args:
            after: Number of events to send before; pings do not count.
            pings: Continue to send pings.
            times: Number of streams to apply to.
            path: Path of the requests. None for every path.
            method: HTTP method of the requests. None for every method.

        Raises:
            ValueError: `after` is negative, or no request can match.

        Example:
            >>> from dify import StreamInterruptedError
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.stall_stream(after=1)
            ...     try:
            ...         emulator.sync_client(timeout=0.5).chat.send("hi")
            ...     except StreamInterruptedError as error:
            ...         print(error.partial.answer)
            Echo:
        """
        self._add_stream_fault(StreamFault(times, path, method, after=after, effect="ping" if pings else "stall"))

    def _add_stream_fault(self, fault: StreamFault) -> None:
        if fault.after < 0:
            raise ValueError(f"after must be a number of events, 0 or more; got {fault.after!r}")
        self._add_fault(fault)

    def clear_faults(self) -> None:
        """Remove the faults that are still waiting for requests.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.fail_next(503, times=100)
            ...     emulator.clear_faults()
            ...     emulator.sync_client().app.info().name
            'Emulator'
        """
        self._state.workspace.faults.clear()

    @property
    def waiting_faults(self) -> list[str]:
        """Descriptions of the faults that have not applied to any request yet.

        Example:
            >>> from dify.testing import Emulator
            >>> emulator = Emulator()
            >>> emulator.fail_next(503, path="/info")
            >>> emulator.waiting_faults
            ['a failure with status 503 for /info']
        """
        return [str(fault) for fault in self._state.workspace.faults.waiting if not fault.applied]
