"""How a `dify "batch"` ends: what was received is written, nothing is left that was not there, and a log says how far it is."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import dify
from dify.cli.batch import progress, runner
from dify.cli.batch.results import ResultsFile
from dify.cli.batch.rows import Row, RowFile
from dify.cli.batch.runner import BatchRunner
from dify.cli.command import Context
from dify.cli.exits import CommandError
from dify.cli.output import Output
from dify.cli.session import Session
from dify.cli.terminal.screen import Screen
from dify.testing import Emulator, EmulatorError, EmulatorRequest, Node

from ..conftest import KEY, piped

Invoke = Callable[..., Any]


@pytest.fixture
def serving() -> Iterator[Callable[..., tuple[Emulator, str]]]:
    """Emulators on local ports; gives each with its address."""
    with ExitStack() as stack:

        def start(answer: Any, mode: Any = "workflow") -> tuple[Emulator, str]:
            emulator = stack.enter_context(Emulator(answer, mode=mode))
            return emulator, stack.enter_context(emulator.serve())

        yield start


def write_rows(path: Path, count: int) -> Path:
    path.write_text("".join(f'{{"n": {n}}}\n' for n in range(1, count + 1)), encoding="utf-8")
    return path


def results_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# --------------------------------------------------------------------------------------------- what was received is kept
@pytest.mark.parametrize(
    ("status", "code", "expected"), [(401, "unauthorized", 3), (400, "provider_quota_exceeded", 1)]
)
def test_answers_that_are_paid_for_are_written_when_another_row_ends_the_batch(
    invoke: Invoke,
    serving: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
    expected: int,
) -> None:
    given_up = threading.Event()
    notes: list[str] = []

    def note(text: str, *, label: str) -> None:
        notes.append(f"{label}: {text}")
        given_up.set()

    def answer(request: EmulatorRequest) -> Iterator[str]:
        if request.inputs["n"] == 1:
            raise EmulatorError(status, code, "No.")
        yield "About "
        assert given_up.wait(60)  # the batch knows that it is over, and these answers come all the same
        yield str(request.inputs["n"])

    monkeypatch.setattr(runner, "report", note)
    monkeypatch.setattr(runner, "_NOTE_DELAY", 0)
    rows, out = write_rows(tmp_path / "rows.jsonl", 50), tmp_path / "out.jsonl"
    emulator, base_url = serving(answer, "completion")

    result = invoke("batch", str(rows), "--out", str(out), "-c", "4", base_url=base_url)

    assert result.exit_code == expected
    assert result.stderr.splitlines()[-1].startswith(f"Error: row 1: {status} {code}: No.")
    assert "Traceback" not in result.stderr
    assert len(notes) == 1
    assert notes[0].startswith(f"Note: row 1: {status} {code}: No")
    asked = {request.json["inputs"]["n"] for request in emulator.requests if request.path == "/completion-messages"}
    assert {each["row"]: each["answer"] for each in results_of(out)} == {n: f"About {n}" for n in asked - {1}}
    assert len(asked) >= 4
    assert len(asked) < 20


async def test_leaving_at_once_writes_what_has_been_received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, release = threading.Event(), threading.Event()
    write = ResultsFile.add

    def slowly(results: ResultsFile, row: int, result: dict[str, Any]) -> None:
        writing.set()
        assert release.wait(60)
        write(results, row, result)

    async def received() -> AsyncIterator[dify.streams.MapResult[Any]]:
        for index in range(4):
            yield dify.streams.MapResult(index, {}, error=dify.RateLimitError("No."))
        await asyncio.Event().wait()  # the others are at work

    monkeypatch.setattr(ResultsFile, "add", slowly)
    monkeypatch.setattr(runner, "_CANCEL_TIMEOUT", 0.01)
    rows, out, screen = write_rows(tmp_path / "rows.jsonl", 9), tmp_path / "out.jsonl", Screen()
    async with dify.AsyncDify(KEY, user="cli", base_url="http://127.0.0.1:9") as client:
        ctx = Context(Session("batch"), client, screen, Output(screen, as_json=False), False, False)
        with ResultsFile(out) as results:
            attempt = BatchRunner(
                ctx, RowFile(rows), results, kind="completion", concurrency=4, retries=0, workflow_id=None
            )
            attempt._submitted = [Row(n, {"n": n}) for n in range(1, 10)]
            taking = asyncio.create_task(attempt._write_results(received()))
            assert await asyncio.to_thread(writing.wait, 60)
            taking.cancel()
            release.set()
            with pytest.raises(asyncio.CancelledError):
                await taking
    assert [each["row"] for each in results_of(out)] == [1, 2, 3, 4]


# ------------------------------------------------------------------------------------ nothing is left that was not there
@pytest.mark.parametrize(
    ("name", "text", "words", "base_url"),
    [
        ("rows.csv", "a,a\n1,2\n", ["--app", "workflow"], "http://127.0.0.1:9"),
        ("rows.jsonl", "nope\n", ["--app", "workflow"], "http://127.0.0.1:9"),
        ("rows.txt", "a\n", ["--app", "workflow"], "http://127.0.0.1:9"),
        ("rows.csv", "a\n1\n", ["--app", "chat"], "http://127.0.0.1:9"),
        ("rows.csv", "a\n1\n", [], "http://127.0.0.1:9"),
        ("rows.csv", "a\n1\n", ["--app", "workflow"], "ftp://127.0.0.1"),
        ("rows.csv", "a\n1\n", ["--app", "completion", "--retries", "0"], "http://127.0.0.1:9"),
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_a_refused_batch_leaves_nothing_that_was_not_there(
    invoke: Invoke, tmp_path: Path, name: str, text: str, words: list[str], base_url: str, there: bool
) -> None:
    rows, out = tmp_path / name, tmp_path / "out.jsonl"
    rows.write_text(text, encoding="utf-8")
    if there:
        out.touch()
    before = sorted(tmp_path.iterdir())

    result = invoke("batch", str(rows), "--out", str(out), *words, base_url=base_url)

    assert result.exit_code != 0
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("out", ["-", "/dev/null", "rows.csv", "./rows.csv"])
def test_results_go_to_a_file_of_their_own(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = tmp_path / "rows.csv"
    rows.touch()

    result = invoke("batch", "rows.csv", "--out", out, "--emulator", key=None)

    assert (result.exit_code, result.stderr[:11]) == (2, "Error: --ou")
    assert (list(tmp_path.iterdir()), rows.read_bytes()) == ([rows], b"")
    assert not Path("/dev/null.started").exists()


def test_rows_from_a_pipe_are_refused_as_they_are_read_twice(tmp_path: Path) -> None:
    args = ["batch", "/dev/stdin", "--format", "csv", "--out", str(tmp_path / "out.jsonl"), "--emulator"]
    result = piped(*args, input="topic\ntea\n")
    assert (result.returncode, "rows are read twice" in result.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_nothing_is_left_either(invoke: Invoke, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", 1)
    result = invoke("batch", str(rows), "--out", str(tmp_path / "out.jsonl"), key=None)
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [rows])


def test_no_rows_are_an_empty_file_of_results(invoke: Invoke, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 0), tmp_path / "out.jsonl"
    result = invoke("batch", str(rows), "--out", str(out), "--emulator", key=None)
    assert (result.exit_code, sorted(tmp_path.iterdir()), out.read_bytes()) == (0, [out, rows], b"")


def test_a_refused_batch_keeps_the_results_that_were_to_be_run_again(invoke: Invoke, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    rows.write_text("topic\ntea\nmilk\n", encoding="utf-8")
    with ResultsFile(out) as results:
        results.add(1, {"inputs": {"topic": "coffee"}, "status": "succeeded"})
        results.add(2, {"inputs": {"topic": "rum"}, "status": "error"})
    before = out.read_bytes()

    result = invoke(
        "batch", str(rows), "-o", str(out), "--retry-errors", "--app", "workflow", base_url="http://[::1]:9"
    )

    assert (result.exit_code, "row 1 has changed" in result.stderr) == (2, True)
    assert out.read_bytes() == before


def test_a_row_that_went_wrong_may_be_mended_before_it_is_run_again(invoke: Invoke, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    rows.write_text("topic\ntea\nmilk\n", encoding="utf-8")
    with ResultsFile(out) as results:
        results.add(1, {"inputs": {"topic": "tea"}, "status": "succeeded"})
        results.add(2, {"inputs": {"topic": "rum"}, "status": "error"})

    result = invoke("batch", str(rows), "-o", str(out), "--retry-errors", "--emulator", key=None)

    assert result.exit_code == 0, result.stderr
    assert [(each["inputs"]["topic"], each["status"]) for each in results_of(out)] == [
        ("tea", "succeeded"),
        ("milk", "succeeded"),
    ]


def test_a_batch_that_is_refused_because_of_another_leaves_that_ones_files(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with ResultsFile(out) as results:
        with pytest.raises(CommandError, match="another batch"), ResultsFile(out):
            pass
        results.add(1, {"status": "succeeded"})
        assert len(list(tmp_path.iterdir())) == 2
    assert out.read_bytes().count(b"\n") == 1


def test_results_may_go_where_a_link_leads_that_leads_nowhere_yet(tmp_path: Path) -> None:
    link, target = tmp_path / "out.jsonl", tmp_path / "target.jsonl"
    link.symlink_to(target)
    with ResultsFile(link) as results:
        results.add(1, {"status": "succeeded"})
    assert len(results_of(target)) == 1


# ------------------------------------------------------------------------------------------------------- a log of it
def test_a_log_has_plain_lines_at_the_start_on_the_way_and_at_the_end(serving: Any, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 20), tmp_path / "out.jsonl"
    with ResultsFile(out) as results:
        results.add(1, {"inputs": {"n": 1}, "status": "succeeded"})
    _, base_url = serving(lambda request: {"n": 1})

    result = piped("batch", str(rows), "--out", str(out), DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)

    assert (result.returncode, result.stdout) == (0, "")
    lines = result.stderr.splitlines()
    assert lines[0] == f"20 rows, 1 already done; writing results to {out}"
    assert [line.split(",")[0] for line in lines[1:-1]] == [f"{n} of 20 rows done" for n in range(2, 20, 2)]
    assert lines[-1].startswith("20 of 20 rows done (1 of them earlier), 0 failed, in ")
    assert "\x1b" not in result.stderr
    assert "\r" not in result.stderr


def test_the_summary_for_programs_is_all_that_goes_to_stdout(serving: Any, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 1), tmp_path / "out.jsonl"
    _, base_url = serving(lambda request: {"n": 1})

    result = piped("batch", str(rows), "--out", str(out), "--json", DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)

    assert json.loads(result.stdout)["done"] == 1
    assert result.stderr == f"1 row; writing results to {out}\n"


def test_rows_that_take_long_do_not_leave_the_log_silent(
    invoke: Invoke, serving: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()

    class Telling(progress.ProgressLog):
        def _write(self) -> None:
            super()._write()
            told.set()

    def answer(request: EmulatorRequest) -> dict[str, Any]:
        assert told.wait(60)
        return {"n": 1}

    monkeypatch.setattr(progress, "_MAX_SILENCE", 0.01)
    monkeypatch.setattr("dify.cli.batch.progress.ProgressLog", Telling)
    rows = write_rows(tmp_path / "rows.jsonl", 1)
    _, base_url = serving(answer)

    result = invoke("batch", str(rows), "--out", str(tmp_path / "out.jsonl"), base_url=base_url)

    assert result.exit_code == 0
    assert "\n0 of 1 rows done, 0 failed\n" in result.stderr


# ------------------------------------------------------------------------------------ runs of an earlier attempt
def test_a_run_that_the_server_does_not_know_is_run_again(invoke: Invoke, serving: Any, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 2), tmp_path / "out.jsonl"
    with ResultsFile(out) as results:
        results.start(1, "11111111-1111-1111-1111-111111111111", {"n": 1})
    emulator, base_url = serving(lambda request: {"n": request.inputs["n"]})

    result = invoke("batch", str(rows), "--out", str(out), base_url=base_url)

    assert result.exit_code == 0
    assert [each["outputs"] for each in results_of(out)] == [{"n": 1}, {"n": 2}]
    assert sum(request.path == "/workflows/run" for request in emulator.requests) == 2


def test_a_run_that_does_not_end_is_left_for_the_next_attempt(
    invoke: Invoke, serving: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def answer(request: EmulatorRequest) -> Iterator[Any]:
        yield Node("Begin")
        release.wait(60)
        yield {"n": request.inputs["n"]}

    rows, out = write_rows(tmp_path / "rows.jsonl", 1), tmp_path / "out.jsonl"
    emulator, base_url = serving(answer)
    with dify.Dify(KEY, base_url=base_url, user="cli") as client, client.workflows.stream({"n": 1}) as stream:
        run_id = next(iter(stream)).workflow_run_id
        assert run_id is not None
        with ResultsFile(out) as results:
            results.start(1, run_id, {"n": 1})
        with monkeypatch.context() as patch:
            patch.setattr(runner, "_COLLECT_TIMEOUT", -1)
            first = invoke("batch", str(rows), "--out", str(out), base_url=base_url)
    assert (first.exit_code, out.exists()) == (6, False)
    assert "1 row was interrupted and may still be running on the server" in first.stderr
    # The next attempt waits for the run, which ends after the first request for its status.
    sleep = asyncio.sleep

    async def end_and_sleep(seconds: float) -> None:
        release.set()
        await sleep(min(seconds, 0.01))

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "sleep", end_and_sleep)
        assert invoke("batch", str(rows), "--out", str(out), base_url=base_url).exit_code == 0
    assert [each["outputs"] for each in results_of(out)] == [{"n": 1}]
    assert sum(request.path == "/workflows/run" for request in emulator.requests) == 1


async def test_an_interrupted_run_is_no_result_and_a_mistake_of_our_own_ends_the_batch(tmp_path: Path) -> None:
    rows, screen = write_rows(tmp_path / "rows.jsonl", 2), Screen()
    async with dify.AsyncDify(KEY, user="cli", base_url="http://127.0.0.1:9") as client:
        ctx = Context(Session("batch"), client, screen, Output(screen, as_json=False), False, False)
        with ResultsFile(tmp_path / "out.jsonl") as results:
            attempt = BatchRunner(
                ctx, RowFile(rows), results, kind="workflow", concurrency=4, retries=0, workflow_id=None
            )
            first, second = RowFile(rows)
            await attempt._write_error(first, dify.StreamInterruptedError("lost", workflow_run_id="r"))
            assert (attempt.unfinished, attempt.stopping, results.done) == (1, False, {})
            await attempt._write_error(second, KeyError("a mistake"))
            assert (attempt.stopping, results.done) == (True, {})
            with pytest.raises(KeyError):
                await attempt.run()


def test_a_mistake_in_the_upload_of_a_row_is_not_hidden(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr(runner, "upload_row_files", broken)
    rows = write_rows(tmp_path / "rows.jsonl", 1)
    with pytest.raises(KeyError):
        invoke("batch", str(rows), "--out", str(tmp_path / "out.jsonl"), "--emulator")
