"""Several apps, keys and users: the data of one is unknown to the others, with the server's error messages."""

from __future__ import annotations

import httpx
import pytest

from dify import AuthenticationError, ConversationNotFoundError, NotThisAppTypeError
from dify.testing import Emulator

from .real import real
from .worlds import same_refusal

ASK = {"query": "hi", "inputs": {}, "user": "user-1"}
RUN = {"inputs": {}, "user": "user-1"}


async def test_each_app_answers_for_itself() -> None:
    async with Emulator(lambda request: "first", mode="chat", name="First") as emulator:
        second = emulator.add_app(lambda request: {"n": 2}, mode="workflow", name="Second", api_key="app-second")
        assert (second.name, second.mode, second.api_key) == ("Second", "workflow", "app-second")
        assert "app-second" not in repr(second)
        assert (await emulator.client().chat.send("x")).answer == "first"
        assert (await second.client().workflows.run({})).outputs == {"n": 2}
        assert (await second.client().app.info()).name == "Second"
        with pytest.raises(NotThisAppTypeError):
            await second.client().chat.send("x")
        assert [request.app for request in emulator.requests] == ["First", "Second", "Second", "Second"]


def test_two_apps_cannot_share_a_key() -> None:
    emulator = Emulator(api_key="app-one")
    with pytest.raises(ValueError, match="belongs to another app"):
        emulator.add_app(api_key="app-one")


class Two:
    """Two apps and what the first one has."""

    def __init__(self, client: httpx.AsyncClient, emulator: Emulator, mode: str) -> None:
        self.client, self.emulator = client, emulator
        self.other = emulator.add_app(mode=mode, name="Other").api_key

    async def call(self, method: str, path: str, *, other: bool = True, **more) -> httpx.Response:
        key = self.other if other else self.emulator.api_key
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {key}"}, **more)


@pytest.fixture
def two(connect):
    def make(mode: str) -> Two:
        emulator = Emulator(mode=mode)
        return Two(connect(emulator), emulator, mode)

    return make


def check(reply: httpx.Response, name: str) -> None:
    theirs = real(name)
    assert reply.status_code == theirs.status, reply.text
    assert same_refusal(reply.json(), theirs.body), (reply.json(), theirs.body)


async def test_runs_of_another_app_are_unknown(two) -> None:
    apps = two("workflow")
    run = (await apps.call("POST", "/workflows/run", other=False, json=RUN)).json()["workflow_run_id"]
    check(await apps.call("GET", f"/workflows/run/{run}"), "workflow/run_detail_other_app")
    check(await apps.call("GET", f"/workflow/{run}/events?user=user-1"), "workflow/events_other_app")
    check(await apps.call("GET", f"/workflow/{run}/events?user=x", other=False), "workflow/events_other_user")
    assert (await apps.call("GET", "/workflows/logs")).json()["total"] == 0


async def test_conversations_of_another_app_or_user_are_unknown(two) -> None:
    apps = two("chat")
    made = (await apps.call("POST", "/chat-messages", other=False, json=ASK)).json()
    conversation, message = made["conversation_id"], made["message_id"]
    going_on = {**ASK, "conversation_id": conversation}
    for whose in ({"other": True}, {"other": False}):
        user = "user-1" if whose["other"] else "user-2"
        body = {**going_on, "user": user}
        check(await apps.call("POST", "/chat-messages", json=body, **whose), "conversations/chat_on_deleted")
        listed = await apps.call("GET", f"/messages?user={user}&conversation_id={conversation}", **whose)
        check(listed, "conversations/messages_of_deleted")
        variables = await apps.call("GET", f"/conversations/{conversation}/variables?user={user}", **whose)
        check(variables, "conversations/variables_other_user")
        liked = {"rating": "like", "user": user}
        check(
            await apps.call("POST", f"/messages/{message}/feedbacks", json=liked, **whose), "chat/feedback_unknown_msg"
        )
        check(await apps.call("GET", f"/messages/{message}/suggested?user={user}", **whose), "chat/suggested_unknown")
        assert (await apps.call("GET", f"/conversations?user={user}", **whose)).json()["data"] == []
    assert (await apps.call("POST", "/chat-messages", other=False, json=going_on)).status_code == 200


async def test_files_annotations_and_end_users_of_another_app_are_unknown(two) -> None:
    apps = two("chat")
    upload = {"data": {"user": "user-1"}, "files": {"file": ("a.txt", b"a", "text/plain")}}
    stored = (await apps.call("POST", "/files/upload", other=False, **upload)).json()
    check(await apps.call("GET", f"/end-users/{stored['created_by']}"), "end_users/end_user_other_app")
    file = {"type": "document", "transfer_method": "local_file", "upload_file_id": stored["id"]}
    check(await apps.call("POST", "/chat-messages", json={**ASK, "files": [file]}), "files/chat_file_unknown_id")
    assert (await apps.call("POST", "/chat-messages", other=False, json={**ASK, "files": [file]})).is_success
    check(await apps.call("GET", f"/files/{stored['id']}/preview"), "files/preview_other_app")
    assert (await apps.call("GET", f"/files/{stored['id']}/preview", other=False)).content == b"a"
    await apps.call("POST", "/apps/annotations", other=False, json={"question": "q", "answer": "a"})
    assert (await apps.call("GET", "/apps/annotations")).json()["total"] == 0


async def test_wrong_keys_are_refused_as_recorded(two) -> None:
    apps = two("chat")
    for key, path in (("app-wrong", "/info"), (apps.emulator.knowledge_api_key, "/info"), (apps.other, "/datasets")):
        reply = await apps.client.get(path, headers={"Authorization": f"Bearer {key}"})
        check(reply, "datasets/app_op_with_dataset_key")
        assert reply.headers["www-authenticate"] == 'Bearer realm="api"'


async def test_a_key_that_was_named_is_the_only_one() -> None:
    async with Emulator(api_key="app-mine", knowledge_api_key="dataset-mine") as emulator:
        client = emulator.client()
        assert (await client.app.info()).name == "Emulator"
        assert (await client.knowledge.datasets.list()).data == []
        with pytest.raises(AuthenticationError):
            await emulator.client(api_key="app-other").app.info()
        with pytest.raises(AuthenticationError):
            await emulator.client(knowledge_api_key="dataset-other").knowledge.datasets.list()


async def test_knowledge_is_shared_by_the_apps_of_a_workspace() -> None:
    async with Emulator() as emulator:
        made = await emulator.client().knowledge.datasets.create("Shared")
        other = emulator.add_app(name="Other")
        assert (await other.client().knowledge.datasets.get(made.id)).name == "Shared"
        with pytest.raises(ConversationNotFoundError):
            reply = await emulator.client(user="alice").chat.send("x")
            await other.client(user="alice").chat.send("x", conversation_id=reply.conversation_id)
