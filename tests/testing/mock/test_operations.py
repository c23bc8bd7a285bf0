"""Every operation of the Service API has its place on the mock, under the client's own name for it, and answers."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dify._operations import OPERATIONS
from dify.testing import DifyMock, UnmockedCall
from dify.testing.mock import (
    BytesRoute,
    EmptyRoute,
    ItemsRoute,
    JSONRoute,
    PageRoute,
    StreamRoute,
    UnusedResponse,
    UploadRoute,
)

from ..._sync.support import finish
from ...support.operations import operations

CALLS = [(operation.id, call) for operation in OPERATIONS.values() for call in operation.calls]
BY_VERSION = ("runWorkflowById", "workflows.run"), ("runWorkflowById", "workflows.stream")


def at(mock: Any, call: str) -> Any:
    """What lies at a dotted name."""
    for name in call.split("."):
        mock = getattr(mock, name)
    return mock


def answer(route: Any) -> None:
    """Set the usual answer."""
    match route:
        case UploadRoute():
            route.uploads()
        case JSONRoute() | ItemsRoute():
            route.returns()
        case EmptyRoute():
            route.succeeds()
        case PageRoute():
            route.lists()
        case BytesRoute():
            route.sends(b"abc")
        case StreamRoute():
            route.streams("Hello")
        case _:
            raise AssertionError(f"{route!r} is of no known kind")


@pytest.mark.parametrize("id", OPERATIONS)
def test_an_operation_is_where_the_api_has_it(id):
    known, mine = OPERATIONS[id], DifyMock().operation(id).operation
    assert (mine.method, mine.path) == (known.method, known.path)


@pytest.mark.parametrize(("id", "call"), [pair for pair in CALLS if pair not in BY_VERSION], ids=lambda part: part)
def test_a_call_of_the_client_is_at_the_same_place_on_the_mock(id, call):
    assert at(DifyMock(), call).operation.id == id


@pytest.mark.parametrize(("id", "call"), CALLS, ids=lambda part: part)
def test_the_usual_answer_satisfies_the_client(id, call):
    mock = DifyMock()
    client = mock.sync_client(user="alice")
    answer(mock.operation(id) if (id, call) in BY_VERSION else at(mock, call))
    method = next(one for one in operations(client) if one.path == call)
    given: dict[str, Any] = {"workflow_id": "w-1"} if (id, call) in BY_VERSION else {}
    given |= {"datasource_type": "local_file"} if "datasource_type" in method.required else {}
    finish(method.call(client, **given))
    assert mock.calls[0].operation == id
    mock.assert_all_called()


@pytest.mark.parametrize("id", OPERATIONS)
def test_each_unexpected_call_names_its_operation_and_a_line_that_helps(id):
    mock = DifyMock()
    client = mock.sync_client(user="alice")
    call = OPERATIONS[id].calls[0]
    method = next(one for one in operations(client) if one.path == call)
    given: dict[str, Any] = {"workflow_id": "w-1"} if id == "runWorkflowById" else {}
    with pytest.raises(UnmockedCall, match=f"operation {id}. Give it an answer first: mock") as caught:
        finish(method.call(client, **given))
    line = str(caught.value).partition("Give it an answer first: ")[2].replace("[...]", "[]").replace("(...)", "()")
    exec(line.replace('"..."', '"abc"'), {"mock": mock})
    finish(method.call(client, **given))


def test_the_server_itself_answers():
    mock = DifyMock()
    mock.server.returns()
    assert mock.sync_client().server().server_version == "1.14.2"


def test_an_unexpected_call_is_named_and_copied_as_it_is_imported():
    assert f"{UnmockedCall.__module__}.{UnmockedCall.__qualname__}" == "dify.testing.UnmockedCall"
    assert f"{UnusedResponse.__module__}.{UnusedResponse.__qualname__}" == "dify.testing.mock.UnusedResponse"
    for error in (UnmockedCall("no"), UnusedResponse("no")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.args) == (type(error), ("no",))
