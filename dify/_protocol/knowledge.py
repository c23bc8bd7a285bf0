"""Arguments of knowledge calls that only count together: completed where one implies another, refused where one is useless.

The server ignores such an argument in silence when its companion is missing. Pure.
"""

from __future__ import annotations

import os.path
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ..errors import InvalidArgumentError
from ..types.documents import ProcessRule
from .arguments import items_of
from .request import compact

T = TypeVar("T")

__all__ = ["embedding_fields", "form_for", "some_of", "stored_file_name", "stored_text_name"]

_LONGEST_NAME = 200
"""Characters that the server keeps of the name of a file or text."""


def embedding_fields(
    model: str | None, provider: str | None, technique: str | None = None, *, implied: bool = True
) -> dict[str, Any]:
    """Return the body fields for an embedding model and an indexing technique.

    An embedding model counts only with its provider and with the technique "high_quality", which it therefore implies
    where the call takes a technique (`implied`).

    Example:
        >>> embedding_fields("embed", "o/p/p", None)
        {'indexing_technique': 'high_quality', 'embedding_model': 'embed', 'embedding_model_provider': 'o/p/p'}
    """
    if (model is None) != (provider is None):
        missing, present = (
            ("embedding_model_provider", "embedding_model")
            if provider is None
            else ("embedding_model", "embedding_model_provider")
        )
        raise InvalidArgumentError(
            f"{missing} is missing: the server ignores {present} without it; models.list('text-embedding') has both"
        )
    if implied and model is not None and technique is None:
        technique = "high_quality"
    return compact(indexing_technique=technique, embedding_model=model, embedding_model_provider=provider)


def form_for(doc_form: str | None, rule: ProcessRule | Mapping[str, Any] | None) -> str | None:
    """Return the document form to send: "hierarchical_model" for a hierarchical rule, which other forms cut short.

    Example:
        >>> form_for(None, {"mode": "hierarchical", "rules": {}})
        'hierarchical_model'
    """
    if doc_form is not None or rule is None:
        return doc_form
    mode = rule.mode if isinstance(rule, ProcessRule) else rule.get("mode")
    return "hierarchical_model" if mode == "hierarchical" else None


def some_of(values: Sequence[T], name: str, purpose: str) -> list[T]:
    """Return the values of a list argument as a list; raise where it is empty.

    Example:
        >>> some_of([], "tag_ids", "to bind")
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: tag_ids is empty: pass at least one item to bind
    """
    items = items_of(values, name)
    if not items:
        raise InvalidArgumentError(f"{name} is empty: pass at least one item {purpose}")
    return items


def stored_file_name(filename: str) -> str:
    """Return the name under which the server stores a file, and so names its document.

    Names over 200 characters are cut at their first dot and after 200 characters, and end in the extension. Multipart forms
    write a quotation mark as %22, and the server reads every %22 as one.

    Example:
        >>> stored_file_name("leave.md")
        'leave.md'
        >>> stored_file_name("v1." + "x" * 200 + ".md")
        'v1.md'
    """
    filename = filename.replace("%22", '"')
    if len(filename) <= _LONGEST_NAME:
        return filename
    extension = os.path.splitext(filename)[1].lstrip(".").lower()
    return f"{filename.split('.')[0][:_LONGEST_NAME]}.{extension}"


def stored_text_name(name: str) -> str:
    """Return the name under which the server stores a text, which is its first 200 characters.

    Example:
        >>> len(stored_text_name("x" * 300))
        200
    """
    return name[:_LONGEST_NAME]
