"""Playing a script: parts of an answer function in, events out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from ...script.blocks import EmulatorForm, Part
from ...script.frames import Frame
from ...script.messages import MessageScript
from ...script.runs import RunScript
from ..answers import EmulatorError
from ..apps.models import Message
from .generation import Generation
from .models import Run, StoredForm

__all__ = ["RESUMES_AFTER", "message_events", "run_events"]

RESUMES_AFTER = 0.05
"""Seconds between the submission of a form and the continuation of its run."""


async def message_events(script: MessageScript, generation: Generation, message: Message) -> AsyncGenerator[Frame]:
    """Yield the events of a message, and store its answer in the end."""
    message.citations, message.thoughts = script.citations, script.thoughts
    try:
        for event in script.begin():
            yield event
        async with aclosing(generation.parts()) as parts:
            async for part in parts:
                for event in _fed(script, generation, part):
                    yield event
                if script.ended:
                    break
        for event in script.stop() if generation.stopped else script.finish():
            yield event
    except EmulatorError as error:
        generation.failure = error
        message.status, message.error = "error", error.message
        for event in script.fail(error.message, code=error.code, status=error.status):
            yield event
    finally:
        message.blocked, message.answer = script.moderated is not None, script.text


async def run_events(
    script: RunScript, generation: Generation, run: Run, message: Message | None
) -> AsyncGenerator[Frame]:
    """Yield the events of a run, and store a chatflow's answer as it changes."""
    if message is not None:
        message.citations = script.citations
    try:
        async with aclosing(_run_events(script, generation, run)) as events:
            async for event in events:
                if message is not None:
                    _store(message, script)
                yield event
    finally:
        if run.status in ("running", "paused"):
            script.settle("stopped", error="The emulator was closed")
            if message is not None:
                _store(message, script)


async def _run_events(script: RunScript, generation: Generation, run: Run) -> AsyncGenerator[Frame]:
    for event in script.begin():
        yield event
    parts, reply = generation.parts(), None
    try:
        async with aclosing(parts):
            while not script.ended:
                try:
                    part = await parts.asend(reply)
                except StopAsyncIteration:
                    break
                reply = None
                if not isinstance(part, EmulatorForm):
                    for event in _fed(script, generation, part):
                        yield event
                    continue
                form = StoredForm(part, len(run.forms) + 1)
                run.forms.append(form)
                for event in script.pause(form.reason):
                    yield event
                await _first(form.settled(), generation.stopping.wait())
                if generation.stopped:
                    break
                # On a server another process resumes the run: until then, details and snapshots show the pause.
                await asyncio.sleep(RESUMES_AFTER)
                reply = form.answer
                for event in script.resume(None if reply is None else reply.action, form.values):
                    yield event
    except EmulatorError as error:
        for event in script.fail(error.message):
            yield event
    for event in script.stop() if generation.stopped else script.finish():
        yield event


def _fed(script: RunScript | MessageScript, generation: Generation, part: Part) -> Iterator[Frame]:
    """Yield the events of a part.

    Raises:
        EmulatorError: The app cannot be answered with the part.
    """
    try:
        yield from script.feed(part)
    except TypeError as error:
        raise generation.internal(error) from error


def _store(message: Message, script: RunScript) -> None:
    run = script.run
    message.status = "paused" if run.status == "paused" else "normal" if run.error is None else "error"
    message.answer = script.moderated or run.outputs.get("answer", "")
    message.error = run.error


async def _first(*waits: Any) -> None:
    """Wait for the first of several coroutines, and cancel the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
