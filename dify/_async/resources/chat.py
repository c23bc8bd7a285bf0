"""Chat apps, agents and chatflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._config import RequestOptions
from ..._protocol.arguments import FileArgument, ResponseMode, text_of
from ..._streaming.kinds import CHAT
from ...types.replies import ChatResponse
from ..app_streams import AsyncChatStream
from ..forms import AsyncFormHandler
from ._generation import AsyncGeneration

__all__ = ["AsyncChat"]


class AsyncChat(AsyncGeneration[AsyncChatStream]):
    """Chat apps, agents and chatflows.

    Example:
        ```python
        reply = await client.chat.send("What is Dify?")
        print(reply.answer)
        ```
    """

    _kind = CHAT
    _stream_class = AsyncChatStream
    _stop_operation = "stopChatMessageGeneration"

    async def send(
        self,
        query: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        conversation_id: str | None = None,
        files: Sequence[FileArgument] | None = None,
        user: str | None = None,
        auto_generate_name: bool | None = None,
        workflow_id: str | None = None,
        trace_id: str | None = None,
        trace_session_id: str | None = None,
        response_mode: ResponseMode = "streaming",
        collect_audio: bool = False,
        reconnect: bool = True,
        on_form: AsyncFormHandler | None = None,
        options: RequestOptions | None = None,
    ) -> ChatResponse:
        """Send a message and return the complete reply (sendChatMessage).

        Uses streaming internally: gateways do not cut the connection while the app works, agents can reply, and failures
        raise the same errors for every kind of app.

        Args:
            query: The user's message.
            inputs: Values of the app's input fields, by variable name. Files are passed as `InputFile` or `UploadedFile`.
            conversation_id: Conversation to continue; None starts a new one.
            files: Files of the message, as `UploadedFile` or `InputFile`.
            user: End user of the call; by default the client's user.
            auto_generate_name: False to leave a new conversation unnamed; by default the server names it.
            workflow_id: Id of the published version to run (chatflows only); by default the current version.
            trace_id: Trace id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Session id of the trace, 1 to 200 characters.
            response_mode: "blocking" for the server's blocking mode, whose responses many gateways cut after 60 to 100 s.
                Agents do not support it.
            collect_audio: Collect the speech that the app sends in `reply.audio`.
            reconnect: Follow the run after a lost connection, if it continues on the server.
            on_form: Called with each form that the run waits for; returns a `FormAnswer`, or None to leave the run paused.
                The run is then followed through its pauses to its end.
            options: Options of this call.

        Returns:
            The reply. If a chatflow waits for human input, it is `paused` and has `forms`.

        Raises:
            ConversationNotFoundError: The user has no such conversation.
            RateLimitError: Too many simultaneous requests, or a quota is used up.
            WorkflowFailedError: The run of the chatflow failed.
            StreamInterruptedError: The connection was lost before the end of the reply; see its `partial`.
            APIStatusError: Any other error response.

        Example:
            ```python
            first = await client.chat.send("What is Dify?")
            reply = await client.chat.send("And in one line?", conversation_id=first.conversation_id)
            print(reply.answer)
            ```
        """
        fields = {
            "query": text_of(query, "query"),
            "conversation_id": conversation_id,
            "auto_generate_name": auto_generate_name,
            "workflow_id": workflow_id,
        }
        stream = self._generate(
            "sendChatMessage",
            fields,
            inputs=inputs,
            files=files,
            user=user,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
            response_mode=response_mode,
            collect_audio=collect_audio,
            reconnect=reconnect,
            options=options,
        )
        return await self._final(stream, self.events, on_form, user=user, options=options)

    def stream(
        self,
        query: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        conversation_id: str | None = None,
        files: Sequence[FileArgument] | None = None,
        user: str | None = None,
        auto_generate_name: bool | None = None,
        workflow_id: str | None = None,
        trace_id: str | None = None,
        trace_session_id: str | None = None,
        collect_audio: bool = False,
        reconnect: bool = True,
        options: RequestOptions | None = None,
    ) -> AsyncChatStream:
        """Send a message and stream the events of the reply (sendChatMessage).

        Nothing is sent until the stream is iterated or entered.

        Args:
            query: The user's message.
            inputs: Values of the app's input fields, by variable name. Files are passed as `InputFile` or `UploadedFile`.
            conversation_id: Conversation to continue; None starts a new one.
            files: Files of the message, as `UploadedFile` or `InputFile`.
            user: End user of the call; by default the client's user.
            auto_generate_name: False to leave a new conversation unnamed; by default the server names it.
            workflow_id: Id of the published version to run (chatflows only); by default the current version.
            trace_id: Trace id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Session id of the trace, 1 to 200 characters.
            collect_audio: Collect the speech that the app sends in the reply's `audio`.
            reconnect: Follow the run after a lost connection, if it continues on the server.
            options: Options of this call.

        Returns:
            A stream of `ChatEvent`s. Iterating it raises the errors of `send`, except that a failed run is an event.

        Example:
            ```python
            async for event in client.chat.stream("What is Dify?"):
                if event.event == "message":
                    print(event.answer, end="")
            ```
        """
        fields = {
            "query": text_of(query, "query"),
            "conversation_id": conversation_id,
            "auto_generate_name": auto_generate_name,
            "workflow_id": workflow_id,
        }
        return self._generate(
            "sendChatMessage",
            fields,
            inputs=inputs,
            files=files,
            user=user,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
            collect_audio=collect_audio,
            reconnect=reconnect,
            options=options,
        )

    def events(
        self,
        workflow_run_id: str,
        *,
        user: str | None = None,
        include_state_snapshot: bool | None = None,
        continue_on_pause: bool | None = None,
        reconnect: bool = True,
        options: RequestOptions | None = None,
    ) -> AsyncChatStream:
        """Follow a running or paused run of a chatflow (streamWorkflowEvents).

        A run that has ended sends a single `workflow_finished`.

        Args:
            workflow_run_id: Id of the run, from `stream.workflow_run_id` or `reply.workflow_run_id`.
            user: End user who started the run; other users cannot see it.
            include_state_snapshot: Send the past events of the run first; otherwise only new events are sent.
            continue_on_pause: Keep the stream open while the run is paused, until it has ended.
            reconnect: Follow the run after a lost connection, if it continues on the server.
            options: Options of this call.

        Raises:
            NotFoundError: The app and user have no such run; raised while iterating.

        Example:
            ```python
            async for event in client.chat.events(workflow_run_id, include_state_snapshot=True):
                print(event.event)
            ```
        """
        return self._follow(
            workflow_run_id,
            user=user,
            include_state_snapshot=include_state_snapshot,
            continue_on_pause=continue_on_pause,
            reconnect=reconnect,
            options=options,
        )

    async def stop(self, task_id: str, *, user: str | None = None, options: RequestOptions | None = None) -> None:
        """Ask the server to stop a reply (stopChatMessageGeneration).

        The server accepts every task id, also unknown ones and those of other users.

        Args:
            task_id: Id of the task, from `stream.task_id`; not the id of the message or the run.
            user: End user of the task; by default the client's user.
            options: Options of this call.

        Raises:
            NotThisAppTypeError: The key belongs to another kind of app.

        Example:
            ```python
            async with client.chat.stream("Count to a million") as stream:
                async for event in stream:
                    break
                await client.chat.stop(stream.task_id)
            ```
        """
        await self._stop(task_id, user, options)
