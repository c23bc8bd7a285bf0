"""What looks at the built site sees what is wrong with one."""

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


def test_a_whole_site_has_no_problems(problems, tmp_path):
    body = "<a href='reference/client.html#dify.Dify'>a</a> <a href='#start'>b</a> <a href='https://dify.ai'>c</a>"
    assert problems(site(tmp_path, body), {"dify.Dify"}) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<a href='gone.html'>a</a>", "index.html: gone.html leads nowhere"),
        ("<a href='#gone'>a</a>", "index.html: #gone leads nowhere"),
        ("<a href='reference/client.html#gone'>a</a>", "index.html: reference/client.html#gone leads nowhere"),
        ("<a href='../secret.html'>a</a>", "index.html: ../secret.html leads nowhere"),
        ("<script src='https://cdn.example.com/a.js'></script>", "index.html: loads https://cdn.example.com/a.js"),
        ("<link rel='stylesheet' href='//fonts.example.com/a.css'>", "index.html: loads //fonts.example.com/a.css"),
        ("<img src='gone.png'>", "index.html: gone.png is not there"),
    ],
)
def test_what_is_lost_or_loaded_from_elsewhere_is_seen(problems, tmp_path, body, said):
    assert problems(site(tmp_path, body), set()) == [said]


def test_a_name_that_the_reference_misses_is_seen(problems, tmp_path):
    assert problems(site(tmp_path, ""), {"dify.Dify", "dify.Gone"}) == ["the reference misses dify.Gone"]


def test_no_site_at_all_is_a_problem(problems, tmp_path):
    assert len(problems(tmp_path, set())) == 1
