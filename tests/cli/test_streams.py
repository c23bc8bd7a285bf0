"""Who reads the notes changes nothing of the work: its results and its exit code are the same."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
