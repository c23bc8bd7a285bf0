"""Search in a knowledge base by each of the server's methods.

Common words take the place of embeddings.

The similarity of a chunk and a query is the share of words that both contain. As on a server, a semantic search returns
the nearest chunks at any distance; a full-text search those that contain all words of the query; a keyword search those
that have one of its keywords, without a score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, cast

from .ai_models import provider_error
from .keywords import is_stop_word, keywords_of
from .models import StoredChild, StoredDataset, StoredDocument, StoredSegment

__all__ = ["Hit", "SearchError", "search", "similarity"]


# Chinese and Japanese have no spaces between words, so each character counts as a word.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


class SearchError(Exception):
    """A search that fails on the server, with the server's message."""


@dataclass(frozen=True)
class Hit:
    """A chunk in the result of a search, with its matching child chunks."""

    document: StoredDocument
    segment: StoredSegment
    score: float
    children: tuple[tuple[StoredChild, float], ...] = ()


@dataclass(frozen=True)
class _Entry:
    """An entry of the index: a chunk or a child chunk."""

    document: StoredDocument
    segment: StoredSegment
    child: StoredChild | None
    score: float = 0.0

    @property
    def text(self) -> str:
        return self.segment.text if self.child is None else self.child.content


def similarity(query: str, text: str) -> float:
    """Return the similarity of two texts, from 0 (no common word) to 1 (equal words).

    Example:
        >>> similarity("red apples", "Apples are red."), similarity("pears", "Apples are red.")
        (0.8164965809277261, 0.0)
    """
    query_words, text_words = _words(query), _words(text)
    if not query_words or not text_words:
        return 0.0
    return len(query_words & text_words) / sqrt(len(query_words) * len(text_words))


def search(dataset: StoredDataset, query: str, settings: dict[str, Any]) -> list[Hit]:
    """Return the chunks that match a query, best first.

    Raises:
        SearchError: The knowledge base has no embeddings, `top_k` is not positive, or the rerank model is unknown.
    """
    if not query:
        return []
    method = _Search(dataset, query, settings)
    match settings.get("search_method"):
        case "keyword_search":
            return method.by_keywords()
        case "full_text_search":
            return _group_by_chunk(method.reranked(method.full_text()))
        case "hybrid_search":
            return _group_by_chunk(method.hybrid())
        case _:
            return _group_by_chunk(method.reranked(method.semantic(method.threshold), method.threshold))


class _Search:
    """A search with its settings, and the chunks that its metadata conditions allow."""

    def __init__(self, dataset: StoredDataset, query: str, settings: dict[str, Any]) -> None:
        self._dataset = dataset
        self._query = query
        self._settings = settings
        self._top_k = int(settings.get("top_k") or 0)
        threshold = settings.get("score_threshold") if settings.get("score_threshold_enabled") else None
        self.threshold = float(threshold or 0.0)
        conditions: dict[str, Any] | None = settings.get("metadata_filtering_conditions")
        self._chunks = [
            (document, segment)
            for document, segment in dataset.searchable()
            if matches_metadata(document.metadata, conditions)
        ]

    def by_keywords(self) -> list[Hit]:
        """Return the chunks with the most keywords of the query.

        They are in the order of the documents, because they have no scores.
        """
        keywords = keywords_of(self._query)
        counts = {
            segment.id: count
            for document, segment in self._chunks
            if self._dataset.lists_keywords
            and document.doc_form != "hierarchical_model"
            and (count := sum(word in (segment.keywords or ()) for word in keywords))
        }
        best = set(sorted(counts, key=lambda segment_id: -counts[segment_id])[: self._top_k])
        return [Hit(document, segment, 0.0) for document, segment in self._chunks if segment.id in best]

    def semantic(self, threshold: float) -> list[_Entry]:
        """Return the nearest entries."""
        self._check("LINE 1: ..., 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]' AS distance FROM embedding_...\n" + " " * 61 + "^\n")
        scored = [replace(entry, score=similarity(self._query, entry.text)) for entry in self._entries()]
        best = sorted(scored, key=lambda entry: -entry.score)[: self._top_k]
        return [entry for entry in best if entry.score >= threshold]

    def full_text(self) -> list[_Entry]:
        """Return the entries that contain all words of the query."""
        start = f"FROM embedding_Vector_index_{self._dataset.id.replace('-', '_')}"[:40]
        self._check(f"LINE 2: {' ' * 20}{start}...\n{' ' * 33}^\n")
        words = _stems(self._query)
        matches = [
            replace(entry, score=similarity(self._query, entry.text))
            for entry in self._entries()
            if words and words <= _stems(entry.text)
        ]
        return sorted(matches, key=lambda entry: -entry.score)[: self._top_k]

    def hybrid(self) -> list[_Entry]:
        """Return the chunks that either search finds.

        There are up to `top_k` with weights or a rerank model, otherwise all.
        """
        errors: list[str] = []
        both: dict[str, _Entry] = {}
        for find in (self.full_text, lambda: self.semantic(0.0)):
            try:
                both |= {(entry.child or entry.segment).id: entry for entry in find()}
            except SearchError as error:
                errors.append(str(error))
        if errors:
            raise SearchError(";\n".join(errors))
        weights: dict[str, Any] | None = self._settings.get("weights")
        if self._settings.get("reranking_mode") == "weighted_score":
            if weights:
                return self._weighted([*both.values()], weights)
        elif self._rerank_model() is not None:
            if self._rerank_error() is not None:
                return []  # the server ignores the error in this case
            return [entry for entry in both.values() if entry.score >= self.threshold][: self._top_k]
        return [entry for entry in both.values() if entry.score >= self.threshold]

    def reranked(self, entries: list[_Entry], threshold: float | None = None) -> list[_Entry]:
        """Return the entries in the order of the rerank model, if there is one."""
        if not entries or self._rerank_model() is None:
            return entries
        if (message := self._rerank_error()) is not None:
            raise SearchError(message)
        return [entry for entry in entries if entry.score >= (self.threshold if threshold is None else threshold)]

    def _weighted(self, entries: list[_Entry], weights: dict[str, Any]) -> list[_Entry]:
        vector_weight, keyword_weight = (
            weights["vector_setting"]["vector_weight"],
            weights["keyword_setting"]["keyword_weight"],
        )
        keywords = " ".join(keywords_of(self._query))
        scored = [
            replace(
                entry,
                score=vector_weight * entry.score
                + keyword_weight * similarity(keywords, " ".join(keywords_of(entry.text))),
            )
            for entry in entries
        ]
        best = sorted(scored, key=lambda entry: -entry.score)
        return [entry for entry in best if not self.threshold or entry.score >= self.threshold][: self._top_k]

    def _rerank_model(self) -> tuple[str, str] | None:
        model: dict[str, Any] | None = self._settings.get("reranking_model")
        if not self._settings.get("reranking_enable") or not model:
            return None
        names = model.get("reranking_provider_name"), model.get("reranking_model_name")
        return (names[0], names[1]) if names[0] and names[1] else None

    def _rerank_error(self) -> str | None:
        model = self._rerank_model()
        return None if model is None else provider_error(model[0])

    def _check(self, where: str) -> None:
        """Check the preconditions of the vector store.

        Raises:
            SearchError: `top_k` is not positive, or the knowledge base has no vectors. The message is the database's,
                which ends with `where`.
        """
        if self._top_k <= 0:
            raise SearchError("top_k must be a positive integer")
        if not self._dataset.has_vectors:
            table = f"embedding_vector_index_{self._dataset.id.replace('-', '_')}_node"[:63]
            raise SearchError(f'relation "{table}" does not exist\n{where}')

    def _entries(self) -> Iterator[_Entry]:
        for document, segment in self._chunks:
            if document.doc_form == "hierarchical_model":
                yield from (_Entry(document, segment, child) for child in segment.children.values())
            else:
                yield _Entry(document, segment, None)


