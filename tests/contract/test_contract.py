"""82 of 82: every operation that Dify documents has a method that takes all it takes and gives all it gives."""

from __future__ import annotations

import re
import typing
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, Field

from dify import ChatEvent, CompletionEvent, Dify, DifyError, WorkflowEvent
from dify._operations import OPERATIONS, SERVER_ONLY, Operation
from dify.types.events import ErrorEvent, PingEvent
from tests.support.operations import operations as methods

from . import exceptions
from .models import alternatives, given_by, is_stream, items_in, method_of, models_in, taken_by, undeclared
from .openapi import documented, needs_contract, resolve, stream_events

PACKAGE = Path(__file__).resolve().parents[2] / "dify"
STREAMS = {"ChunkChatEvent": ChatEvent, "ChunkCompletionEvent": CompletionEvent, "ChunkWorkflowEvent": WorkflowEvent}


def calls() -> list[tuple[Operation, str]]:
    """Every call of every operation that is there."""
    return [(one, call) for one in OPERATIONS.values() for call in one.calls if method_of(call)]


# ------------------------------------------------------------------------------------------------------- operations
@needs_contract
def test_the_table_has_the_routes_of_the_contract():
    theirs = {(one.id, one.method, one.path) for one in documented().values()}
    assert {(one.id, one.method, one.path) for one in OPERATIONS.values()} == theirs


@needs_contract
def test_82_of_82_operations_have_a_method():
    missing = {one.id: [call for call in one.calls if method_of(call) is None] for one in OPERATIONS.values()}
    covered = [id for id, lacking in missing.items() if not lacking]
    assert len(covered) == len(documented()) == 82, {id: lacking for id, lacking in missing.items() if lacking}


def test_a_route_beyond_the_contract_is_covered_or_left_out_with_a_reason():
    for route in SERVER_ONLY:
        assert route.reason
        assert route.call is None or method_of(route.call), f"{route.call} is not there"


def test_every_operation_of_the_table_is_called_by_its_id_and_no_other():
    sources = [*(PACKAGE / "_async").rglob("*.py"), *(PACKAGE / "_streaming").rglob("*.py")]
    written = re.compile(r'(?:\bCall\.of\(|\b_generate\(|\b_map\(|_operation =)\s*"(\w+)"')
    named = {name for path in sources for name in written.findall(path.read_text("utf-8"))}
    assert named == set(OPERATIONS)


@needs_contract
def test_the_table_has_the_status_and_the_kind_of_each_response():
    for operation in OPERATIONS.values():
        responses = {int(status): one for status, one in documented()[operation.id].described["responses"].items()}
        assert [status for status in responses if status < 300] == [operation.status], operation.id
        kinds = set(resolve(responses[operation.status]).get("content", {}))
        kind = "stream" if "text/event-stream" in kinds else "json" if kinds <= {"application/json"} else "bytes"
        assert operation.response == kind, operation.id


# ---------------------------------------------------------------------------------------------------------- requests
def fields_of(operation: Operation, call: str) -> dict[str, Any]:
    """What the wire takes, by name; the members of an unpacked object in its place."""
    given = documented()[operation.id].parameters()
    if call in exceptions.UNPACKED:
        given |= resolve(given.pop(exceptions.UNPACKED[call]))["properties"]
    return given


def renamed(call: str, name: str) -> str:
    return exceptions.RENAMED.get((call, name), (name, ""))[0]


@cache
def not_taken() -> set[tuple[str, str]]:
    return {
        (call, name)
        for operation, call in calls()
        for name in fields_of(operation, call)
        if renamed(call, name) not in taken_by(typing.cast("Any", method_of(call)))
    }


@cache
def not_modelled() -> set[str]:
    found = set[str]()
    for operation, call in calls():
        taken = taken_by(typing.cast("Any", method_of(call)))
        for name, schema in fields_of(operation, call).items():
            hint = taken.get(renamed(call, name))
            # What a plain mapping is given for is the user's; so is a mapping where a model is taken too.
            if models_in(hint) or any(map(models_in, items_in(hint, list, Sequence))):
                found |= {f"{call}({name}): {path}" for path in undeclared(schema, hint)}
    return found


@needs_contract
def test_every_parameter_and_field_of_a_request_is_a_parameter_of_its_method():
    assert not_taken() - set(exceptions.NOT_TAKEN) == set()


@needs_contract
def test_every_member_of_an_object_in_a_request_is_a_field_of_its_model():
    assert not_modelled() - set(exceptions.NOT_MODELLED) == set()


