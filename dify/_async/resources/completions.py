"""Completion apps."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from typing import Any

from ..._config import RequestOptions
from ..._protocol.arguments import FileArgument, ResponseMode, text_of
from ..._streaming.kinds import COMPLETION
from ...types.replies import CompletionResponse
from ..app_streams import AsyncCompletionStream
from ..mapping import AsyncMapStream
from ._generation import AsyncGeneration

__all__ = ["AsyncCompletions"]


class AsyncCompletions(AsyncGeneration[AsyncCompletionStream]):
    """Completion apps: a text from input fields, without a conversation.

    Example:
        ```python
        reply = await client.completions.create({"topic": "tea"})
        print(reply.answer)
        ```
    """

    _kind = COMPLETION
    _stream_class = AsyncCompletionStream
    _stop_operation = "stopGenerate"

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
        """Run the app and return the complete reply (createCompletionMessage).

        Args:
            inputs: Values of the app's input fields, by variable name. Files are passed as `InputFile` or `UploadedFile`.
            query: Text of the request, for apps that have a query besides their fields.
            files: Files of the request, as `UploadedFile` or `InputFile`.
            user: End user of the call; by default the client's user.
            trace_id: Trace id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Session id of the trace, 1 to 200 characters.
            response_mode: "blocking" for the server's blocking mode, whose responses many gateways cut after 60 to 100 s.
            collect_audio: Collect the speech that the app sends in `reply.audio`.
            options: Options of this call.

        Raises:
            AppUnavailableError: The key belongs to another kind of app, or the app is not published.
            StreamInterruptedError: The connection was lost before the end of the reply; see its `partial`.
            APIStatusError: Any other error response.

        Example:
            ```python
            reply = await client.completions.create({"topic": "tea"})
            print(reply.answer)
            ```
        """
        stream = self._generate(
            "createCompletionMessage",
            {"query": None if query is None else text_of(query, "query")},
            inputs=inputs,
            files=files,
            user=user,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
            response_mode=response_mode,
            collect_audio=collect_audio,
            reconnect=False,
            options=options,
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
        """Run the app and stream the events of the reply (createCompletionMessage).

        Nothing is sent until the stream is iterated or entered.

        Args:
            inputs: Values of the app's input fields, by variable name. Files are passed as `InputFile` or `UploadedFile`.
            query: Text of the request, for apps that have a query besides their fields.
            files: Files of the request, as `UploadedFile` or `InputFile`.
            user: End user of the call; by default the client's user.
            trace_id: Trace id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Session id of the trace, 1 to 200 characters.
            collect_audio: Collect the speech that the app sends in the reply's `audio`.
            options: Options of this call.

        Example:
            ```python
            async for event in client.completions.stream({"topic": "tea"}):
                if event.event == "message":
                    print(event.answer, end="")
            ```
        """
        return self._generate(
            "createCompletionMessage",
            {"query": None if query is None else text_of(query, "query")},
            inputs=inputs,
            files=files,
            user=user,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
            collect_audio=collect_audio,
            reconnect=False,
            options=options,
        )

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
        """Run the app for many inputs, several at a time (createCompletionMessage).

        A failure does not end the other calls: its result holds the error, which `unwrap` raises. Inputs are read as calls
        start, so they may come from a file or an endless queue; an error while reading them is raised after the last result.

        Args:
            inputs: Iterable (async or not) of the inputs of each call, as in `create`.
            concurrency: Maximum number of simultaneous calls.
            in_order: Yield the results in the order of the inputs. A slow call then delays the results after it, and at most
                twice `concurrency` calls are started before it ends. If False, results are yielded as calls end.
            user: End user of the call; by default the client's user.
            trace_session_id: Id that joins the traces into a session, 1 to 200 characters.
            options: Options of each call.

        Example:
            ```python
            async with client.completions.map([{"topic": "tea"}, {"topic": "coffee"}]) as results:
                async for result in results:
                    print(result.index, result.error or result.unwrap().answer)
            ```
        """
        user = self._user(user)

        def stream(values: Mapping[str, Any]) -> AsyncCompletionStream:
            return self._generate(
                "createCompletionMessage",
                {},
                inputs=values,
                user=user,
                trace_session_id=trace_session_id,
                reconnect=False,
                options=options,
            )

        return self._map("createCompletionMessage", inputs, stream, options, concurrency=concurrency, in_order=in_order)

    async def stop(self, task_id: str, *, user: str | None = None, options: RequestOptions | None = None) -> None:
        """Ask the server to stop a reply (stopGenerate).

        It accepts every task id, also unknown ones.

        Args:
            task_id: Id of the task, from `stream.task_id`.
            user: End user of the task; by default the client's user.
            options: Options of this call.

        Raises:
            AppUnavailableError: The key belongs to another kind of app.

        Example:
            ```python
            async with client.completions.stream({"topic": "tea"}) as stream:
                async for event in stream:
                    break
                await client.completions.stop(stream.task_id)
            ```
        """
        await self._stop(task_id, user, options)
