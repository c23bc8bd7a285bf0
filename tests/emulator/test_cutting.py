"""Texts are cut so simply that a test can tell what it will get."""

from __future__ import annotations

from hypothesis import given, strategies as st

from dify.testing._knowledge.cutting import AUTOMATIC, children_of, chunks_of


def custom(separator: str, most: int, **more: object) -> dict[str, object]:
    return {"mode": "custom", "rules": {"segmentation": {"separator": separator, "max_tokens": most}, **more}}


def test_lines_are_gathered_up_to_500_words() -> None:
    text = "\n".join(f"{number} " + "word " * 99 for number in range(12))
    chunks = chunks_of(text, AUTOMATIC)
    assert [len(chunk.split()) for chunk in chunks] == [500, 500, 200]
    assert " ".join(chunks).split() == text.split()


def test_a_long_piece_is_cut_where_its_words_end() -> None:
    assert chunks_of("a b c d e|f", custom("|", 2)) == ["a b", "c d", "e", "f"]


def test_a_text_without_spaces_is_cut_too() -> None:
    assert [len(chunk) for chunk in chunks_of("好" * 100, custom("|", 2))] == [32, 32, 32, 4]


def test_what_is_to_be_removed_is_removed_before() -> None:
    steps = [{"id": "remove_extra_spaces", "enabled": True}, {"id": "remove_urls_emails", "enabled": True}]
    rule = custom("|", 9, pre_processing_rules=steps)
    assert chunks_of("a    b https://example.com/x me@example.com|c", rule) == ["a b", "|c"[1:]]


def test_a_whole_document_may_be_one_parent() -> None:
    rule = {"mode": "hierarchical", "rules": {"parent_mode": "full-doc"}}
    assert chunks_of("a\n\nb", rule) == ["a\n\nb"]
    assert children_of("One. Two! 三。四", rule) == ["One.", "Two!", "三。", "四"]


@given(st.text(), st.sampled_from(["\n", " ", "|"]), st.integers(1, 50))
def test_nothing_but_blanks_and_separators_gets_lost(text: str, separator: str, most: int) -> None:
    def kept(value: str) -> str:
        return "".join(value.split()).replace(separator, "")

    assert kept("".join(chunks_of(text, custom(separator, most)))) == kept(text)
    assert kept("".join(chunks_of(text, {"mode": "custom"}))) == kept(text)
