"""Texts are split as on the server."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from dify.testing.emulator.knowledge.splitting import AUTOMATIC, SplitError, split_children, split_text


def custom(separator: str, most: int, **more: object) -> dict[str, object]:
    return {"mode": "custom", "rules": {"segmentation": {"separator": separator, "max_tokens": most}, **more}}


def parents(**rules: object) -> dict[str, object]:
    usual = {"parent_mode": "paragraph", "segmentation": {"separator": "\n\n", "max_tokens": 100}}
    children = {"subchunk_segmentation": {"separator": ".", "max_tokens": 50}}
    return {"mode": "hierarchical", "rules": {**usual, **children, **rules}}


def test_the_automatic_rule_makes_split_text_less_than_500_characters_that_overlap() -> None:
    text = "\n\n".join(f"Paragraph {number}. " + "Word. " * 30 for number in range(6))
    chunks = split_text(text, AUTOMATIC)
    assert max(map(len, chunks)) <= 500
    assert len(chunks) == 3
    sentences = [f"{'word ' * 8}{number}. " for number in range(30)]
    chunks = split_text("".join(sentences), AUTOMATIC)
    assert [chunk.rpartition(" ")[2] for chunk in chunks[:2]] == ["10.", "20."]
    assert chunks[1].startswith(sentences[10].strip())  # the last sentence of the chunk before


def test_a_short_text_is_one_chunk_with_its_empty_lines() -> None:
    assert split_text("Apples are red.\n\nBananas are yellow.", AUTOMATIC) == ["Apples are red.\n\nBananas are yellow."]


def test_a_rule_cuts_at_every_separator_and_counts_characters() -> None:
    assert split_text("a|b||c", custom("|", 50)) == ["a", "b", "c"]
    assert split_text("x" * 120, custom("|", 50)) == ["x" * 50, "x" * 50, "x" * 20]
    sentences = "One two three four five six. Seven eight nine ten eleven. Twelve."
    assert split_text(sentences, custom("|", 50)) == [
        "One two three four five six.",
        "Seven eight nine ten eleven. Twelve.",
    ]


def test_a_long_piece_without_sentences_loses_the_spaces_between_its_words() -> None:
    assert split_text("word " * 12 + "|b", custom("|", 50)) == ["word" * 12, "b"]


def test_an_overlap_repeats_the_end_of_a_chunk() -> None:
    rule = {"mode": "custom", "rules": {"segmentation": {"separator": "|", "max_tokens": 50, "chunk_overlap": 10}}}
    text = "".join(chr(ord("a") + number % 26) for number in range(80))
    assert split_text(text, rule) == [text[:50], text[40:]]


@pytest.mark.parametrize("separator", ["\\n\\n", "\n\n"])
def test_a_separator_may_be_written_with_escapes(separator) -> None:
    assert split_text("a\n\nb", custom(separator, 50)) == ["a", "b"]


def test_a_separator_that_is_not_ascii_is_never_found() -> None:
    assert split_text("一。二", custom("。", 50)) == ["一。二"]


def test_an_invalid_escape_in_a_separator_is_refused() -> None:
    with pytest.raises(SplitError, match="unicodeescape"):
        split_text("a", custom("\\x", 50))


def test_a_long_word_is_split_between_its_characters_after_the_words_before_it() -> None:
    assert split_text("One two. " + "x" * 60 + " three|b", custom("|", 50)) == [
        "One two.",
        "x" * 50,
        "xxxxxxxxxx",
        "three",
        "b",
    ]


def test_blanks_make_no_chunk() -> None:
    assert split_text(" " * 600 + "a", {"mode": "automatic", "rules": {"segmentation": {}}}) == ["a"]


def test_punctuation_at_the_beginning_of_a_chunk_is_dropped_but_a_link_is_kept() -> None:
    link = "[home](https://example.com) is it"
    assert split_text(f"..., a|(b)|{link}", custom("|", 50)) == ["a", "b)", link]


@pytest.mark.parametrize("most", [49, 4001])
def test_a_length_out_of_range_is_refused(most) -> None:
    with pytest.raises(SplitError, match="Custom segment length should be between 50 and 4000"):
        split_text("a", custom("|", most))


def test_an_overlap_that_is_longer_than_a_chunk_is_refused() -> None:
    rule = {"mode": "custom", "rules": {"segmentation": {"separator": "|", "max_tokens": 100, "chunk_overlap": 200}}}
    with pytest.raises(SplitError, match=r"larger chunk overlap \(200\) than chunk size \(100\)"):
        split_text("a", rule)


def test_what_is_to_be_removed_is_removed_before() -> None:
    steps = [{"id": "remove_extra_spaces", "enabled": True}, {"id": "remove_urls_emails", "enabled": True}]
    rule = custom("|", 50, pre_processing_rules=steps)
    assert split_text("a    b https://example.com/x me@example.com|c", rule) == ["a b", "c"]
    assert split_text("a\n\n\n\nb [x](https://example.com/x)", rule) == ["a\n\nb [x](https://example.com/x)"]
    unknown = custom("|", 50, pre_processing_rules=[{"id": "remove_stopwords", "enabled": True}])
    assert split_text("a    b", unknown) == ["a    b"]
    unasked = custom("|", 50, pre_processing_rules=[{**step, "enabled": False} for step in steps])
    assert split_text("a    b", unasked) == ["a    b"]


def test_parents_are_cut_at_their_separator_and_children_keep_the_blanks_before_them() -> None:
    text = "Apples are red. They grow.\n\nBananas are yellow."
    assert split_text(text, parents(), "hierarchical_model") == ["Apples are red. They grow.", "Bananas are yellow."]
    assert split_children("Apples are red. They grow.", parents()) == ["Apples are red", " They grow"]


def test_a_whole_document_may_be_one_parent() -> None:
    assert split_text("a\n\nb", parents(parent_mode="full-doc"), "hierarchical_model") == ["a\n\nb"]


def test_a_rule_without_a_parent_mode_makes_no_parents() -> None:
    assert split_text("a\n\nb", AUTOMATIC, "hierarchical_model") == []


def test_parents_without_a_rule_for_children_are_refused() -> None:
    with pytest.raises(SplitError, match=r"No subchunk segmentation found in rules\."):
        split_children("a", parents(subchunk_segmentation=None))


@given(
    st.text(alphabet=st.sampled_from("abcdeXYZ0189é好世。.,- \n|"), max_size=400),
    st.sampled_from(["\n", " ", "|"]),
    st.integers(50, 99),
)
def test_nothing_but_blanks_separators_and_marks_gets_lost(text: str, separator: str, most: int) -> None:
    def kept(value: str) -> list[str]:
        return [letter for letter in value if letter.isalnum()]

    assert kept("".join(split_text(text, custom(separator, most)))) == kept(text)
