"""Which calls name an end user, and so wait for the first call of that user: looked at for every method of a client."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import pytest

from dify import DifyError
from dify._protocol.request import Call
from tests.support.operations import Operation, operations

from .support import finish, make_client

# The operations in which servers look the end user up, and create one.
END_USER = {
    "sendChatMessage",
    "stopChatMessageGeneration",
    "createCompletionMessage",
    "stopGenerate",
    "executeWorkflow",
    "runWorkflowById",
    "stopWorkflowTaskGeneration",
    "streamWorkflowEvents",
    "submitChatflowHumanInputForm",
    "getConversationsList",
    "renameConversation",
    "deleteConversation",
    "getConversationVariables",
    "updateChatConversationVariable",
    "getConversationHistory",
    "getSuggestedQuestions",
    "postChatMessageFeedback",
    "uploadChatFile",
    "previewChatFile",
    "audioToText",
    "textToAudioChat",
}


class Calls:
    """Stands in for the first calls of a pool, and keeps the calls that it is asked about."""

    def __init__(self) -> None:
        self.seen: list[Call] = []

    async def turn(self, call: Call, *_: Any) -> None:
        self.seen.append(call)


def refused(request: httpx.Request) -> httpx.Response:
    return httpx.Response(400, json={"code": "invalid_param", "message": "no", "status": 400})


async def calls_of(one: Operation, **given: Any) -> list[Call]:
    client = make_client(refused, user="mark-me")
    calls: Any = Calls()
    client._pool.first_calls = calls
    with suppress(DifyError, ValueError):
        await finish(one.call(client, **given))
    return calls.seen


ALL = {one.path: one for one in operations(make_client(refused))}


@pytest.mark.parametrize("path", ALL)
async def test_a_call_names_its_end_user_where_servers_look_one_up_and_nowhere_else(path):
    for call in await calls_of(ALL[path]):
        assert call.user == ("mark-me" if call.operation in END_USER else None), call.operation


async def test_every_operation_with_an_end_user_is_among_the_methods():
    seen = set[str]()
    for one in ALL.values():
        given = [{}, {"workflow_id": "w-1"}] if "workflow_id" in one.names else [{}]
        for more in given:
            seen |= {call.operation for call in await calls_of(one, **more) if call.user}
    assert seen == END_USER


@pytest.mark.parametrize(
    ("call", "user"),
    [
        (Call("x", "GET", "/x", query={"user": "a"}), "a"),
        (Call("x", "POST", "/x", json={"user": "a"}), "a"),
        (Call("x", "POST", "/x", form={"user": "a"}), "a"),
        (Call("x", "POST", "/x", json={"user": ""}), None),
        (Call("x", "POST", "/x", json=["user"]), None),
        (Call("x", "POST", "/x", json={"user": 5}), None),
        (Call("x", "POST", "/x"), None),
        (Call("x", "POST", "/datasets", key="knowledge", json={"user": "a"}), None),
        (Call("x", "GET", "/x", address="https://files.test/x", query={"user": "a"}), None),
        (Call("x", "GET", "/parameters", query={"user": "a"}), None),
        (Call("x", "GET", "/workflows/run/r-1", query={"user": "a"}), None),
        (Call("x", "POST", "/workflows/run", json={"user": "a"}), "a"),
        (Call("x", "POST", "/workflows/w-1/run", json={"user": "a"}), "a"),
    ],
)
def test_the_end_user_is_found_in_body_query_and_form(call, user):
    assert call.user == user
