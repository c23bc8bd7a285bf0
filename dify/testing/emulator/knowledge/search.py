"""Search in a knowledge base, by each of the server's methods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, cast

from .ai_models import provider_error
from .keywords import is_stop_word, keywords_of
from .models import StoredChild, StoredDataset, StoredDocument, StoredSegment

__all__ = ["Hit", "SearchError", "fits", "search", "similarity"]


# Chinese and Japanese have no spaces: each sign counts as a word.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


class SearchError(Exception):
    """A search that the server cannot make; the message is what it answers."""


@dataclass(frozen=True)
class Hit:
    """A chunk that a search found, and which of its child chunks."""

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
    """How much two texts say in the same words: from 0, nothing, to 1, all of it.

    Example:
        >>> similarity("red apples", "Apples are red."), similarity("pears", "Apples are red.")
        (0.8164965809277261, 0.0)
    """
    asked, said = _words(query), _words(text)
    return len(asked & said) / sqrt(len(asked) * len(said)) if asked and said else 0.0


def search(dataset: StoredDataset, query: str, settings: dict[str, Any]) -> list[Hit]:
    """Return the chunks that match a query, best first.

    Raises:
        SearchError: The knowledge base has no embeddings, `top_k` is none, or the rerank model is unknown.
    """
    if not query:
        return []
    finder = _Finder(dataset, query, settings)
    match settings.get("search_method"):
        case "keyword_search":
            return finder.by_keywords()
        case "full_text_search":
            return _grouped(finder.reranked(finder.full_text()))
        case "hybrid_search":
            return _grouped(finder.hybrid())
        case _:
            return _grouped(finder.reranked(finder.semantic(finder.least), finder.least))


class _Finder:
    """One search."""

    def __init__(self, dataset: StoredDataset, query: str, settings: dict[str, Any]) -> None:
        self._dataset = dataset
        self._query = query
        self._settings = settings
        self._most = int(settings.get("top_k") or 0)
        threshold = settings.get("score_threshold") if settings.get("score_threshold_enabled") else None
        self.least = float(threshold or 0.0)
        wanted: dict[str, Any] | None = settings.get("metadata_filtering_conditions")
        self._chunks = [
            (document, segment) for document, segment in dataset.searchable() if fits(document.metadata, wanted)
        ]

    def by_keywords(self) -> list[Hit]:
        """The chunks with the most keywords of the query. Which chunks they are is decided by their number, the order
        of the answer is not: without scores it is that of the documents."""
        asked = keywords_of(self._query)
        counts = {
            segment.id: count
            for document, segment in self._chunks
            if self._dataset.lists_keywords
            and document.doc_form != "hierarchical_model"
            and (count := sum(word in (segment.keywords or ()) for word in asked))
        }
        best = set(sorted(counts, key=lambda segment_id: -counts[segment_id])[: self._most])
        return [Hit(document, segment, 0.0) for document, segment in self._chunks if segment.id in best]

    def semantic(self, least: float) -> list[_Entry]:
        """The nearest entries."""
        self._check("LINE 1: ..., 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]' AS distance FROM embedding_...\n" + " " * 61 + "^\n")
        scored = [replace(entry, score=similarity(self._query, entry.text)) for entry in self._entries()]
        best = sorted(scored, key=lambda entry: -entry.score)[: self._most]
        return [entry for entry in best if entry.score >= least]

    def full_text(self) -> list[_Entry]:
        """The entries that have all words of the query."""
        start = f"FROM embedding_Vector_index_{self._dataset.id.replace('-', '_')}"[:40]
        self._check(f"LINE 2: {' ' * 20}{start}...\n{' ' * 33}^\n")
        asked = _stems(self._query)
        found = [
            replace(entry, score=similarity(self._query, entry.text))
            for entry in self._entries()
            if asked and asked <= _stems(entry.text)
        ]
        return sorted(found, key=lambda entry: -entry.score)[: self._most]

    def hybrid(self) -> list[_Entry]:
        """Return the chunks that either search finds: up to `top_k` with weights or a rerank model, otherwise all."""
        problems: list[str] = []
        both: dict[str, _Entry] = {}
        for find in (self.full_text, lambda: self.semantic(0.0)):
            try:
                both |= {(entry.child or entry.segment).id: entry for entry in find()}
            except SearchError as error:
                problems.append(str(error))
        if problems:
            raise SearchError(";\n".join(problems))
        weights: dict[str, Any] | None = self._settings.get("weights")
        if self._settings.get("reranking_mode") == "weighted_score":
            if weights:
                return self._weighed([*both.values()], weights)
        elif self._rerank_model() is not None:
            if self._rerank_problem() is not None:
                return []  # here the server keeps the problem to itself
            return [entry for entry in both.values() if entry.score >= self.least][: self._most]
        return [entry for entry in both.values() if entry.score >= self.least]

    def reranked(self, entries: list[_Entry], least: float | None = None) -> list[_Entry]:
        """The entries in the order of the rerank model, if one is used."""
        if not entries or self._rerank_model() is None:
            return entries
        if (problem := self._rerank_problem()) is not None:
            raise SearchError(problem)
        return [entry for entry in entries if entry.score >= (self.least if least is None else least)]

    def _weighed(self, entries: list[_Entry], weights: dict[str, Any]) -> list[_Entry]:
        near, alike = weights["vector_setting"]["vector_weight"], weights["keyword_setting"]["keyword_weight"]
        asked = " ".join(keywords_of(self._query))
        scored = [
            replace(entry, score=near * entry.score + alike * similarity(asked, " ".join(keywords_of(entry.text))))
            for entry in entries
        ]
        best = sorted(scored, key=lambda entry: -entry.score)
        return [entry for entry in best if not self.least or entry.score >= self.least][: self._most]

    def _rerank_model(self) -> tuple[str, str] | None:
        model: dict[str, Any] | None = self._settings.get("reranking_model")
        if not self._settings.get("reranking_enable") or not model:
            return None
        names = model.get("reranking_provider_name"), model.get("reranking_model_name")
        return (names[0], names[1]) if names[0] and names[1] else None

    def _rerank_problem(self) -> str | None:
        model = self._rerank_model()
        return None if model is None else provider_error(model[0])

    def _check(self, where: str) -> None:
        """Refuse what the vector store cannot do, in its words."""
        if self._most <= 0:
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


def _grouped(entries: list[_Entry]) -> list[Hit]:
    """The chunks of entries: a chunk that was found by its child chunks has the score of the best of them."""
    hits: dict[str, Hit] = {}
    for entry in sorted(entries, key=lambda entry: -entry.score):
        hit = hits.setdefault(entry.segment.id, Hit(entry.document, entry.segment, entry.score))
        if entry.child is not None:
            hits[entry.segment.id] = replace(hit, children=(*hit.children, (entry.child, entry.score)))
    return [*hits.values()]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _stems(text: str) -> set[str]:
    """The words of a text without stop words and without the s of a plural."""
    words = (word for word in _words(text) if not is_stop_word(word))
    return {word.removesuffix("s") if len(word) > 3 else word for word in words}


def fits(values: dict[str, Any], wanted: dict[str, Any] | None) -> bool:
    """Return True if the metadata of a document meet the conditions of a search."""
    conditions: list[dict[str, Any]] = (wanted or {}).get("conditions") or []
    tests = list(_tests(values, conditions))
    if not tests:
        return True
    # Only "and" means all of them: a null asks for any, as "or" does.
    return all(tests) if (wanted or {}).get("logical_operator") == "and" else any(tests)


def _tests(values: dict[str, Any], conditions: list[dict[str, Any]]) -> Iterator[bool]:
    for condition in conditions:
        operator, wanted = condition["comparison_operator"], condition.get("value")
        if wanted is not None or operator in ("empty", "not empty"):  # a condition without a value is none
            yield _meets(values.get(condition["name"]), operator, wanted)


def _meets(value: Any, operator: str, wanted: Any) -> bool:
    text = str(value)
    match operator:
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
        case "is" | "=" if isinstance(wanted, str):
            return text == wanted
        case "is not" | "≠" if isinstance(wanted, str):
            return text != wanted
        case "in":
            return text in _several(wanted)
        case "not in":
            return text not in _several(wanted)
        case _:
            return _compares(value, operator, wanted)


def _several(wanted: Any) -> list[str]:
    if isinstance(wanted, str):
        return [part.strip() for part in wanted.split(",") if part.strip()]
    several = cast("list[Any]", wanted) if isinstance(wanted, list) else [wanted]
    return [str(each) for each in several]


def _compares(value: Any, operator: str, wanted: Any) -> bool:
    try:
        left, right = float(value), float(wanted)
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
