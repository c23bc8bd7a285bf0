from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify.cli.terminal.screen import to_json
from dify.testing import Emulator, EmulatorRequest

from ..conftest import chat_frame, on_terminal, piped

Invoke = Callable[..., Any]
Scripted = Callable[[list[dict[str, Any]]], str]

END = chat_frame(
    "message_end", id="m", metadata={"usage": {"total_tokens": 3, "total_price": "0.5", "currency": "USD"}}
)


def test_the_answer_goes_to_stdout_and_nothing_else_does(invoke: Invoke) -> None:
    result = invoke("chat", "--emulator", "Hello there", key=None)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "Echo: Hello there\n", "")


def test_verbose_names_the_conversation_and_the_usage_on_stderr(invoke: Invoke) -> None:
    result = invoke("chat", "--emulator", "--verbose", "Hello")

    assert result.stdout == "Echo: Hello\n"
    conversation, usage = result.stderr.splitlines()
    assert conversation.startswith("conversation ")
    assert usage.startswith("usage ")
    assert "tokens" in usage


def test_it_sends_the_user_inputs_and_conversation(invoke: Invoke) -> None:
    emulator = Emulator()
    with emulator.serve() as base_url:
        first = invoke("chat", "Hello", "--user", "alice", "--json", base_url=base_url)
        conversation = json.loads(first.stdout.splitlines()[0])["conversation_id"]
        options = ["--conversation", conversation, "--user", "alice", "--input", "mood=calm", "--input", "n:=3"]
        second = invoke("chat", *options, "Again", base_url=base_url)

    assert second.exit_code == 0
    sent = emulator.requests[-1].json
    assert (sent["query"], sent["user"], sent["conversation_id"]) == ("Again", "alice", conversation)
    assert sent["inputs"] == {"mood": "calm", "n": 3}


def test_the_user_comes_from_the_environment_or_is_cli(invoke: Invoke) -> None:
    emulator = Emulator()
    with emulator.serve() as base_url:
        invoke("chat", "Hello", base_url=base_url)
        piped("chat", "Hello", DIFY_API_KEY="app-x", DIFY_BASE_URL=base_url, DIFY_USER="bob")

    assert [request.user for request in emulator.requests] == ["cli", "bob"]


def test_base_url_as_an_option_wins_over_the_environment(invoke: Invoke) -> None:
    with Emulator().serve() as base_url:
        result = invoke("chat", "Hello", "--base-url", base_url, base_url="http://127.0.0.1:1")

    assert result.stdout == "Echo: Hello\n"


def test_files_are_uploaded_and_passed_on(invoke: Invoke, tmp_path: Path) -> None:
    photo, notes = tmp_path / "cat.png", tmp_path / "notes.txt"
    photo.write_bytes(b"meow")
    notes.write_text("purr", encoding="utf-8")

    def answer(request: EmulatorRequest) -> str:
        return " ".join(f"{file.type}:{file.name}:{file.content!r}" for file in request.files)

    with Emulator(answer).serve() as base_url:
        result = invoke("chat", "-f", str(photo), "-f", str(notes), "What?", base_url=base_url)

    assert result.stdout == "image:cat.png:b'meow' document:notes.txt:b'purr'\n"


def test_a_file_at_an_address_is_for_the_server_to_fetch(invoke: Invoke) -> None:
    words = [
        "-f",
        "https://example.com/cat.png?size=2",
        "-f",
        "HTTPS://example.com/list",
        "-i",
        "scan@http://x.example/a.mp3",
    ]
    with Emulator() as emulator, emulator.serve() as base_url:
        result = invoke("chat", *words, "What?", base_url=base_url)

    assert result.exit_code == 0
    [sent] = [request.json for request in emulator.requests]
    assert sent["files"] == [
        {"type": "image", "transfer_method": "remote_url", "url": "https://example.com/cat.png?size=2"},
        {"type": "document", "transfer_method": "remote_url", "url": "HTTPS://example.com/list"},
    ]
    assert sent["inputs"] == {
        "scan": {"type": "audio", "transfer_method": "remote_url", "url": "http://x.example/a.mp3"}
    }