# ----------------------------------------------------------------------------------------------------------- answers
@cache
def not_declared() -> set[str]:
    found = set[str]()
    for operation in OPERATIONS.values():
        schema = documented()[operation.id].answer()
        hints = [given_by(method) for call in operation.calls if (method := method_of(call))]
        hints = [hint for hint in hints if not is_stream(hint)]
        if schema and hints:
            found |= {f"{operation.id}: {path}" for path in undeclared(schema, hints[0])}
    return found


@cache
def not_in_events() -> set[str]:
    found = set[str]()
    for stream, union in STREAMS.items():
        known = [*alternatives(union), ErrorEvent, PingEvent]
        for event, schema in stream_events(stream):
            named = [model for model in known if event in typing.get_args(model.model_fields["event"].annotation)]
            hint = typing.Union[tuple(named)] if named else None  # noqa: UP007 - made at run time
            found |= {f"{stream} {event}: {path}" for path in undeclared(schema, hint)}
    return found


@needs_contract
def test_every_property_of_an_answer_is_a_declared_field_at_every_depth():
    assert not_declared() - set(exceptions.NOT_DECLARED) == set()


@needs_contract
def test_every_property_of_a_stream_event_is_a_declared_field_at_every_depth():
    assert not_in_events() - set(exceptions.NOT_IN_EVENTS) == set()


@needs_contract
def test_an_operation_with_a_json_answer_gives_more_than_a_stream_and_one_with_bytes_gives_a_stream():
    for operation in OPERATIONS.values():
        hints = [given_by(method) for call in operation.calls if (method := method_of(call))]
        if documented()[operation.id].answer() is not None:
            assert not all(map(is_stream, hints)), operation.id
        elif documented()[operation.id].answers_otherwise():
            assert all(map(is_stream, hints)), operation.id


# -------------------------------------------------------------------------------------------------------- exceptions
@needs_contract
def test_no_exception_is_stale():
    assert set(exceptions.NOT_TAKEN) <= not_taken()
    assert set(exceptions.NOT_MODELLED) <= not_modelled()
    assert set(exceptions.NOT_DECLARED) <= not_declared()
    assert set(exceptions.NOT_IN_EVENTS) <= not_in_events()
    wire = {(call, name) for operation, call in calls() for name in fields_of(operation, call)}
    assert set(exceptions.RENAMED) <= wire
    bodies = {call: documented()[operation.id].parameters() for operation, call in calls()}
    assert all(name in bodies[call] for call, name in exceptions.UNPACKED.items())


def test_every_exception_has_a_reason():
    reasons = [reason for _, reason in exceptions.RENAMED.values()]
    for group in (exceptions.NOT_TAKEN, exceptions.NOT_MODELLED, exceptions.NOT_DECLARED, exceptions.NOT_IN_EVENTS):
        reasons += group.values()
    assert all(len(reason.split()) > 2 for reason in reasons)


@needs_contract
def test_the_checks_see_what_is_missing():
    schema = {
        "properties": {
            "id": {},
            "nowhere": {},
            "files": {"items": {"properties": {"url": {}, "lost": {}}}},
            "data": {"oneOf": [{"properties": {"a": {}}}, {"$ref": "#/components/schemas/AnnotationItem"}]},
        }
    }

    class File(BaseModel):
        url: str

    class Held(BaseModel):
        named: str = Field(alias="id")
        files: list[File] | None
        data: dict[str, str]

    assert set(undeclared(schema, Held | None)) == {
        "nowhere",
        "files[].lost",
        *(f"data.{name}" for name in ("a", "id", "question", "answer", "hit_count", "created_at")),
    }


# ------------------------------------------------------------------------------------------------------------ routes
# What a call has to be given so that it makes this operation and no other.
GIVEN = {"runWorkflowById": {"workflow_id": "some-text"}}


def pattern_of(operation: Operation) -> str:
    return "/v1" + re.sub(r"\{\w+\}", "[^/]+", operation.path)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.id)
def test_each_call_makes_the_request_of_its_operation(operation: Operation):
    seen: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(418, json={"code": "teapot", "message": "no", "status": 418})

    with httpx.Client(transport=httpx.MockTransport(refuse)) as http:
        client = Dify(
            "app-x", knowledge_api_key="dataset-x", user="alice", base_url="https://dify.test", http_client=http
        )
        known = {one.path: one for one in methods(client)}
        for call in operation.calls:
            assert call in known, f"{call} is not there"
            with pytest.raises(DifyError):
                finish(known[call].call(client, **GIVEN.get(operation.id, {})))
    assert [request.method for request in seen] == [operation.method] * len(operation.calls)
    assert all(re.fullmatch(pattern_of(operation), request.url.path) for request in seen), seen


def finish(result: Any) -> None:
    """Carry out what a method returned, where calling it was not enough."""
    for name in ("final", "read", "first"):
        if hasattr(result, name):
            getattr(result, name)()
            return
