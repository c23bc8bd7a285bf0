"""What is known about one HTTP exchange, without the HTTP library's own objects."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["HTTPInfo"]


@dataclass(frozen=True, slots=True)
class HTTPInfo:
    """One exchange: the answer's status and headers, and which request it answers.

    Attributes:
        status: HTTP status code.
        headers: Response headers with lower-case names; cookies are left out. Never holds the API key.
        elapsed: Seconds from sending the request until the answer's headers arrived.
        method: HTTP method of the request.
        url: URL of the request, query included.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    elapsed: float = 0.0
    method: str = ""
    url: str = ""

    @property
    def server_version(self) -> str | None:
        """The Dify server's version (`X-Version`), where it says so."""
        return self.headers.get("x-version")

    @property
    def trace_id(self) -> str | None:
        """The server's trace id (`X-Trace-Id`), set only by servers that run with OpenTelemetry."""
        return self.headers.get("x-trace-id")
