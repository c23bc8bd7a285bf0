"""Faults that tests cause: kinds, queue, and effect on a request."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from .answers import EmulatorError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["AnyFault", "DelayFault", "ErrorFault", "FaultQueue", "StreamFault", "api_path", "apply_faults"]


# -------------------------------------------------------------------------------------------------------------- faults
@dataclass
class Fault:
    """A fault, and the requests that it applies to.

    Attributes:
        times: Number of requests that it still applies to.
        path: Path without `/v1`, where `*` matches any text. None for every path.
        method: HTTP method. None for every method.
        applied: True once it has applied to a request.
    """

    times: int = 1
    path: str | None = None
    method: str | None = None
    applied: bool = field(default=False, kw_only=True)

    def matches(self, method: str, path: str) -> bool:
        """Return True if it applies to a request."""
        return (self.method is None or self.method.upper() == method) and (
            self.path is None or fnmatchcase(path, self.path)
        )

    @property
    def description(self) -> str:
        """Effect of the fault, for messages."""
        raise NotImplementedError

    def __str__(self) -> str:
        target = " ".join(part for part in (self.method and self.method.upper(), self.path) if part)
        return f"{self.description} for {target or 'any request'}"


@dataclass
class ErrorFault(Fault):
    """An error response. Without a status the connection is reset instead."""

    status: int | None = None
    code: str = ""
    message: str = ""
    html: bool = False
    retry_after: str | None = None

    @property
    def description(self) -> str:
        """Effect of the fault, for messages."""
        return "a reset" if self.status is None else f"a failure with status {self.status}"


@dataclass
class DelayFault(Fault):
    """A delay before the response, in seconds."""

    seconds: float = 0.0

    @property
    def description(self) -> str:
        """Effect of the fault, for messages."""
        return f"a delay of {self.seconds:g} seconds"


@dataclass
class StreamFault(Fault):
    """An event stream that is cut, or stalls, after a number of events."""

    after: int = 0
    effect: Literal["cut", "stall", "ping"] = "cut"

    @property
    def description(self) -> str:
        """Effect of the fault, for messages."""
        return f"a stream that is {'cut' if self.effect == 'cut' else 'stalled'} after {self.after} events"


AnyFault: TypeAlias = ErrorFault | DelayFault | StreamFault
F = TypeVar("F", bound=AnyFault)


@dataclass
class FaultQueue:
    """Faults that are waiting for a request, oldest first.

    It can be used from any thread.
    """

    waiting: list[AnyFault] = field(default_factory=list[AnyFault])
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, fault: AnyFault) -> None:
        """Add a fault for the next requests that it matches."""
        with self._lock:
            self.waiting.append(fault)

    def take(self, kind: type[F], method: str, path: str) -> F | None:
        """Return the oldest fault of a kind that matches a request.

        It is removed after its last request.
        """
        with self._lock:
            for fault in self.waiting:
                if isinstance(fault, kind) and fault.matches(method, path):
                    fault.applied = True
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                    return fault
            return None

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self.waiting.clear()


# --------------------------------------------------------------------------------------------------------- their effect
_GATEWAY_PAGE = "<html>\n<head><title>{0}</title></head>\n<body>\n<center><h1>{0}</h1></center>\n</body>\n</html>\n"


def api_path(request: Request) -> str:
    """Return the path of a request without `/v1`."""
    return request.url.path.removeprefix("/v1")


async def apply_faults(faults: FaultQueue, request: Request) -> Response | None:
    """Delay a request or return an error response, if a fault applies.

    Faults of streams are applied by `EventStream`.
    """
    from starlette.responses import Response

    from .responses import ConnectionReset, error_response

    path = api_path(request)
    delay = faults.take(DelayFault, request.method, path)
    if delay is not None:
        await asyncio.sleep(delay.seconds)
    fault = faults.take(ErrorFault, request.method, path)
    if fault is None:
        return None
    if fault.status is None:
        return ConnectionReset()
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    if fault.html:
        reason = HTTPStatus(fault.status).phrase if fault.status in set(HTTPStatus) else "Error"
        page = _GATEWAY_PAGE.format(f"{fault.status} {reason}")
        return Response(page, fault.status, headers, media_type="text/html")
    return error_response(EmulatorError(fault.status, fault.code, fault.message), headers)
