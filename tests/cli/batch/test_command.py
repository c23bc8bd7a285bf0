"""`dify "batch"`: rows in, results out, each row exactly once, however often the command was ended in between."""

from __future__ import annotations

import csv
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dify.cli.batch.csv_results import write_csv
from dify.cli.batch.results import ResultsFile
from dify.cli.batch.rows import Row, RowFile
from dify.cli.exits import CommandError
from dify.testing import Emulator, EmulatorError, EmulatorRequest, RunFailed

from ...support.programs import PIPE, run, start
from ..conftest import COMMAND, KEY, environment
from ..terminal import Terminal

Invoke = Callable[..., Any]


def write_rows(path: Path, count: int) -> Path:
    path.write_text("".join(f'{{"n": {n}}}\n' for n in range(1, count + 1)), encoding="utf-8")
    return path


def results_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def double(request: EmulatorRequest) -> dict[str, Any]:
    return {"n": request.inputs["n"] * 2}


@pytest.fixture
def serving() -> Iterator[Callable[..., tuple[Emulator, str]]]:
    """Emulators on local ports; gives each with its address."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(answer: Any, mode: Any = "workflow") -> tuple[Emulator, str]:
            emulator = stack.enter_context(Emulator(answer, mode=mode))
            return emulator, stack.enter_context(emulator.serve())

        yield start


def test_each_row_is_a_line_in_the_order_of_the_rows(invoke: Invoke, serving: Any, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 30), tmp_path / "out.jsonl"
    _, base_url = serving(double)

    result = invoke("batch", str(rows), "--out", str(out), "-v", base_url=base_url)

    assert (result.exit_code, result.stdout) == (0, "")
    assert "30 of 30 rows done, 0 failed, in " in result.stderr
    found = results_of(out)
    assert [(each["row"], each["inputs"], each["outputs"]) for each in found] == [
        (n, {"n": n}, {"n": 2 * n}) for n in range(1, 31)
    ]
    assert {each["status"] for each in found} == {"succeeded"}
    assert all(each["run_id"] for each in found)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == ["out.jsonl"]


def test_a_table_has_texts_json_and_files(invoke: Invoke, serving: Any, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all", encoding="utf-8")
    rows = tmp_path / "rows.csv"
    rows.write_text(
        f'topic,count:=,letter@\r\n"tea, green",3,{letter}\r\n\r\n"two\nlines",,\r\nx,1,missing.txt\r\ny,2,https://example.com/a.pdf\r\n',
        encoding="utf-8-sig",
    )
    emulator, base_url = serving(lambda request: {"ok": True})
    out = tmp_path / "out.jsonl"

    result = invoke("batch", str(rows), "-o", str(out), "-c", "1", "--json", base_url=base_url)

    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert (summary["rows"], summary["done"], summary["failed"]) == (4, 4, 1)
    sent = [request.json["inputs"] for request in emulator.requests if request.path == "/workflows/run"]
    assert (sent[0]["topic"], sent[0]["count"], sent[0]["letter"]["type"]) == ("tea, green", 3, "document")
    assert sent[1] == {"topic": "two\nlines", "count": None}
    assert sent[2]["letter"]["url"] == "https://example.com/a.pdf"
    first, _, third, _ = results_of(out)
    assert first["inputs"] == {"topic": "tea, green", "count": 3, "letter@": str(letter)}
    assert (third["status"], third["code"]) == ("error", "FileNotFoundError")


def test_completion_apps_answer_rows_too(invoke: Invoke, serving: Any, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    rows.write_text("topic\ntea\ncoffee\n", encoding="utf-8")
    _, base_url = serving(lambda request: f"About {request.inputs['topic']}", "completion")

    assert invoke("batch", str(rows), "--out", str(out), base_url=base_url).exit_code == 0
    assert [each["answer"] for each in results_of(out)] == ["About tea", "About coffee"]
    assert all(each["message_id"] for each in results_of(out))


def test_a_row_that_fails_is_a_result_and_is_run_again_when_asked_for(
    invoke: Invoke, serving: Any, tmp_path: Path
) -> None:
    broken = {3, 5}

    def answer(request: EmulatorRequest) -> dict[str, Any]:
        if request.inputs["n"] == 3 and 3 in broken:
            raise RunFailed("the model is out")
        if request.inputs["n"] == 5 and 5 in broken:
            raise EmulatorError(400, "invalid_param", "no such thing")
        return {"n": request.inputs["n"]}

    rows, out = write_rows(tmp_path / "rows.jsonl", 6), tmp_path / "out.jsonl"
    emulator, base_url = serving(answer)
    words = ["batch", str(rows), "--out", str(out)]

    first = invoke(*words, base_url=base_url)
    by_row = {each["row"]: each for each in results_of(out)}
    assert first.exit_code == 1
    assert "2 of 6 rows failed" in first.stderr
    assert (by_row[3]["status"], by_row[3]["error"]) == ("failed", "the model is out")
    assert (by_row[5]["status"], by_row[5]["code"]) == ("error", "invalid_param")

    assert invoke(*words, base_url=base_url).exit_code == 1  # it is finished, and says again that rows went wrong
    broken.clear()
    sent = len(emulator.requests)
    again = invoke(*words, "--retry-errors", base_url=base_url)
    assert again.exit_code == 0
    runs = [request.json["inputs"]["n"] for request in emulator.requests[sent:] if request.path == "/workflows/run"]
    assert sorted(runs) == [3, 5]
    assert [(each["row"], each["status"]) for each in results_of(out)] == [(n, "succeeded") for n in range(1, 7)]


@pytest.mark.parametrize(("status", "code", "expected"), [(401, "unauthorized", 3), (400, "not_workflow_app", 2)])
def test_what_no_row_would_survive_ends_the_batch_at_once(
    invoke: Invoke, serving: Any, tmp_path: Path, status: int, code: str, expected: int
) -> None:
    def answer(request: EmulatorRequest) -> str:
        raise EmulatorError(status, code, "No.")

    rows, out = write_rows(tmp_path / "rows.jsonl", 500), tmp_path / "out.jsonl"
    emulator, base_url = serving(answer)

    result = invoke("batch", str(rows), "--out", str(out), "--app", "workflow", base_url=base_url)

    assert result.exit_code == expected
    assert "No." in result.stderr
    assert list(tmp_path.glob("out*")) == []
    assert len(emulator.requests) < 20


def test_a_server_that_is_not_there_loses_no_row(invoke: Invoke, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 5), tmp_path / "out.jsonl"
    words = ["batch", str(rows), "--out", str(out), "--app", "workflow", "--retries", "0"]

    assert invoke(*words, base_url="http://127.0.0.1:9/v1").exit_code == 6
    assert list(tmp_path.glob("out*")) == []


def test_an_app_of_another_kind_is_refused(invoke: Invoke, serving: Any, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", 1)
    _, base_url = serving(double, "chat")
    result = invoke("batch", str(rows), "--out", str(tmp_path / "out"), base_url=base_url)
    assert (result.exit_code, "'chat'" in result.stderr) == (2, True)


# ------------------------------------------------------------------------------------------------- ended and gone on
class Counting:
    """Doubles numbers, a while for each, and counts how often each was asked for."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.asked: Counter[int] = Counter()
        self.some = threading.Event()
        self.goal = 0
        self.lock = threading.Lock()

    def __call__(self, request: EmulatorRequest) -> dict[str, Any]:
        n = request.inputs["n"]
        with self.lock:
            self.asked[n] += 1
            if len(self.asked) >= self.goal > 0:
                self.some.set()
        return {"n": 2 * n}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_thousand_rows_killed_half_way_are_there_exactly_once(invoke: Invoke, serving: Any, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 1000), tmp_path / "out.jsonl"
    counting = Counting()
    counting.goal = 500
    emulator, base_url = serving(counting)
    words = ["batch", str(rows), "--out", str(out), "--concurrency", "8"]
    env = environment(DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)

    with start(COMMAND, *words, env=env, stdout=PIPE, stderr=PIPE) as process:
        assert counting.some.wait(120)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    # A kill may come in the middle of a write: that is made sure of here.
    whole = out.read_bytes()
    complete = whole[: whole.rindex(b"\n") + 1]
    out.write_bytes(complete + b'{"row": 999, "inputs": {"n": 9')
    before = {each["row"] for each in map(json.loads, complete.splitlines())}
    assert 400 < len(before) < 1000
    sent_before = Counter(
        request.json["inputs"]["n"] for request in emulator.requests if request.path == "/workflows/run"
    )

    done = run(COMMAND, *words, "-v", env=env, timeout=200)

    assert done.returncode == 0, done.stderr
    found = results_of(out)
    assert [each["row"] for each in found] == list(range(1, 1001))
    assert all(each["outputs"] == {"n": 2 * each["row"]} for each in found)
    sent = Counter(request.json["inputs"]["n"] for request in emulator.requests if request.path == "/workflows/run")
    assert all(sent[row] == 1 for row in before), "a row that had a result was run again"
    twice = {row for row, count in sent.items() if count > 1}
    # Only rows that were at work when it was killed, and of which the server had not told an id yet.
    assert twice <= set(sent_before) - before
    assert len(twice) <= 8
    assert max(sent.values()) <= 2


