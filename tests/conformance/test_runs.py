"""Workflows: runs, their events, details and logs, and the forms that wait for people."""

from __future__ import annotations

import pytest

from dify import (
    APIStatusError,
    FormAnswer,
    NodeFinishedEvent,
    NodeStartedEvent,
    NotFoundError,
    WorkflowFinishedEvent,
    WorkflowPausedEvent,
    WorkflowStartedEvent,
)

from .conftest import inputs_of


async def test_a_workflow_runs_and_is_kept(open_app):
    client = open_app("workflow")
    run = await client.workflows.run(await inputs_of(client))
    assert run.status == "succeeded"
    kept = await client.workflows.get(run.workflow_run_id)
    assert (kept.id, kept.status, kept.outputs) == (run.workflow_run_id, "succeeded", run.outputs)
    assert kept.total_steps == run.data.total_steps


async def test_a_run_streams_its_nodes(open_app):
    client = open_app("workflow")
    events = [event async for event in client.workflows.stream(await inputs_of(client))]
    assert isinstance(events[0], WorkflowStartedEvent)
    assert isinstance(events[-1], WorkflowFinishedEvent)
    started = [event.data.id for event in events if isinstance(event, NodeStartedEvent)]
    finished = [event.data.id for event in events if isinstance(event, NodeFinishedEvent)]
    assert started
    assert sorted(started) == sorted(finished)
    assert len({event.workflow_run_id for event in events}) == len({event.task_id for event in events}) == 1


async def test_the_blocking_mode_gives_the_same_run(open_app):
    client = open_app("workflow")
    run = await client.workflows.run(await inputs_of(client), response_mode="blocking")
    assert run.status == "succeeded"
    assert run.data.finished_at is not None


async def test_a_version_of_a_workflow_runs(open_app, lacking):
    client = open_app("workflow")
    inputs = await inputs_of(client)
    version = (await client.workflows.run(inputs)).data.workflow_id
    with lacking("runs of a certain version", "workflow_version_execution_not_allowed", "not_found"):
        run = await client.workflows.run(inputs, workflow_id=version)
    assert (run.status, run.data.workflow_id) == ("succeeded", version)


async def test_the_end_of_a_run_can_be_heard_again(open_app, since):
    client = open_app("workflow")
    since((1, 14))
    run = await client.workflows.run(await inputs_of(client))
    events = [event async for event in client.workflows.events(run.workflow_run_id)]
    assert [event.event for event in events] == ["workflow_finished"]
    assert events[0].data.outputs == run.outputs


async def test_runs_are_in_the_log(open_app):
    client = open_app("workflow")
    run = await client.workflows.run(await inputs_of(client))
    page = await client.workflows.logs(limit=20)
    assert run.workflow_run_id in [entry.workflow_run.id for entry in page.data]
    assert page.total >= 1


async def test_a_run_that_is_not_there_is_not_found(open_app):
    client = open_app("workflow")
    with pytest.raises(NotFoundError):
        await client.workflows.get("00000000-0000-4000-8000-00000000dead")


async def test_stopping_what_does_not_run_is_no_error(open_app):
    await open_app("workflow").workflows.stop("00000000-0000-4000-8000-00000000dead")


# -------------------------------------------------------------------------------------------------------------- people
async def pause(client):
    """A run that waits, and its form."""
    run = await client.workflows.run(await inputs_of(client))
    assert run.paused, "the app of DIFY_LIVE_HUMAN_INPUT_KEY must come to a form"
    return run, run.forms[0]


def filled(form):
    """Values for every field of a form."""
    values = {}
    for field in form.inputs or []:
        if field.type in ("file", "file-list"):
            pytest.skip(f"the form asks for a file in {field.output_variable_name!r}")
        options = field.option_source.value if field.option_source is not None else None
        values[field.output_variable_name] = options[0] if options else "go"
    return values


async def test_a_run_waits_for_a_person(open_app, since):
    client = open_app("human_input")
    since((1, 14))
    events = [event async for event in client.workflows.stream(await inputs_of(client))]
    assert [event.event for event in events[-2:]] == ["human_input_required", "workflow_paused"]
    assert isinstance(events[-1], WorkflowPausedEvent)
    assert (await client.workflows.get(events[-1].data.workflow_run_id)).status == "paused"


async def test_a_form_is_shown_submitted_and_the_run_goes_on(open_app, since):
    client = open_app("human_input")
    since((1, 14))
    run, form = await pause(client)
    shown = await client.human_input.get(form.form_token)
    action = shown.user_actions[0].id
    assert [one.output_variable_name for one in shown.inputs] == [one.output_variable_name for one in form.inputs]
    await client.human_input.submit(form.form_token, action=action, inputs=filled(form))
    # For a moment, a snapshot still shows the pause.
    stream = client.workflows.events(run.workflow_run_id, include_state_snapshot=True, continue_on_pause=True)
    events = [event async for event in stream]
    assert events[-1].event == "workflow_finished"
    assert (await client.workflows.get(run.workflow_run_id)).status == "succeeded"


async def test_a_form_is_submitted_once(open_app, since):
    client = open_app("human_input")
    since((1, 14))
    _, form = await pause(client)
    action = form.actions[0].id
    await client.human_input.submit(form.form_token, action=action, inputs=filled(form))
    with pytest.raises(APIStatusError) as caught:
        await client.human_input.submit(form.form_token, action=action, inputs=filled(form))
    assert (caught.value.status_code, caught.value.code) == (412, "human_input_form_submitted")


async def test_an_action_that_the_form_lacks_is_refused(open_app, since):
    client = open_app("human_input")
    since((1, 14))
    _, form = await pause(client)
    with pytest.raises(APIStatusError) as caught:
        await client.human_input.submit(form.form_token, action="nonsense", inputs=filled(form))
    assert caught.value.code == "invalid_form_data"


async def test_a_form_that_is_not_there_is_not_found(open_app, since):
    client = open_app("human_input")
    since((1, 14))
    with pytest.raises(NotFoundError):
        await client.human_input.get("no-such-token")


async def test_a_run_is_followed_through_its_forms(open_app, since, face):
    client = open_app("human_input")
    since((1, 14))

    def answer(form):
        return FormAnswer(action=form.actions[0].id, inputs=filled(form))

    async def answer_later(form):
        return answer(form)

    handler = answer_later if face == "async" else answer
    run = await client.workflows.run(await inputs_of(client), on_form=handler)
    assert run.status == "succeeded"
