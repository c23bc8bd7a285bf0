"""Stored runs of chatflows and workflows, and the forms for which they wait."""

from __future__ import annotations

import asyncio
import secrets
import string
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from dify.types.events import MessageEvent, WorkflowFinishedEvent
from dify.types.human_input import FormAnswer, PauseReason

from ...script.blocks import EmulatorForm
from ...script.frames import Frame, at
from ...script.ids import new_id, now
from ...script.state import RunState

__all__ = ["Listener", "Run", "StoredForm"]

_LETTERS = string.ascii_letters + string.digits


class StoredForm:
    """A form of a run, open until it is submitted or expires.

    Attributes:
        form: The form of the answer function.
        reason: The form as pauses show it, with its ids.
        token: Token that the routes of forms take.
        answer: The submission. None while the form is open, and after it expired.
        values: The submitted values, with file objects in place of references to files.
        expired: True if the form expired.
    """

    def __init__(self, form: EmulatorForm, number: int) -> None:
        """Store a form.

        Args:
            form: The form.
            number: Position among the forms of the run, from 1.
        """
        self.form = form
        self.token = "".join(secrets.choice(_LETTERS) for _ in range(22))
        self.answer: FormAnswer | None = None
        self.values: dict[str, Any] = {}
        self.expired = form.expires_in <= 0
        self.reason = PauseReason(
            type="human_input_required",
            form_id=new_id(),
            node_id=form.id or ("human" if number == 1 else f"human{number}"),
            node_title=form.title,
            form_content=form.content,
            inputs=form.fields,
            actions=form.buttons,
            form_token=self.token,
            resolved_default_values=dict(form.defaults),
            expiration_time=at(now() + int(form.expires_in)),
        )
        self._loop = asyncio.get_running_loop()
        self._settled = asyncio.Event()

    @property
    def open(self) -> bool:
        """True if the form can be submitted."""
        return self.answer is None and not self.expired

    def submit(self, answer: FormAnswer, values: dict[str, Any]) -> None:
        """Store the submission; safe from any thread."""
        self.answer, self.values = answer, values
        self._settle()

    def expire(self) -> None:
        """Expire the form if it is open; safe from any thread."""
        if self.open:
            self.expired = True
            self._settle()

    def _settle(self) -> None:
        with suppress(RuntimeError):  # the loop is closed, and the run has ended with it
            self._loop.call_soon_threadsafe(self._settled.set)

    async def settled(self) -> None:
        """Wait until the form is submitted or expires."""
        if self.expired:
            return
        try:
            async with asyncio.timeout(self.form.expires_in):
                await self._settled.wait()
        except TimeoutError:
            self.expired = self.answer is None


Listener = Callable[["Frame | None"], None]
"""A function that receives each event of a run, and None after the last one."""


@dataclass
class Run(RunState):
    """A run of a chatflow or workflow, and the streams that follow it.

    Attributes:
        log_id: UUID of the entry in the workflow logs.
        in_logs: True for workflows, whose runs are in the logs.
        forms: Forms in the order in which the run paused.
    """

    log_id: str = field(default_factory=new_id)
    in_logs: bool = True
    forms: list[StoredForm] = field(default_factory=list[StoredForm])
    _published_text: str = ""
    _ending: WorkflowFinishedEvent | None = None
    _listeners: list[Listener] = field(default_factory=list[Listener])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def user(self) -> str:
        """End user, as calls name them."""
        return self.ids.user

    @property
    def owner(self) -> str:
        """UUID of the end user."""
        return self.ids.end_user_id

    @property
    def workflow_id(self) -> str:
        """UUID of the version of the workflow."""
        return self.ids.workflow_id

    def reply(self) -> dict[str, Any]:
        """Return the run as blocking replies and its detail show it."""
        members = ("id", "workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps")
        return {name: getattr(self, name) for name in (*members, "created_at", "finished_at")}

    def pause(self, form: StoredForm) -> dict[str, Any]:
        """Return a pause as blocking replies show it."""
        return {
            "paused_nodes": [form.reason.node_id],
            "reasons": [form.reason.model_dump(mode="json", exclude_unset=True, by_alias=True)],
            "status": "paused",
            "elapsed_time": self.elapsed_time,
            "total_tokens": self.total_tokens,
            "total_steps": self.total_steps,
        }

    @property
    def waits_for(self) -> StoredForm | None:
        """The form for which the run waits, or None."""
        return self.forms[-1] if self.status == "paused" else None

    def publish(self, frame: Frame | None) -> None:
        """Pass an event, or None after the last one, to all listeners."""
        with self._lock:
            if isinstance(frame, MessageEvent):
                self._published_text += frame.answer
            elif isinstance(frame, WorkflowFinishedEvent):
                self._ending = frame
            for listener in self._listeners:
                listener(frame)

    def join(self, listener: Listener) -> tuple[str, WorkflowFinishedEvent | None]:
        """Add a listener; safe from any thread.

        Returns:
            The text of earlier events, and the last event if the run has ended: the listener receives neither.
        """
        with self._lock:
            self._listeners.append(listener)
            return self._published_text, self._ending

    def leave(self, listener: Listener) -> None:
        """Remove a listener."""
        with self._lock:
            self._listeners.remove(listener)
