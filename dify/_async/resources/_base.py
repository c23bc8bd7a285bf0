"""The base class of resources."""

from __future__ import annotations

from typing import ClassVar

from ..._config import Settings
from ..._protocol.pickling import NotPicklable
from ..._protocol.request import user_of
from ..transport import AsyncTransport

__all__ = ["AsyncResource"]


class AsyncResource(NotPicklable):
    """A group of operations, bound to the settings and connections of a client."""

    _instead: ClassVar[str] = "pickle the client"

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @property
    def _settings(self) -> Settings:
        return self._transport.settings

    def _user(self, user: str | None) -> str:
        return user_of(user, self._settings)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._settings.base_url}>"
