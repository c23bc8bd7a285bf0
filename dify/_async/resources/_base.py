"""What every resource stands on."""

from __future__ import annotations

from typing import Any

from ..._config import Settings
from ..._request import user_of
from ..transport import AsyncTransport

__all__ = ["AsyncResource"]


class AsyncResource:
    """A noun of the API, bound to one client's settings and connections."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @property
    def _settings(self) -> Settings:
        return self._transport.settings

    def _user(self, user: str | None) -> str:
        return user_of(user, self._settings)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._settings.base_url}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__} holds connections and cannot be pickled; pickle the client")
