"""The logger of the client prints only what `DIFY_LOG` asks for."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from dify._log import configure, log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers, level = log.handlers[:], log.level
    log.handlers[:] = [handler for handler in handlers if not isinstance(handler, logging.StreamHandler)]
    yield
    log.handlers[:] = handlers
    log.setLevel(level)


@pytest.mark.parametrize(("text", "level"), [("info", logging.INFO), ("DEBUG", logging.DEBUG)])
def test_a_level_in_the_environment_prints_to_standard_error_once(text, level, monkeypatch, capsys) -> None:
    monkeypatch.setenv("DIFY_LOG", text)
    configure()
    configure()
    log.info("one line")
    assert log.level == level
    assert capsys.readouterr().err.count("dify INFO one line") == 1


@pytest.mark.parametrize("text", ["", "warning", "1"])
def test_without_a_known_level_nothing_is_printed(text, monkeypatch, capsys) -> None:
    monkeypatch.setenv("DIFY_LOG", text)
    configure()
    log.error("one line")
    assert capsys.readouterr().err == ""
