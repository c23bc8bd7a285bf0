"""Faults in one line: what an emulator is told to do wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .fault_queue import Cut, Delay, Failure, failure_of
from .fault_targets import aimed

if TYPE_CHECKING:
    from .state import Core

__all__ = ["Troubles"]


class Troubles:
    """What can be made to go wrong with an emulator, for the next requests that a fault is aimed at.

    Every method takes `times` (how many requests it meets), `path` (without `/v1`; `*` stands for any text, so
    "/datasets/*" for all that is about knowledge bases) and `method`. Faults of one kind come in the order of the calls.
    What no request can meet, such as a path that the API does not have, is refused.
    """

    _core: Core

    def _aimed(self, times: int, path: str | None, method: str | None) -> tuple[int, str | None, str | None]:
        from .routes import all_routes

        routes = ((route.path, frozenset(route.methods or ())) for route in all_routes(self._core))
        return aimed([(path.removeprefix("/v1"), methods) for path, methods in routes], times, path, method)

    def fail_next(
        self,
        status: int | None = None,
        *,
        code: str | None = None,
        message: str | None = None,
        retry_after: float | str | None = None,
        html: bool | None = None,
        times: int = 1,
        path: str | None = None,
        method: str | None = None,
    ) -> None:
        """Answer the next request with an error; the app is not asked.

        Either a status or a code is enough: Dify's usual code for a status (a gateway's HTML page for 502, 503, 504 and
        520 to 524), or the status that a code comes with.

        Args:
            status: HTTP status.
            code: Dify's code, such as "provider_quota_exceeded".
            message: The text for people; by default Dify's own, which often is empty.
            retry_after: The `Retry-After` header: seconds, or an HTTP date.
            html: Whether the body is a gateway's page and no JSON.
            times: How many requests it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            TypeError: The status is no number.
            ValueError: No status is named, and none is known for the code; the status is none of an error; or no request
                can meet it.

        Example:
            >>> from dify import ProviderQuotaExceededError
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     client = emulator.sync_client(user="alice")
            ...     emulator.fail_next(429, retry_after=0)
            ...     print(client.app.info().name)  # tried again after the 429
            ...     emulator.fail_next(code="provider_quota_exceeded", path="/chat-messages")
            ...     try:
            ...         client.chat.send("hi")
            ...     except ProviderQuotaExceededError as error:
            ...         print(error.status_code)
            Emulator
            400
        """
        fault = failure_of(status, code, message, retry_after, html)
        fault.times, fault.path, fault.method = self._aimed(times, path, method)
        self._core.workspace.faults.add(fault)

    def reset_next(self, *, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Reset the connection of the next request before any answer; the app is not asked.

        Args:
            times: How many requests it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            ValueError: No request can meet it.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.reset_next()
            ...     emulator.sync_client().app.info().name  # tried again, for it only reads
            'Emulator'
        """
        self._core.workspace.faults.add(Failure(*self._aimed(times, path, method)))

    def delay_next(self, seconds: float, *, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Wait before the next request is answered.

        Args:
            seconds: How long.
            times: How many requests it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            ValueError: No request can meet it, or it would wait for less than nothing.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.delay_next(0.01)
            ...     emulator.sync_client(timeout=1).app.info().name
            'Emulator'
        """
        if seconds < 0:
            raise ValueError(f"seconds is how long to wait: 0 or more, and not {seconds!r}")
        self._core.workspace.faults.add(Delay(*self._aimed(times, path, method), seconds=seconds))

    def drop_stream(self, *, after: int, times: int = 1, path: str | None = None, method: str | None = None) -> None:
        """Cut the next event stream off. A run goes on, and its events can be picked up again.

        Args:
            after: How many frames are sent before; pings do not count.
            times: How many streams it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            ValueError: No request can meet it, or `after` is less than nothing.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator(mode="workflow") as emulator:
            ...     emulator.drop_stream(after=2)
            ...     run = emulator.sync_client().workflows.run({"q": "tea"})
            ...     run.outputs, run.reconnects
            ({'text': 'Echo: tea'}, 1)
        """
        self._core.workspace.faults.add(_cut(after, "drop", self._aimed(times, path, method)))

    def stall_stream(
        self,
        *,
        after: int,
        pings: bool = False,
        times: int = 1,
        path: str | None = None,
        method: str | None = None,
    ) -> None:
        """Let the next event stream fall silent, and stay open until its reader leaves.

        Args:
            after: How many frames are sent before; pings do not count.
            pings: Whether pings go on.
            times: How many streams it meets.
            path: The path of the requests it meets.
            method: The method of the requests it meets.

        Raises:
            ValueError: No request can meet it, or `after` is less than nothing.

        Example:
            >>> from dify import StreamInterruptedError
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.stall_stream(after=1)
            ...     try:
            ...         emulator.sync_client(timeout=0.05).chat.send("hi")
            ...     except StreamInterruptedError as error:
            ...         print(error.partial.answer)
            Echo:
        """
        self._core.workspace.faults.add(_cut(after, "ping" if pings else "stall", self._aimed(times, path, method)))

    def clear_faults(self) -> None:
        """Forget the faults that have met no request yet.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.fail_next(503, times=100)
            ...     emulator.clear_faults()
            ...     emulator.sync_client().app.info().name
            'Emulator'
        """
        self._core.workspace.faults.clear()

    @property
    def waiting_faults(self) -> list[str]:
        """The faults that have met no request yet, in words.

        Example:
            >>> from dify.testing import Emulator
            >>> emulator = Emulator()
            >>> emulator.fail_next(503, path="/info")
            >>> emulator.waiting_faults
            ['a failure with status 503 for /info']
        """
        return [str(fault) for fault in self._core.workspace.faults.waiting if not fault.met]


def _cut(after: int, then: Literal["drop", "stall", "ping"], aim: tuple[int, str | None, str | None]) -> Cut:
    if after < 0:
        raise ValueError(f"after counts events: 0 or more, and not {after!r}")
    return Cut(*aim, after=after, then=then)
