from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dify
from dify.testing import Emulator, EmulatorError, EmulatorRequest

from ..support.programs import PIPE, run, start
from .conftest import COMMAND, KEY, chat_frame, environment, piped

Invoke = Callable[..., Any]
Scripted = Callable[[list[dict[str, Any]]], str]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "invalid_param", 1),
        (400, "not_chat_app", 2),
        (401, "unauthorized", 3),
        (403, "forbidden", 3),
        (404, "not_found", 4),
        (413, "file_too_large", 1),
        (429, "rate_limit_error", 5),
        (500, "internal_server_error", 7),
    ],
)
def test_what_the_server_answers_decides_the_exit_code(invoke: Invoke, status: int, code: str, expected: int) -> None:
    def answer(request: EmulatorRequest) -> str:
        raise EmulatorError(status, code, "Two\nlines.")

    with Emulator(answer).serve() as base_url:
        result = invoke("chat", "Hello", base_url=base_url)

    assert result.exit_code == expected
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {status} {code}: Two lines.")
    assert result.stderr.count("\n") == 1


def test_an_error_inside_a_stream_leaves_what_came_on_stdout(invoke: Invoke) -> None:
    def answer(request: EmulatorRequest) -> Iterator[str]:
        yield "Half of"
        raise EmulatorError(500, "internal_server_error", "It broke.")

    with Emulator(answer).serve() as base_url:
        result = invoke("chat", "Hello", base_url=base_url)

    assert (result.exit_code, result.stdout) == (7, "Half of\n")
    assert result.stderr == "Error: 500 internal_server_error: It broke.\n"


def test_an_unknown_conversation_is_not_found_and_the_user_is_named_as_the_likely_reason(invoke: Invoke) -> None:
    result = invoke("chat", "--emulator", "--conversation", "0e1d4b8a-6a51-4f0e-9f0e-3d2c1b0a9f8e", "Hello")

    assert result.exit_code == 4
    assert "only the --user who started a conversation" in result.stderr


def test_a_wrong_key_exits_with_3_and_is_not_shown() -> None:
    secret = "nonsense-0123456789"
    with Emulator().serve() as base_url:
        result = piped("chat", "Hello", DIFY_API_KEY=secret, DIFY_BASE_URL=base_url, DIFY_LOG="debug")

    assert result.returncode == 3
    assert "DIFY_API_KEY" in result.stderr
    assert secret not in result.stdout + result.stderr


def test_a_request_without_a_key_is_sent_without_one() -> None:
    with Emulator().serve() as base_url:
        result = piped("request", "GET", "/info", "--key", "none", DIFY_API_KEY="app-set", DIFY_BASE_URL=base_url)

    assert result.returncode == 3
    assert "Authorization header must be provided" in result.stderr


def test_no_connection_exits_with_6(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    result = invoke("chat", "Hello", base_url=f"http://127.0.0.1:{port}")

    assert result.exit_code == 6
    assert "check --base-url or DIFY_BASE_URL" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_stream_that_is_cut_exits_with_6_and_keeps_what_came(invoke: Invoke, scripted: Scripted) -> None:
    base_url = scripted([chat_frame("message", id="m", answer="Half of")])

    result = invoke("chat", "Hello", base_url=base_url)

    assert (result.exit_code, result.stdout) == (6, "Half of\n")
    assert "the stream was interrupted" in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("chat",),
        ("chat", ""),
        ("chat", "Hello", "--file", "missing.png"),
        ("chat", "Hello", "--input", "nothing"),
        ("chat", "Hello", "--user", " "),
        ("chat", "Hello", "--emulator", "--base-url", "localhost"),
        ("chat", "Hello", "--base-url", "ftp://example.com"),
        ("chat", "Hello", "--base-url", ""),
        ("conversations", "rename", "ID", ""),
        ("batch", os.devnull, "--out", "results.jsonl", "--app", "foo"),
        ("batch", os.devnull, "--out", "results.jsonl", "--format", "foo"),
        ("profile", "set", "work", "--base-url", ""),
        ("run", "nothing"),
        ("run", "--api-key=app-0123456789-secret"),
        ("unknown",),
    ],
)
def test_wrong_usage_exits_with_2(invoke: Invoke, args: tuple[str, ...]) -> None:
    result = invoke(*args)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error" in result.stderr


def test_a_knowledge_key_in_place_of_the_apps_is_a_wrong_configuration(invoke: Invoke) -> None:
    result = invoke("chat", "Hello", key="dataset-0123456789")

    assert result.exit_code == 2
    assert "DIFY_API_KEY" in result.stderr


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_it_says_what_to_set_and_how_to_go_on_without(invoke: Invoke, key: str | None) -> None:
    chat, run = invoke("chat", "Hello you", key=key), invoke("run", "topic=green tea", "n:=3", key=key)

    assert chat.exit_code == run.exit_code == 2
    assert "set DIFY_API_KEY" in chat.stderr
    assert chat.stderr.endswith("dify chat --emulator 'Hello you'\n")
    assert run.stderr.endswith("dify run --emulator 'topic=green tea' n:=3\n")


