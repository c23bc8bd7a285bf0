"""Runs that wait for people: their events, their forms and their answers, as a real server has them."""

from __future__ import annotations

from typing import Any

import pytest

from dify.testing import Emulator, EmulatorForm
from dify.types.human_input import FormInput, FormSource

from ..real import names, nesting, real, real_frames
from ..worlds import same_refusal

RUN = {"inputs": {"q": "x"}, "user": "user-1", "response_mode": "streaming"}
ASK = {"query": "deploy?", "inputs": {}, "user": "user-1", "response_mode": "streaming"}
OPEN = frozenset({"outputs", "resolved_default_values"})
NOTE = FormInput(
    output_variable_name="note",
    type="paragraph",
    default=FormSource(type="constant", selector=[], value="default note"),
)
PICK = FormInput(
    output_variable_name="pick",
    type="select",
    option_source=FormSource(type="constant", selector=[], value=["red", "green"]),
)
TEXT = "Please review: x\n\nYour note: {{#$output.note#}}\nPick: {{#$output.pick#}}"
REVIEW = EmulatorForm(TEXT, inputs=[NOTE, PICK])
FILLED = {"inputs": {"note": "a", "pick": "red"}, "action": "approve", "user": "user-1"}


def once(request):
    filled = yield REVIEW
    if filled is not None:
        yield {"note": filled.inputs["note"]}


def twice(request):
    first = yield REVIEW
    second = yield EmulatorForm("Second: {{#$output.note2#}}", inputs=["note2"])
    yield {"n1": first.inputs["note"], "n2": second.inputs["note2"]}


def deploy(request):
    default = FormSource(type="variable", selector=["sys", "query"], value="")
    field = FormInput(output_variable_name="note", type="paragraph", default=default)
    text = f"Approve? {request.query}\n{{{{#$output.note#}}}}"
    filled = yield EmulatorForm(text, inputs=[field], defaults={"note": request.query})
    yield f"Approved with {filled.inputs['note']}"


def token_of(frames: list[dict[str, Any]]) -> str:
    return [frame for frame in frames if frame["event"] == "human_input_required"][-1]["data"]["form_token"]


class Talk:
    """A client of one emulator, and the run that it began."""

    def __init__(self, client, frames_of, *, chatflow: bool = False) -> None:
        self.client, self.frames_of, self.chatflow = client, frames_of, chatflow

    async def begin(self) -> list[dict[str, Any]]:
        path, body = ("/chat-messages", ASK) if self.chatflow else ("/workflows/run", RUN)
        self.frames = self.frames_of((await self.client.post(path, json=body)).text)
        self.run = self.frames[1]["workflow_run_id"]
        self.token = token_of(self.frames)
        return self.frames

    async def follow(self, then, **query: str) -> list[dict[str, Any]]:
        """The frames of the events endpoint; `then` is done once they have begun."""
        text, done = "", False
        params = {"user": "user-1", **query}
        async with self.client.stream("GET", f"/workflow/{self.run}/events", params=params) as reply:
            async for piece in reply.aiter_text():
                text += piece
                if not done and (not query or "workflow_paused" in text):
                    done = True
                    await then()
        return self.frames_of(text)

    async def submit(self, **changes: Any) -> Any:
        return await self.client.post(f"/form/human_input/{self.token}", json={**FILLED, **changes})


@pytest.fixture
def talk(connect, frames_of):
    def make(answer, mode="workflow") -> Talk:
        return Talk(connect(Emulator(answer, mode=mode)), frames_of, chatflow=mode == "advanced-chat")

    return make


@pytest.mark.parametrize(
    ("answer", "mode", "name"),
    [(once, "workflow", "hitl/two_pause_stream"), (deploy, "advanced-chat", "hitl/cf_pause_stream")],
)
async def test_a_pause_is_told_as_recorded(answer, mode, name, talk, shape) -> None:
    mine, theirs = await talk(answer, mode).begin(), real_frames(name)
    assert nesting(mine) == nesting(theirs)
    assert [shape(one, open_members=OPEN) for one in mine] == [shape(one, open_members=OPEN) for one in theirs]


