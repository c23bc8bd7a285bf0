from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from dify.cli.inputs import parse_inputs


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("topic=tea", "topic", "tea"),
        ("topic=", "topic", ""),
        ("sum=a=b", "sum", "a=b"),
        ("mail=me@example.com", "mail", "me@example.com"),
        ("url=https://example.com/?a:=1", "url", "https://example.com/?a:=1"),
        ("text=two\nlines", "text", "two\nlines"),
        ("größe=1", "größe", "1"),
        ("my key=1", "my key", "1"),
        ("n:=3", "n", 3),
        ("yes:=true", "yes", True),
        ("none:=null", "none", None),
        ('list:=["a", {"b": 1}]', "list", ["a", {"b": 1}]),
        ('handle:="@me"', "handle", "@me"),
    ],
)
def test_the_first_separator_decides(word: str, key: str, value: Any) -> None:
    (item,) = parse_inputs([word])

    assert (item.key, item.value, item.is_file) == (key, value, False)


@pytest.mark.parametrize(
    "word", ["", "topic", "=tea", "@file", "a:b", "n:=", "n:={", "doc@missing.pdf", "t=@missing.txt"]
)
def test_what_is_no_input_is_refused(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(typer.BadParameter):
        parse_inputs([word])


def test_a_file_is_a_path_or_an_address(tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF")

    here, there = parse_inputs([f"here@{scan}", "there@https://example.com/@scan.pdf"])

    assert (here.key, here.value, here.is_file) == ("here", scan, True)
    assert (there.key, there.value, there.is_file) == ("there", "https://example.com/@scan.pdf", True)


def test_a_key_that_comes_twice_is_refused_unless_it_is_a_list() -> None:
    assert [item.value for item in parse_inputs(["a[]=1", "a[]:=2"])] == ["1", 2]
    for words in (["a=1", "a=2"], ["a[]=1", "a=2"], ["a=1", "a[]=2"]):
        with pytest.raises(typer.BadParameter, match="twice"):
            parse_inputs(words)


def test_a_file_that_is_no_text_is_refused_with_the_way_to_upload_it(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(typer.BadParameter, match="to upload a file, write"):
        parse_inputs([f"a=@{path}"])


def test_words_that_are_no_text_are_refused() -> None:
    with pytest.raises(typer.BadParameter, match="encoding"):
        parse_inputs(["a=\udcff"])
