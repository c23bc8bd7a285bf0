"""Metadata conditions of a search, and the similarity that takes the place of embeddings."""

from __future__ import annotations

from typing import Any

import pytest

from dify.testing.emulator.knowledge.search import matches_metadata, similarity

VALUES: dict[str, Any] = {"author": "Ann Lee", "pages": "12", "missing": None}


def condition(name: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"name": name, "comparison_operator": operator, "value": value}


def matches(*conditions: dict[str, Any], logic: str | None = None) -> bool:
    return matches_metadata(VALUES, {"logical_operator": logic, "conditions": [*conditions]})


@pytest.mark.parametrize(
    ("name", "operator", "matching", "other"),
    [
        ("author", "contains", "Lee", "lee"),
        ("author", "not contains", "lee", "Lee"),
        ("author", "start with", "Ann", "Lee"),
        ("author", "end with", "Lee", "Ann"),
        ("author", "is", "Ann Lee", "Ann"),
        ("author", "=", "Ann Lee", "Ann"),
        ("author", "is not", "Ann", "Ann Lee"),
        ("author", "≠", "Ann", "Ann Lee"),
        ("author", "in", "Bob, Ann Lee ,", "Bob,Ann"),
        ("author", "in", ["Bob", "Ann Lee"], ["Bob"]),
        ("author", "not in", "Bob", "Ann Lee"),
        ("pages", "in", 12, 13),
        ("pages", "=", 12, 13),
        ("pages", "≠", 13, 12.0),
        ("pages", ">", "11.5", 12),
        ("pages", "after", 11, 12),
        ("pages", "<", 13, 12),
        ("pages", "before", 13, 12),
        ("pages", "≥", 12, 13),
        ("pages", "≤", 12, 11),
    ],
)
def test_an_operator_compares_text_by_case_and_numbers_by_value(name, operator, matching, other) -> None:
    assert matches(condition(name, operator, matching))
    assert not matches(condition(name, operator, other))


@pytest.mark.parametrize("operator", ["contains", "not contains", "is", "is not", "not in", "<"])
def test_a_document_without_the_value_matches_only_the_operator_empty(operator) -> None:
    assert not matches(condition("missing", operator, "x"))
    assert matches(condition("missing", "empty"))
    assert not matches(condition("missing", "not empty"))
    assert matches(condition("author", "not empty"))


def test_a_text_is_neither_more_nor_less_than_a_number() -> None:
    assert not matches(condition("author", "<", 5))
    assert not matches(condition("author", "≥", 5))


def test_a_condition_without_a_value_is_ignored() -> None:
    assert matches(condition("author", "is"))
    assert not matches(condition("author", "is"), condition("author", "is", "Bob"))


def test_only_and_requires_every_condition() -> None:
    both = condition("author", "is", "Ann Lee"), condition("author", "is", "Bob")
    assert not matches(*both, logic="and")
    assert matches(*both, logic="or")
    assert matches(*both, logic=None)


def test_texts_without_words_are_not_similar() -> None:
    assert similarity("!?", "Apples") == similarity("Apples", "") == 0.0