async def test_a_run_goes_on_as_recorded_once_its_form_is_submitted(talk, shape) -> None:
    one = talk(once)
    await one.begin()
    mine, theirs = await one.follow(lambda: one.submit(action="reject")), real_frames("hitl/events_resume_plain")
    assert names(mine) == names(theirs)
    assert [shape(a, open_members=OPEN | {"inputs"}) for a in mine] == [
        shape(b, open_members=OPEN | {"inputs"}) for b in theirs
    ]
    filled, finished = mine[3]["data"], mine[5]["data"]
    assert filled["rendered_content"] == "Please review: x\n\nYour note: a\nPick: red"
    assert (filled["action_id"], filled["action_text"]) == ("reject", "Reject")
    assert finished["outputs"].keys() == theirs[5]["data"]["outputs"].keys()
    assert mine[-1]["data"]["total_steps"] == theirs[-1]["data"]["total_steps"] == 4


async def test_a_run_pauses_twice_as_recorded(talk, shape) -> None:
    one = talk(twice)
    await one.begin()
    mine, theirs = await one.follow(one.submit), real_frames("hitl/two_events_first_resume")
    assert nesting(mine) == nesting(theirs)
    one.token = token_of(mine)
    asked = {"include_state_snapshot": "true", "continue_on_pause": "true"}
    mine = await one.follow(lambda: one.submit(inputs={"note2": "b"}), **asked)
    theirs = real_frames("hitl/two_events_second_snapshot")
    assert names(mine) == names(theirs)
    for ours, recorded in zip(mine, theirs, strict=True):
        open_members = OPEN | {"inputs", "finished_at"}
        assert shape(ours, open_members=open_members) == shape(recorded, open_members=open_members)
    assert mine[-1]["data"]["outputs"] == {"n1": "a", "n2": "b"}
    assert mine[-1]["data"]["total_steps"] == theirs[-1]["data"]["total_steps"] == 6


async def test_the_snapshot_of_a_paused_chatflow_ends_with_its_pause(talk, shape) -> None:
    one = talk(deploy, "advanced-chat")
    await one.begin()

    async def nothing() -> None:
        pass

    mine, theirs = await one.follow(nothing, include_state_snapshot="true"), real_frames("hitl/cf_events_resume")
    assert names(mine) == names(theirs)
    assert [shape(one, open_members=OPEN) for one in mine] == [shape(one, open_members=OPEN) for one in theirs]


async def test_a_form_that_nobody_fills_lets_the_run_go_on_without_an_answer(connect, frames_of, shape) -> None:
    seen: list[Any] = []

    def answer(request):
        seen.append((yield REVIEW))

    emulator = Emulator(answer, mode="workflow")
    one = Talk(connect(emulator), frames_of)
    await one.begin()

    async def expire() -> None:
        assert emulator.expire_forms() == 1

    mine, theirs = await one.follow(expire), real_frames("hitl/timeout_events_resume")
    assert names(mine) == [name for at, name in enumerate(names(theirs)) if name != "ping" or not at]
    assert [shape(frame) for frame in mine[1:]] == [shape(frame) for frame in theirs if frame["event"] != "ping"]
    assert seen == [None]
    for reply in (await one.submit(), await one.client.get(f"/form/human_input/{one.token}")):
        assert reply.status_code == 412
        assert same_refusal(reply.json(), real("hitl/timeout_form_get").body)


async def test_a_form_may_expire_by_itself(connect, frames_of) -> None:
    def answer(request):
        filled = yield EmulatorForm("Quick!", expires_in=0.01)
        yield {"in_time": filled is not None}

    client = connect(Emulator(answer, mode="workflow"))
    run = frames_of((await client.post("/workflows/run", json=RUN)).text)[1]["workflow_run_id"]
    await client.get(f"/workflow/{run}/events?user=user-1", timeout=10)
    detail = (await client.get(f"/workflows/run/{run}")).json()
    assert (detail["status"], detail["outputs"]) == ("succeeded", {"in_time": False})


