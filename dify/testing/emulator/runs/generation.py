"""One answer in the making: calls the answer function and hands out its parts as they are wanted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import cast

from anyio import CancelScope

from ...script.blocks import InputBlocked, Part
from ..answers import AnswerFunction, EmulatorError, EmulatorRequest, RunFailed
from .answer_sources import END, Source, call, failing, parts_of

__all__ = ["INTERNAL_ERROR", "Generation", "internal_error"]

INTERNAL_ERROR = (
    "The server encountered an internal error and was unable to complete your request. "
    "Either the server is overloaded or there is an error in the application."
)

_logger = logging.getLogger("dify.testing")


class Generation:
    """The making of one answer.

    The function's parts are taken by one task, so that what it opens and closes around a `yield` stays in one place,
    and only when a part is wanted: a caller that goes away leaves the rest unmade.

    Attributes:
        stopping: Set once a caller has asked to stop.
        closed: Whether the caller went away before the end.
        owner: The id of the end user whose request it answers.
        blocked: What moderation says in place of an answer, if it stops the question.
    """

    def __init__(
        self,
        request: EmulatorRequest,
        *,
        owner: str = "",
        delay: float = 0.0,
        failures: list[Exception] | None = None,
    ) -> None:
        self.request = request
        self.owner = owner
        self.stopping = asyncio.Event()
        self.closed = False
        self.blocked: str | None = None
        self._delay = delay
        self._failures = failures if failures is not None else []
        self._source: Source = parts_of(())
        self._loop = asyncio.get_running_loop()
        self._wanted: asyncio.Queue[object] = asyncio.Queue()
        self._made: asyncio.Queue[Part | None] = asyncio.Queue()
        self._error: EmulatorError | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def stopped(self) -> bool:
        """Whether a caller asked to stop."""
        return self.stopping.is_set()

    async def start(self, function: AnswerFunction) -> None:
        """Call the function.

        Raises:
            EmulatorError: The function refuses, so the HTTP answer is an error.
        """
        try:
            answer = await call(function, self.request)
            workflow = self.request.kind == "workflow"
            if isinstance(answer, InputBlocked):
                if workflow:
                    raise TypeError("a workflow has no moderation, so it cannot be answered with InputBlocked")
                self.blocked = answer.text
            else:
                if isinstance(answer, Mapping) and not workflow:
                    raise TypeError(f"only a workflow may be answered with a mapping, not a {self.request.kind}")
                self._source = parts_of(cast("Part", answer))
        except RunFailed as error:
            self._source = failing(error)
        except EmulatorError:
            raise
        except Exception as error:
            raise self.internal(error) from error

    async def parts(self) -> AsyncGenerator[Part, object]:
        """The parts; what is sent in is what the function's `yield` gives. An error of the function is raised here.

        Ends early, and quietly, when stopped.
        """
        self._task = asyncio.create_task(self._make())
        if self.stopped:
            self._task.cancel()
        reply: object = None
        try:
            while True:
                self._wanted.put_nowait(reply)
                part = await self._made.get()
                if part is None:
                    break
                reply = yield part
        finally:
            if not self._task.done():
                self.closed = not self.stopped
                self._task.cancel()
            # Whatever ends this waits until the function's own clean-up is done.
            with CancelScope(shield=True):
                await asyncio.wait({self._task})
        if self._error is not None and not self.stopped:
            raise self._error

    async def _make(self) -> None:
        first = True
        try:
            while True:
                reply = await self._wanted.get()
                if self._delay and not first:
                    await asyncio.sleep(self._delay)
                first = False
                part = await self._source.take(reply)
                if part is END:
                    break
                self._made.put_nowait(part)
        except EmulatorError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 (whatever the function raises is told to the caller)
            self._error = self.internal(error)
        finally:
            await self._source.close()
            self._made.put_nowait(None)

    def stop(self) -> None:
        """End it now; safe to call from any thread, as one emulator may stand behind several doors."""
        with suppress(RuntimeError):  # the loop has ended, and with it the generation
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self.stopping.set()
        if self._task is not None:
            self._task.cancel()

    def misfit(self, part: object, app: str) -> EmulatorError:
        """The error of a function that says what this kind of app cannot say."""
        kind = type(part).__name__
        return self.internal(TypeError(f"a {app} cannot be answered with {'an' if kind[0] in 'AEIO' else 'a'} {kind}"))

    def internal(self, error: Exception) -> EmulatorError:
        """The error that a caller gets for a mistake; the mistake itself is kept for the test to see."""
        self._failures.append(error)
        _logger.error("the answer function raised %r", error, exc_info=error)
        return EmulatorError(500, "internal_server_error", internal_error(error))


def internal_error(error: Exception) -> str:
    """What is told of a mistake in a function of the user's."""
    # Dify hides what happened; the one who tests wants to know, so it is kept, logged and told.
    return f"{INTERNAL_ERROR} (The emulator's function raised {repr(error)[:500]}.)"
