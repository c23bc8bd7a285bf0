"""Chat apps, agents and chatflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..._config import RequestOptions
from ..._protocol.arguments import FileArgument, ResponseMode, files_of, inputs_of
from ..._protocol.request import Call, compact
from ..._streaming.kinds import CHAT
from ..._streaming.resume import Pickup, run_events_call
from ...types.replies import ChatResponse
from ..event_stream import AsyncChatStream
from ..forms import AsyncFormHandler, answer_forms
from ._base import AsyncResource
from .human_input import AsyncHumanInput

__all__ = ["AsyncChat"]


class AsyncChat(AsyncResource):
    """Ask chat apps, agents and chatflows.

    Example:
        ```python
        reply = await client.chat.send("What is Dify?")
        print(reply.answer)
        ```
    """

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
        """Ask, and return the whole reply (sendChatMessage).

        The reply rides on a stream, so that no gateway cuts it while the app is silent, agents can answer, and failures
        report the same way for every kind of app.

        Args:
            query: What the person says.
            inputs: Values of the app's input fields, by variable name; files as `InputFile` or `UploadedFile`.
            conversation_id: The conversation to go on with; None begins a new one.
            files: Files that go with the question: `UploadedFile`s, or `InputFile`s.
            user: Your id for the person who asks; the client's default user where None.
            auto_generate_name: Whether the server names a new conversation after its first question (its default: yes).
            workflow_id: A published version to run in place of the current one (chatflows only).
            trace_id: Id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Id that joins traces into a session, 1 to 200 characters.
            response_mode: "blocking" asks for the server's blocking mode, which gateways cut after 60 to 100 s and
                agents refuse.
            collect_audio: Collect the spoken answer, for apps that speak by themselves, in `reply.audio`.
            reconnect: Pick the stream up again when it is cut and the run goes on at the server.
            on_form: Called with each form that the run waits for; returns a `FormAnswer`, or None to leave the run paused.
                With it the run is followed through its pauses to its end.
            options: Settings for this call alone.

        Returns:
            The reply. A chatflow that waits for a person is `paused` and has `forms`.

        Raises:
            ConversationNotFoundError: There is no such conversation for this user.
            RateLimitError: Too many requests at once, or a quota is used up.
            WorkflowFailedError: The chatflow's run failed.
            StreamInterruptedError: The connection ended before the reply did.
            APIStatusError: Any other refusal.

        Example:
            ```python
            first = await client.chat.send("What is Dify?")
            reply = await client.chat.send("And in one line?", conversation_id=first.conversation_id)
            print(reply.answer)
            ```
        """
        stream = self._stream(
            query,
            inputs=inputs,
            conversation_id=conversation_id,
            files=files,
            user=user,
            auto_generate_name=auto_generate_name,
            workflow_id=workflow_id,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
            response_mode=response_mode,
            collect_audio=collect_audio,
            reconnect=reconnect,
            options=options,
        )
        reply = await stream.final()
        human_input = AsyncHumanInput(self._transport)
        return await answer_forms(
            reply, on_form, events=self.events, human_input=human_input, user=user, options=options
        )

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
        """Ask, and take the reply as events while it comes (sendChatMessage).

        Nothing is sent until the stream is iterated or entered. The parameters are those of `send`.

        Args:
            query: What the person says.
            inputs: Values of the app's input fields, by variable name; files as `InputFile` or `UploadedFile`.
            conversation_id: The conversation to go on with; None begins a new one.
            files: Files that go with the question: `UploadedFile`s, or `InputFile`s.
            user: Your id for the person who asks; the client's default user where None.
            auto_generate_name: Whether the server names a new conversation after its first question (its default: yes).
            workflow_id: A published version to run in place of the current one (chatflows only).
            trace_id: Id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Id that joins traces into a session, 1 to 200 characters.
            collect_audio: Collect the spoken answer, for apps that speak by themselves, in the reply's `audio`.
            reconnect: Pick the stream up again when it is cut and the run goes on at the server.
            options: Settings for this call alone.

        Returns:
            A stream of `ChatEvent`s; iterating it raises what `send` raises, but a run that fails is an event.

        Example:
            ```python
            async for event in client.chat.stream("What is Dify?"):
                if event.event == "message":
                    print(event.answer, end="")
            ```
        """
        return self._stream(
            query,
            inputs=inputs,
            conversation_id=conversation_id,
            files=files,
            user=user,
            auto_generate_name=auto_generate_name,
            workflow_id=workflow_id,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
            response_mode="streaming",
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
        """Follow a chatflow's run that goes on at the server (streamWorkflowEvents).

        For a run that was paused or cut off. A run that has ended answers with its `workflow_finished` alone.

        Args:
            workflow_run_id: The run, from `stream.workflow_run_id` or `reply.workflow_run_id`.
            user: The user whose call began the run; others are not shown it.
            include_state_snapshot: First repeat what has happened so far; otherwise only what comes from now on.
            continue_on_pause: Stay when the run pauses, until it goes on and ends.
            reconnect: Pick the stream up again when it is cut and the run goes on at the server.
            options: Settings for this call alone.

        Raises:
            NotFoundError: No such run for this app and user, while iterating.

        Example:
            ```python
            async for event in client.chat.events(workflow_run_id, include_state_snapshot=True):
                print(event.event)
            ```
        """
        call = run_events_call(
            workflow_run_id,
            user=self._user(user),
            include_state_snapshot=include_state_snapshot,
            continue_on_pause=continue_on_pause,
        )
        return self._open(call, user, options, reconnect=reconnect, continue_on_pause=bool(continue_on_pause))

    async def stop(self, task_id: str, *, user: str | None = None, options: RequestOptions | None = None) -> None:
        """Ask the server to stop answering (stopChatMessageGeneration).

        The server says yes to every task, also to one that it does not know or that is another user's.

        Args:
            task_id: The task, from `stream.task_id`; not the message's or the run's id.
            user: The user whose call it is.
            options: Settings for this call alone.

        Raises:
            NotThisAppTypeError: The key's app is no chat app.

        Example:
            ```python
            async with client.chat.stream("Count to a million") as stream:
                async for event in stream:
                    break
                await client.chat.stop(stream.task_id)
            ```
        """
        await self._transport.send(
            Call.of("stopChatMessageGeneration", task_id=task_id, json={"user": self._user(user)}),
            options,
        )

    def _stream(
        self,
        query: str,
        *,
        inputs: Mapping[str, Any] | None,
        conversation_id: str | None,
        files: Sequence[FileArgument] | None,
        user: str | None,
        auto_generate_name: bool | None,
        workflow_id: str | None,
        trace_id: str | None,
        trace_session_id: str | None,
        response_mode: Literal["streaming", "blocking"],
        collect_audio: bool,
        reconnect: bool,
        options: RequestOptions | None,
    ) -> AsyncChatStream:
        body = compact(
            inputs=inputs_of(inputs),
            query=query,
            user=self._user(user),
            response_mode=response_mode,
            conversation_id=conversation_id,
            files=files_of(files),
            auto_generate_name=auto_generate_name,
            workflow_id=workflow_id,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
        )
        accept: Literal["stream", "json"] = "stream" if response_mode == "streaming" else "json"
        call = Call.of("sendChatMessage", json=body, accept=accept)
        return self._open(call, user, options, reconnect=reconnect, collect_audio=collect_audio)

    def _open(
        self,
        call: Call,
        user: str | None,
        options: RequestOptions | None,
        *,
        reconnect: bool,
        collect_audio: bool = False,
        continue_on_pause: bool = False,
    ) -> AsyncChatStream:
        async def stop(task_id: str, options: RequestOptions | None) -> None:
            await self.stop(task_id, user=user, options=options)

        pickup = Pickup(user=self._user(user), continue_on_pause=continue_on_pause) if reconnect else None
        fold = CHAT.fold(collect_audio=collect_audio, continue_on_pause=continue_on_pause)
        return AsyncChatStream(self._transport, call, CHAT, fold=fold, stop=stop, options=options, pickup=pickup)
