"""Responses of all operations, compared with those of a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dify._operations import OPERATIONS, SERVER_ONLY
from dify.testing import Emulator

from . import app_cases, knowledge_cases, knowledge_refusals
from .worlds import Case, World, prepare_app, prepare_knowledge, read, same_refusal

VARIABLES = {"counter": 3, "notes": ["x", "one"], "topic": "none"}
# Of what differs from one model to the next, only the type is recorded.
OPEN = frozenset({"model_properties", "rules"})


@pytest.fixture
async def enter() -> AsyncIterator[Any]:
    clients: list[httpx.AsyncClient] = []

    async def make(case: Case) -> World:
        emulator = Emulator(mode=case.mode, variables=VARIABLES, read_document=read, index_at_once=True)
        client = httpx.AsyncClient(transport=emulator.transport(), base_url=emulator.base_url)
        clients.append(client)
        world = World(client, emulator)
        await (prepare_knowledge if "/datasets" in case.url or "/workspaces" in case.url else prepare_app)(world)
        return world

    yield make
    for client in clients:
        await client.aclose()


async def answer(world: World, case: Case) -> httpx.Response:
    for method, url, json in case.first:
        assert (await world.send(method, url, json)).is_success
    return await world.send(case.method, case.url, case.json, **case.send)


def check_headers(reply: httpx.Response, recorded: dict[str, Any]) -> None:
    assert reply.status_code == recorded["status"], reply.text
    assert {name: reply.headers.get(name) for name in recorded["headers"]} == recorded["headers"]


def named(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[f"{at}-{case.recording}" for at, case in enumerate(cases)])


@named([*app_cases.ANSWERS, *knowledge_cases.ANSWERS])
async def test_a_response_has_the_keys_and_types_of_the_recorded_one(case, enter, operations, shape) -> None:
    recorded = operations[case.recording]
    reply = await answer(await enter(case), case)
    check_headers(reply, recorded)
    if isinstance(recorded["body"], dict | list):
        emulated = shape(reply.json(), open_members=OPEN, unlike=case.unlike)
        assert emulated == shape(recorded["body"], open_members=OPEN, unlike=case.unlike)


@named([*app_cases.REFUSALS, *knowledge_refusals.REFUSALS])
async def test_an_error_equals_the_recorded_one(case, enter, operations) -> None:
    recorded = operations[case.recording]
    reply = await answer(await enter(case), case)
    check_headers(reply, recorded)
    emulated = reply.text if isinstance(recorded["body"], str) else reply.json()
    assert same_refusal(emulated, recorded["body"]), (emulated, recorded["body"])


def routes() -> list[tuple[str, str, str]]:
    documented = [(one.id, one.method, one.path) for one in OPERATIONS.values()]
    # The root has a route in the server's code and answers 404 on every release.
    return documented + [(one.path, one.method, one.path) for one in SERVER_ONLY if one.path != "/"]


@pytest.mark.parametrize(("name", "method", "path"), routes(), ids=[name for name, _, _ in routes()])
async def test_every_operation_has_a_route(name, method, path, connect) -> None:
    emulator = Emulator()
    client = connect(emulator)
    knowledge = path.startswith(("/datasets", "/workspaces"))
    key = emulator.knowledge_api_key if knowledge else emulator.api_key
    url = path.replace("{", "").replace("}", "")
    for part in path.split("/"):
        if part.startswith("{"):
            url = url.replace(part[1:-1], "00000000-0000-4000-8000-00000000dead", 1)
    reply = await client.request(method, url, headers={"Authorization": f"Bearer {key}"})
    has_route = not reply.headers["content-type"].startswith("text/html") and reply.status_code not in (401, 405)
    assert has_route


def test_every_recording_is_used(operations) -> None:
    tables = [app_cases.ANSWERS, app_cases.REFUSALS, knowledge_cases.ANSWERS, knowledge_refusals.REFUSALS]
    assert set(operations) == {case.recording for table in tables for case in table}
