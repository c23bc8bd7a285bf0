"""Our own clients against runs that wait for people: both faces, through both doors."""

from __future__ import annotations

import pytest

from dify import AsyncDify, Dify, FormAnswer
from dify.testing import Emulator, EmulatorForm


def workflow(request):
    first = yield EmulatorForm("One? {{#$output.note#}}", inputs=["note"])
    second = yield EmulatorForm("Two?", actions=["yes", "no"])
    yield {"note": first.inputs["note"], "second": second.action}


async def chatflow(request):
    filled = yield EmulatorForm("May I? {{#$output.why#}}", inputs=["why"])
    yield "Because "
    yield filled.inputs["why"]


def fill(form) -> FormAnswer:
    inputs = {field.output_variable_name: "fun" for field in form.inputs}
    return FormAnswer(action=form.actions[0].id, inputs=inputs)


async def fill_async(form) -> FormAnswer:
    return fill(form)


@pytest.mark.parametrize("door", ["transport", "server"])
async def test_the_async_face_answers_forms(door) -> None:
    for answer, mode in ((workflow, "workflow"), (chatflow, "advanced-chat")):
        async with Emulator(answer, mode=mode) as emulator:
            if door == "transport":
                await check_async(emulator.client(user="alice"), mode)
            else:
                with emulator.serve() as url:
                    async with AsyncDify(emulator.api_key, base_url=url, user="alice") as client:
                        await check_async(client, mode)
            assert emulator.failures == []


async def check_async(client: AsyncDify, mode: str) -> None:
    if mode == "workflow":
        run = await client.workflows.run({"q": "x"}, on_form=fill_async)
        assert (run.status, run.outputs) == ("succeeded", {"note": "fun", "second": "yes"})
    else:
        reply = await client.chat.send("x", on_form=fill_async)
        assert reply.answer == "Because fun"


@pytest.mark.parametrize("door", ["transport", "server"])
def test_the_plain_face_answers_forms(door) -> None:
    for answer, mode in ((workflow, "workflow"), (chatflow, "advanced-chat")):
        with Emulator(answer, mode=mode) as emulator:
            if door == "transport":
                check(emulator.sync_client(user="alice"), mode)
            else:
                with emulator.serve() as url, Dify(emulator.api_key, base_url=url, user="alice") as client:
                    check(client, mode)
            assert emulator.failures == []


def check(client: Dify, mode: str) -> None:
    if mode == "workflow":
        run = client.workflows.run({"q": "x"}, on_form=fill)
        assert (run.status, run.outputs) == ("succeeded", {"note": "fun", "second": "yes"})
        paused = client.workflows.run({"q": "x"})
        assert paused.paused
        token = paused.forms[0].form_token
        assert client.human_input.get(token).form_content == "One? {{#$output.note#}}"
        client.human_input.submit(token, action="approve", inputs={"note": "n"})
        again = client.workflows.run({"q": "x"}, response_mode="blocking")
        assert (again.paused, again.workflow_run_id == paused.workflow_run_id) == (True, False)
    else:
        assert client.chat.send("x", on_form=fill).answer == "Because fun"


async def test_a_form_is_filled_through_another_door_than_the_run_came_in() -> None:
    async with Emulator(workflow, mode="workflow") as emulator:
        with emulator.serve() as url:
            paused = await emulator.client(user="alice").workflows.run({"q": "x"})
            async with AsyncDify(emulator.api_key, base_url=url, user="alice") as other:
                await other.human_input.submit(paused.forms[0].form_token, action="reject", inputs={"note": "n"})
                events = other.workflows.events(paused.workflow_run_id, include_state_snapshot=True)
                seen = [event.event async for event in events]
    assert seen[-1] == "workflow_paused"
