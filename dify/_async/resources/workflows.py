"""Workflow apps: runs, their events, details and logs."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from ..._config import RequestOptions
from ..._protocol.arguments import FileArgument, ResponseMode, files_of, inputs_of, instant
from ..._protocol.paging import NUMBERED
from ..._protocol.request import Call, compact
from ..._streaming.kinds import WORKFLOW
from ..._streaming.resume import Pickup, run_detail_call, run_events_call
from ...types.workflows import WorkflowLog, WorkflowRun, WorkflowRunDetail
from ..event_stream import AsyncWorkflowStream
from ..forms import AsyncFormHandler, answer_forms
from ..mapping import AsyncMapStream
from ..pager import AsyncPager
from ._base import AsyncResource
from .human_input import AsyncHumanInput

__all__ = ["AsyncWorkflows"]


class AsyncWorkflows(AsyncResource):
    """Run workflows, and look at what they did.

    Example:
        ```python
        run = await client.workflows.run({"q": "tea"})
        print(run.status, run.outputs)
        ```
    """

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
        """Run the workflow, and return the run when it has ended (executeWorkflow, or runWorkflowById with `workflow_id`).

        The run rides on a stream, so that no gateway cuts it while it is silent.

        Args:
            inputs: Values of the start node's fields, by variable name. A file variable takes an `InputFile` or an
                `UploadedFile`, a list of files a list of them.
            workflow_id: A published version to run in place of the current one; not the app's id.
            files: Files for workflows that take system files: `UploadedFile`s, or `InputFile`s.
            user: Your id for the person who asks; the client's default user where None.
            trace_id: Id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Id that joins traces into a session, 1 to 200 characters.
            response_mode: "blocking" asks for the server's blocking mode, which gateways cut after 60 to 100 s.
            collect_audio: Collect spoken output, for apps that speak by themselves, in `run.audio`.
            reconnect: Pick the stream up again when it is cut and the run goes on at the server.
            on_form: Called with each form that the run waits for; returns a `FormAnswer`, or None to leave the run paused.
                With it the run is followed through its pauses to its end.
            options: Settings for this call alone.

        Returns:
            The run. One that waits for a person is `paused` and has `forms`; see `human_input.submit`.

        Raises:
            WorkflowFailedError: The run failed; it is in the error's `run`.
            StreamInterruptedError: The connection ended before the run did; it may go on at the server.
            NotThisAppTypeError: The key's app is no workflow.
            APIStatusError: Any other refusal.

        Example:
            ```python
            run = await client.workflows.run({"q": "tea"})
            print(run.outputs)
            ```
        """
        stream = self._stream(
            inputs,
            workflow_id,
            files,
            user,
            trace_id,
            trace_session_id,
            response_mode,
            collect_audio,
            reconnect,
            options,
        )
        run = await stream.final()
        human_input = AsyncHumanInput(self._transport)
        return await answer_forms(run, on_form, events=self.events, human_input=human_input, user=user, options=options)

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
        """Run the workflow, and take its events as they come (executeWorkflow, or runWorkflowById with `workflow_id`).

        Nothing is sent until the stream is iterated or entered. A run that fails is an event here and no exception.

        Args:
            inputs: Values of the start node's fields, by variable name; see `run`.
            workflow_id: A published version to run in place of the current one; not the app's id.
            files: Files for workflows that take system files: `UploadedFile`s, or `InputFile`s.
            user: Your id for the person who asks; the client's default user where None.
            trace_id: Id for the server's tracing, up to 128 letters, digits, `-` and `_`.
            trace_session_id: Id that joins traces into a session, 1 to 200 characters.
            collect_audio: Collect spoken output, for apps that speak by themselves, in the run's `audio`.
            reconnect: Pick the stream up again when it is cut and the run goes on at the server.
            options: Settings for this call alone.

        Example:
            ```python
            async for event in client.workflows.stream({"q": "tea"}):
                if event.event == "node_finished":
                    print(event.data.title, event.data.status)
            ```
        """
        return self._stream(
            inputs, workflow_id, files, user, trace_id, trace_session_id, "streaming", collect_audio, reconnect, options
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
        """Run the workflow once for each of many inputs, several at a time (executeWorkflow).

        A run that fails does not end the others: its result holds the error, which `unwrap` raises. Inputs are taken as
        there is room, so they may come from a file or a queue without end; an error in taking them is raised after the
        last result.

        Args:
            inputs: The inputs of each run, as `run` takes them, None among them; any iterable.
            concurrency: How many runs to have at work at a time.
            in_order: Give the results in the order of the inputs. A run that takes long then holds back those after it,
                and no more than twice `concurrency` are begun before it ends; without, results come as runs end.
            on_start: Called with the index of the inputs and the run's id, as soon as the server names it: with the id a
                run can be picked up (`events`) by a program that was ended meanwhile.
            workflow_id: A published version to run in place of the current one; not the app's id.
            user: Your id for the person who asks; the client's default user where None.
            trace_session_id: Id that joins the runs' traces into a session, 1 to 200 characters.
            reconnect: Pick a stream up again when it is cut and its run goes on at the server.
            options: Settings for each of the calls.

        Example:
            ```python
            async with client.workflows.map([{"q": "tea"}, {"q": "coffee"}], in_order=False) as results:
                async for result in results:
                    print(result.index, result.error or result.unwrap().outputs)
            ```
        """
        # What is wrong with the call and not with one of its inputs is raised, and not said once for each.
        owner = self._user(user)
        self._settings.with_options(options)
        Call.of("executeWorkflow").key_for(self._settings)

        def call(values: Mapping[str, Any]) -> AsyncWorkflowStream:
            return self._stream(
                values, workflow_id, None, owner, None, trace_session_id, "streaming", False, reconnect, options
            )

        return AsyncMapStream(inputs, call, concurrency=concurrency, in_order=in_order, on_start=on_start)

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
        """Follow a run that goes on at the server (streamWorkflowEvents).

        For a run that was paused or cut off. A run that has ended answers with its `workflow_finished` alone.

        Args:
            workflow_run_id: The run, from `stream.workflow_run_id` or `run.workflow_run_id`.
            user: The user whose call began the run; others are not shown it.
            include_state_snapshot: First repeat what has happened so far; otherwise only what comes from now on.
            continue_on_pause: Stay when the run pauses, until it goes on and ends.
            reconnect: Pick the stream up again when it is cut and the run goes on at the server.
            options: Settings for this call alone.

        Raises:
            NotFoundError: No such run for this app and user, while iterating.

        Example:
            ```python
            async for event in client.workflows.events(workflow_run_id, include_state_snapshot=True):
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
        """Ask the server to stop a run (stopWorkflowTaskGeneration); it says yes to every task, known or not.

        The run's stream then ends with a `workflow_finished` whose status servers call failed or stopped.

        Args:
            task_id: The task, from `stream.task_id`; not the run's id.
            user: The user whose call it is.
            options: Settings for this call alone.

        Raises:
            NotThisAppTypeError: The key's app is no workflow.

        Example:
            ```python
            async with client.workflows.stream({"q": "tea"}) as stream:
                async for event in stream:
                    break
                await client.workflows.stop(stream.task_id)
            ```
        """
        await self._transport.send(
            Call.of("stopWorkflowTaskGeneration", task_id=task_id, json={"user": self._user(user)}),
            options,
        )

    async def get(self, workflow_run_id: str, *, options: RequestOptions | None = None) -> WorkflowRunDetail:
        """The run as stored, of a workflow or a chatflow (getWorkflowRunDetail).

        Args:
            workflow_run_id: The run, from `run.workflow_run_id`.
            options: Settings for this call alone.

        Raises:
            NotFoundError: This app has no such run.

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
        """The app's runs, newest first (getWorkflowLogs).

        Servers repeat some runs and leave out others where several have the same time. A walk compares with their count, reads
        such a list again, and yields what was missing at the end.

        Args:
            keyword: Only runs whose inputs or outputs hold this text.
            status: Only runs that ended so; the server's filter does not know partial-succeeded, paused and running.
            created_after: Only runs begun after this time (aware datetime, or ISO 8601 text).
            created_before: Only runs begun before this time.
            created_by_end_user_session_id: Only runs of this `user`.
            created_by_account: Only runs of the account with this e-mail address.
            page: The page to begin with, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Settings for this call alone.

        Raises:
            IncompleteListError: Fewer runs came than the server counts.

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

    def _stream(
        self,
        inputs: Mapping[str, Any] | None,
        workflow_id: str | None,
        files: Sequence[FileArgument] | None,
        user: str | None,
        trace_id: str | None,
        trace_session_id: str | None,
        response_mode: ResponseMode,
        collect_audio: bool,
        reconnect: bool,
        options: RequestOptions | None,
    ) -> AsyncWorkflowStream:
        body = compact(
            inputs=inputs_of(inputs),
            user=self._user(user),
            response_mode=response_mode,
            files=files_of(files),
            trace_id=trace_id,
            trace_session_id=trace_session_id,
        )
        accept: Literal["stream", "json"] = "stream" if response_mode == "streaming" else "json"
        if workflow_id is None:
            call = Call.of("executeWorkflow", json=body, accept=accept)
        else:
            call = Call.of("runWorkflowById", workflow_id=workflow_id, json=body, accept=accept)
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
    ) -> AsyncWorkflowStream:
        async def stop(task_id: str, options: RequestOptions | None) -> None:
            await self.stop(task_id, user=user, options=options)

        pickup = Pickup(user=self._user(user), continue_on_pause=continue_on_pause) if reconnect else None
        fold = WORKFLOW.fold(collect_audio=collect_audio, continue_on_pause=continue_on_pause)
        return AsyncWorkflowStream(
            self._transport, call, WORKFLOW, fold=fold, stop=stop, options=options, pickup=pickup
        )
