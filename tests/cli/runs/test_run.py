from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify.testing import Emulator, EmulatorRequest, RunFailed

from ..conftest import on_terminal, piped

Invoke = Callable[..., Any]
Scripted = Callable[[list[dict[str, Any]]], str]


def frame(event: str, **data: Any) -> dict[str, Any]:
    return {"event": event, "task_id": "t", "workflow_run_id": "r", "data": data}


def test_outputs_are_json_on_stdout(invoke: Invoke) -> None:
    result = invoke("run", "--emulator", "topic=tea", key=None)

    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {"text": "Echo: tea"}


def test_outputs_keep_their_letters_and_hold_no_control_codes(invoke: Invoke) -> None:
    outputs = {"city": "Köln 東京", "bad": "\x1b[31m \x9b31m \x7f", "deep": {"n": [1, None]}}
    with Emulator(lambda request: outputs).serve() as base_url:
        result = invoke("run", base_url=base_url)

    assert json.loads(result.stdout) == outputs
    assert "Köln 東京" in result.stdout
    assert not [letter for letter in result.stdout if not letter.isprintable() and letter != "\n"]


def test_inputs_come_as_text_json_and_files(invoke: Invoke, tmp_path: Path) -> None:
    letter, data, scan = tmp_path / "letter.txt", tmp_path / "data.json", tmp_path / "scan.pdf"
    letter.write_text("Dear all,\n", encoding="utf-8")
    data.write_text('{"a": [1]}', encoding="utf-8")
    scan.write_bytes(b"%PDF")
    emulator = Emulator(lambda request: {"ok": True})
    with emulator.serve() as base_url:
        words = [
            "mail=a@b.c",
            "n:=3",
            f"letter=@{letter}",
            f"data:=@{data}",
            f"scan@{scan}",
            f"all[]@{scan}",
            "tags[]=x",
        ]
        result = invoke("run", *words, "tags[]=y", base_url=base_url)

    assert result.exit_code == 0
    sent = emulator.requests[-1].json["inputs"]
    file, (listed,) = sent.pop("scan"), sent.pop("all")
    assert sent == {"mail": "a@b.c", "n": 3, "letter": "Dear all,\n", "data": {"a": [1]}, "tags": ["x", "y"]}
    assert file["type"] == listed["type"] == "document"
    assert file["transfer_method"] == "local_file"
    assert [request.path for request in emulator.requests] == ["/files/upload", "/files/upload", "/workflows/run"]


def test_a_version_is_run_by_its_id(invoke: Invoke) -> None:
    emulator = Emulator()
    version = "0e1d4b8a-6a51-4f0e-9f0e-3d2c1b0a9f8e"
    with emulator.serve() as base_url:
        invoke("run", "topic=tea", "--workflow-id", version, base_url=base_url)

    assert emulator.requests[-1].path == f"/workflows/{version}/run"


def test_verbose_prints_the_nodes_as_plain_lines(invoke: Invoke) -> None:
    result = invoke("run", "--emulator", "-v", "topic=tea")

    lines = result.stderr.splitlines()
    finished = [line.split() for line in lines if line.startswith("node_finished")]
    assert [words[1:3] for words in finished] == [["Start", "succeeded"], ["LLM", "succeeded"], ["End", "succeeded"]]
    assert all(words[3].endswith("s") and float(words[3][:-1]) >= 0 for words in finished)
    assert lines[-1].startswith("workflow_finished succeeded ")
    assert json.loads(result.stdout)


def test_json_prints_one_event_per_line(invoke: Invoke) -> None:
    result = invoke("run", "--emulator", "--json", "topic=tea")

    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["workflow_started", "workflow_finished"]
    assert events[-1]["data"]["outputs"] == {"text": "Echo: tea"}


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_failed_run_exits_with_1_and_its_reason_is_on_stderr(invoke: Invoke, options: list[str]) -> None:
    def answer(request: EmulatorRequest) -> str:
        raise RunFailed("the model is out")

    with Emulator(answer).serve() as base_url:
        result = invoke("run", *options, base_url=base_url)

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    message = json.loads(line)["error"]["message"] if options else line.removeprefix("Error: ")
    assert message.startswith("run ")
    assert message.endswith("failed: the model is out")
    assert bool(result.stdout) == bool(options)


def test_a_run_that_was_stopped_exits_with_1(invoke: Invoke, scripted: Scripted) -> None:
    finished = frame("workflow_finished", id="r", status="stopped", error="somebody did", outputs={})
    base_url = scripted([frame("workflow_started", id="r"), finished])

    result = invoke("run", base_url=base_url)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "run r ended with status stopped: somebody did" in result.stderr


def test_a_run_that_waits_for_a_person_exits_with_1(invoke: Invoke, scripted: Scripted) -> None:
    reason = {"TYPE": "human_input_required", "node_title": "Approve", "form_token": "tok-1", "form_id": "f"}
    pause = frame("workflow_paused", workflow_run_id="r", paused_nodes=["n"], reasons=[reason], status="paused")
    base_url = scripted([frame("workflow_started", id="r"), pause])

    result = invoke("run", base_url=base_url)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "waiting for a person: Approve, form token tok-1" in result.stderr


def test_a_run_whose_nodes_failed_in_part_prints_its_outputs_and_warns(invoke: Invoke, scripted: Scripted) -> None:
    finished = frame("workflow_finished", id="r", status="partial-succeeded", outputs={"a": 1})
    base_url = scripted([frame("workflow_started", id="r"), finished])

    result = invoke("run", base_url=base_url)

    assert (result.exit_code, json.loads(result.stdout)) == (0, {"a": 1})
    assert result.stderr.startswith("Warning: run r succeeded partially: some nodes failed")


def test_on_a_terminal_nodes_are_drawn_on_stderr_and_stdout_stays_json() -> None:
    code, seen, out = on_terminal("run", "--emulator", "topic=tea", pipe_stdout=True)

    assert code == 0
    assert json.loads(out) == {"text": "Echo: tea"}
    assert "✓" in seen
    assert "LLM" in seen
    assert seen.endswith("\x1b[?25h")  # the cursor is back


def test_no_color_leaves_colours_out() -> None:
    _, seen, _ = on_terminal("run", "--emulator", "topic=tea", NO_COLOR="1")

    assert "✓ Start" in seen
    assert "\x1b[3" not in seen


def test_a_dumb_terminal_gets_plain_lines() -> None:
    _, seen, _ = on_terminal("run", "--emulator", "topic=tea", TERM="dumb")

    assert "node_finished LLM succeeded" in seen
    assert "\x1b" not in seen


def test_pipes_get_no_escape_codes() -> None:
    result = piped("run", "--emulator", "-v", "topic=tea")

    assert result.returncode == 0
    assert json.loads(result.stdout)
    assert "\x1b" not in result.stdout + result.stderr
