"""Who reads the notes changes nothing of the work: its results and its exit code are the same."""

from __future__ import annotations

import builtins
import io
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dify.cli.main import main
from dify.cli.terminal.streams import LossyStderr, prepare_streams
from dify.testing import Emulator, EmulatorRequest

from ..support import programs
from .conftest import COMMAND, KEY, environment

FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")


@pytest.fixture(params=["a pipe whose reader has left", pytest.param("a full disk", marks=FULL)])
def deaf(request: pytest.FixtureRequest) -> Iterator[int]:
    """A standard error that takes nothing."""
    if request.param == "a full disk":
        its = os.open("/dev/full", os.O_WRONLY)
    else:
        ours, its = os.pipe()
        os.close(ours)
    yield its
    os.close(its)


def run(*words: str, stderr: int, **env: str) -> subprocess.CompletedProcess[str]:
    return programs.run(COMMAND, *words, env=environment(**env), stderr=stderr)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_run_whose_notes_nobody_reads_gives_its_outputs(deaf: int, unbuffered: str) -> None:
    result = run("run", "--emulator", "topic=tea", "-v", stderr=deaf, PYTHONUNBUFFERED=unbuffered)

    assert (result.returncode, json.loads(result.stdout)) == (0, {"text": "Echo: tea"})


def test_a_batch_whose_notes_nobody_reads_runs_all_its_rows(deaf: int, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    rows.write_text("".join(json.dumps({"topic": str(n)}) + "\n" for n in range(40)), encoding="utf-8")

    result = run("batch", str(rows), "--out", str(out), "--emulator", "-v", stderr=deaf)

    assert result.returncode == 0
    assert [json.loads(line)["row"] for line in out.read_text(encoding="utf-8").splitlines()] == list(range(1, 41))


@pytest.mark.parametrize(("words", "code"), [(["chat", "Hello"], 2), (["run", "--nonsense"], 2), (["--help"], 0)])
def test_a_reason_that_nobody_reads_leaves_the_exit_code(deaf: int, words: list[str], code: int) -> None:
    assert run(*words, stderr=deaf).returncode == code


def test_a_terminal_that_goes_away_in_the_middle_does_not_end_the_run() -> None:
    gone = threading.Event()

    def answer(request: EmulatorRequest) -> Iterator[Any]:
        assert gone.wait(60)
        yield {"text": "done"}

    ours, its = pty.openpty()
    with (
        Emulator(answer, mode="workflow") as emulator,
        emulator.serve() as base_url,
        programs.start(
            COMMAND,
            "run",
            env=environment(DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url),
            stdout=programs.PIPE,
            stderr=its,
        ) as process,
    ):
        try:
            os.close(its)
            assert os.read(ours, 1)  # the nodes are being drawn
        finally:
            os.close(ours)
            gone.set()
        out, _ = process.communicate(timeout=60)

    assert (process.returncode, json.loads(out)) == (0, {"text": "done"})


class Raw(io.RawIOBase):
    """A stream that fails, or that is full, or that takes all."""

    def __init__(self, result: int | OSError | None) -> None:
        super().__init__()
        self.result = result
        self.written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 7

    def isatty(self) -> bool:
        return True

    def write(self, data: Any, /) -> int | None:
        if isinstance(self.result, OSError):
            raise self.result
        self.written.append(bytes(data))
        return self.result


@pytest.mark.parametrize(("result", "expected"), [(2, 2), (None, 5), (OSError(5, "EIO"), 5)])
def test_a_standard_error_that_takes_nothing_reports_all_as_written(
    result: int | OSError | None, expected: int
) -> None:
    raw = Raw(result)
    stderr = LossyStderr(io.TextIOWrapper(io.BufferedWriter(raw)))
    assert stderr.write(b"notes") == expected
    assert (stderr.writable(), stderr.fileno(), stderr.isatty()) == (True, 7, True)
    raw.result = 0


def test_streams_that_are_closed_are_opened_and_characters_that_cannot_be_written_are_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("sys.stderr", None)
    buffer = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    prepare_streams()
    sys.stdout.write("é")
    sys.stdout.flush()
    sys.stderr.write("dropped")
    sys.stderr.flush()
    assert buffer.getvalue() == b"?"
    assert sys.stdin is not None
    assert isinstance(sys.stderr, io.TextIOWrapper)


def test_a_standard_output_of_another_kind_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(io.BytesIO()))
    prepare_streams()
    sys.stdout.write("é")


def test_without_the_extra_the_command_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dify.cli.terminal.streams.prepare_streams", lambda: None)
    monkeypatch.setitem(main.__globals__, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 2
    assert capsys.readouterr().err == 'Error: the dify command requires an extra; run: pip install "dify[cli]"\n'


def test_ctrl_c_while_the_command_is_imported_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(name: str, *args: Any) -> Any:
        if name == "app":
            raise KeyboardInterrupt
        return imported(name, *args)

    imported = builtins.__import__
    monkeypatch.setattr("dify.cli.terminal.streams.prepare_streams", lambda: None)
    monkeypatch.setattr(builtins, "__import__", interrupt)
    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 130