def test_a_run_that_was_at_work_when_killed_is_collected_and_not_run_again(
    invoke: Invoke, serving: Any, tmp_path: Path
) -> None:
    release = threading.Event()

    def answer(request: EmulatorRequest) -> Iterator[str]:
        yield "slow "
        assert release.wait(60)
        yield f"{request.inputs['n']}"

    rows, out = write_rows(tmp_path / "rows.jsonl", 2), tmp_path / "out.jsonl"
    emulator, base_url = serving(answer)
    words = ["batch", str(rows), "--out", str(out)]
    env = environment(DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)
    started = tmp_path / "out.jsonl.started"

    with start(COMMAND, *words, env=env, stdout=PIPE, stderr=PIPE) as process:
        while not started.exists() or started.read_bytes().count(b"run_id") < 2:
            assert process.poll() is None
            threading.Event().wait(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert out.read_bytes() == b""
    release.set()  # the runs go on at the server, and end

    assert invoke(*words, base_url=base_url).exit_code == 0
    assert [each["outputs"] for each in results_of(out)] == [{"text": "slow 1"}, {"text": "slow 2"}]
    assert [request.path for request in emulator.requests].count("/workflows/run") == 2
    assert not started.exists()


def test_the_first_ctrl_c_waits_for_what_is_at_work_and_the_next_call_goes_on(serving: Any, tmp_path: Path) -> None:
    release, begun = threading.Event(), threading.Event()

    def answer(request: EmulatorRequest) -> dict[str, Any]:
        begun.set()
        assert release.wait(60)
        return {"n": request.inputs["n"]}

    rows, out = write_rows(tmp_path / "rows.jsonl", 20), tmp_path / "out.jsonl"
    emulator, base_url = serving(answer)
    words = ["batch", str(rows), "--out", str(out), "--concurrency", "2"]
    with Terminal(*words, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        assert begun.wait(60)
        terminal.press("c")
        terminal.expect("finishing the rows in progress")
        release.set()
        terminal.end()
    assert terminal.code == 130
    done = len(results_of(out))
    assert 1 <= done <= 4

    with Terminal(*words, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.expect("20/20")
        terminal.expect(f"20 of 20 rows done ({done} of them earlier)")
        terminal.end()
    assert terminal.code == 0
    assert [each["row"] for each in results_of(out)] == list(range(1, 21))
    assert [request.path for request in emulator.requests].count("/workflows/run") == 20


def test_the_second_ctrl_c_leaves_and_the_next_call_collects_what_was_at_work(serving: Any, tmp_path: Path) -> None:
    release = threading.Event()

    def answer(request: EmulatorRequest) -> Iterator[str]:
        yield "row "
        assert release.wait(60)
        yield str(request.inputs["n"])

    rows, out = write_rows(tmp_path / "rows.jsonl", 3), tmp_path / "out.jsonl"
    emulator, base_url = serving(answer)
    words = ["batch", str(rows), "--out", str(out), "--concurrency", "3"]
    started = tmp_path / "out.jsonl.started"
    with Terminal(*words, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        while not started.exists() or started.read_bytes().count(b"run_id") < 3:
            threading.Event().wait(0.02)
        terminal.press("c")
        terminal.expect("finishing the rows in progress")
        terminal.press("c")
        terminal.expect("0 of 3 rows done")
        terminal.end()
    assert terminal.code == 130
    assert "Traceback" not in terminal.text
    release.set()

    with Terminal(*words, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url) as terminal:
        terminal.end()
    assert terminal.code == 0
    assert [each["outputs"]["text"] for each in results_of(out)] == ["row 1", "row 2", "row 3"]
    assert [request.path for request in emulator.requests].count("/workflows/run") == 3


def test_two_batches_do_not_write_the_same_results(invoke: Invoke, serving: Any, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 1), tmp_path / "out.jsonl"
    _, base_url = serving(double)
    with ResultsFile(out):
        result = invoke("batch", str(rows), "--out", str(out), base_url=base_url)
    assert (result.exit_code, "another batch" in result.stderr) == (1, True)


def test_rows_that_have_changed_are_refused(invoke: Invoke, serving: Any, tmp_path: Path) -> None:
    rows, out = write_rows(tmp_path / "rows.jsonl", 3), tmp_path / "out.jsonl"
    _, base_url = serving(double)
    words = ["batch", str(rows), "--out", str(out)]
    assert invoke(*words, base_url=base_url).exit_code == 0
    rows.write_text('{"n": 1}\n{"n": 22}\n{"n": 3}\n', encoding="utf-8")
    changed = invoke(*words, base_url=base_url)
    assert (changed.exit_code, "row 2 has changed" in changed.stderr) == (2, True)
    write_rows(rows, 2)
    fewer = invoke(*words, base_url=base_url)
    assert (fewer.exit_code, "rows.jsonl has 2 rows" in fewer.stderr) == (2, True)


# ------------------------------------------------------------------------------------------------ the files by themselves
@pytest.mark.parametrize("cut", range(1, 60))
def test_a_line_cut_anywhere_is_whole_or_gone(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "out.jsonl"
    with ResultsFile(path) as results:
        results.add(1, {"inputs": {"n": 1}, "status": "succeeded"})
    first = path.read_bytes()
    with ResultsFile(path) as results:
        results.add(2, {"inputs": {"n": "é"}, "status": "succeeded"})
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])

    with ResultsFile(path) as results:
        kept = dict(results.done)
        assert set(kept) <= {1, 2}
        results.add(3, {"inputs": {}, "status": "succeeded"})
    lines = path.read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\n") and json.loads(line) for line in lines)
    assert len(lines) == len(kept) + 1
    if cut == 1:
        assert set(kept) == {1, 2}, "a line that lacks its end alone is a result"
    elif cut < len(whole) - len(first):
        assert set(kept) == {1}


def test_a_file_of_something_else_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all,\nhello\n", encoding="utf-8")
    with pytest.raises(CommandError, match="not a result of a batch"), ResultsFile(path):
        pass
    assert path.read_text(encoding="utf-8") == "Dear all,\nhello\n"


def test_the_second_result_of_a_row_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text('{"row": 1}\n{"row": 1}\n', encoding="utf-8")
    with pytest.raises(CommandError, match="duplicate result of row 1"), ResultsFile(path):
        pass


def test_started_runs_are_remembered_until_their_row_is_done(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with ResultsFile(path) as results:
        results.start(1, "run-1")
        results.start(2, "run-2")
        results.add(1, {"status": "succeeded"})
    with (tmp_path / "out.jsonl.started").open("ab") as file:
        file.write(b'{"row": 3, "run')
    with ResultsFile(path) as results:
        assert results.started == {2: "run-2"}
        results.start(4, "run-4")  # after the line that was cut
    with ResultsFile(path) as results:
        assert results.started == {2: "run-2", 4: "run-4"}


def test_what_an_answer_holds_is_one_line_of_utf8(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with ResultsFile(path) as results:
        results.add(1, {"outputs": {"a": "line\nbreak \u2028 \ud800 né"}})
    (line,) = path.read_bytes().split(b"\n")[:-1]
    assert json.loads(line.decode("utf-8"))["outputs"]["a"].startswith("line\nbreak \u2028")


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("a.jsonl", '{"a": 1}\nnope\n', "line 2: invalid JSON"),
        ("a.jsonl", "[1]\n", "line 1: a row must be a JSON object"),
        ("a.csv", "a,a\n1,2\n", "a unique name for each column"),
        ("a.csv", "a,b\n1\n", "line 2: expected 2 cells, found 1"),
        ("a.csv", "a:=\n{\n", "invalid JSON '{' in the column"),
        ("a.csv", "a:=\nNaN\n", "invalid JSON.*NaN is not a JSON number"),
        ("a.csv", "a,a@\n1,x\n", "two values for the input 'a'"),
        ("a.csv", "a:=,a\n1,x\n", "two values for the input 'a'"),
        ("a.csv", "a;b\n1;2\n", "separate columns by commas"),
        ("a.csv", "a\tb\n1\t2\n", "separate columns by commas"),
        ("a.jsonl", '{"a@": "x", "a[]@": []}\n', "line 1: two values for the input 'a'"),
        ("a.jsonl", '{"a": Infinity}\n', "line 1: invalid JSON.*Infinity"),
        ("a.txt", "a\n", "--format"),
    ],
)
def test_rows_that_cannot_be_read_are_refused_before_anything_is_run(
    tmp_path: Path, name: str, text: str, wanted: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=wanted):
        list(RowFile(path))


def test_rows_are_numbered_without_the_blank_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('\ufeff{"a": 1}\n\n{"a": 2}', encoding="utf-8")
    assert list(RowFile(path)) == [Row(1, {"a": 1}), Row(2, {"a": 2})]


def test_results_are_kept_with_the_mode_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with ResultsFile(path) as results:
        os.chmod(path, 0o640)
        results.add(2, {"status": "succeeded"})
        results.add(1, {"status": "succeeded"})
        results.finish()
    assert [each["row"] for each in results_of(path)] == [1, 2]
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_csv_table_of_the_results_is_written_and_the_batch_resumes_from_its_journal(
    invoke: Invoke, tmp_path: Path
) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "results.csv"
    rows.write_text('topic\ntea\n"a, b"\n', encoding="utf-8")

    assert invoke("batch", str(rows), "--out", str(out), "--emulator").exit_code == 0

    with out.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [(line["row"], line["status"], line["inputs.topic"]) for line in table] == [
        ("1", "succeeded", "tea"),
        ("2", "succeeded", "a, b"),
    ]
    assert table[0]["outputs.text"] == "Echo: tea"
    out.unlink()
    again = invoke("batch", str(rows), "--out", str(out), "--emulator", "--json")
    assert json.loads(again.stdout)["before"] == 2
    assert out.exists()


def test_a_csv_file_of_someone_else_is_not_replaced(invoke: Invoke, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "results.csv"
    rows.write_text("topic\ntea\n", encoding="utf-8")
    out.write_text("mine\n", encoding="utf-8")

    assert invoke("batch", str(rows), "--out", str(out), "--emulator").exit_code == 2
    assert out.read_text(encoding="utf-8") == "mine\n"


def test_parquet_is_refused_before_a_row_is_run(invoke: Invoke, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "results.parquet"
    rows.write_text("topic\ntea\n", encoding="utf-8")

    result = invoke("batch", str(rows), "--out", str(out), "--emulator")

    assert result.exit_code == 2
    assert "use .csv or .jsonl" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_a_batch_of_which_no_row_could_run_leaves_no_csv_and_can_be_run_again(
    invoke: Invoke, serving: Any, tmp_path: Path
) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "results.csv"
    rows.write_text("n:=\n1\n", encoding="utf-8")
    _, base_url = serving(double)
    with Emulator(double, mode="workflow", api_key=KEY).serve() as locked:
        refused = invoke("batch", str(rows), "--out", str(out), base_url=locked, key="app-another-0123456789")
    assert refused.exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]

    assert invoke("batch", str(rows), "--out", str(out), base_url=base_url).exit_code == 0
    assert out.exists()


def test_cells_of_a_csv_table_are_texts_or_json_and_columns_come_from_all_rows(tmp_path: Path) -> None:
    with ResultsFile(tmp_path / "out.csv.jsonl") as results:
        results.add(1, {"inputs": {"a": "x"}, "status": "succeeded", "outputs": {"n": 2, "tags": ["é"], "none": None}})
        results.add(2, {"status": "error", "error": "no file", "inputs": {"b": True}})
        results.add(3, {"status": "failed", "inputs": "odd", "outputs": None})
        write_csv(results, tmp_path / "out.csv")

    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == [
        "row",
        "status",
        "inputs.a",
        "inputs.b",
        "outputs.n",
        "outputs.tags",
        "outputs.none",
        "error",
    ]
    assert [list(line.values()) for line in table] == [
        ["1", "succeeded", "x", "", "2", '["é"]', "", ""],
        ["2", "error", "", "true", "", "", "", "no file"],
        ["3", "failed", "", "", "", "", "", ""],
    ]


def test_a_csv_table_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "out.csv"
    table.write_text("old\n", encoding="utf-8")

    def fail(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with ResultsFile(tmp_path / "out.csv.jsonl") as results:
        results.add(1, {"status": "succeeded"})
        monkeypatch.setattr("dify.cli.state.os.replace", fail)
        with pytest.raises(CommandError, match=r"cannot write .*out\.csv: No space left on device"):
            write_csv(results, table)

    assert table.read_text(encoding="utf-8") == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.csv.jsonl"]
