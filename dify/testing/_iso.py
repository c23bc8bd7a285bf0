"""Times in queries, which the server reads as ISO 8601, with errors of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from ._wording import WireError

__all__ = ["iso_time"]


def iso_time(text: str) -> datetime:
    """Read a time; one without a zone is taken for UTC.

    Raises:
        WireError: The text is no time.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise WireError(400, "invalid_param", _problem(text)) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _problem(text: str) -> str:
    if len(text) < 4:
        return "ISO string too short"
    if not text[:4].isdigit():
        return f"invalid literal for int() with base 10: {text[:4].encode()!r}"
    return "String contains unknown ISO components"
