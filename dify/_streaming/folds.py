"""Events folded into replies, and who ends a stream: what every fold has. Pure: no I/O, no clock.

A fold is fed every event in order. It says when the stream is over, what is known so far, and which text an event adds to
what a person reads. Those of chat and completion streams are in `_message_folds.py`, those of runs in `_run_folds.py`.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from .text import Speech, Text

__all__ = ["LONG_GRACE", "SHORT_GRACE", "Fold", "task_of"]

R_co = TypeVar("R_co", covariant=True)

# How long to wait for what may still follow when the stream could be over, in seconds.
SHORT_GRACE = 0.5
"""After an end that nothing needs to follow: a second `message_end`, speech, or the server's own end of the stream."""
LONG_GRACE = 5.0
"""After one of the two ends of a chatflow's run, and while speech that was asked for is still coming."""


class Fold(Protocol[R_co]):
    """What a stream needs of a fold."""

    grace: float | None
    """Seconds to wait for more; None while the stream must go on."""
    over: bool
    """Whether the stream is over for good."""
    reconnects: int
    """How often the stream was picked up again; the stream counts."""
    text: Text
    """What stands on the screen."""
    speech: Speech
    """What is heard."""

    @property
    def complete(self) -> bool:
        """Whether enough has come for a whole reply, should the server end the stream here."""
        ...

    @property
    def settled(self) -> bool:
        """Whether all but speech has come, so that a connection that breaks here takes nothing away."""
        ...

    task_id: str | None
    message_id: str | None
    conversation_id: str | None
    workflow_run_id: str | None

    def feed(self, event: Any) -> bool:
        """Take an event in; False where it comes after the end and is not to be delivered."""
        ...

    def text_of(self, event: Any) -> str | None:
        """The text that the event fed last adds (a `TextReplaced` where it replaces all), or None."""
        ...

    def snapshot(self) -> R_co | None:
        """The reply as far as it is known; None before the first ids have come."""
        ...


def task_of(event: Any, known: str | None) -> str | None:
    """The task after an event. Replayed frames carry the run's id in its place, until a live one brings the real one."""
    task: str | None = getattr(event, "task_id", None)
    if known is None or (task is not None and known == getattr(event, "workflow_run_id", None)):
        return task
    return known