@pytest.mark.parametrize("word", ["missing.png", "ftp://example.com/cat.png", "."])
def test_a_file_that_is_not_there_is_refused_before_anything_is_sent(word: str, invoke: Invoke) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        result = invoke("chat", "--file", word, "What?", base_url=base_url)

    assert (result.exit_code, emulator.requests) == (2, [])
    assert f"no such file: '{word}'" in result.stderr


def test_a_dash_reads_the_question_from_stdin(invoke: Invoke) -> None:
    assert invoke("chat", "--emulator", "-", input="From a pipe\n").stdout == "Echo: From a pipe\n"


def test_piped_text_is_the_question(invoke: Invoke) -> None:
    assert invoke("chat", "--emulator", input="From a pipe\n").stdout == "Echo: From a pipe\n"


def test_piped_text_is_sent_before_the_message(invoke: Invoke) -> None:
    result = invoke("chat", "--emulator", "explain", input="line 1\nline 2\n")

    assert result.stdout == "Echo: line 1\nline 2\n\nexplain\n"


def test_a_pipe_and_a_null_device_are_told_apart(tmp_path: Path) -> None:
    assert piped("chat", "--emulator", "explain", input="a log\n").stdout == "Echo: a log\n\nexplain\n"
    assert piped("chat", "--emulator", "explain").stdout == "Echo: explain\n"


def test_neither_a_message_nor_piped_text_is_a_usage_error(invoke: Invoke) -> None:
    assert invoke("chat", "--emulator", input="\n").exit_code == 2


def test_json_prints_the_response_as_one_object(invoke: Invoke) -> None:
    result = invoke("chat", "--emulator", "--json", "Hi you")

    (line,) = result.stdout.splitlines()
    response = json.loads(line)
    assert response["answer"] == "Echo: Hi you"
    assert response["conversation_id"]
    assert response["metadata"]["usage"]["total_tokens"] > 0
    assert result.stderr == ""


def test_events_prints_one_event_per_line_and_no_text(invoke: Invoke) -> None:
    result = invoke("chat", "--emulator", "--events", "Hi you")

    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert "".join(event["answer"] for event in events if event["event"] == "message") == "Echo: Hi you"
    assert events[-1]["event"] == "message_end"
    assert result.stderr == ""


def test_events_passes_events_on_that_this_version_does_not_know(invoke: Invoke, scripted: Scripted) -> None:
    strange = chat_frame("brand_new", data={"x": 1})
    base_url = scripted([chat_frame("message", id="m", answer="Hi"), strange, END])

    lines = invoke("chat", "--events", "Hi", base_url=base_url).stdout.splitlines()

    assert json.loads(lines[1]) == strange


def test_a_replaced_answer_is_announced_and_printed_anew(invoke: Invoke, scripted: Scripted) -> None:
    base_url = scripted(
        [
            chat_frame("message", id="m", answer="How to steal"),
            chat_frame("message_replace", answer="I cannot say.", reason="output_moderation"),
            END,
        ]
    )

    result = invoke("chat", "Hi", base_url=base_url)

    assert result.stdout == "How to steal\nI cannot say.\n"
    assert "replaced the answer: output_moderation" in result.stderr


def test_an_agent_that_repeats_its_answer_at_the_end_is_printed_once(invoke: Invoke, scripted: Scripted) -> None:
    pieces = [chat_frame("agent_message", id="m", answer=text) for text in ("It is ", "noon.")]
    base_url = scripted([*pieces, chat_frame("message", id="m", answer="It is noon."), END])

    assert invoke("chat", "Time?", base_url=base_url).stdout == "It is noon.\n"


def _thought(**members: Any) -> dict[str, Any]:
    return chat_frame("agent_thought", id="t", position=1, **{"thought": "", "tool": "", "observation": "", **members})


def test_thoughts_and_tool_calls_go_to_stderr_once_each(invoke: Invoke, scripted: Scripted) -> None:
    call = {"tool": "clock", "tool_input": '{"zone": "UTC"}'}
    base_url = scripted(
        [
            _thought(),
            _thought(thought="I need the clock", **call),
            _thought(thought="I need the clock", observation="12:00", **call),
            chat_frame("agent_message", id="m", answer="Noon."),
            END,
        ]
    )

    talking, quiet = invoke("chat", "-v", "Time?", base_url=base_url), invoke("chat", "Time?", base_url=base_url)

    assert talking.stdout == quiet.stdout == "Noon.\n"
    lines = talking.stderr.splitlines()
    assert lines[:3] == ["[thought] I need the clock", '[call] clock {"zone": "UTC"}', "[result] 12:00"]
    assert quiet.stderr == ""


