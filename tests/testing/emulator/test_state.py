"""Data that an emulator stores, and the users who can see it."""

from __future__ import annotations

from typing import Any

import httpx

from dify.testing import Emulator, EmulatorFile, EmulatorRequest, EmulatorTurn, RecordedRequest


async def say(client: httpx.AsyncClient, query: str, *, user: str = "alice", **more: Any) -> dict[str, Any]:
    reply = await client.post("/chat-messages", json={"query": query, "inputs": {}, "user": user, **more})
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def listed(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    reply = await client.get(path, params={"user": "alice", **params})
    assert reply.status_code == 200, reply.text
    page: dict[str, Any] = reply.json()
    return page


async def test_a_conversation_is_listed_for_its_user_only(connect) -> None:
    client = connect(Emulator())
    first = await say(client, "hello")
    assert [each["id"] for each in (await listed(client, "/conversations"))["data"]] == [first["conversation_id"]]
    assert (await listed(client, "/conversations", user="bob"))["data"] == []
    assert (await client.get("/conversations")).json()["data"] == []
    conversation = {"conversation_id": first["conversation_id"]}
    assert (await client.get("/messages", params={**conversation, "user": "bob"})).status_code == 404
    body = {"query": "x", "inputs": {}, "user": "bob", **conversation}
    assert (await client.post("/chat-messages", json=body)).status_code == 404


async def test_a_second_message_goes_on_with_the_conversation(connect) -> None:
    seen: list[EmulatorRequest] = []

    def answer(request: EmulatorRequest) -> str:
        seen.append(request)
        return f"answer {len(seen)}"

    client = connect(Emulator(answer))
    first = await say(client, "one", conversation_id="")
    second = await say(client, "two", conversation_id=first["conversation_id"])
    assert second["conversation_id"] == first["conversation_id"]
    assert seen[0].history == ()
    assert seen[1].history == (EmulatorTurn("one", "answer 1"),)
    assert seen[1].conversation_id == first["conversation_id"]
    page = await listed(client, "/messages", conversation_id=first["conversation_id"])
    assert [(each["query"], each["answer"]) for each in page["data"]] == [("one", "answer 1"), ("two", "answer 2")]


async def walk_messages(client: httpx.AsyncClient, conversation: str) -> list[list[str]]:
    pages: list[list[str]] = []
    params: dict[str, Any] = {"conversation_id": conversation, "limit": 2}
    while True:
        page = await listed(client, "/messages", **params)
        pages.append([each["query"] for each in page["data"]])
        if not page["has_more"]:
            return pages
        params["first_id"] = page["data"][0]["id"]


async def walk_conversations(client: httpx.AsyncClient, **params: Any) -> list[str]:
    walked: list[str] = []
    while True:
        page = await listed(client, "/conversations", **params)
        walked += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            return walked
        params["last_id"] = walked[-1]


async def test_messages_are_paged_backwards_in_ascending_pages(connect, clock) -> None:
    client = connect(Emulator())
    conversation = (await say(client, "0"))["conversation_id"]
    for number in range(1, 5):
        clock.advance(1)
        await say(client, str(number), conversation_id=conversation)
    assert await walk_messages(client, conversation) == [["3", "4"], ["1", "2"], ["0"]]
    assert (await listed(client, "/messages", conversation_id=""))["data"] == []


async def test_a_page_of_messages_leaves_out_the_others_of_its_cursors_second(connect, clock) -> None:
    client = connect(Emulator())
    conversation = (await say(client, "0"))["conversation_id"]
    for number in range(1, 5):
        clock.advance(0.5)
        await say(client, str(number), conversation_id=conversation)
    # 0 and 1 are of one second, 2 and 3 of the next one, 4 of the third.
    assert await walk_messages(client, conversation) == [["3", "4"], ["0", "1"]]


async def test_conversations_are_paged_forwards_in_the_order_asked_for(connect, clock) -> None:
    client = connect(Emulator())
    ids: list[str] = []
    for number in range(5):
        clock.advance(1)
        ids.append((await say(client, str(number)))["conversation_id"])
    clock.advance(1)
    await say(client, "again", conversation_id=ids[0])
    by_update = [ids[0], ids[4], ids[3], ids[2], ids[1]]
    orders = {
        "-updated_at": by_update,
        "updated_at": by_update[::-1],
        "created_at": ids,
        "-created_at": ids[::-1],
    }
    for sort_by, expected in orders.items():
        assert await walk_conversations(client, sort_by=sort_by, limit=2) == expected


async def test_a_page_of_conversations_leaves_out_the_others_of_its_cursors_second(connect, clock) -> None:
    client = connect(Emulator())
    ids: list[str] = []
    for number in range(6):
        ids.append((await say(client, str(number)))["conversation_id"])
        clock.advance(1 if number == 2 else 0)
    for sort_by in ("-updated_at", "-created_at"):
        assert await walk_conversations(client, sort_by=sort_by, limit=2) == [ids[5], ids[4], ids[2], ids[1]]


async def test_a_conversation_that_goes_on_has_an_exact_time_by_which_it_is_ordered(connect, clock) -> None:
    client = connect(Emulator())
    clock.advance(0.25)
    first, second = [(await say(client, query))["conversation_id"] for query in ("1", "2")]
    await say(client, "again", conversation_id=first)
    assert await walk_conversations(client, limit=1) == [first, second]


async def test_the_variables_of_a_conversation_end_with_the_first_page(connect) -> None:
    client = connect(Emulator(mode="advanced-chat", variables={f"v{number}": number for number in range(25)}))
    conversation = (await say(client, "hi"))["conversation_id"]
    path = f"/conversations/{conversation}/variables"
    page = await listed(client, path)
    assert (len(page["data"]), page["has_more"]) == (20, True)
    rest = await listed(client, path, last_id=page["data"][-1]["id"])
    assert (rest["data"], rest["has_more"]) == ([], False)
    assert len((await listed(client, path, limit=100))["data"]) == 25


async def test_a_conversation_can_be_renamed_and_deleted(connect) -> None:
    client = connect(Emulator())
    conversation = (await say(client, "a question of more than twenty characters"))["conversation_id"]
    assert (await listed(client, "/conversations"))["data"][0]["name"] == "a question of more t…"
    renamed = await client.post(f"/conversations/{conversation}/name", json={"name": "Mine", "user": "alice"})
    assert renamed.json()["name"] == "Mine"
    assert (await listed(client, "/conversations"))["data"][0]["name"] == "Mine"
    deletion = {"method": "DELETE", "url": f"/conversations/{conversation}"}
    assert (await client.request(**deletion, json={"user": "bob"})).status_code == 404
    deleted = await client.request(**deletion, json={"user": "alice"})
    assert (deleted.status_code, deleted.content, deleted.headers["content-type"]) == (204, b"", "application/json")
    assert (await client.request(**deletion, json={"user": "alice"})).status_code == 404
    assert (await listed(client, "/conversations"))["data"] == []


async def test_a_chatflow_takes_an_unknown_conversation_for_a_new_one(connect) -> None:
    client = connect(Emulator(mode="advanced-chat"))
    unknown = "00000000-0000-4000-8000-00000000dead"
    assert (await say(client, "x", conversation_id=unknown))["conversation_id"] != unknown


async def test_a_chatflows_run_can_be_looked_up_but_is_in_no_log(connect, frames_of) -> None:
    client = connect(Emulator(mode="advanced-chat"))
    body = {"query": "x", "inputs": {"a": 1}, "user": "alice", "response_mode": "streaming"}
    frames = frames_of((await client.post("/chat-messages", json=body)).text)
    run = frames[-1]["workflow_run_id"]
    detail = (await client.get(f"/workflows/run/{run}")).json()
    assert (detail["status"], detail["outputs"]["answer"]) == ("succeeded", "Echo: x")
    assert '"sys.query": "x"' in detail["inputs"]
    assert (await client.get("/workflows/logs")).json()["total"] == 0


async def test_logs_are_newest_first_filtered_and_paged(connect) -> None:
    def answer(request: EmulatorRequest) -> dict[str, Any]:
        if request.inputs.get("fail"):
            from dify.testing import RunFailed

            raise RunFailed("boom")
        return {"out": request.inputs["q"]}

    client = connect(Emulator(answer))
    runs: list[str] = []
    for inputs, user in (({"q": "zebra"}, "alice"), ({"q": "b", "fail": 1}, "bob"), ({"q": "c"}, "alice")):
        reply = await client.post("/workflows/run", json={"inputs": inputs, "user": user})
        runs.append(reply.json()["workflow_run_id"])

    async def found(**params: Any) -> list[str]:
        page = (await client.get("/workflows/logs", params=params)).json()
        return [each["workflow_run"]["id"] for each in page["data"]]

    assert await found() == runs[::-1]
    assert await found(status="failed") == [runs[1]]
    assert await found(keyword="zebra") == [runs[0]]
    assert await found(created_by_end_user_session_id="bob") == [runs[1]]
    assert await found(created_at__before="2020-01-01T00:00:00Z") == []
    assert await found(created_at__after="2020-01-01T00:00:00Z") == runs[::-1]
    assert await found(page=2, limit=2) == [runs[0]]
    refused = await client.get("/workflows/logs", params={"created_by_account": "a@example.com"})
    assert (refused.status_code, refused.json()["message"]) == (400, "Account not found: a@example.com")
    both = {"keyword": "zebra", "created_by_end_user_session_id": "alice"}
    assert (await client.get("/workflows/logs", params=both)).status_code == 500  # as servers of this line do
    page = (await client.get("/workflows/logs", params={"limit": 2})).json()
    assert (page["total"], page["has_more"]) == (3, True)
    assert page["data"][0]["created_by_end_user"]["session_id"] == "alice"


async def test_a_run_is_replayed_for_its_user_only(connect) -> None:
    client = connect(Emulator())
    run = (await client.post("/workflows/run", json={"inputs": {}, "user": "alice"})).json()["workflow_run_id"]
    assert (await client.get(f"/workflow/{run}/events?user=alice")).status_code == 200
    assert (await client.get(f"/workflow/{run}/events?user=bob")).status_code == 404


async def test_the_function_gets_all_that_was_asked_and_the_bytes_of_uploads(connect) -> None:
    seen: list[EmulatorRequest] = []

    def answer(request: EmulatorRequest) -> str:
        seen.append(request)
        return ""

    emulator = Emulator(answer)
    client = connect(emulator)
    upload = await client.post(
        "/files/upload", data={"user": "alice"}, files={"file": ("a.txt", b"text", "text/plain")}
    )
    files = [
        {"type": "document", "transfer_method": "local_file", "upload_file_id": upload.json()["id"]},
        {"type": "image", "transfer_method": "remote_url", "url": "https://example.com/a.png"},
    ]
    version = emulator.workflow_id
    body = {"inputs": {"a": [1]}, "user": "alice", "files": files}
    await client.post(f"/workflows/{version}/run", json=body)
    assert seen == [
        EmulatorRequest(
            kind="workflow",
            query="",
            inputs={"a": [1]},
            files=(
                EmulatorFile(
                    type="document",
                    transfer_method="local_file",
                    upload_file_id=upload.json()["id"],
                    name="a.txt",
                    mime_type="text/plain",
                    content=b"text",
                ),
                EmulatorFile(
                    type="image",
                    transfer_method="remote_url",
                    url="https://example.com/a.png",
                    name="a.png",
                    mime_type="image/png",
                ),
            ),
            user="alice",
            workflow_id=version,
        )
    ]
    other = await client.post("/chat-messages", json={**body, "query": "q", "user": "bob"})
    assert (other.status_code, other.json()["message"]) == (400, "Invalid upload file")


async def test_every_request_is_recorded_also_those_refused(connect) -> None:
    emulator = Emulator()
    client = connect(emulator)
    body = {"query": "q", "inputs": {}, "user": "alice"}
    await client.post("/chat-messages", json=body)
    await client.get("/conversations", params={"user": "alice", "limit": 5})
    await client.post("/files/upload", data={"user": "bob"}, files={"file": ("a.txt", b"", "text/plain")})
    await client.get("/nowhere")
    await client.get("/info", headers={"Authorization": ""})
    assert emulator.requests == [
        RecordedRequest("POST", "/chat-messages", {}, body, None, "alice"),
        RecordedRequest("GET", "/conversations", {"user": "alice", "limit": "5"}, None, None, "alice"),
        RecordedRequest("POST", "/files/upload", {}, None, {"user": "bob"}, "bob"),
        RecordedRequest("GET", "/nowhere"),
        RecordedRequest("GET", "/info"),
    ]


def test_a_request_has_the_fields_of_a_call():
    with Emulator() as emulator:
        client = emulator.sync_client(user="alice")
        photo = client.files.upload(("cat.png", b"x"))
        first = client.chat.send("What is this?", files=[photo], inputs={"lang": "en", "photo": photo})
        client.chat.send("And now?", conversation_id=first.conversation_id)
        client.conversations.rename(first.conversation_id, "Cats")
        client.messages.list(first.conversation_id).first()
        _, asked, again, renamed, listed = emulator.requests
    assert (asked.query, asked.conversation_id, asked.response_mode) == ("What is this?", None, "streaming")
    assert asked.inputs["lang"] == "en"
    assert asked.inputs["photo"]["upload_file_id"] == photo.id
    assert [file.upload_file_id for file in asked.files] == [photo.id]
    assert (again.query, again.inputs, again.files, again.conversation_id) == (
        "And now?",
        {},
        [],
        first.conversation_id,
    )
    assert renamed.conversation_id == renamed.path_params["conversation_id"] == first.conversation_id
    assert listed.conversation_id == listed.params["conversation_id"] == first.conversation_id
    assert listed.query is None