def test_every_error_of_the_client_has_a_code_and_a_line() -> None:
    from dify.cli.error_messages import error_message
    from dify.cli.exits import exit_code_for

    public = [getattr(dify, name) for name in dify.__all__]
    errors = [each for each in public if isinstance(each, type) and issubclass(each, dify.DifyError)]
    assert len(errors) > 20
    for error in errors:
        assert exit_code_for(error("It broke.")) in {1, 2, 3, 4, 5, 6, 7}
        assert "It broke." in error_message(error("It broke."), "chat")


def test_a_mistake_of_our_own_is_not_hidden() -> None:
    from dify.cli.exits import exit_code_for

    assert exit_code_for(KeyError("x")) is None


class Waiting:
    """An answer that says one word and then nothing, until the test ends."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def __call__(self, request: EmulatorRequest) -> Iterator[str]:
        yield "One"
        self.release.wait(60)
        yield " two"


def _interrupt(
    args: list[str],
    emulator: Emulator,
    release: threading.Event,
    ready: Callable[[Any], None],
    number: int = signal.SIGINT,
) -> Any:
    with emulator.serve() as base_url:
        env = environment(DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)
        with start(COMMAND, *args, env=env, stdout=PIPE, stderr=PIPE) as process:
            try:
                ready(process)
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
            finally:
                release.set()
                process.kill()
    return process.returncode, out.decode(), err.decode()


def test_ctrl_c_asks_the_server_to_stop_and_exits_with_130() -> None:
    answer = Waiting()
    emulator = Emulator(answer)

    def ready(process: Any) -> None:
        assert process.stdout.read(3) == b"One"

    code, out, err = _interrupt(["chat", "Hello"], emulator, answer.release, ready)

    assert (code, out) == (130, "\n")
    assert err == "Stopped: sent a stop request to the server\n"
    assert emulator.requests[-1].path.startswith("/chat-messages/")
    assert emulator.requests[-1].path.endswith("/stop")
    assert emulator.requests[-1].user == "cli"


def test_ctrl_c_stops_a_run_too() -> None:
    answer = Waiting()
    emulator = Emulator(answer)

    def ready(process: Any) -> None:
        assert b"workflow_started" in process.stdout.readline()

    code, _, err = _interrupt(["run", "--json", "topic=tea"], emulator, answer.release, ready)

    assert (code, err) == (130, "Stopped: sent a stop request to the server\n")
    assert emulator.requests[-1].path.startswith("/workflows/tasks/")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("command", [["chat", "Hello"], ["run", "--json", "topic=tea"]], ids=["chat", "run"])
def test_a_signal_to_terminate_asks_the_server_to_stop(command: list[str], number: int, code: int) -> None:
    answer = Waiting()
    emulator = Emulator(answer)

    def ready(process: Any) -> None:
        process.stdout.read(3)

    result, _, err = _interrupt(command, emulator, answer.release, ready, number)

    assert (result, err) == (code, "Stopped: sent a stop request to the server\n")
    assert emulator.requests[-1].path.endswith("/stop")


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); {COMMAND}"
    answer = Waiting()
    with Emulator(answer).serve() as base_url:
        env = environment(DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)
        with start(code, "chat", "Hello", env=env, stdout=PIPE, stderr=PIPE) as process:
            assert process.stdout is not None
            process.stdout.read(3)
            process.send_signal(signal.SIGHUP)
            answer.release.set()
            _, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (0, b"")


def test_ctrl_c_before_the_first_event_says_that_the_server_may_go_on() -> None:
    asked, release = threading.Event(), threading.Event()

    def answer(request: EmulatorRequest) -> str:
        asked.set()
        release.wait(60)
        return "late"

    emulator = Emulator(answer)
    code, out, err = _interrupt(["chat", "Hello"], emulator, release, lambda process: asked.wait(60))

    assert (code, out, err.count("\n")) == (130, "", 1)
    assert err.startswith("Note: the server has not sent a task id yet")
    assert [request.path for request in emulator.requests] == ["/chat-messages"]


def test_a_reader_that_leaves_ends_it_quietly_and_stops_the_server() -> None:
    def answer(request: EmulatorRequest) -> Iterator[str]:
        for _ in range(100_000):
            yield "word "

    emulator = Emulator(answer)
    with emulator.serve() as base_url:
        env = environment(DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)
        with start(COMMAND, "chat", "Hello", env=env, stdout=PIPE, stderr=PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.read(4)
            process.stdout.close()
            errors = process.stderr.read()

    assert (process.returncode, errors) == (141, b"")
    assert emulator.requests[-1].path.endswith("/stop")


def test_an_odd_warning_is_one_line() -> None:
    code = (
        "import warnings\n"
        "from dify.cli.runner import run_command\n"
        "from dify.cli.session import Session\n"
        "async def work(): warnings.warn('plain http')\n"
        "run_command(Session('chat', 'cli', emulator=True), work)"
    )
    env = environment() | {"PYTHONWARNINGS": "default"}
    result = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)

    assert result.stderr == "Warning: plain http\n"


def test_ctrl_c_ends_the_emulator_too() -> None:
    words = ("chat", "--emulator", "word " * 500)
    with start(COMMAND, *words, env=environment(), stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(4)
        process.send_signal(2)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert errors == b"Stopped: sent a stop request to the server\n"


EVERYWHERE = [
    ["chat", "--emulator", "Hello"],
    ["run", "--emulator", "topic=tea"],
    ["profile", "list"],
    ["profile", "show", "work"],
    ["profile", "path"],
    ["emulator", "--port", "0"],
    ["--help"],
    ["chat", "--help"],
    ["knowledge", "documents", "--help"],
    ["--version"],
]


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "config.toml"
    path.write_text('default = "work"\n[profiles.work]\nuser = "alice"\n', encoding="utf-8")
    return environment(DIFY_CONFIG=str(path), PYTHONUNBUFFERED="")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
@pytest.mark.parametrize(
    ("words", "unbuffered"), [*((words, "") for words in EVERYWHERE), (["profile", "list"], "1")], ids=str
)
def test_output_that_cannot_be_written_is_one_line(words: list[str], unbuffered: str, settings: dict[str, str]) -> None:
    with open("/dev/full", "wb") as full:
        result = run(COMMAND, *words, env=settings | {"PYTHONUNBUFFERED": unbuffered}, stdout=full.fileno())
    said = "No space left on device\n"
    if not unbuffered:  # else nothing tells it from another file that cannot be written
        said = f"cannot write to standard output: {said}"
    assert (result.returncode, result.stderr) == (1, f"Error: {said}")


@pytest.mark.parametrize("words", EVERYWHERE, ids=" ".join)
def test_a_reader_that_was_never_there_ends_it_quietly(words: list[str], settings: dict[str, str]) -> None:
    ours, its = os.pipe()
    os.close(ours)
    try:
        result = run(COMMAND, *words, env=settings, stdout=its)
    finally:
        os.close(its)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["profile list", "run --emulator topic=tea", "--help"])
def test_streams_that_are_closed_are_no_mistake(words: str, closed: str, settings: dict[str, str]) -> None:
    result = subprocess.run(
        f"{shlex.quote(sys.executable)} -m dify.cli {words} {closed}",
        shell=True,
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert bool(result.stdout) == (">&-" not in closed.replace("2>&-", ""))


@pytest.mark.parametrize("value", ["{}", '{"value": 1, "other": 2}', "other=1"])
def test_a_variable_takes_one_value(invoke: Any, value: str) -> None:
    result = invoke("conversations", "set-variable", "ID", "VARIABLE", value, base_url="http://127.0.0.1:9")
    assert result.exit_code == 2
    assert "write the new value as value=text or value:=json" in result.stderr


def test_a_route_that_wants_a_user_is_told_in_words_of_the_command(invoke: Invoke) -> None:
    with Emulator().serve() as base_url:
        result = invoke("request", "POST", "/workflows/run", '{"inputs": {}}', base_url=base_url)
    assert result.exit_code == 1
    assert result.stderr.endswith('(add "user" to BODY, or pass --query user=ID)\n')


@pytest.mark.parametrize(("kind", "variable"), [("app", "DIFY_API_KEY"), ("knowledge", "DIFY_KNOWLEDGE_API_KEY")])
def test_a_route_whose_key_is_missing_says_so_as_any_other_command(invoke: Invoke, kind: str, variable: str) -> None:
    result = invoke("request", "GET", "/info", "--key", kind, key=None)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: no API key: set {variable} to ")


def test_a_request_with_key_none_is_sent_without_a_key(invoke: Invoke) -> None:
    with Emulator().serve() as base_url:
        with_key = invoke("request", "GET", "/info", base_url=base_url)
        without = invoke("request", "GET", "/info", "--key", "none", base_url=base_url)
    assert (with_key.exit_code, without.exit_code) == (0, 3)
    assert without.stderr.startswith("Error: 401 unauthorized: ")


def test_standard_input_that_is_no_text_is_wrong_usage() -> None:
    result = run(COMMAND, "chat", "-", "--emulator", env=environment(), input=b"\xff\x00", text=False)
    assert result.returncode == 2
    assert result.stderr.decode().splitlines()[-1] == "Error: Invalid value: standard input is not UTF-8 text"


@pytest.mark.parametrize("proxy", ["nonsense://127.0.0.1", "socks5://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_one_line(proxy: str) -> None:
    result = piped("info", DIFY_API_KEY=KEY, DIFY_BASE_URL="https://dify.example", ALL_PROXY=proxy)
    assert (result.returncode, result.stderr.count("\n")) in {(2, 1), (6, 1)}  # 6: where socksio is installed
    assert result.stderr.startswith("Error: ")
    assert "trust_env" not in result.stderr


def test_a_download_into_a_pipe_is_written_to_it_and_does_not_take_its_place(invoke: Invoke, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with Emulator().serve() as base_url:
        result = invoke("speak", "Good morning!", "--out", str(pipe), base_url=base_url)
    reader.join(60)
    assert (result.exit_code, result.stdout) == (0, f"{pipe}\n")
    assert pipe.is_fifo()
    assert got[0]
