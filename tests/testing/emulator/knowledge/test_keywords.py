"""Economy knowledge bases index chunks by keywords, which are case-sensitive."""

from __future__ import annotations

import pytest

from dify.testing.emulator.knowledge.keywords import MAX_KEYWORDS, keywords_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tea is made from leaves. Tea keeps.", ["Tea", "made", "leaves", "keeps"]),
        ("a b c I", []),
        ("The THE the", []),
        ("version 2.14 of x", ["version", "2.14", "14"]),
        ("知识库", ["知识", "识库"]),
        ("知 a库", []),
        ("чай", []),
    ],
    ids=["words", "letters", "stop words", "numbers", "Chinese", "single Chinese characters", "other scripts"],
)
def test_a_text_is_listed_under_its_words(text, words) -> None:
    assert [word for word in keywords_of(text) if word != "2"] == words


def test_the_words_that_occur_most_often_are_listed() -> None:
    text = " ".join(f"word{number}" for number in range(20)) + " word19 word18"
    found = keywords_of(text)
    assert len(found) == MAX_KEYWORDS
    assert found[:3] == ["word18", "word19", "word0"]
