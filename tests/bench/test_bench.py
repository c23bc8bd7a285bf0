"""The benchmark runs: every row of its table comes to figures. What they are is not judged here."""

from __future__ import annotations

import pytest

from .__main__ import measured, without_figures
from .rows import SHORT, rows
from .table import markdown


@pytest.mark.slow
def test_every_row_of_the_benchmark_runs():
    table = measured(SHORT)
    assert len(table) == len(rows(SHORT))
    assert without_figures(table) == []
    assert markdown(table).count("\n") == len(table) + 2
