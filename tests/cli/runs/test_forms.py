"""Runs that wait for a person: forms asked at the terminal, and answered by `dify forms`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from dify import FormInput
from dify.testing import Emulator, EmulatorForm, EmulatorRequest
from dify.types import FormSource, UserAction

from ..conftest import KEY
from ..terminal import Terminal

Invoke = Callable[..., Any]

FORM = EmulatorForm(
    "Deploy to production?",
    inputs=[
        "note",
        FormInput(
            type="select",
            output_variable_name="region",
            option_source=FormSource(type="constant", value=["north", "south"]),
        ),
    ],
    actions=["approve", "reject"],
    title="Approval",
    defaults={"note": "go"},
)


def deploy(request: EmulatorRequest) -> Generator[Any, Any, None]:
    filled = yield FORM
    yield {"action": filled.action, **{name: value for name, value in filled.inputs.items() if isinstance(value, str)}}


def approve(request: EmulatorRequest) -> Generator[Any, Any, None]:
    yield "Let me ask. "
    filled = yield EmulatorForm("Sure?", actions=["yes", "no"])
    yield f"It was {'too late' if filled is None else filled.action}."


@pytest.fixture
def server() -> Iterator[tuple[Emulator, str]]:
    with Emulator(deploy, mode="workflow") as emulator, emulator.serve() as base_url:
        yield emulator, base_url


def test_a_run_asks_its_form_at_the_terminal_and_goes_on(server: tuple[Emulator, str]) -> None:
    _, base_url = server
    env = {"DIFY_API_KEY": KEY, "DIFY_BASE_URL": base_url}
    with Terminal("run", pipe_stdout=True, **env) as terminal:
        terminal.expect("Approval")
        terminal.expect("Deploy to production?")
        terminal.expect("note [go]: ")
        terminal.type("carefully")
        terminal.expect("2  south")
        terminal.expect("region: ")
        terminal.type("7")
        terminal.expect("enter a number from 1 to 2")
        terminal.type("2")
        terminal.expect("1  Approve")
        terminal.expect("Action: ")
        terminal.type("1")
        out = terminal.end()

    assert terminal.code == 0
    assert json.loads(out) == {"action": "approve", "note": "carefully", "region": "south"}


def test_a_form_that_nobody_answers_leaves_the_run_waiting(server: tuple[Emulator, str]) -> None:
    emulator, base_url = server
    with Terminal("run", DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("note [go]: ")
        terminal.press("d")
        terminal.expect("waiting for a person: Approval, form token ")
        terminal.end()

    assert terminal.code == 1
    assert not [request for request in emulator.requests if request.path.startswith("/form/")]


def test_ctrl_c_at_a_question_leaves_at_once(server: tuple[Emulator, str]) -> None:
    _, base_url = server
    with Terminal("run", DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("note [go]: ")
        terminal.interrupt_until(terminal.ends)
        terminal.end()
    assert terminal.code == 130
    # Nobody could find the run again without them.
    assert re.search(r"Note: run [0-9a-f-]{36} is waiting for a person: Approval, form token \w+\n", terminal.text)


def test_ctrl_c_at_a_question_of_a_chatflow_names_its_run_too() -> None:
    with (
        Emulator(approve, mode="advanced-chat") as emulator,
        emulator.serve() as base_url,
        Terminal("chat", "Deploy?", DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal,
    ):
        terminal.expect("Action: ")
        terminal.interrupt_until(terminal.ends)
        terminal.end()
    assert terminal.code == 130
    assert re.search(r"form token \w+ \(run [0-9a-f-]{36}\)\n", terminal.text)


def test_a_form_that_somebody_else_answers_first_does_not_lose_the_run(
    invoke: Invoke, server: tuple[Emulator, str]
) -> None:
    _, base_url = server
    with Terminal("run", pipe_stdout=True, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("note [go]: ")
        run_id = invoke("logs", base_url=base_url).stdout.partition("\t")[0]
        token = invoke("events", run_id, base_url=base_url).stderr.rpartition("form token ")[2].strip()
        sent = invoke("forms", "submit", token, "reject", "note=no", "region=south", base_url=base_url)
        assert sent.exit_code == 0
        terminal.type("carefully")
        terminal.expect("region: ")
        terminal.type("1")
        terminal.expect("Action: ")
        terminal.type("1")
        terminal.expect("already been submitted")
        out = terminal.end()

    assert terminal.code == 0
    assert json.loads(out) == {"action": "reject", "note": "no", "region": "south"}


def test_a_form_of_a_chatflow_whose_time_is_over_does_not_lose_the_answer() -> None:
    with (
        Emulator(approve, mode="advanced-chat") as emulator,
        emulator.serve() as base_url,
        Terminal("chat", "Deploy?", DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal,
    ):
        terminal.expect("Action: ")
        assert emulator.expire_forms() == 1
        terminal.type("1")
        terminal.expect("the run continues without this answer")
        terminal.expect("It was too late.")
        terminal.end()
    assert terminal.code == 0


def test_an_answer_that_is_refused_names_the_run_that_waits(server: tuple[Emulator, str]) -> None:
    emulator, base_url = server
    emulator.fail_next(status=400, path="/form/*", method="POST")
    with Terminal("run", DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("note [go]: ")
        terminal.type("")
        terminal.expect("region: ")
        terminal.type("1")
        terminal.expect("Action: ")
        terminal.type("1")
        terminal.expect("waiting for a person: Approval, form token ")
        terminal.expect("Error: 400 ")
        terminal.end()
    assert terminal.code == 1


PICK = EmulatorForm(
    "Which one?",
    inputs=[
        "note",
        FormInput(
            type="select",
            output_variable_name="region",
            option_source=FormSource(type="constant", value=["north", "south"]),
        ),
        FormInput(type="file", output_variable_name="plan"),
    ],
    actions=["ok"],
)


def test_an_answer_that_the_server_does_not_take_is_asked_for_again_with_what_was_said(tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text("north", encoding="utf-8")

    def answer(request: EmulatorRequest) -> Generator[Any, Any, None]:
        filled = yield PICK
        yield {name: value for name, value in filled.inputs.items() if isinstance(value, str)}

    with Emulator(answer, mode="workflow") as emulator, emulator.serve() as base_url:
        emulator.fail_next(
            code="invalid_form_data", message="The note is too short.", path="/form/*", method="POST", times=2
        )
        with Terminal("run", pipe_stdout=True, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
            terminal.expect("note: ")
            terminal.type("go")
            terminal.expect("region: ")
            terminal.type("2")
            terminal.expect("plan (path of a file): ")
            terminal.type(str(tmp_path / "plan.txt"))
            terminal.expect("Action: ")
            terminal.type("1")
            for typed in ("", "go, please"):
                terminal.expect("Note: 400 invalid_form_data: The note is too short.")
                terminal.expect("Which one?")
                terminal.expect("note [go]: ")
                terminal.type(typed)
                terminal.expect("region [south]: ")
                terminal.type("")
                terminal.expect("plan (path of a file) [unchanged]: ")
                terminal.type("")
                terminal.expect("Action: ")
                terminal.type("1")
            out = terminal.end()

    assert terminal.code == 0
    assert json.loads(out) == {"note": "go, please", "region": "south"}
    assert "waiting for a person" not in terminal.text
    assert len([request for request in emulator.requests if request.path == "/files/upload"]) == 1


def test_an_answer_that_was_not_taken_and_is_given_up_leaves_the_run_waiting(
    server: tuple[Emulator, str],
) -> None:
    emulator, base_url = server
    emulator.fail_next(code="invalid_form_data", path="/form/*", method="POST")
    with Terminal("run", DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("note [go]: ")
        terminal.type("")
        terminal.expect("region: ")
        terminal.type("1")
        terminal.expect("Action: ")
        terminal.type("1")
        terminal.expect("Note: 400 invalid_form_data")
        terminal.expect("note [go]: ")
        terminal.press("d")
        terminal.expect("waiting for a person: Approval, form token ")
        terminal.end()
    assert terminal.code == 1


def test_a_chatflow_asks_in_the_middle_of_its_answer() -> None:
    with (
        Emulator(approve, mode="advanced-chat") as emulator,
        emulator.serve() as base_url,
        Terminal("chat", "Deploy?", DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal,
    ):
        terminal.expect("Let me ask.")
        terminal.expect("Sure?")
        terminal.expect("Action: ")
        terminal.type("no")  # an option's own words, or its number
        terminal.expect("enter a number from 1 to 2")
        terminal.type("2")
        terminal.expect("It was no.")
        terminal.expect("conversation ")
        terminal.end()

    assert terminal.code == 0
    assert terminal.text.count("Let me ask.") == 1
    assert "replaced" not in terminal.text


def test_a_form_is_shown_and_submitted_by_its_token(invoke: Invoke, server: tuple[Emulator, str]) -> None:
    _, base_url = server
    waiting = invoke("run", base_url=base_url)
    assert waiting.exit_code == 1
    token = waiting.stderr.rpartition("form token ")[2].strip()
    run_id = waiting.stderr.split()[2]

    shown = invoke("forms", "show", token, base_url=base_url)
    assert shown.stdout.splitlines()[0] == "Deploy to production?"
    assert "field\tnote\tparagraph\tgo" in shown.stdout
    assert "action\treject\tReject" in shown.stdout

    assert json.loads(invoke("forms", "show", token, "--json", base_url=base_url).stdout)["inputs"]
    assert invoke("forms", "answer", token, base_url=base_url).exit_code == 2  # there is no terminal
    sent = invoke("forms", "submit", token, "reject", "note=no", "region=south", base_url=base_url)
    assert (sent.exit_code, sent.stdout) == (0, "")
    followed = invoke("events", run_id, "--wait", base_url=base_url)
    assert json.loads(followed.stdout) == {"action": "reject", "note": "no", "region": "south"}


def test_a_form_is_answered_by_being_asked(invoke: Invoke, server: tuple[Emulator, str]) -> None:
    emulator, base_url = server
    token = invoke("run", base_url=base_url).stderr.rpartition("form token ")[2].strip()
    with Terminal("forms", "answer", token, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("note [go]: ")
        terminal.type("")
        terminal.expect("region: ")
        terminal.type("north")
        terminal.expect("Action: ")
        terminal.type("1")
        terminal.expect("submitted")
        terminal.end()
    assert terminal.code == 0
    assert emulator.requests[-1].json["inputs"] == {"note": "go", "region": "north"}


def test_a_form_that_is_answered_by_being_asked_is_asked_again_where_the_answer_is_not_taken(
    invoke: Invoke, server: tuple[Emulator, str]
) -> None:
    emulator, base_url = server
    token = invoke("run", base_url=base_url).stderr.rpartition("form token ")[2].strip()
    emulator.fail_next(code="invalid_form_data", path="/form/*", method="POST")
    with Terminal("forms", "answer", token, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("note [go]: ")
        terminal.type("now")
        terminal.expect("region: ")
        terminal.type("north")
        terminal.expect("Action: ")
        terminal.type("1")
        terminal.expect("Note: 400 invalid_form_data")
        terminal.expect("note [now]: ")
        terminal.type("")
        terminal.expect("region [north]: ")
        terminal.type("south")
        terminal.expect("Action: ")
        terminal.type("1")
        terminal.expect("submitted")
        terminal.end()
    assert terminal.code == 0
    assert emulator.requests[-1].json["inputs"] == {"note": "now", "region": "south"}


def test_a_form_takes_files(tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("hello", encoding="utf-8")
    form = EmulatorForm("Files?", inputs=[FormInput(type="file-list", output_variable_name="docs")], actions=["ok"])

    def answer(request: EmulatorRequest) -> Generator[Any, Any, None]:
        filled = yield form
        yield {"count": len(filled.inputs["docs"])}

    with (
        Emulator(answer, mode="workflow") as emulator,
        emulator.serve() as base_url,
        Terminal("run", pipe_stdout=True, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal,
    ):
        terminal.expect("docs (paths of files): ")
        terminal.type("missing.txt")
        terminal.expect("no such file: 'missing.txt'")
        terminal.type(f"'{tmp_path / 'a b.txt'}'")
        terminal.expect("uploaded a b.txt")
        terminal.expect("Action: ")
        terminal.type("1")
        assert json.loads(terminal.end()) == {"count": 1}


@pytest.mark.parametrize("name", ["reject", "Reject", "REJECT"])
def test_an_action_is_named_by_its_id_or_its_title(invoke: Invoke, server: tuple[Emulator, str], name: str) -> None:
    emulator, base_url = server
    token = invoke("run", base_url=base_url).stderr.rpartition("form token ")[2].strip()

    sent = invoke("forms", "submit", token, name, "note=no", "region=south", base_url=base_url)

    assert sent.exit_code == 0
    assert emulator.requests[-1].json["action"] == "reject"


def test_an_unknown_action_is_refused_before_a_file_is_uploaded(
    invoke: Invoke, server: tuple[Emulator, str], tmp_path: Path
) -> None:
    emulator, base_url = server
    letter = tmp_path / "letter.txt"
    letter.write_text("x", encoding="utf-8")
    token = invoke("run", base_url=base_url).stderr.rpartition("form token ")[2].strip()

    refused = invoke("forms", "submit", token, "postpone", f"note@{letter}", base_url=base_url)

    assert refused.exit_code == 2
    assert "'postpone' is not an action of the form" in refused.stderr
    assert "approve (Approve), reject (Reject)" in " ".join(refused.stderr.split())
    assert [request.method for request in emulator.requests[-2:]] == ["POST", "GET"]


def test_a_title_of_two_actions_is_refused(invoke: Invoke) -> None:
    actions = [UserAction(id="a", title="Go"), UserAction(id="b", title="go"), UserAction(id="c")]

    def answer(request: EmulatorRequest) -> Generator[Any, Any, None]:
        yield EmulatorForm("Where?", actions=actions)

    with Emulator(answer, mode="workflow").serve() as base_url:
        token = invoke("run", base_url=base_url).stderr.rpartition("form token ")[2].strip()
        refused = invoke("forms", "submit", token, "GO", base_url=base_url)
        assert refused.exit_code == 2
        assert "choose one of: a (Go), b (go)" in " ".join(refused.stderr.split())
        assert invoke("forms", "submit", token, "b", base_url=base_url).exit_code == 0


def test_a_form_that_is_not_answered_is_not_submitted(invoke: Invoke, server: tuple[Emulator, str]) -> None:
    _, base_url = server
    token = invoke("run", base_url=base_url).stderr.rpartition("form token ")[2].strip()
    with Terminal("forms", "answer", token, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("note [go]: ")
        terminal.press("d")
        terminal.expect("Error: the form was not submitted")
        terminal.end()
    assert terminal.code == 1
