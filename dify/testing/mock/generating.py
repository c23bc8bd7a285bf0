"""Base class of the resources of a mock with one main operation.

They are `mock.chat`, `mock.completions` and `mock.workflows`.
"""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from ..builders.error_replies import ErrorReply
from .routes import Streamed, StreamFunction, StreamRoute
from .table import Resource

__all__ = ["Generating"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

M = TypeVar("M")


class Generating(Resource, Generic[M]):
    """A resource with a main operation.

    `mock.chat.streams` is `mock.chat.send.streams`.
    """

    def _main(self) -> StreamRoute[M]:
        raise NotImplementedError

    def streams(self, answer: Streamed = "Hello there") -> StreamRoute[M]:
        """Respond to the next call with a stream: text, deltas, events, or a `Wire`."""
        return self._main().streams(answer)

    def answers(self, function: StreamFunction) -> StreamRoute[M]:
        """Respond with the result of a function; text, deltas and events are streamed.

        Args:
            function: Function of the `MockCall`. It may be a coroutine function for the async client.
        """
        return self._main().answers(function)

    def refuses(
        self,
        code: str | ErrorReply,
        *,
        message: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> StreamRoute[M]:
        """Respond to the next call with an HTTP error.

        Args:
            code: Code of Dify, such as "provider_quota_exceeded", or an error from `dify.testing.error_replies`.
            message: Message; by default that of the code.
            status: Status; by default that of the code. Required for unknown codes.
            retry_after: Seconds for the header `Retry-After`. 0 lets a client retry at once.
        """
        return self._main().refuses(code, message=message, status=status, retry_after=retry_after)

    def times_out(self, on: Literal["answer", "connect"] = "answer") -> StreamRoute[M]:
        """Raise a timeout for the next call without waiting.

        The call times out for its response, or while it connects.
        """
        return self._main().times_out(on)

    def disconnects(self, on: Literal["answer", "connect"] = "answer") -> StreamRoute[M]:
        """Break the connection of the next call before the response, or refuse it."""
        return self._main().disconnects(on)
