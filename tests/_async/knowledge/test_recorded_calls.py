"""Every recorded exchange of the knowledge resources: the same request goes out, and its answer loses nothing."""

from __future__ import annotations

import httpx
import pytest

from dify import APIStatusError, ConfigurationError, WorkflowFailedError
from tests.support.knowledge_checks import check_outcome, check_request
from tests.support.recordings import Recording
from tests.support.replay_knowledge import NOT_MADE, OTHER_KEY, call, exchanges, made

from ..support import finish, make_client

MADE = made()


def as_recorded(one: Recording, seen: list[httpx.Request]):
    """Answers as the server did, and keeps what it was asked."""

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        headers = {name: one.headers[name] for name in ("content-type", "x-version") if name in one.headers}
        return httpx.Response(one.status, headers=headers, content=one.content)

    return handler


@pytest.mark.parametrize("one", MADE, ids=lambda one: one.name)
async def test_a_recorded_request_goes_out_again_and_its_answer_loses_nothing(one):
    seen: list[httpx.Request] = []
    client = make_client(as_recorded(one, seen))
    try:
        outcome = await finish(call(client, one))
    except (APIStatusError, WorkflowFailedError) as error:
        outcome = error
    [request] = seen
    check_request(one, request)
    check_outcome(one, outcome)


def test_every_operation_is_among_the_recorded_calls():
    assert len({one.operation for one in MADE} - {None}) == 46


def test_nothing_stands_in_the_tables_of_exceptions_that_is_not_recorded():
    names = {one.name for one in exchanges()}
    if len(names) > 200:  # the kept copies are fewer
        assert set(NOT_MADE) | set(OTHER_KEY) <= names


@pytest.mark.parametrize("setting", [{"api_key": "dataset-1"}, {"knowledge_api_key": "app-1"}])
def test_a_key_of_the_other_kind_is_refused_when_the_client_is_made(setting):
    with pytest.raises(ConfigurationError, match="key"):
        make_client(lambda request: httpx.Response(200), **setting)


async def test_a_knowledge_call_without_its_key_is_refused_before_anything_is_sent():
    seen: list[httpx.Request] = []
    client = make_client(as_recorded(MADE[0], seen), knowledge_api_key=None)
    with pytest.raises(ConfigurationError, match="DIFY_KNOWLEDGE_API_KEY"):
        await client.knowledge.models.list("llm")
    assert seen == []
