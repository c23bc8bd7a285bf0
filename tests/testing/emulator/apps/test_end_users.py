"""End users are created by the first request that names them, or by each concurrent one with `end_user_race`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from dify.testing import Emulator

CHAT = {"query": "hi", "inputs": {}, "user": "alice"}


async def begin(client: httpx.AsyncClient, many: int) -> list[str]:
    """Begin conversations at once, and return their ids."""
    replies = await asyncio.gather(*[client.post("/chat-messages", json=CHAT) for _ in range(many)])
    return [reply.json()["conversation_id"] for reply in replies]


async def listed(client: httpx.AsyncClient) -> list[str]:
    page = (await client.get("/conversations", params={"user": "alice"})).json()
    return [each["id"] for each in page["data"]]


async def test_concurrent_first_requests_get_the_same_end_user_by_default(connect) -> None:
    client = connect(Emulator(mode="chat"))
    assert sorted(await begin(client, 5)) == sorted(await listed(client))


async def test_in_a_race_all_end_users_but_the_first_are_lost_with_what_is_theirs(connect) -> None:
    client = connect(Emulator(mode="chat", end_user_race=True))
    begun = await begin(client, 5)
    left = await listed(client)
    assert left == begun[:1]
    for conversation in begun[1:]:
        path = f"/conversations/{conversation}/name"
        assert (await client.post(path, json={"name": "x", "user": "alice"})).status_code == 404
    assert len(await begin(client, 5)) == 5
    assert len(await listed(client)) == 6  # the user is known now


async def test_an_upload_that_lost_the_race_cannot_be_used(connect) -> None:
    client = connect(Emulator(mode="chat", end_user_race=True))

    async def upload(name: str) -> dict[str, Any]:
        files = {"file": (name, b"text", "text/plain")}
        stored: dict[str, Any] = (await client.post("/files/upload", data={"user": "alice"}, files=files)).json()
        return stored

    stored = await asyncio.gather(*[upload(f"{number}.txt") for number in range(3)])
    assert len({each["created_by"] for each in stored}) == 3
    for each in stored:  # those that were lost can be looked up all the same
        assert (await client.get(f"/end-users/{each['created_by']}")).json()["session_id"] == "alice"
    statuses: list[int] = []
    for each in stored:
        file = {"type": "document", "transfer_method": "local_file", "upload_file_id": each["id"]}
        reply = await client.post("/chat-messages", json={**CHAT, "files": [file]})
        statuses.append(reply.status_code)
        if reply.status_code == 400:
            assert reply.json()["message"] == "Invalid upload file"
    assert sorted(statuses) == [200, 400, 400]


async def test_a_run_that_lost_the_race_cannot_be_followed(connect) -> None:
    client = connect(Emulator(mode="workflow", end_user_race=True))
    body = {"inputs": {"q": "x"}, "user": "alice"}
    runs = await asyncio.gather(*[client.post("/workflows/run", json=body) for _ in range(4)])
    ids = [run.json()["workflow_run_id"] for run in runs]
    found = [await client.get(f"/workflow/{each}/events", params={"user": "alice"}) for each in ids]
    assert sorted(reply.status_code for reply in found) == [200, 404, 404, 404]


@pytest.mark.parametrize(
    ("user", "status", "message"),
    [
        ("x" * 255, 200, None),
        ("x" * 256, 500, "Internal Server Error"),
        ("a\0b", 400, "A string literal cannot contain NUL (0x00) characters."),
    ],
)
async def test_a_name_that_the_database_refuses_is_refused(user, status, message, connect) -> None:
    reply = await connect(Emulator(mode="chat")).post("/chat-messages", json={**CHAT, "user": user})
    assert (reply.status_code, reply.json().get("message")) == (status, message)


@pytest.mark.parametrize("body", [[], [1], 5, "x", None, True], ids=json.dumps)
async def test_a_body_without_members_breaks_a_route_that_looks_up_the_user(body, connect) -> None:
    headers = {"Content-Type": "application/json"}
    reply = await connect(Emulator()).post("/chat-messages", content=json.dumps(body), headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (500, "unknown")
