"""`DifyMock`: the mock itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from difflib import get_close_matches
from functools import cached_property
from types import TracebackType
from typing import Any, Self, cast

import respx

from dify import AsyncDify, Dify

from ..builders import replies, responses
from ..builders.responses import Request, Response
from .apps import (
    APP_RESOURCES,
    Annotations,
    App,
    Audio,
    Chat,
    Completions,
    Conversations,
    EndUsers,
    Files,
    HumanInput,
    Messages,
    Workflows,
)
from .calls import Calls, call_of
from .errors import UnmockedCall
from .knowledge import FILES_HOST, KNOWLEDGE_RESOURCES, Knowledge
from .operations import INDEX, MockedOperation
from .planned_responses import Plan, Route, assert_all_used, line_for, respond
from .router import CallInterceptor, PatchingRouter
from .routes import JSONRoute
from .table import Json, Resource, Row, operations_of

__all__ = ["DifyMock"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


class _Server(Resource):
    prefix = "client"

    server = Json(INDEX, replies.server_info)


def _rows() -> dict[str, Row[Route]]:
    known: dict[str, Row[Route]] = {}
    for resource in (*APP_RESOURCES, *KNOWLEDGE_RESOURCES, _Server):
        for row in operations_of(resource):
            known.setdefault(row.operation.id, row)
    return known


_ROWS = _rows()
_BY_PARAMETERS = sorted((row.operation for row in _ROWS.values()), key=lambda one: (not one.based, one.parameters))


class DifyMock:
    """A mocked Dify server.

    Tests set the response of each call; a call without a response fails the test.

    Three ways to use it:

    - `mock.client()` and `mock.sync_client()` are clients that it answers.
    - `with DifyMock() as mock:` answers every client, wherever the code under test makes it, and complains at the end of
      answers that no call asked for. It leaves alone what is not meant for Dify, and servers on this machine.
    - `DifyMock(router=respx_mock)` puts its routes into a respx router of yours.

    Every operation is where the client has it: `mock.conversations.list`, `mock.knowledge.datasets.create`. Answers are
    given in the order in which they were set, and the last one again and again.

    Args:
        base_url: The server that is mocked, beside whatever a Dify key is sent to; by default the server of clients without
            `base_url`.
        router: A respx router to put the routes into. It then does what else is to be done: patching, assertions.
        assert_all_called: Whether leaving the `with` block complains of answers that no call asked for.

    Example:
        >>> mock = DifyMock()
        >>> route = mock.chat.streams("Hello")
        >>> mock.sync_client(user="alice").chat.send("Hi").answer
        'Hello'
        >>> mock.calls.last.query, mock.calls.last.user
        ('Hi', 'alice')
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        router: respx.Router | None = None,
        assert_all_called: bool = True,
    ) -> None:
        self.base_url = base_url or Dify("app-mock", knowledge_api_key="dataset-mock").base_url
        self.calls = Calls()
        self.unexpected: list[str] = []
        self._plans: dict[str, Plan] = {}
        self._assert_all_called = assert_all_called
        self._interceptor = CallInterceptor(self.base_url, FILES_HOST, self._explain)
        self._own = PatchingRouter(self._interceptor) if router is None else None
        self.router: respx.Router = self._own or router or respx.Router()

    # ---------------------------------------------------------------------------------------------------- resources
    @cached_property
    def chat(self) -> Chat:
        """Chat apps, agents and chatflows."""
        return Chat(self)

    @cached_property
    def completions(self) -> Completions:
        """Completion apps."""
        return Completions(self)

    @cached_property
    def workflows(self) -> Workflows:
        """Workflow runs, their events, details and logs."""
        return Workflows(self)

    @cached_property
    def human_input(self) -> HumanInput:
        """Forms of human-input nodes."""
        return HumanInput(self)

    @cached_property
    def conversations(self) -> Conversations:
        """Conversations of end users, and the variables in them."""
        return Conversations(self)

    @cached_property
    def messages(self) -> Messages:
        """Messages, suggested questions, and feedback."""
        return Messages(self)

    @cached_property
    def files(self) -> Files:
        """Files of end users."""
        return Files(self)

    @cached_property
    def audio(self) -> Audio:
        """Speech to text and text to speech."""
        return Audio(self)

    @cached_property
    def app(self) -> App:
        """The app behind the key."""
        return App(self)

    @cached_property
    def annotations(self) -> Annotations:
        """Annotations."""
        return Annotations(self)

    @cached_property
    def end_users(self) -> EndUsers:
        """End users."""
        return EndUsers(self)

    @cached_property
    def knowledge(self) -> Knowledge:
        """Resources that need the knowledge key."""
        return Knowledge(self)

    @property
    def server(self) -> JSONRoute[Any]:
        """Name and version of the server."""
        return _Server(self).server

    def operation(self, id: str) -> Route:
        """Return an operation by its id in Dify's API description.

        Args:
            id: Such as "getConversationsList".

        Raises:
            ValueError: The operation does not exist.

        Example:
            >>> DifyMock().operation("getConversationsList")
            <mock of conversations.list: GET /conversations>
        """
        if id not in _ROWS:
            similar = [repr(known) for known in get_close_matches(id, _ROWS, n=3)]
            choice = f"; did you mean {' or '.join(similar)}?" if similar else f", which has {', '.join(sorted(_ROWS))}"
            raise ValueError(f"{id!r} is not an operation of Dify's Service API{choice}")
        return _ROWS[id].route(self)

    # ------------------------------------------------------------------------------------------------------ clients
    def client(
        self,
        *,
        api_key: str = "app-mock",
        knowledge_api_key: str = "dataset-mock",
        user: str | None = "mock-user",
        max_retries: int = 0,
    ) -> AsyncDify:
        """Return a `dify.AsyncDify` that calls the mock, inside and outside of `with`.

        Args:
            api_key: App key.
            knowledge_api_key: Knowledge key.
            user: End user of calls without one.
            max_retries: Number of retries. Tests of retries set it, and set `retry_after=0` in the
                error responses, so that nothing waits.

        Example:
            >>> import asyncio
            >>> mock = DifyMock()
            >>> route = mock.chat.streams("Hello")
            >>> asyncio.run(mock.client().chat.send("Hi")).answer
            'Hello'
        """
        return AsyncDify(
            api_key,
            knowledge_api_key=knowledge_api_key,
            base_url=self.base_url,
            user=user,
            max_retries=max_retries,
            http_client=responses.async_client(self._handle_async),
        )

    def sync_client(
        self,
        *,
        api_key: str = "app-mock",
        knowledge_api_key: str = "dataset-mock",
        user: str | None = "mock-user",
        max_retries: int = 0,
    ) -> Dify:
        """Return a `dify.Dify` that calls the mock, inside and outside of `with`.

        Args:
            api_key: App key.
            knowledge_api_key: Knowledge key.
            user: End user of calls without one.
            max_retries: Number of retries.

        Example:
            >>> mock = DifyMock()
            >>> route = mock.conversations.list.lists([replies.conversation("Tea")])
            >>> [one.name for one in mock.sync_client().conversations.list()]
            ['Tea']
        """
        return Dify(
            api_key,
            knowledge_api_key=knowledge_api_key,
            base_url=self.base_url,
            user=user,
            max_retries=max_retries,
            http_client=responses.sync_client(self._handle),
        )

    # ------------------------------------------------------------------------------------------------------ looking
    def assert_all_called(self) -> None:
        """Check that every mocked response was requested.

        Raises:
            UnusedResponse: A response was not.
        """
        assert_all_used(self._plans)

    def assert_no_unexpected_calls(self) -> None:
        """Check that every call had a mocked response.

        This includes calls whose error the code under test suppressed.

        Raises:
            UnmockedCall: A call had none.
        """
        if self.unexpected:
            raise UnmockedCall("\n".join(self.unexpected))

    def reset(self) -> None:
        """Remove all responses and calls."""
        for plan in self._plans.values():
            plan.clear()
        self.calls = Calls()
        self.unexpected.clear()

    # --------------------------------------------------------------------------------------------------------- work
    def plan_of(self, operation: MockedOperation) -> Plan:
        """Return the plan of an operation, and add its route to the router."""
        plan = self._plans.get(operation.id)
        if plan is None:
            plan = self._plans[operation.id] = Plan(_ROWS[operation.id].operation)
            route = self.router.route(name=operation.id, method=operation.method, path__regex=operation.pattern)
            route.mock(side_effect=cast("Any", self._effect_of(plan)))
        return plan

    def _effect_of(self, plan: Plan) -> Callable[[Request], Response | Awaitable[Response] | None]:
        def effect(request: Request, **_: Any) -> Response | Awaitable[Response] | None:
            operation = plan.operation
            found = _find(request)
            chosen = plan.next() if found is not None and found[0].id == operation.id else None
            if found is None or chosen is None:
                return None  # another route's, or nothing was set
            call = call_of(request, operation.id, operation.call, found[1])
            self.calls.add(call)
            return respond(chosen, call, operation)

        return effect

    def _explain(self, request: Request) -> UnmockedCall:
        found = _find(request)
        if found is None:
            said = f"unexpected call: {request.method} {request.url}, which is not an operation of Dify's Service API"
        else:
            operation, params = found
            call = call_of(request, operation.id, operation.call, params)
            said = (
                f"unexpected call: {call} - operation {operation.id}. "
                f"Give it an answer first: {line_for(_ROWS[operation.id].route(self))}"
            )
        self.unexpected.append(said)
        return UnmockedCall(said)

    def _handle(self, request: Request) -> Response:
        return self._interceptor.handle(self.router, request)

    async def _handle_async(self, request: Request) -> Response:
        return await self._interceptor.handle_async(self.router, request)

    def __enter__(self) -> Self:
        if self._own is not None:
            self._own.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            self._own.stop(clear=False, reset=False, quiet=True)
        if kind is None:
            self.assert_no_unexpected_calls()
            if self._assert_all_called:
                self.assert_all_called()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<DifyMock of {self.base_url}: {len(self.calls)} calls>"


def _find(request: Request) -> tuple[MockedOperation, dict[str, str]] | None:
    for operation in _BY_PARAMETERS:
        if not operation.based and request.url.host != FILES_HOST:
            continue
        params = operation.matches(request.method, request.url.path)
        if params is not None:
            return operation, params
    return None
