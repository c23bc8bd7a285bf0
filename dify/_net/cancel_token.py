"""Cancelling a call from another task or thread."""

from __future__ import annotations

from collections.abc import Callable

from .deadline import Attempt

__all__ = ["CancelToken"]


class CancelToken:
    """Cancels a call: the attempt in progress and every later one.

    A task can be cancelled, but only together with everything else that it does, and a thread cannot. Shutting the socket down
    ends the call alone, on both faces.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self._attempt: Attempt | None = None
        self._wake: Callable[[], None] | None = None

    def wakes(self, wake: Callable[[], None] | None) -> None:
        """Set what ends a wait of the call for something else than its socket.

        None when the wait is over.
        """
        self._wake = wake
        if self.cancelled and wake is not None:
            wake()

    def follow(self, attempt: Attempt | None) -> None:
        """Set the attempt in progress.

        None when it is over and its socket may belong to another call.
        """
        self._attempt = attempt
        if self.cancelled and attempt is not None:
            attempt.cut()

    def cancel(self) -> bool:
        """Cancel the call; False if nothing was waiting that could be woken."""
        self.cancelled = True
        wake = self._wake
        if wake is not None:
            wake()
            return True
        return self._attempt is not None and self._attempt.cut()
