"""The retry decision: made from the error and the call alone, without any I/O."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .._operations import refuses_before_work
from ..errors import APIConnectionError, APIStatusError, DifyError, RateLimitError, ServiceUnavailableError
from .request import Call

__all__ = ["MAX_RETRY_AFTER", "backoff", "parse_retry_after", "retry_delay"]

MAX_RETRY_AFTER = 60.0
"""Longest delay in seconds that a server may ask for; a call with a longer one fails at once."""

_BASE, _CAP = 0.5, 8.0
_GATEWAY_STATUSES = frozenset({408, 502, 503, 504, 520, 522, 524, 529})
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][0-9]+)?", re.ASCII)


def retry_delay(
    error: DifyError,
    call: Call,
    *,
    attempt: int,
    max_retries: int,
    draw: Callable[[], float] = random.random,
) -> float | None:
    """Return the seconds before the next attempt, or None to raise the error.

    Args:
        error: The error of the last attempt.
        call: The call that failed.
        attempt: Number of attempts made so far.
        max_retries: Maximum number of attempts after the first.
        draw: Source of the jitter, a number in [0, 1).

    Example:
        >>> call = Call("sendChatMessage", "POST", "/chat-messages")
        >>> retry_delay(APIConnectionError("refused"), call, attempt=1, max_retries=2, draw=lambda: 0.5)
        0.25
        >>> retry_delay(APIStatusError(status_code=502), call, attempt=1, max_retries=2) is None
        True
        >>> retry_delay(RateLimitError(status_code=429, retry_after=7), call, attempt=1, max_retries=2)
        7
    """
    rewindable = call.upload is None or call.upload.rewindable
    if attempt > max_retries or not rewindable or not _is_retryable(error, call):
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= MAX_RETRY_AFTER else None
    return backoff(attempt, draw)


def backoff(attempt: int, draw: Callable[[], float] = random.random) -> float:
    """Return the seconds before attempt + 1, with full jitter.

    The time doubles with each attempt, up to a cap.
    """
    # The exponent is bounded because a stream reconnects any number of times, and a float overflows at 2**1024.
    return draw() * min(_CAP, _BASE * 2.0 ** min(attempt - 1, 32))


def _is_retryable(error: DifyError, call: Call) -> bool:
    match error:
        case APIConnectionError():
            # A certificate does not become trusted by asking again.
            return error.reason != "certificate" and (call.repeatable or not error.sent)
        case APIStatusError(status_code=429):
            return error.code != "rate_limit_error"  # a quota, which no short delay refills
        case RateLimitError(status_code=400):
            return True  # Dify's limit of concurrent requests, checked before any work starts
        case ServiceUnavailableError() if refuses_before_work(call.operation):
            return True
        case APIStatusError(status_code=503) if error.retry_after is not None:
            return True  # the server promises to be available then, so it has not started this request
        case APIStatusError():
            return call.repeatable and error.status_code in _GATEWAY_STATUSES
        case _:
            return False


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds named by a `Retry-After` header.

    None if it is missing, in the past or invalid.

    A number too large for a float becomes infinity, which exceeds every limit.

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
