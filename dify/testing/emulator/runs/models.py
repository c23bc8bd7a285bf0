"""Runs of chatflows and workflows as they are kept: how far they are, their nodes, and the forms that they wait for."""

from __future__ import annotations

import asyncio
import secrets
import string
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from dify.types.event_data import HumanInputRequest
from dify.types.events import MessageEvent, WorkflowFinishedEvent
from dify.types.human_input import FormAnswer

from ...script.blocks import EmulatorForm
from ...script.frames import Frame
from ...script.ids import new_id, now

__all__ = ["Inside", "Listener", "Run", "StoredForm", "StoredNode"]

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Inside:
    """The container that a node runs in, and in which round."""

    kind: Literal["iteration", "loop"]
    id: str
    index: int


@dataclass
class StoredNode:
    """A node of a run, and how far it is."""

    id: str
    type: str
    title: str
    inside: Inside | None = None
    execution: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    started: float = field(default_factory=time.perf_counter)
    status: str = "running"
    elapsed: float = 0.0
    finished_at: int | None = None

    def container_id(self, kind: Literal["iteration", "loop"]) -> str | None:
        """The id of the container of a kind that it runs in."""
        return self.inside.id if self.inside is not None and self.inside.kind == kind else None

    def end(self, status: str) -> None:
        """It is over."""
        self.status, self.elapsed = status, round(time.perf_counter() - self.started, 6)
        self.finished_at = now()


def _token() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(22))


class StoredForm:
    """A form that a run waits for, or waited for.

    Attributes:
        form: What is asked.
        id: Its id.
        token: What the form's routes take.
        expires_at: When nobody can submit it any more, in whole seconds.
        answer: What was submitted.
        shown: What was submitted, as the wire shows it: files are whole objects there.
        expired: Whether its time is over.
    """

    def __init__(self, form: EmulatorForm, node: StoredNode) -> None:
        self.form = form
        self.node = node
        self.id = new_id()
        self.token = _token()
        self.expires_at = now() + int(form.expires_in)
        self.answer: FormAnswer | None = None
        self.shown: dict[str, Any] = {}
        self.expired = form.expires_in <= 0
        self._loop = asyncio.get_running_loop()
        self._settled = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether it can be submitted."""
        return self.answer is None and not self.expired

    def request(self) -> HumanInputRequest:
        """The form as events show it."""
        return HumanInputRequest(
            form_id=self.id,
            node_id=self.node.id,
            node_title=self.node.title,
            form_content=self.form.content,
            inputs=self.form.fields,
            actions=self.form.buttons,
            display_in_ui=True,
            form_token=self.token,
            resolved_default_values=dict(self.form.defaults),
            expiration_time=self.expires_at,  # pyright: ignore[reportArgumentType]  # as on the wire
        )

    def rendered(self) -> str:
        """The text with what was submitted in it."""
        text = self.form.content
        for name, value in self.shown.items():
            said = value if isinstance(value, str) else "[file]" if isinstance(value, dict) else "[files]"
            text = text.replace(f"{{{{#$output.{name}#}}}}", said)
        return text

    def submit(self, answer: FormAnswer, shown: dict[str, Any]) -> None:
        """Somebody filled it; from any thread."""
        self.answer, self.shown = answer, shown
        self._settle()

    def expire(self) -> None:
        """Its time is over; from any thread."""
        if self.open:
            self.expired = True
            self._settle()

    def _settle(self) -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it the run
            self._loop.call_soon_threadsafe(self._settled.set)

    async def settled(self) -> None:
        """Wait until it is filled, or its time is over."""
        if self.expired:
            return
        try:
            async with asyncio.timeout(self.form.expires_in):
                await self._settled.wait()
        except TimeoutError:
            self.expired = self.answer is None


Listener = Callable[["Frame | None"], None]
"""Told each frame of a run, and None once there are no more."""


@dataclass
class Run:
    """A run of a chatflow or workflow."""

    user: str
    inputs: dict[str, Any]
    workflow_id: str
    task_id: str
    owner: str = ""
    id: str = field(default_factory=new_id)
    log_id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    started: float = field(default_factory=time.perf_counter)
    in_logs: bool = True
    status: str = "running"
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str | None = None
    elapsed_time: float = 0.0
    total_tokens: int = 0
    total_steps: int = 0
    exceptions_count: int = 0
    finished_at: int | None = None
    nodes: list[StoredNode] = field(default_factory=list[StoredNode])
    forms: list[StoredForm] = field(default_factory=list[StoredForm])
    # The ids around each event of the run: a chatflow's name the message.
    envelope: dict[str, Any] = field(default_factory=dict[str, Any])
    answer: str = ""
    _told: str = ""
    _ending: WorkflowFinishedEvent | None = None
    _listeners: list[Listener] = field(default_factory=list[Listener])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self) -> dict[str, Any]:
        """The run as blocking answers and its detail show it."""
        members = ("id", "workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps")
        return {name: getattr(self, name) for name in (*members, "created_at", "finished_at")}

    @property
    def waits_for(self) -> StoredForm | None:
        """The form that it waits for."""
        return self.forms[-1] if self.status == "paused" else None

    def publish(self, frame: Frame | None) -> None:
        """Hand a frame, or the end, to everyone who follows the run."""
        with self._lock:
            if isinstance(frame, MessageEvent):
                self._told += frame.answer
            elif isinstance(frame, WorkflowFinishedEvent):
                self._ending = frame
            for listener in self._listeners:
                listener(frame)

    def join(self, listener: Listener) -> tuple[str, WorkflowFinishedEvent | None]:
        """Follow the run from now on, from any thread.

        Returns:
            What was told before and will not be told again: the text, and the end, after which nothing comes.
        """
        with self._lock:
            self._listeners.append(listener)
            return self._told, self._ending

    def leave(self, listener: Listener) -> None:
        """Follow it no longer."""
        with self._lock:
            self._listeners.remove(listener)
