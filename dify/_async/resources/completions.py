"""Completion apps."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from typing import Any, Literal

from ..._config import RequestOptions
from ..._protocol.arguments import FileArgument, ResponseMode, files_of, inputs_of
from ..._protocol.request import Call, compact
from ..._streaming.kinds import COMPLETION
from ...types.replies import CompletionResponse
from ..event_stream import AsyncCompletionStream
from ..mapping import AsyncMapStream
from ._base import AsyncResource

__all__ = ["AsyncCompletions"]


class AsyncCompletions(AsyncResource):
    """Run completion apps: one text from input fields, without a conversation.

    Example:
        ```python
        reply = await client.completions.create({"topic": "tea"})
        print(reply.answer)
        ```
    """

    async def create(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        query: str | None = None,
        files: Sequence[FileArgument] | None = None,
        user: str | None = None,
        trace_id: str | None = None,
        trace_session_id: str | None = None,
        response_mode: ResponseMode = "streaming",
        collect_audio: bool = False,
        options: RequestOptions | None = None,
    ) -> CompletionResponse:
        """Run the app, and return the whole reply (createCompletionMessage).

        Args:
            inputs: Values of the app's input fields, by variable name.
            query: The text, for apps that take it beside their fields.
            files: Files that go with the request: `UploadedFile`s, or `InputFile`s.
            user: Your id for the person who asks; the client's default user where None.
            trace_id: Id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Id that joins traces into a session, 1 to 200 characters.
            response_mode: "blocking" asks for the server's blocking mode, which gateways cut after 60 to 100 s.
            collect_audio: Collect the spoken answer, for apps that speak by themselves, in `reply.audio`.
            options: Settings for this call alone.

        Raises:
            AppUnavailableError: The key's app is no completion app, or is not published.
            StreamInterruptedError: The connection ended before the reply did.
            APIStatusError: Any other refusal.

        Example:
            ```python
            reply = await client.completions.create({"topic": "tea"})
            print(reply.answer)
            ```
        """
        stream = self._stream(
            inputs, query, files, user, trace_id, trace_session_id, response_mode, collect_audio, options
        )
        return await stream.final()

    def stream(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        query: str | None = None,
        files: Sequence[FileArgument] | None = None,
        user: str | None = None,
        trace_id: str | None = None,
        trace_session_id: str | None = None,
        collect_audio: bool = False,
        options: RequestOptions | None = None,
    ) -> AsyncCompletionStream:
        """Run the app, and take the reply as events while it comes (createCompletionMessage).

        Nothing is sent until the stream is iterated or entered.

        Args:
            inputs: Values of the app's input fields, by variable name.
            query: The text, for apps that take it beside their fields.
            files: Files that go with the request: `UploadedFile`s, or `InputFile`s.
            user: Your id for the person who asks; the client's default user where None.
            trace_id: Id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Id that joins traces into a session, 1 to 200 characters.
            collect_audio: Collect the spoken answer, for apps that speak by themselves, in the reply's `audio`.
            options: Settings for this call alone.

        Example:
            ```python
            async for event in client.completions.stream({"topic": "tea"}):
                if event.event == "message":
                    print(event.answer, end="")
            ```
        """
        return self._stream(inputs, query, files, user, trace_id, trace_session_id, "streaming", collect_audio, options)

    def map(
        self,
        inputs: AsyncIterable[Mapping[str, Any] | None] | Iterable[Mapping[str, Any] | None],
        *,
        concurrency: int = 8,
        in_order: bool = True,
        user: str | None = None,
        trace_session_id: str | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncMapStream[CompletionResponse]:
        """Run the app once for each of many inputs, several at a time (createCompletionMessage).

        One that fails does not end the others: its result holds the error, which `unwrap` raises. Inputs are taken as
        there is room, so they may come from a file or a queue without end; an error in taking them is raised after the
        last result.

        Args:
            inputs: The inputs of each call, as `create` takes them, None among them; any iterable.
            concurrency: How many calls to have at work at a time.
            in_order: Give the results in the order of the inputs. A call that takes long then holds back those after it,
                and no more than twice `concurrency` are begun before it ends; without, results come as calls end.
            user: Your id for the person who asks; the client's default user where None.
            trace_session_id: Id that joins the traces into a session, 1 to 200 characters.
            options: Settings for each of the calls.

        Example:
            ```python
            async with client.completions.map([{"topic": "tea"}, {"topic": "coffee"}]) as results:
                async for result in results:
                    print(result.index, result.error or result.unwrap().answer)
            ```
        """
        # What is wrong with the call and not with one of its inputs is raised, and not said once for each.
        owner = self._user(user)
        self._settings.with_options(options)
        Call.of("createCompletionMessage").key_for(self._settings)

        def call(values: Mapping[str, Any]) -> AsyncCompletionStream:
            return self._stream(values, None, None, owner, None, trace_session_id, "streaming", False, options)

        return AsyncMapStream(inputs, call, concurrency=concurrency, in_order=in_order)

    async def stop(self, task_id: str, *, user: str | None = None, options: RequestOptions | None = None) -> None:
        """Ask the server to stop generating (stopGenerate); it says yes to every task, known or not.

        Args:
            task_id: The task, from `stream.task_id`.
            user: The user whose call it is.
            options: Settings for this call alone.

        Raises:
            AppUnavailableError: The key's app is no completion app.

        Example:
            ```python
            async with client.completions.stream({"topic": "tea"}) as stream:
                async for event in stream:
                    break
                await client.completions.stop(stream.task_id)
            ```
        """
        await self._transport.send(
            Call.of("stopGenerate", task_id=task_id, json={"user": self._user(user)}),
            options,
        )

    def _stream(
        self,
        inputs: Mapping[str, Any] | None,
        query: str | None,
        files: Sequence[FileArgument] | None,
        user: str | None,
        trace_id: str | None,
        trace_session_id: str | None,
        response_mode: ResponseMode,
        collect_audio: bool,
        options: RequestOptions | None,
    ) -> AsyncCompletionStream:
        body = compact(
            inputs=inputs_of(inputs),
            query=query,
            user=self._user(user),
            response_mode=response_mode,
            files=files_of(files),
            trace_id=trace_id,
            trace_session_id=trace_session_id,
        )
        accept: Literal["stream", "json"] = "stream" if response_mode == "streaming" else "json"
        call = Call.of("createCompletionMessage", json=body, accept=accept)

        async def stop(task_id: str, options: RequestOptions | None) -> None:
            await self.stop(task_id, user=user, options=options)

        fold = COMPLETION.fold(collect_audio=collect_audio)
        return AsyncCompletionStream(self._transport, call, COMPLETION, fold=fold, stop=stop, options=options)
