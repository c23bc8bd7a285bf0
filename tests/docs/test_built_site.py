"""The checks of the built site report its problems."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from .blocks import ROOT


@pytest.fixture
def problems(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import _built_site

    yield _built_site.problems
    del sys.modules["_built_site"]


def site(folder: Path, body: str, reference: str = "<h2 id='dify.Dify'>Dify</h2>") -> Path:
    (folder / "reference").mkdir()
    (folder / "llms.txt").write_text("# dify")
    (folder / "index.html").write_text(f"<h1 id='start'>Start</h1>{body}")
    (folder / "reference" / "client.html").write_text(reference)
    return folder


def test_a_complete_site_has_no_problems(problems, tmp_path):
    body = "<a href='reference/client.html#dify.Dify'>a</a> <a href='#start'>b</a> <a href='https://dify.ai'>c</a>"
    assert problems(site(tmp_path, body), {"dify.Dify"}) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<a href='gone.html'>a</a>", "index.html: no target for the link gone.html"),
        ("<a href='#gone'>a</a>", "index.html: no target for the link #gone"),
        ("<a href='reference/client.html#gone'>a</a>", "index.html: no target for the link reference/client.html#gone"),
        ("<a href='../secret.html'>a</a>", "index.html: no target for the link ../secret.html"),
        (
            "<script src='https://cdn.example.com/a.js'></script>",
            "index.html: loads https://cdn.example.com/a.js from another host",
        ),
        (
            "<link rel='stylesheet' href='//fonts.example.com/a.css'>",
            "index.html: loads //fonts.example.com/a.css from another host",
        ),
        ("<img src='gone.png'>", "index.html: no such file: gone.png"),
    ],
)
def test_lost_links_and_addresses_of_other_hosts_are_reported(problems, tmp_path, body, problem):
    assert problems(site(tmp_path, body), set()) == [problem]


def test_a_name_that_is_not_in_the_reference_is_reported(problems, tmp_path):
    assert problems(site(tmp_path, ""), {"dify.Dify", "dify.Gone"}) == ["not in the reference: dify.Gone"]


def test_an_empty_site_is_a_problem(problems, tmp_path):
    assert len(problems(tmp_path, set())) == 1


def test_table_cells_get_the_header_of_their_column(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import docs

    table = "<table>\n<tr><th>Name</th><th>a <code>b</code> &amp; c</th></tr>\n<tr><td>1</td><td>2</td></tr></table>"
    expected = '<tr><td data-label="Name">1</td><td data-label="a b &amp; c">2</td></tr></table>'
    assert docs.label_tables(table).endswith(expected)
    for name in ("docs", "_built_site", "_generated", "_public_api"):
        sys.modules.pop(name, None)
