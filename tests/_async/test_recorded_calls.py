"""Every recorded exchange of the app resources: the same request goes out, and its answer loses nothing."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from dify import ConfigurationError, DifyError, InvalidArgumentError
from dify._operations import OPERATIONS
from tests.support import replay_knowledge
from tests.support.app_checks import as_recorded, check_events, check_outcome, check_request
from tests.support.recordings import recordings
from tests.support.replay_app import APART, by_request, call, exchanges, how, made

from .support import finish, make_client

MADE = made("method", "otherwise")
STREAMED = [one for one in MADE if one.asked and one.asked.get("response_mode") == "streaming"]
# How the client, or Python, says that a call cannot be made so; the errors of answers are none of them.
REFUSALS = (TypeError, LookupError, ValueError, ConfigurationError, InvalidArgumentError)


def name_of(one) -> str:
    return one.name


def client_for(one, seen: list[httpx.Request]):
    """A client for nobody, so that the user comes from the recorded call; for somebody where that names none."""
    user = "user-1" if how(one) == "otherwise" else None
    return make_client(as_recorded(one, seen), user=user, knowledge_api_key=None)


async def outcome_of(make):
    """The events of a call, if it has any, and its answer or what it raised."""
    events = []
    try:
        result = make()
        if hasattr(result, "final"):
            async for event in result:
                events.append(event)
        return events, await finish(result)
    except DifyError as error:
        return events, error


@pytest.mark.parametrize("one", MADE, ids=name_of)
async def test_a_recorded_request_goes_out_again_and_its_answer_loses_nothing(one):
    seen: list[httpx.Request] = []
    client = client_for(one, seen)
    events, outcome = await outcome_of(lambda: call(client, one))
    check_request(one, seen[0])
    check_outcome(one, outcome)
    if one.is_stream:
        check_events(one, events)
    assert len(seen) == 1 or one.cut


@pytest.mark.parametrize("one", STREAMED, ids=name_of)
async def test_the_call_for_a_whole_reply_makes_the_recorded_request_for_a_stream(one):
    seen: list[httpx.Request] = []
    client = client_for(one, seen)
    _, outcome = await outcome_of(lambda: call(client, one, whole=True))
    check_request(one, seen[0])
    check_outcome(one, outcome)


@pytest.mark.parametrize("one", made("request"), ids=name_of)
async def test_what_no_method_can_be_brought_to_ask_is_asked_by_request_and_refused_by_the_server(one):
    seen: list[httpx.Request] = []
    _, outcome = await outcome_of(lambda: by_request(client_for(one, seen), one))
    [request] = seen
    check_request(one, request)
    assert one.status >= 400
    check_outcome(one, outcome)


@pytest.mark.parametrize("one", made("request", "never"), ids=name_of)
async def test_the_methods_refuse_what_stands_in_the_table_before_anything_is_sent(one):
    seen: list[httpx.Request] = []
    client = client_for(one, seen)
    with pytest.raises(REFUSALS):
        await finish(call(client, one))
    assert seen == []


def test_every_operation_is_among_the_recorded_calls():
    operations = {one.operation for one in MADE} | {one.operation for one in replay_knowledge.made()}
    assert set(OPERATIONS) <= operations


def test_nothing_stands_in_the_table_of_exceptions_that_is_not_recorded():
    assert set(APART) <= {one.name for one in exchanges()}


def test_every_exchange_is_replayed_or_listed_with_its_reason():
    counts = Counter(f"app: {how(one)}" for one in exchanges())
    for one in replay_knowledge.exchanges():
        listed = one.name in replay_knowledge.NOT_MADE
        counts["knowledge: never" if listed else "knowledge: method"] += 1
    names = {one.name for one in exchanges()} | {one.name for one in replay_knowledge.exchanges()}
    everything = recordings(lambda one: True)
    assert names == {one.name for one in everything}
    assert sum(counts.values()) == len(everything)
    assert all(apart.why for apart in APART.values())
    assert all(replay_knowledge.NOT_MADE.values())
    assert counts == {
        "app: method": 334,
        "app: otherwise": 8,
        "app: request": 22,
        "app: never": 5,
        "knowledge: method": 202,
        "knowledge: never": 24,
    }
    assert sum(counts.values()) == 595
