"""Status, headers and timing of one HTTP exchange.

They are independent of the HTTP library.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["HTTPInfo"]


@dataclass(frozen=True, slots=True)
class HTTPInfo:
    """An HTTP exchange: status and headers of a response, and its request."""

    status: int
    """HTTP status code of the response."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Response headers with lower-case names, without cookies. API keys in them are masked."""
    elapsed: float = 0.0
    """Seconds between sending the request and receiving the response headers."""
    method: str = ""
    """HTTP method of the request, such as "POST"."""
    url: str = ""
    """URL of the request, including the query string. API keys in it are masked."""
    retries: int = 0
    """Number of earlier requests of the same call, each of which was followed by a retry."""

    @property
    def server_version(self) -> str | None:
        """Version of the Dify server (`X-Version`).

        None if the response has no such header.
        """
        return self.headers.get("x-version")

    @property
    def trace_id(self) -> str | None:
        """Trace id of the server (`X-Trace-Id`).

        None unless the server runs with OpenTelemetry.
        """
        return self.headers.get("x-trace-id")
