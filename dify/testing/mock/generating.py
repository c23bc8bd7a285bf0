"""What `mock.chat`, `mock.completions` and `mock.workflows` share: answers to the one operation that each is about."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from ..builders.error_replies import ErrorReply
from .routes import Streamed, StreamEffect, StreamRoute
from .table import Resource

__all__ = ["Generating"]

M = TypeVar("M")


class Generating(Resource, Generic[M]):
    """A resource whose answers can be set on itself: `mock.chat.streams` is `mock.chat.send.streams`."""

    def _main(self) -> StreamRoute[M]:
        raise NotImplementedError

    def streams(self, answer: Streamed = "Hello there") -> StreamRoute[M]:
        """Answer the next call with a stream: text, its deltas, events, or a `Wire`."""
        return self._main().streams(answer)

    def answers(self, function: StreamEffect) -> StreamRoute[M]:
        """Let a function answer; text, deltas and events that it returns are streamed.

        Args:
            function: Is given the `MockCall`. It may be a coroutine function where the async client calls.
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
        """Answer the next call with an HTTP error.

        Args:
            code: Dify's code, such as "provider_quota_exceeded", or an error from `dify.testing.error_replies`.
            message: Another text than the usual.
            status: Another status than the usual; needed for codes that are not known here.
            retry_after: Seconds for the header `Retry-After`. 0 lets a client that tries again do so at once.
        """
        return self._main().refuses(code, message=message, status=status, retry_after=retry_after)

    def times_out(self, on: Literal["answer", "connect"] = "answer") -> StreamRoute[M]:
        """Let the next call time out: while it waits for an answer, or while it connects. It does so at once."""
        return self._main().times_out(on)

    def disconnects(self, on: Literal["answer", "connect"] = "answer") -> StreamRoute[M]:
        """Let the connection of the next call break before the answer, or never come to be."""
        return self._main().disconnects(on)