@pytest.mark.parametrize(
    ("mode", "path", "name"),
    [
        ("workflow", "/workflows/run", "hitl/wf_pause_blocking"),
        ("advanced-chat", "/chat-messages", "hitl/cf_pause_blocking"),
    ],
)
async def test_a_blocking_call_is_answered_with_the_pause(mode, path, name, connect, shape) -> None:
    answer = once if mode == "workflow" else deploy
    body = {**(RUN if mode == "workflow" else ASK), "response_mode": "blocking"}
    mine = (await connect(Emulator(answer, mode=mode)).post(path, json=body)).json()
    unlike = frozenset({"inputs", "resolved_default_values"})
    assert shape(mine, open_members=unlike) == shape(real(name).body, open_members=unlike)


async def test_detail_log_and_history_tell_of_a_pause_as_recorded(talk, shape) -> None:
    one = talk(once)
    await one.begin()
    unlike = frozenset({"outputs"})
    for path, name in ((f"/workflows/run/{one.run}", "run_detail_paused"), ("/workflows/logs", "logs_paused")):
        mine = (await one.client.get(path)).json()
        assert shape(mine, open_members=unlike) == shape(real(f"hitl/{name}").body, open_members=unlike)
    assert mine["data"][0]["workflow_run"]["status"] == "paused"

    one = talk(deploy, "advanced-chat")
    await one.begin()
    page = {"user": "user-1", "conversation_id": one.frames[1]["conversation_id"]}
    mine = (await one.client.get("/messages", params=page)).json()["data"][0]
    assert shape(mine) == shape(real("hitl/cf_messages_paused").body["data"][0])
    assert (mine["status"], mine["answer"]) == ("paused", "")
    await one.follow(lambda: one.submit(inputs={"note": "ok by me"}))
    mine = (await one.client.get("/messages", params=page)).json()["data"][0]
    theirs = real("hitl/cf_messages_resumed").body["data"][0]
    assert shape(mine) == shape(theirs)
    assert (mine["status"], mine["answer"]) == (theirs["status"], theirs["answer"])


# ------------------------------------------------------------------------------------------------------------- forms
async def test_a_form_is_shown_as_recorded(talk, shape) -> None:
    one = talk(once)
    await one.begin()
    reply = await one.client.get(f"/form/human_input/{one.token}")
    assert shape(reply.json(), open_members=OPEN) == shape(real("hitl/form_get").body, open_members=OPEN)
    assert list(reply.json()) == list(real("hitl/form_get").body)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("form_submit_bad_action", {"action": "zzz"}),
        ("form_submit_no_action", {"action": None}),
        ("form_submit_no_user", {"user": None}),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused_as_recorded(name, changes, talk) -> None:
    one = talk(once)
    await one.begin()
    body = {name: value for name, value in {**FILLED, **changes}.items() if value is not None}
    reply = await one.client.post(f"/form/human_input/{one.token}", json=body)
    theirs = real(f"hitl/{name}")
    assert reply.status_code == theirs.status
    assert same_refusal(reply.json(), theirs.body), reply.text
    assert (await one.client.get(f"/workflows/run/{one.run}")).json()["status"] == "paused"


async def test_a_missing_input_is_named(talk) -> None:
    one = talk(once)
    await one.begin()
    reply = await one.submit(inputs={"note": "a"})
    said = {"code": "invalid_form_data", "message": "Missing required inputs: pick", "status": 400}
    assert (reply.status_code, reply.json()) == (400, said)


async def test_a_form_can_be_submitted_once_and_by_anyone(talk) -> None:
    one = talk(once)
    await one.begin()
    reply = await one.submit(user="user-9")
    assert (reply.status_code, reply.json()) == (200, real("hitl/form_submit_reject").body)
    for again in (await one.submit(), await one.client.get(f"/form/human_input/{one.token}")):
        assert again.status_code == 412
        assert same_refusal(again.json(), real("hitl/form_get_submitted").body)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_form_is_refused_as_recorded(method, connect) -> None:
    body = FILLED if method == "POST" else None
    reply = await connect(Emulator()).request(method, "/form/human_input/nope", json=body)
    theirs = real("hitl/form_get_unknown" if method == "GET" else "hitl/form_submit_unknown")
    assert (reply.status_code, reply.json()) == (404, theirs.body)


