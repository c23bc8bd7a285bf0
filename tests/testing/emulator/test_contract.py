"""Each of the 82 operations of the emulator, compared with the client's models and Dify's API description."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from dify._operations import OPERATIONS
from tests.contract.openapi import Schema, documented, needs_contract, stream_events
from tests.support.recordings import Recording, recordings

from .all_operations import RecordedResponse, every_operation
from .schemas import misfits

STREAMS = {
    "sendChatMessage": "ChunkChatEvent",
    "createCompletionMessage": "ChunkCompletionEvent",
    "executeWorkflow": "ChunkWorkflowEvent",
    "runWorkflowById": "ChunkWorkflowEvent",
    "streamWorkflowEvents": "ChunkWorkflowEvent",
    "runPipeline": "ChunkWorkflowEvent",
}


@cache
def answers() -> tuple[RecordedResponse, ...]:
    """What the emulator answers, asked by a client whose models take it all."""
    return tuple(asyncio.run(every_operation()))


def problems(operation: str, kind: str, content: bytes) -> Iterator[str]:
    """What of an answer differs from the description."""
    if kind.startswith("text/event-stream"):
        for line in content.split(b"\n"):
            if line.startswith(b"data: ") and operation in STREAMS:
                frame = json.loads(line[6:])
                schema = schemas_of(STREAMS[operation]).get(frame["event"])
                if schema is None:
                    yield f"{frame['event']}: no such event"
                else:
                    yield from (f"{frame['event']} {problem}" for problem in misfits(frame, schema))
    elif kind.startswith("application/json") and content.strip():
        schema = documented()[operation].answer()
        if schema is not None:
            yield from misfits(json.loads(content), schema)


@cache
def schemas_of(stream: str) -> dict[str, Schema]:
    return dict(stream_events(stream))


@cache
def recorded(operation: str) -> tuple[Recording, ...]:
    return tuple(recordings(lambda one: one.operation == operation and 200 <= one.status < 300))


@cache
def excused(operation: str) -> frozenset[str]:
    """How a real server differs from the description: where both disagree, the server is right."""
    found: set[str] = set()
    for one in recorded(operation):
        kind = one.headers.get("content-type", "")
        found |= set(problems(operation, kind, one.content))
    return frozenset(found)


@pytest.mark.parametrize("operation", list(OPERATIONS))
def test_an_operation_is_answered_as_the_clients_models_have_it(operation) -> None:
    # The calls were made by a client, which validates every answer; so it is enough that one came.
    good = [one for one in answers() if one.operation == operation and 200 <= one.status < 300]
    assert good, [one.content for one in answers() if one.operation == operation]


@needs_contract
@pytest.mark.parametrize("operation", list(OPERATIONS))
def test_an_operation_is_answered_as_it_is_described(operation) -> None:
    found: dict[str, Any] = {}
    for one in answers():
        if one.operation == operation and one.status < 300:
            found |= dict.fromkeys(problems(operation, one.kind, one.content), one.app)
    assert set(found) - excused(operation) == set(), found


@needs_contract
@pytest.mark.parametrize("operation", list(OPERATIONS))
def test_an_operation_answers_with_a_documented_status(operation) -> None:
    statuses = {one.status for one in answers() if one.operation == operation}
    known = {int(status) for status in documented()[operation].described["responses"]}
    assert statuses <= known | {one.status for one in recorded(operation)}


@needs_contract
@pytest.mark.parametrize(
    ("operation", "kind", "content", "problem"),
    [
        ("getChatAppInfo", "application/json", b'{"name": 5}', "name: int"),
        ("getChatAppInfo", "application/json", b'{"name": null}', "name: null"),
        ("listDatasets", "application/json", b'{"data": [{"id": 1}]}', "data[].id: int"),
        ("sendChatMessage", "text/event-stream", b'data: {"event": "message", "answer": 5}\n', "message answer: int"),
        ("sendChatMessage", "text/event-stream", b'data: {"event": "nonsense"}\n', "nonsense: no such event"),
    ],
)
def test_what_does_not_fit_is_found(operation, kind, content, problem) -> None:
    assert problem in set(problems(operation, kind, content))
