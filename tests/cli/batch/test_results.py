"""`dify "batch"` where something is not as it should be: one line says so, and nothing is lost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify.cli.batch.results import ResultsFile
from dify.cli.batch.rows import RowFile
from dify.cli.exits import CommandError

Invoke = Callable[..., Any]

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("text", ["my only copy", '{"a": 1}', "topic", '{"row', "1"])
def test_a_file_of_one_line_without_an_end_is_not_taken_for_a_cut_result(tmp_path: Path, text: str) -> None:
    path = tmp_path / "letter.txt"
    path.write_text(text, encoding="utf-8")
    if '{"row": '.startswith(text):
        with ResultsFile(path) as results:
            assert results.done == {}
        return
    with pytest.raises(CommandError, match="check the path in --out"), ResultsFile(path):
        pass
    assert path.read_text(encoding="utf-8") == text


def test_a_run_that_went_wrong_is_not_collected_in_place_of_a_second_one(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with ResultsFile(path) as results:
        for row in (1, 2, 3):
            results.start(row, f"run-{row}")
        results.add(1, {"status": "failed"})
        results.add(3, {"status": "succeeded"})
    with ResultsFile(path) as results:
        assert results.drop_failed() == 1
    with ResultsFile(path) as results:
        assert (results.started, set(results.done)) == ({2: "run-2"}, {3})
        results.start(1, "run-4")
    with ResultsFile(path) as results:
        assert results.started == {1: "run-4", 2: "run-2"}


def test_rows_that_have_changed_while_their_run_was_at_work_are_refused(invoke: Invoke, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    rows.write_text("topic\ncoffee\n", encoding="utf-8")
    with ResultsFile(out) as results:
        results.start(1, "11111111-1111-1111-1111-111111111111", {"topic": "tea"})

    result = invoke("batch", str(rows), "--out", str(out), "--app", "workflow", base_url=NOWHERE)

    assert (result.exit_code, "row 1 has changed" in result.stderr) == (2, True)


def test_a_server_that_cannot_be_asked_for_the_runs_at_work_is_one_line(invoke: Invoke, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    rows.write_text("topic\ntea\ncoffee\n", encoding="utf-8")
    with ResultsFile(out) as results:
        results.start(1, "11111111-1111-1111-1111-111111111111")
        results.start(2, "22222222-2222-2222-2222-222222222222")

    result = invoke("batch", str(rows), "--out", str(out), "--app", "workflow", "--retries", "0", base_url=NOWHERE)

    assert result.exit_code == 6
    assert result.stderr.splitlines()[-1].startswith("Error: cannot connect to")
    with ResultsFile(out) as results:
        assert sorted(results.started) == [1, 2], "another attempt asks for them"


@pytest.mark.parametrize(
    "row", [{"photo@": 5}, {"photo@": {"a": 1}}, {"photos[]@": ["a.png", 5]}, {"photos[]@": {"a": 1}}]
)
def test_a_path_that_is_no_text_is_the_result_of_its_row(invoke: Invoke, tmp_path: Path, row: dict[str, Any]) -> None:
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    (tmp_path / "a.png").write_bytes(b"png")
    rows.write_text(f'{json.dumps(row)}\n{{"n": 2}}\n', encoding="utf-8")

    result = invoke("batch", str(rows), "--out", str(out), "--emulator", key=None)

    assert result.exit_code == 1
    first, second = (json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    assert (first["status"], first["code"]) == ("error", "InvalidArgumentError")
    assert next(iter(row)) in first["error"]
    assert second["status"] == "succeeded"


def test_a_cell_may_hold_a_long_text(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(f"q\n{'x' * 200_000}\n", encoding="utf-8")
    [row] = RowFile(rows)
    assert len(row.values["q"]) == 200_000


def test_a_folder_that_does_not_exist_is_an_error_of_the_path(invoke: Invoke, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("topic\ntea\n", encoding="utf-8")
    result = invoke("batch", str(rows), "--out", str(tmp_path / "none" / "out.jsonl"), "--emulator", key=None)
    assert result.exit_code == 2
    assert "cannot write" in result.stderr
    assert "No such file or directory" in result.stderr


def test_a_system_without_locks_of_files_writes_results_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with ResultsFile(tmp_path / "out.jsonl") as results:
        results.add(1, {"status": "succeeded"})
        assert set(results.done) == {1}


@pytest.mark.parametrize("replaced", [True, False], ids=["replaced", "deleted"])
def test_an_attempt_whose_lock_file_another_attempt_deletes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    started = tmp_path / "out.jsonl.started"

    def lock(descriptor: int, operation: int) -> None:
        started.unlink()  # the other attempt ends between open and flock
        if replaced:
            started.touch()  # and a third one begins

    monkeypatch.setattr("fcntl.flock", lock)
    with pytest.raises(CommandError, match="another batch is writing to"), ResultsFile(tmp_path / "out.jsonl"):
        pass
    assert started.exists() is replaced


def test_a_line_that_appears_in_the_results_file_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with ResultsFile(path) as results:
        results.add(1, {"status": "succeeded"})
        with path.open("a", encoding="utf-8") as file:
            file.write("a note\n")
        assert [result["row"] for result, _ in results] == [1]
        assert results.drop_failed() == 0


def test_a_full_disk_is_an_error_and_not_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    path = tmp_path / "out.jsonl"
    with ResultsFile(path) as results:
        results.add(2, {"status": "succeeded"})
        with monkeypatch.context() as patch:
            patch.setattr("dify.cli.batch.results.os.write", full)
            with pytest.raises(CommandError, match="No space left on device"):
                results.add(1, {"status": "succeeded"})
        assert set(results.done) == {2}
        results.add(1, {"status": "succeeded"})
        with monkeypatch.context() as patch:
            patch.setattr("dify.cli.batch.results.os.replace", full)
            with pytest.raises(CommandError, match="No space left on device"):
                results.finish()  # which sorts them
    assert [json.loads(line)["row"] for line in path.read_text(encoding="utf-8").splitlines()] == [2, 1]
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_rows_that_cannot_be_read_are_an_error_of_the_file(tmp_path: Path) -> None:
    bad = {
        "latin.csv": (b"caf\xe9\nx\n", "is not UTF-8 text"),
        "quotes.csv": (b'a\n"x"y\n', "line 2: "),
        "latin.jsonl": (b'{"a": "\xe9"}\n', "is not UTF-8 text"),
    }
    for name, (content, message) in bad.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CommandError, match=message):
            list(RowFile(tmp_path / name))
    with pytest.raises(CommandError, match=r"cannot read .*: No such file or directory"):
        list(RowFile(tmp_path / "missing.csv"))
