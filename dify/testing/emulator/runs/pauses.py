"""Pauses of a run: a form is shown, somebody fills it or nobody does in time, and the run goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from typing import Any, cast

from dify.types.event_data import FormFilled, FormTimeout
from dify.types.events import (
    HumanInputFormFilledEvent,
    HumanInputFormTimeoutEvent,
    HumanInputRequiredEvent,
)
from dify.types.human_input import FormAnswer

from ...script.blocks import EmulatorForm
from ...script.frames import Frame
from ..apps.models import Message
from .models import StoredForm, StoredNode
from .nodes import Nodes
from .run_events import paused, started

__all__ = ["RESUMES_AFTER", "NodeFailed", "Pauses", "filled"]

RESUMES_AFTER = 0.05
"""Seconds from the submission of a form to the moment when its run goes on."""


class NodeFailed(Exception):
    """A node failed, and its run with it."""


class Pauses:
    """The pauses of one run.

    Attributes:
        count: How many there were.
        answer: What was filled in last; None if the form expired.
        expired: Whether the last form expired.
        node: The node that asked, while it has not ended.
    """

    def __init__(self, nodes: Nodes, message: Message | None) -> None:
        self.count = 0
        self.answer: FormAnswer | None = None
        self.expired = False
        self.node: StoredNode | None = None
        self._nodes = nodes
        self._message = message
        self._form: StoredForm | None = None

    async def frames(self, asked: EmulatorForm, stopping: asyncio.Event) -> AsyncGenerator[Frame]:
        """The frames of one form, from asking to going on; the asking node ends with `close`."""
        nodes, run, self.answer = self._nodes, self._nodes.run, None
        self.count += 1
        node = nodes.begin(
            asked.id or ("human" if self.count == 1 else f"human{self.count}"), "human-input", asked.title
        )
        form = StoredForm(asked, node)
        yield nodes.started(node)
        run.forms.append(form)
        yield HumanInputRequiredEvent(**nodes.run_ids, data=form.request())
        run.status = node.status = "paused"
        if self._message is not None:
            self._message.status = "paused"
        yield paused(run, form, elapsed=round(time.perf_counter() - run.started, 6), **nodes.run_ids)

        await _first(form.settled(), stopping.wait())
        if stopping.is_set():
            return
        # On a server another process resumes the run: for a moment, details and snapshots still show the pause.
        await asyncio.sleep(RESUMES_AFTER)
        run.status, node.status, self.node, self._form = "running", "running", node, form
        run.total_steps += 1
        yield started(run, "resumption", **nodes.run_ids)
        yield nodes.started(node)
        self.answer, self.expired = form.answer, form.expired
        problem = _unusable(form)
        if problem is not None:
            self.node = self._form = None
            yield nodes.finished(node, status="failed", inputs={}, outputs={}, error=problem)
            raise NodeFailed(problem)
        if form.answer is None:
            timeout = FormTimeout(node_id=node.id, node_title=node.title, expiration_time=cast("Any", form.expires_at))
            yield HumanInputFormTimeoutEvent(**nodes.run_ids, data=timeout)
        else:
            yield HumanInputFormFilledEvent(**nodes.run_ids, data=filled(form))

    def close(self) -> Iterator[Frame]:
        """The node that asked ends, as the run goes on to another."""
        node, form = self.node, self._form
        self.node = self._form = None
        if node is None or form is None:
            return
        action = form.answer.action if form.answer is not None else ""
        titles = {each.id: each.title for each in form.form.buttons}
        outputs = {
            **form.shown,
            "__action_id": action,
            "__rendered_content": form.rendered(),
            "__action_value": titles.get(action) or "",
        }
        inputs = {name: {"value_type": _type_of(value), "value": value} for name, value in form.shown.items()}
        yield self._nodes.finished(node, inputs=inputs, outputs=outputs)


def _unusable(form: StoredForm) -> str | None:
    """Return the error of a run whose form was submitted with a text field that is no text, or None."""
    texts = [each.output_variable_name for each in form.form.fields if each.type in ("paragraph", "select")]
    for name, value in form.shown.items():
        if name in texts and not isinstance(value, str):
            got = f"output_variable_name={name}, got={type(value).__name__}"
            return f"HumanInput file list input expects a string, {got}"
    return None


def filled(form: StoredForm) -> FormFilled:
    """What was filled in."""
    assert form.answer is not None
    titles = {each.id: each.title for each in form.form.buttons}
    return FormFilled(
        node_id=form.node.id,
        node_title=form.node.title,
        rendered_content=form.rendered(),
        action_id=form.answer.action,
        action_text=titles.get(form.answer.action),
        submitted_data=form.shown,
    )


def _type_of(value: Any) -> str:
    return "string" if isinstance(value, str) else "file" if isinstance(value, dict) else "array[file]"


async def _first(*waits: Any) -> None:
    """Wait until one of several is over."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