def test_steps_of_agent_nodes_and_reasoning_are_shown(invoke: Invoke, scripted: Scripted) -> None:
    def log(id: str, label: str, **members: Any) -> dict[str, Any]:
        return chat_frame("agent_log", data={"id": id, "label": label, "status": "start", **members})

    base_url = scripted(
        [
            log("r1", "ROUND 1"),
            log("t1", "CALL clock", parent_id="r1"),
            log("t1", "CALL clock", parent_id="r1", status="error", error="no clock"),
            chat_frame("reasoning_chunk", data={"reasoning": "Let me "}),
            chat_frame("reasoning_chunk", data={"reasoning": "see."}),
            chat_frame("message", id="m", answer="Noon."),
            END,
        ]
    )

    result = invoke("chat", "-v", "Time?", base_url=base_url)

    assert result.stdout == "Noon.\n"
    assert result.stderr.splitlines()[:4] == [
        "[agent] ROUND 1",
        "  [agent] CALL clock",
        "  [agent] CALL clock failed: no clock",
        "Let me see.",
    ]


def test_files_that_the_app_made_are_named_on_stderr(invoke: Invoke, scripted: Scripted) -> None:
    made = chat_frame("message_file", id="f", type="image", belongs_to="assistant", url="https://files.example/cat.png")
    base_url = scripted([chat_frame("message", id="m", answer="Here"), made, END])

    assert "file (image): https://files.example/cat.png" in invoke("chat", "-v", "Draw", base_url=base_url).stderr


def test_on_a_terminal_notes_are_dimmed_and_the_answer_is_plain() -> None:
    code, seen, _ = on_terminal("chat", "--emulator", "Hello there")

    assert code == 0
    assert seen.startswith("Echo: Hello there\n\x1b[2mconversation ")
    assert "\x1b[2musage " in seen


def test_on_a_terminal_an_answer_cannot_send_control_codes() -> None:
    hostile = "red \x1b[31m and \x9b31m title \x1b]0;x\x07 over\rwrite"
    with Emulator(lambda request: hostile).serve() as base_url:
        _, seen, _ = on_terminal("chat", "Hi", DIFY_API_KEY="app-x", DIFY_BASE_URL=base_url)
        plain = piped("chat", "Hi", DIFY_API_KEY="app-x", DIFY_BASE_URL=base_url)

    assert seen.splitlines()[0] == "red �[31m and �31m title �]0;x� overwrite"
    assert plain.stdout == f"{hostile.replace(chr(13), chr(10))}\n"  # as it came; text mode alone reads CR as LF


def test_on_a_terminal_a_note_begins_on_a_line_of_its_own(scripted: Scripted) -> None:
    base_url = scripted(
        [
            chat_frame("agent_message", id="m", answer="Wait"),
            _thought(tool="clock", tool_input="{}"),
            chat_frame("agent_message", id="m", answer=" noon"),
            END,
        ]
    )
    env = {"DIFY_API_KEY": "app-x", "DIFY_BASE_URL": base_url}

    _, both, _ = on_terminal("chat", "Time?", **env)
    _, errors, out = on_terminal("chat", "Time?", pipe_stdout=True, **env)

    assert both.startswith("Wait\n\x1b[2m[call] clock {}\x1b[0m\n noon\n")
    assert out == "Wait noon\n"
    assert errors.startswith("\x1b[2m[call] clock {}\x1b[0m\n")


def test_json_lines_hold_nothing_that_utf_8_or_a_terminal_cannot_take() -> None:
    line = to_json({"half": "\ud83d", "csi": "\x9b31m", "city": "東京"})

    assert line == '{"half": "\\ud83d", "csi": "\\u009b31m", "city": "東京"}'


