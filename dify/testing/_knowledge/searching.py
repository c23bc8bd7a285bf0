"""Searching by words: what shares words with the query is found, best first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Any

from dify.types.datasets import MetadataCondition, MetadataFilter

from .state import StoredChild, StoredDataset, StoredDocument, StoredSegment

__all__ = ["Hit", "search", "similarity"]

# Chinese and Japanese have no spaces: each sign counts as a word.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


@dataclass(frozen=True)
class Hit:
    """A chunk that a search found, and which of its child chunks."""

    document: StoredDocument
    segment: StoredSegment
    score: float
    children: tuple[tuple[StoredChild, float], ...] = ()


def similarity(query: str, text: str) -> float:
    """How much two texts say in the same words: from 0, nothing, to 1, all of it.

    Example:
        >>> similarity("red apples", "Apples are red."), similarity("pears", "Apples are red.")
        (0.8164965809277261, 0.0)
    """
    asked, said = _words(query), _words(text)
    return len(asked & said) / sqrt(len(asked) * len(said)) if asked and said else 0.0


def search(dataset: StoredDataset, query: str, settings: dict[str, Any]) -> list[Hit]:
    """What a knowledge base has on a query: up to `top_k` chunks, none below the threshold."""
    hits = [
        _hit(document, segment, query)
        for document, segment in dataset.searchable()
        if _fits(dataset, document, settings)
    ]
    least = float(settings.get("score_threshold") or 0.0) if settings.get("score_threshold_enabled") else 0.0
    found = [hit for hit in hits if hit.score > 0 and hit.score >= least]
    # The sort keeps the order of documents and chunks among equals.
    return sorted(found, key=lambda hit: -hit.score)[: max(int(settings.get("top_k") or 0), 0)]


def _hit(document: StoredDocument, segment: StoredSegment, query: str) -> Hit:
    texts = [segment.text, " ".join(segment.keywords or ())]
    children = [(child, similarity(query, child.content)) for child in segment.children.values()]
    matching = tuple(sorted((pair for pair in children if pair[1] > 0), key=lambda pair: -pair[1]))
    best = max([similarity(query, text) for text in texts] + [score for _, score in matching])
    return Hit(document, segment, best, matching)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _fits(dataset: StoredDataset, document: StoredDocument, settings: dict[str, Any]) -> bool:
    values = {name: value for _, name, _, value in dataset.values(document)}
    wanted = MetadataFilter.model_validate(settings.get("metadata_filtering_conditions") or {})
    tests = (_meets(values.get(condition.name), condition) for condition in wanted.conditions or ())
    return any(tests) if wanted.conditions and wanted.logical_operator == "or" else all(tests)


def _meets(value: Any, condition: MetadataCondition) -> bool:
    wanted = condition.value
    several: Iterable[str] = wanted if isinstance(wanted, list) else str(wanted).split(",")
    text = str(value)
    match condition.comparison_operator:
        case "empty":
            return value is None
        case "not empty":
            return value is not None
        case _ if value is None:
            return False
        case "contains":
            return str(wanted) in text
        case "not contains":
            return str(wanted) not in text
        case "start with":
            return text.startswith(str(wanted))
        case "end with":
            return text.endswith(str(wanted))
        case "is":
            return text == str(wanted)
        case "is not":
            return text != str(wanted)
        case "in":
            return text in several
        case "not in":
            return text not in several
        case operator:
            return _compares(value, operator, wanted)


def _compares(value: Any, operator: str, wanted: Any) -> bool:
    try:
        left, right = float(value), float(wanted)
    except (TypeError, ValueError):
        return False
    match operator:
        case "=":
            return left == right
        case "≠":
            return left != right
        case ">" | "after":
            return left > right
        case "<" | "before":
            return left < right
        case "≥":
            return left >= right
        case _:
            return left <= right
