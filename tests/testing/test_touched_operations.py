"""The account that the conformance suite gives of the operations it touched."""

from __future__ import annotations

import logging

import pytest

from dify._operations import OPERATIONS

from ..conformance.targets import BASE_URL, KEYS
from ..conformance.touched import Touched

LINE = "%s: %s %s: %d after %.2f s"
[FIRST, *OTHERS] = OPERATIONS


@pytest.fixture(autouse=True)
def no_server(monkeypatch):
    monkeypatch.delenv(BASE_URL, raising=False)


def touch(touched: Touched, operations, status: int = 200) -> None:
    with touched.recording("in-process"):
        for operation in operations:
            logging.getLogger("dify").debug(LINE, operation, "GET", "/", status, 0.1)


def test_an_operation_that_no_test_called_is_missing_where_the_whole_suite_ran():
    touched = Touched()
    touch(touched, OTHERS)
    assert touched.missing() == []  # a part of the suite
    touched.whole = True
    assert touched.missing()[0] == f"in-process, async: no test called {FIRST} with success"


def test_an_operation_that_was_only_refused_is_missing():
    touched = Touched()
    touched.whole = True
    touch(touched, OTHERS)
    touch(touched, [FIRST], status=400)
    assert touched.missing()[0] == f"in-process, async: no test called {FIRST} with success"


def test_the_counts_of_workers_are_added():
    touched, worker = Touched(), Touched()
    worker.whole = True
    touch(touched, OTHERS)
    touch(worker, [FIRST, FIRST])
    touched.add(worker.plain())
    assert touched.whole
    assert touched.untouched("in-process", "async") == []
    assert f"  {FIRST}: 2 x 200" in touched.report()


def test_nothing_is_missing_on_a_server_for_which_a_variable_is_not_set(monkeypatch):
    monkeypatch.setenv(BASE_URL, "http://127.0.0.1:1/v1")
    monkeypatch.delenv(KEYS["agent"], raising=False)
    touched = Touched()
    touched.whole = True
    touch(touched, OTHERS)
    assert touched.missing() == []
