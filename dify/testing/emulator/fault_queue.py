"""What goes wrong on purpose: refusals, resets, cut and stalled streams, each for the requests that it is aimed at."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias, TypeVar

from ..builders.error_replies import CODES

__all__ = ["Aim", "Cut", "Delay", "Failure", "Faults", "failure_of"]

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