def test_an_answer_whose_run_moderation_stopped_is_an_answer(invoke: Invoke, scripted: Scripted) -> None:
    run = {"id": "r", "status": "stopped", "error": "Stopped by output moderation.", "outputs": {}}
    base_url = scripted(
        [
            chat_frame("workflow_started", workflow_run_id="r", data={"id": "r"}),
            chat_frame("message", id="m", answer="Bad"),
            chat_frame("message_replace", answer="No.", reason="output_moderation"),
            END,
            chat_frame("workflow_finished", workflow_run_id="r", data=run),
        ]
    )

    result = invoke("chat", "Hi", base_url=base_url)

    assert (result.exit_code, result.stdout) == (0, "Bad\nNo.\n")
    assert "Warning: run r was stopped: Stopped by output moderation." in result.stderr


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_an_answer_that_a_stop_cut_short_exits_with_1(invoke: Invoke, scripted: Scripted, options: list[str]) -> None:
    run = {"id": "r", "status": "stopped", "error": None, "outputs": {}}
    base_url = scripted(
        [
            chat_frame("workflow_started", workflow_run_id="r", data={"id": "r"}),
            chat_frame("message", id="m", answer="Half an ans"),
            chat_frame("workflow_finished", workflow_run_id="r", data=run),
        ]
    )

    result = invoke("chat", *options, "Hi", base_url=base_url)

    assert result.exit_code == 1
    assert "Half an ans" in result.stdout
    assert "run r was stopped before its answer was complete: no reason given" in result.stderr


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_an_answer_whose_run_failed_exits_with_1(invoke: Invoke, scripted: Scripted, options: list[str]) -> None:
    run = {"id": "r", "status": "failed", "error": "the model broke off", "outputs": {}}
    base_url = scripted(
        [
            chat_frame("workflow_started", workflow_run_id="r", data={"id": "r"}),
            chat_frame("message", id="m", answer="Half an ans"),
            chat_frame("workflow_finished", workflow_run_id="r", data=run),
        ]
    )

    result = invoke("chat", *options, "Hi", base_url=base_url)

    assert result.exit_code == 1
    assert "Half an ans" in result.stdout
    assert "run r failed: the model broke off" in result.stderr


def test_an_answer_that_moderation_replaced_is_whole_without_its_end(invoke: Invoke, scripted: Scripted) -> None:
    run = {"id": "r", "status": "stopped", "error": "Stopped by output moderation.", "outputs": {}}
    base_url = scripted(
        [
            chat_frame("workflow_started", workflow_run_id="r", data={"id": "r"}),
            chat_frame("message", id="m", answer="Bad"),
            chat_frame("message_replace", answer="No.", reason="output_moderation"),
            chat_frame("workflow_finished", workflow_run_id="r", data=run),
        ]
    )

    result = invoke("chat", "Hi", base_url=base_url)

    assert (result.exit_code, result.stdout) == (0, "Bad\nNo.\n")


def test_a_thought_that_is_the_answer_is_not_repeated(invoke: Invoke, scripted: Scripted) -> None:
    base_url = scripted(
        [
            chat_frame("agent_message", id="m", answer="I look at the clock. "),
            _thought(thought="I look at the clock."),
            _thought(thought="I look at the clock.I look at the clock.", tool="clock", tool_input="{}"),
            chat_frame("agent_message", id="m", answer="Noon."),
            END,
        ]
    )

    assert "[thought]" not in invoke("chat", "-v", "Time?", base_url=base_url).stderr


def test_a_chatflow_that_waits_for_a_person_says_so_and_exits_with_1(invoke: Invoke, scripted: Scripted) -> None:
    reason = {"TYPE": "human_input_required", "node_title": "Approve", "form_token": "tok-1", "form_id": "f"}
    pause = {"workflow_run_id": "r", "paused_nodes": ["n"], "reasons": [reason], "status": "paused"}
    base_url = scripted(
        [
            chat_frame("workflow_started", workflow_run_id="r", data={"id": "r"}),
            chat_frame("message", id="m", answer="One moment"),
            chat_frame("workflow_paused", workflow_run_id="r", data=pause),
        ]
    )

    result = invoke("chat", "Hi", base_url=base_url)

    assert (result.exit_code, result.stdout) == (1, "One moment\n")
    assert "waiting for a person: Approve, form token tok-1 (run r)" in result.stderr