def _group_by_chunk(entries: list[_Entry]) -> list[Hit]:
    """Return the chunks of entries.

    A chunk with matching child chunks has the best of their scores.
    """
    hits: dict[str, Hit] = {}
    for entry in sorted(entries, key=lambda entry: -entry.score):
        hit = hits.setdefault(entry.segment.id, Hit(entry.document, entry.segment, entry.score))
        if entry.child is not None:
            hits[entry.segment.id] = replace(hit, children=(*hit.children, (entry.child, entry.score)))
    return [*hits.values()]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _stems(text: str) -> set[str]:
    """Return the words of a text without stop words and without the plural s."""
    words = (word for word in _words(text) if not is_stop_word(word))
    return {word.removesuffix("s") if len(word) > 3 else word for word in words}


def matches_metadata(values: dict[str, Any], filtering: dict[str, Any] | None) -> bool:
    """Return True if the metadata of a document matches the conditions of a search."""
    conditions: list[dict[str, Any]] = (filtering or {}).get("conditions") or []
    results = list(_results(values, conditions))
    if not results:
        return True
    # Only "and" requires all conditions: null means any of them, as "or" does.
    return all(results) if (filtering or {}).get("logical_operator") == "and" else any(results)


def _results(values: dict[str, Any], conditions: list[dict[str, Any]]) -> Iterator[bool]:
    for condition in conditions:
        operator, expected = condition["comparison_operator"], condition.get("value")
        if expected is not None or operator in ("empty", "not empty"):  # a condition without a value is ignored
            yield _matches(values.get(condition["name"]), operator, expected)


def _matches(value: Any, operator: str, expected: Any) -> bool:
    text = str(value)
    match operator:
        case "empty":
            return value is None
        case "not empty":
            return value is not None
        case _ if value is None:
            return False
        case "contains":
            return str(expected) in text
        case "not contains":
            return str(expected) not in text
        case "start with":
            return text.startswith(str(expected))
        case "end with":
            return text.endswith(str(expected))
        case "is" | "=" if isinstance(expected, str):
            return text == expected
        case "is not" | "≠" if isinstance(expected, str):
            return text != expected
        case "in":
            return text in _values(expected)
        case "not in":
            return text not in _values(expected)
        case _:
            return _compares(value, operator, expected)


def _values(expected: Any) -> list[str]:
    if isinstance(expected, str):
        return [part.strip() for part in expected.split(",") if part.strip()]
    values = cast("list[Any]", expected) if isinstance(expected, list) else [expected]
    return [str(item) for item in values]


def _compares(value: Any, operator: str, expected: Any) -> bool:
    try:
        left, right = float(value), float(expected)
    except (TypeError, ValueError):
        return False
    match operator:
        case "is" | "=":
            return left == right
        case "is not" | "≠":
            return left != right
        case ">" | "after":
            return left > right
        case "<" | "before":
            return left < right
        case "≥":
            return left >= right
        case _:
            return left <= right
