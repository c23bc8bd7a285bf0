"""The base of the resources that run an app.

They send requests, open streams, stop runs, and run many inputs concurrently.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from ..._config import RequestOptions, without_extras
from ..._operations import ResponseKind
from ..._protocol.arguments import FileArgument, ResponseMode, files_of, inputs_of
from ..._protocol.request import Call, compact
from ..._streaming.kinds import StreamKind
from ..._streaming.reconnect import ReconnectSettings, run_events_call
from ...types.replies import ChatResponse
from ...types.workflows import WorkflowRun
from ..event_stream import AsyncEventStream
from ..forms import AsyncFormHandler, answer_forms
from ..mapping import AsyncMapStream
from ._base import AsyncResource
from .human_input import AsyncHumanInput

__all__ = ["AsyncGeneration"]

R = TypeVar("R")
P = TypeVar("P", ChatResponse, WorkflowRun)
S = TypeVar("S", bound=AsyncEventStream[Any, Any])


class AsyncGeneration(AsyncResource, Generic[S]):
    """Base class of `chat`, `completions` and `workflows`."""

    _kind: ClassVar[StreamKind[Any]]
    _stream_class: type[S]
    _stop_operation: ClassVar[str]  # id in the table of operations

    def _generate(
        self,
        operation: str,
        fields: Mapping[str, Any],
        *,
        path: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None,
        files: Sequence[FileArgument] | None = None,
        user: str | None,
        trace_id: str | None = None,
        trace_session_id: str | None = None,
        response_mode: ResponseMode = "streaming",
        collect_audio: bool = False,
        reconnect: bool = True,
        options: RequestOptions | None,
    ) -> S:
        """Return the stream of a call; nothing is sent yet.

        `fields` are members of the body besides the common ones.
        """
        body = compact(
            **fields,
            inputs=inputs_of(inputs),
            files=files_of(files),
            user=self._user(user),
            response_mode=response_mode,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
        )
        accept: ResponseKind = "stream" if response_mode == "streaming" else "json"
        call = Call.of(operation, json=body, accept=accept, **(path or {}))
        return self._open(call, user, options, reconnect, collect_audio=collect_audio)

    def _follow(
        self,
        workflow_run_id: str,
        *,
        user: str | None,
        include_state_snapshot: bool | None,
        continue_on_pause: bool | None,
        reconnect: bool,
        options: RequestOptions | None,
    ) -> S:
        """Return the stream of a run on the server."""
        call = run_events_call(
            workflow_run_id,
            user=self._user(user),
            include_state_snapshot=include_state_snapshot,
            continue_on_pause=continue_on_pause,
        )
        return self._open(call, user, options, reconnect, continue_on_pause=bool(continue_on_pause))

    def _open(
        self,
        call: Call,
        user: str | None,
        options: RequestOptions | None,
        reconnect: bool,
        *,
        collect_audio: bool = False,
        continue_on_pause: bool = False,
    ) -> S:
        async def stop(task_id: str, options: RequestOptions | None) -> None:
            await self._stop(task_id, user, options)

        reconnect_settings = (
            ReconnectSettings(user=self._user(user), continue_on_pause=continue_on_pause) if reconnect else None
        )
        pauses = {"continue_on_pause": True} if continue_on_pause else {}
        fold = self._kind.fold(collect_audio=collect_audio, **pauses)
        return self._stream_class(
            self._transport,
            call,
            self._kind,
            fold=fold,
            stop=stop,
            options=options,
            reconnect_settings=reconnect_settings,
        )

    async def _stop(self, task_id: str, user: str | None, options: RequestOptions | None) -> None:
        call = Call.of(self._stop_operation, task_id=task_id, json={"user": self._user(user)})
        await self._transport.send(call, options)

    async def _final(
        self,
        stream: AsyncEventStream[Any, P],
        events: Callable[..., AsyncEventStream[Any, P]],
        on_form: AsyncFormHandler | None,
        *,
        user: str | None,
        options: RequestOptions | None,
    ) -> P:
        """Return the reply of a stream after `on_form` has answered the forms of its run."""
        reply = await stream.final()
        human_input = AsyncHumanInput(self._transport)
        return await answer_forms(
            reply, on_form, events=events, human_input=human_input, user=user, options=without_extras(options)
        )

    def _map(
        self,
        operation: str,
        inputs: AsyncIterable[Mapping[str, Any] | None] | Iterable[Mapping[str, Any] | None],
        stream: Callable[[Mapping[str, Any]], AsyncEventStream[Any, R]],
        options: RequestOptions | None,
        *,
        concurrency: int,
        in_order: bool,
        on_start: Callable[[int, str], None] | None = None,
    ) -> AsyncMapStream[R]:
        # An error of the call itself is raised here; otherwise every result would repeat it.
        self._settings.with_options(options)
        Call.of(operation).key_for(self._settings)
        return AsyncMapStream(inputs, stream, concurrency=concurrency, in_order=in_order, on_start=on_start)
