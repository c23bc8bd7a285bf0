"""Workflow apps: runs, their events, details and logs."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from ..._config import RequestOptions
from ..._protocol.arguments import FileArgument, ResponseMode, instant
from ..._protocol.paging import NUMBERED
from ..._protocol.request import Call, compact
from ..._streaming.kinds import WORKFLOW
from ..._streaming.reconnect import run_detail_call
from ...types.workflows import WorkflowLog, WorkflowRun, WorkflowRunDetail
from ..app_streams import AsyncWorkflowStream
from ..forms import AsyncFormHandler
from ..mapping import AsyncMapStream
from ..pager import AsyncPager
from ._generation import AsyncGeneration

__all__ = ["AsyncWorkflows"]


class AsyncWorkflows(AsyncGeneration[AsyncWorkflowStream]):
    """Workflow apps and the runs of workflows and chatflows.

    Example:
        ```python
        run = await client.workflows.run({"q": "tea"})
        print(run.status, run.outputs)
        ```
    """

    _kind = WORKFLOW
    _stream_class = AsyncWorkflowStream
    _stop_operation = "stopWorkflowTaskGeneration"

    async def run(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        workflow_id: str | None = None,
        files: Sequence[FileArgument] | None = None,
        user: str | None = None,
        trace_id: str | None = None,
        trace_session_id: str | None = None,
        response_mode: ResponseMode = "streaming",
        collect_audio: bool = False,
        reconnect: bool = True,
        on_form: AsyncFormHandler | None = None,
        options: RequestOptions | None = None,
    ) -> WorkflowRun:
        """Run the workflow and return the finished run.

        Sends executeWorkflow, or runWorkflowById with `workflow_id`. Uses streaming internally, so that gateways do not cut
        the connection while the workflow runs.

        Args:
            inputs: Values of the start node's fields, by variable name. A file variable takes an `InputFile` or an
                `UploadedFile`, a file list takes a list of them.
            workflow_id: Id of the published version to run, not of the app; by default the current version.
            files: System files of the workflow, as `UploadedFile` or `InputFile`.
            user: End user of the call; by default the client's user.
            trace_id: Trace id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Session id of the trace, 1 to 200 characters.
            response_mode: "blocking" for the server's blocking mode, whose responses many gateways cut after 60 to 100 s.
            collect_audio: Collect the speech that the app sends in `run.audio`.
            reconnect: Follow the run after a lost connection, if it continues on the server.
            on_form: Called with each form that the run waits for; returns a `FormAnswer`, or None to leave the run paused.
                The run is then followed through its pauses to its end.
            options: Options of this call.

        Returns:
            The run. If it waits for human input, it is `paused` and has `forms`; see `human_input.submit`.

        Raises:
            WorkflowFailedError: The run failed; see its `run`.
            StreamInterruptedError: The connection was lost before the end of the run, which may continue on the server.
            NotThisAppTypeError: The key belongs to another kind of app.
            APIStatusError: Any other error response.

        Example:
            ```python
            run = await client.workflows.run({"q": "tea"})
            print(run.outputs)
            ```
        """
        stream = self._run(
            workflow_id,
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
        inputs: Mapping[str, Any] | None = None,
        *,
        workflow_id: str | None = None,
        files: Sequence[FileArgument] | None = None,
        user: str | None = None,
        trace_id: str | None = None,
        trace_session_id: str | None = None,
        collect_audio: bool = False,
        reconnect: bool = True,
        options: RequestOptions | None = None,
    ) -> AsyncWorkflowStream:
        """Run the workflow and stream its events.

        Sends executeWorkflow, or runWorkflowById with `workflow_id`. Nothing is sent until the stream is iterated or entered.
        A failed run is an event here, not an exception.

        Args:
            inputs: Values of the start node's fields, by variable name; see `run`.
            workflow_id: Id of the published version to run, not of the app; by default the current version.
            files: System files of the workflow, as `UploadedFile` or `InputFile`.
            user: End user of the call; by default the client's user.
            trace_id: Trace id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Session id of the trace, 1 to 200 characters.
            collect_audio: Collect the speech that the app sends in the run's `audio`.
            reconnect: Follow the run after a lost connection, if it continues on the server.
            options: Options of this call.

        Example:
            ```python
            async for event in client.workflows.stream({"q": "tea"}):
                if event.event == "node_finished":
                    print(event.data.title, event.data.status)
            ```
        """
        return self._run(
            workflow_id,
            inputs=inputs,
            files=files,
            user=user,
            trace_id=trace_id,
            trace_session_id=trace_session_id,
            collect_audio=collect_audio,
            reconnect=reconnect,
            options=options,
        )

    def map(
        self,
        inputs: AsyncIterable[Mapping[str, Any] | None] | Iterable[Mapping[str, Any] | None],
        *,
        concurrency: int = 8,
        in_order: bool = True,
        on_start: Callable[[int, str], None] | None = None,
        workflow_id: str | None = None,
        user: str | None = None,
        trace_session_id: str | None = None,
        reconnect: bool = True,
        options: RequestOptions | None = None,
    ) -> AsyncMapStream[WorkflowRun]:
        """Run the workflow for each of many inputs, several at a time.

        Sends executeWorkflow, or runWorkflowById with `workflow_id`. A failure does not end the other runs: its result holds
        the error, which `unwrap` raises. Inputs are read as runs start, so they may come from a file or an endless queue; an
        error while reading them is raised after the last result.

        Args:
            inputs: Iterable (async or not) of the inputs of each run, as in `run`.
            concurrency: Maximum number of simultaneous runs.
            in_order: Yield the results in the order of the inputs. A slow run then delays the results after it, and at most
                twice `concurrency` runs are started before it ends. If False, results are yielded as runs end.
            on_start: Called with the index of the inputs and the id of the run, as soon as it is known. With the id, `events`
                can follow the run after a restart of the program.
            workflow_id: Id of the published version to run, not of the app; by default the current version.
            user: End user of the call; by default the client's user.
            trace_session_id: Session id of the traces, 1 to 200 characters.
            reconnect: Follow a run after a lost connection, if it continues on the server.
            options: Options of each call.

        Example:
            ```python
            async with client.workflows.map([{"q": "tea"}, {"q": "coffee"}], in_order=False) as results:
                async for result in results:
                    print(result.index, result.error or result.unwrap().outputs)
            ```
        """
        user = self._user(user)

        def stream(values: Mapping[str, Any]) -> AsyncWorkflowStream:
            return self._run(
                workflow_id,
                inputs=values,
                user=user,
                trace_session_id=trace_session_id,
                reconnect=reconnect,
                options=options,
            )

        return self._map(
            "executeWorkflow",
            inputs,
            stream,
            options,
            concurrency=concurrency,
            in_order=in_order,
            on_start=on_start,
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
    ) -> AsyncWorkflowStream:
        """Follow a running or paused run (streamWorkflowEvents).

        A run that has ended sends a single `workflow_finished`.

        Args:
            workflow_run_id: Id of the run, from `stream.workflow_run_id` or `run.workflow_run_id`.
            user: End user who started the run; other users cannot see it.
            include_state_snapshot: Send the past events of the run first; otherwise only new events are sent.
            continue_on_pause: Keep the stream open while the run is paused, until it has ended.
            reconnect: Follow the run after a lost connection, if it continues on the server.
            options: Options of this call.

        Raises:
            NotFoundError: The app and user have no such run; raised while iterating.

        Example:
            ```python
            async for event in client.workflows.events(workflow_run_id, include_state_snapshot=True):
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
        """Ask the server to stop a run (stopWorkflowTaskGeneration).

        The server accepts every task id, also unknown ones. The stream of the run then ends with a `workflow_finished` of
        status "stopped" or "failed", depending on the server.

        Args:
            task_id: Id of the task, from `stream.task_id`; not the id of the run.
            user: End user of the task; by default the client's user.
            options: Options of this call.

        Raises:
            NotThisAppTypeError: The key belongs to another kind of app.

        Example:
            ```python
            async with client.workflows.stream({"q": "tea"}) as stream:
                async for event in stream:
                    break
                await client.workflows.stop(stream.task_id)
            ```
        """
        await self._stop(task_id, user, options)

    async def get(self, workflow_run_id: str, *, options: RequestOptions | None = None) -> WorkflowRunDetail:
        """Return a stored run of a workflow or a chatflow (getWorkflowRunDetail).

        Args:
            workflow_run_id: Id of the run, from `run.workflow_run_id`.
            options: Options of this call.

        Raises:
            NotFoundError: The app has no such run.

        Example:
            ```python
            detail = await client.workflows.get(workflow_run_id)
            print(detail.status, detail.outputs)
            ```
        """
        return await self._transport.fetch(run_detail_call(workflow_run_id), WorkflowRunDetail, options)

    def logs(
        self,
        *,
        keyword: str | None = None,
        status: Literal["succeeded", "failed", "stopped"] | str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        created_by_end_user_session_id: str | None = None,
        created_by_account: str | None = None,
        page: int | None = None,
        limit: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[WorkflowLog]:
        """List the runs of the app, newest first (getWorkflowLogs).

        Servers repeat some runs and omit others when several have the same time. Iterating compares the number of runs with
        the server's count, reads such a list again, and yields the missing runs at the end.

        Args:
            keyword: Only runs whose inputs or outputs contain this text.
            status: Only runs with this status. The server cannot filter by partial-succeeded, paused and running.
            created_after: Only runs started after this time, an aware datetime or ISO 8601 text.
            created_before: Only runs started before this time.
            created_by_end_user_session_id: Only runs of this `user`.
            created_by_account: Only runs of the account with this email address.
            page: Number of the first page, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Options of this call.

        Raises:
            IncompleteListError: The server returned fewer runs than it counts.

        Example:
            ```python
            async for log in client.workflows.logs(status="failed"):
                print(log.created_at, log.workflow_run.error)
            ```
        """
        call = Call.of(
            "getWorkflowLogs",
            query=compact(
                keyword=keyword,
                status=status,
                created_at__after=instant(created_after, "created_after"),
                created_at__before=instant(created_before, "created_before"),
                created_by_end_user_session_id=created_by_end_user_session_id,
                created_by_account=created_by_account,
                page=page,
                limit=limit,
            ),
        )
        return AsyncPager(self._transport, call, WorkflowLog, order=NUMBERED, options=options)

    def _run(self, workflow_id: str | None, **arguments: Any) -> AsyncWorkflowStream:
        """Return the stream of a run of the current version, or of the one with this id."""
        if workflow_id is None:
            return self._generate("executeWorkflow", {}, **arguments)
        return self._generate("runWorkflowById", {}, path={"workflow_id": workflow_id}, **arguments)
