"""Whether and when to try again: a pure decision, made from what went wrong and what the call does."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

__all__ = ["Failure", "backoff", "decide", "parse_retry_after"]

LONGEST_WAIT = 60.0
_BASE, _CAP = 0.5, 8.0
_GATEWAY = frozenset({408, 502, 503, 504, 520, 522, 524, 529})
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with one attempt.

    Attributes:
        kind: "connect" when the request never left, "lost" when it may have arrived, "status" when it was answered.
        status: HTTP status of the answer, for "status".
        code: Dify's code, for "status".
        concurrency_limit: Whether the answer is Dify's refusal of too many requests at once, sent before any work began.
        refused: Whether the operation documents the answer as a refusal before any work began.
        retry_after: Seconds the server asked to wait, for "status".
    """

    kind: Literal["connect", "lost", "status"]
    status: int = 0
    code: str | None = None
    concurrency_limit: bool = False
    refused: bool = False
    retry_after: float | None = None


def decide(
    failure: Failure,
    *,
    attempt: int,
    max_retries: int,
    repeatable: bool,
    rewindable: bool = True,
    draw: Callable[[], float] = random.random,
) -> float | None:
    """Seconds to wait before the next attempt, or None to give up.

    Args:
        failure: What went wrong.
        attempt: How many attempts were made, this one included.
        max_retries: How many more than the first are allowed.
        repeatable: Whether the call can be made twice without harm.
        rewindable: Whether the body can be sent again.
        draw: A number in [0, 1) for the jitter.

    Example:
        >>> decide(Failure("connect"), attempt=1, max_retries=2, repeatable=False, draw=lambda: 0.5)
        0.25
        >>> decide(Failure("status", 502), attempt=1, max_retries=2, repeatable=False) is None
        True
        >>> decide(Failure("status", 429, retry_after=7), attempt=1, max_retries=2, repeatable=False)
        7
    """
    if attempt > max_retries or not rewindable or not _worth_it(failure, repeatable):
        return None
    if failure.retry_after is not None:
        return failure.retry_after if failure.retry_after <= LONGEST_WAIT else None
    return backoff(attempt, draw)


def backoff(attempt: int, draw: Callable[[], float] = random.random) -> float:
    """Seconds before attempt + 1: full jitter over a time that doubles, up to a cap."""
    return draw() * min(_CAP, _BASE * 2.0 ** min(attempt - 1, 32))  # a run may be waited for any number of times


def _worth_it(failure: Failure, repeatable: bool) -> bool:
    match failure.kind:
        case "connect":
            return True
        case "lost":
            return repeatable
        case "status":
            if failure.concurrency_limit:
                return True
            if failure.status == 429:
                return failure.code != "rate_limit_error"  # a quota: waiting seconds does not fill it
            if failure.refused or (failure.status == 503 and failure.retry_after is not None):
                return True  # before any work began
            return repeatable and failure.status in _GATEWAY


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds named by a `Retry-After` header, or None where it is missing, past or not understood.

    A number too large for a float is infinite, so that it counts as longer than any cap.

    Example:
        >>> parse_retry_after("1.5"), parse_retry_after("soon"), parse_retry_after("-5"), parse_retry_after("1e400")
        (1.5, None, None, inf)
    """
    text = (value or "").strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    seconds = (when - (now or datetime.now(UTC))).total_seconds()
    return seconds if seconds > 0 else None
