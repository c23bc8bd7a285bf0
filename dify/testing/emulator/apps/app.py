"""More apps than one: each with its own key, answers, conversations and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dify import AsyncDify, Dify

    from .features import Mode

__all__ = ["EmulatorApp"]


class _Opens(Protocol):
    def client(self, *, api_key: str, user: str | None) -> AsyncDify: ...

    def sync_client(self, *, api_key: str, user: str | None) -> Dify: ...


class EmulatorApp:
    """An app of an emulator.

    Attributes:
        name: Its name.
        mode: Its mode; None for one of every kind at once.
        api_key: Its key.
        workflow_id: The id of its published workflow.

    Example:
        >>> from dify.testing import Emulator
        >>> with Emulator() as emulator:
        ...     shout = emulator.add_app(lambda request: request.query.upper(), mode="chat", name="Shout")
        ...     shout.sync_client(user="alice").chat.send("hi").answer
        'HI'
    """

    def __init__(self, emulator: _Opens, *, name: str, mode: Mode | None, api_key: str, workflow_id: str) -> None:
        self._emulator = emulator
        self.name = name
        self.mode = mode
        self.api_key = api_key
        self.workflow_id = workflow_id

    def client(self, *, user: str | None = "emulator-user") -> AsyncDify:
        """An async client with this app's key; `with_options` sets more.

        Args:
            user: The end user of calls that name none.

        Example:
            >>> from dify.testing import Emulator
            >>> client = Emulator().add_app(name="Second").client(user="bob")
        """
        return self._emulator.client(api_key=self.api_key, user=user)

    def sync_client(self, *, user: str | None = "emulator-user") -> Dify:
        """A client with this app's key; `with_options` sets more.

        Args:
            user: The end user of calls that name none.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.add_app(name="Second").sync_client().app.info().name
            'Second'
        """
        return self._emulator.sync_client(api_key=self.api_key, user=user)

    def __repr__(self) -> str:
        shown: list[Any] = [self.name, self.mode]
        return f"EmulatorApp(name={shown[0]!r}, mode={shown[1]!r})"