async def test_files_in_a_form_are_looked_up(talk, shape) -> None:
    def answer(request):
        kinds = {"allowed_file_types": ["document", "image"], "allowed_file_extensions": []}
        one = FormInput(output_variable_name="att", type="file", **kinds)
        several = FormInput(output_variable_name="atts", type="file-list", number_limits=2, **kinds)
        filled = yield EmulatorForm("Upload: {{#$output.att#}}", inputs=[one, several])
        yield {"given": sorted(filled.inputs)}

    one = talk(answer)
    await one.begin()
    refused = await one.submit(inputs={"att": "str", "atts": []})
    assert (refused.status_code, refused.json()) == (400, real("hitl/file_form_submit_bad").body)
    upload = await one.client.post(
        "/files/upload", data={"user": "user-1"}, files={"file": ("note.txt", b"Apples", "text/plain")}
    )
    file = {"type": "document", "transfer_method": "local_file", "upload_file_id": upload.json()["id"]}
    mine = await one.follow(lambda: one.submit(inputs={"att": file, "atts": [file]}))
    filled = next(frame["data"] for frame in mine if frame["event"] == "human_input_form_filled")
    assert (filled["submitted_data"]["att"]["filename"], filled["rendered_content"]) == ("note.txt", "Upload: [file]")
    assert mine[-1]["data"]["outputs"] == {"given": ["att", "atts"]}


async def test_files_in_a_form_that_the_server_could_not_use_are_refused(talk) -> None:
    def answer(request):
        one = FormInput(output_variable_name="att", type="file", allowed_file_types=["document"])
        yield EmulatorForm("Upload", inputs=[one, FormInput(output_variable_name="atts", type="file-list")])

    one = talk(answer)
    await one.begin()
    unknown = {"transfer_method": "local_file", "upload_file_id": "x"}
    for inputs, message in (
        ({"att": {}}, "Invalid value for file input 'att': transfer_method is required in file mapping"),
        ({"att": unknown}, "Invalid value for file input 'att': Invalid upload file id format"),
        ({"atts": {}}, "Invalid value for file list input 'atts': expected list of mappings"),
        ({"atts": ["x"]}, "Invalid value for file list input 'atts': expected list of mappings"),
    ):
        refused = await one.submit(inputs=inputs)
        assert (refused.status_code, refused.json()["message"]) == (400, message)


async def test_a_choice_in_a_form_is_one_of_its_options(talk) -> None:
    one = talk(once)
    await one.begin()
    for pick, problem in ((["red"], "expected string"), ("blue", "blue")):
        refused = await one.submit(inputs={"note": "a", "pick": pick})
        message = f"Invalid value for select input 'pick': {problem}"
        assert (refused.status_code, refused.json()["message"]) == (400, message)


async def test_a_form_may_be_expired_from_the_beginning(talk) -> None:
    def answer(request):
        filled = yield EmulatorForm("Approve?", expires_in=0)
        yield {"filled": filled is not None}

    one = talk(answer)
    await one.begin()
    reply = await one.submit()
    assert (reply.status_code, reply.json()["code"]) == (412, "human_input_form_expired")
    frames = one.frames_of((await one.client.get(f"/workflow/{one.run}/events", params={"user": "user-1"})).text)
    assert frames[-1]["data"]["outputs"] == {"filled": False}


async def test_a_form_of_a_run_that_has_ended_starts_nothing(talk) -> None:
    one = talk(once)
    await one.begin()
    task = one.frames[1]["task_id"]
    await one.follow(lambda: one.client.post(f"/workflows/tasks/{task}/stop", json={"user": "user-1"}))
    await one.submit()
    assert (await one.client.get(f"/workflows/run/{one.run}")).json()["status"] == "stopped"
    mine = one.frames_of((await one.client.get(f"/workflow/{one.run}/events", params={"user": "user-1"})).text)
    assert mine[-1]["data"]["status"] == "stopped"


async def test_a_paused_run_can_be_stopped(talk) -> None:
    one = talk(once)
    await one.begin()
    task = one.frames[1]["task_id"]
    mine = await one.follow(lambda: one.client.post(f"/workflows/tasks/{task}/stop", json={"user": "user-1"}))
    assert names(mine) == ["ping", "workflow_finished"]
    assert (await one.client.get(f"/workflows/run/{one.run}")).json()["status"] == "stopped"
