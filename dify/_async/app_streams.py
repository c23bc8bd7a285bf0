"""The event streams of each kind of app."""

from __future__ import annotations

from .._streaming.kinds import DatasourceResults
from ..types.events import ChatEvent, CompletionEvent, DatasourceEvent, WorkflowEvent
from ..types.replies import ChatResponse, CompletionResponse
from ..types.workflows import WorkflowRun
from .event_stream import AsyncEventStream

__all__ = ["AsyncChatStream", "AsyncCompletionStream", "AsyncDatasourceStream", "AsyncWorkflowStream"]


class AsyncChatStream(AsyncEventStream[ChatEvent, ChatResponse]):
    """The stream of a chat app, an agent or a chatflow.

    It yields `ChatEvent`s, which fold to a `ChatResponse`.

    Example:
        ```python
        async for event in client.chat.stream("What is Dify?"):
            if event.event == "message":
                print(event.answer, end="")
        ```
    """

    @property
    def message_id(self) -> str | None:
        """Id of the reply's message; known from the first event on."""
        return self._id("message_id")

    @property
    def conversation_id(self) -> str | None:
        """Id of the conversation; pass it to the next call to continue.

        Known from the first event on.
        """
        return self._id("conversation_id")


class AsyncCompletionStream(AsyncEventStream[CompletionEvent, CompletionResponse]):
    """The stream of a completion app.

    It yields `CompletionEvent`s, which fold to a `CompletionResponse`.

    Example:
        ```python
        async for event in client.completions.stream({"topic": "tea"}):
            if event.event == "message":
                print(event.answer, end="")
        ```
    """

    @property
    def message_id(self) -> str | None:
        """Id of the reply's message; known from the first event on."""
        return self._id("message_id")


class AsyncWorkflowStream(AsyncEventStream[WorkflowEvent, WorkflowRun]):
    """The stream of a workflow run: `WorkflowEvent`s that fold to a `WorkflowRun`.

    Example:
        ```python
        async for event in client.workflows.stream({"q": "tea"}):
            if event.event == "node_finished":
                print(event.data.title, event.data.status)
        ```
    """


class AsyncDatasourceStream(AsyncEventStream[DatasourceEvent, DatasourceResults]):
    """The stream of a datasource node.

    It yields `DatasourceEvent`s; `final` returns those that completed or failed.
    """
