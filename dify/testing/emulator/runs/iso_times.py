"""Times in queries, which the server reads as ISO 8601, with errors of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from ..responses import ApiError

__all__ = ["iso_time"]

_DATE = r"(\d{4})(?:-(\d\d)(?:-(\d\d))?|(\d\d)(\d\d))?"
_TIME = r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,6}))?)?)?"
_ZONE = r"(Z|([+-])(\d\d)(?::?(\d\d))?)?"
_FORM = re.compile(rf"{_DATE}(?:.{_TIME}{_ZONE})?")


def iso_time(text: str) -> datetime:
    """Read a time; one without a zone is taken for UTC.

    Raises:
        ApiError: The text is no time.
    """
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise ApiError(400, "invalid_param", _problem(text))
    year, month, day, more_month, more_day, hour, minute, second, fraction, _, sign, off_hours, off_minutes = (
        parts.groups()
    )
    offset = timedelta(hours=int(off_hours or 0), minutes=int(off_minutes or 0))
    try:
        return datetime(
            int(year),
            int(month or more_month or 1),
            int(day or more_day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")),
            timezone(-offset if sign == "-" else offset) if sign else UTC,
        )
    except ValueError as error:
        # Newer Pythons add the value, which the server's does not.
        raise ApiError(400, "invalid_param", str(error).partition(", not ")[0]) from None


def _problem(text: str) -> str:
    if len(text) < 4:
        return "ISO string too short"
    if not text[:4].isdigit():
        return f"invalid literal for int() with base 10: {text[:4].encode()!r}"
    return "String contains unknown ISO components"
