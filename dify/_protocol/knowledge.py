"""Arguments of knowledge calls that depend on each other.

The server silently ignores some arguments unless another one is present; the functions here add or require it. Pure.
"""

from __future__ import annotations

import os.path
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Unpack, cast

from ..errors import DocumentExistsError, InvalidArgumentError
from ..types.datasets import IndexingTechnique, RetrievalModel
from ..types.documents import Document, DocumentSettings, IfExists, NewDocumentSettings, ProcessRule
from ..types.metadata import MetadataOperation, metadata_problem
from ..types.segments import DocForm
from .arguments import items_of, text_of
from .request import check_ids, compact, encode_json

T = TypeVar("T")

__all__ = [
    "check_metadata_values",
    "document_fields",
    "embedding_fields",
    "form_for",
    "keyword_for",
    "looks_up_name",
    "may_create",
    "new_document_fields",
    "settings_form",
    "some_of",
    "stored_file_name",
    "stored_text_name",
    "technique_for",
    "text_document_fields",
]

_LONGEST_NAME = 200
"""Characters that the server keeps of the name of a file or text."""


def document_fields(
    *,
    process_rule: ProcessRule | Mapping[str, Any] | None = None,
    doc_form: DocForm | None = None,
    doc_language: str | None = None,
    retrieval_model: RetrievalModel | Mapping[str, Any] | None = None,
    embedding_model: str | None = None,
    embedding_model_provider: str | None = None,
) -> dict[str, Any]:
    """Return the body fields for the settings of a document."""
    return compact(
        process_rule=process_rule,
        doc_form=form_for(doc_form, process_rule),
        doc_language=doc_language,
        retrieval_model=retrieval_model,
        **embedding_fields(embedding_model, embedding_model_provider),
    )


def new_document_fields(
    *,
    indexing_technique: IndexingTechnique | None = None,
    original_document_id: str | None = None,
    **settings: Unpack[DocumentSettings],
) -> dict[str, Any]:
    """Return the body fields for the settings of a new document.

    Example:
        >>> new_document_fields(process_rule={"mode": "automatic"}, original_document_id="d-1")
        {'original_document_id': 'd-1', 'process_rule': {'mode': 'automatic'}}
    """
    return compact(
        indexing_technique=technique_for(indexing_technique, settings.get("embedding_model")),
        original_document_id=original_document_id,
        **document_fields(**settings),
    )


def text_document_fields(name: str, text: str, **settings: Unpack[NewDocumentSettings]) -> dict[str, Any]:
    """Return the body fields of a new document from a text."""
    return {"name": text_of(name, "name"), "text": text_of(text, "text"), **new_document_fields(**settings)}


def settings_form(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the form fields of an upload: its settings as JSON text in one field."""
    check_ids(settings)
    return {"data": encode_json(settings).decode()} if settings else {}


def embedding_fields(model: str | None, provider: str | None) -> dict[str, Any]:
    """Return the body fields for an embedding model.

    Raise if one of model and provider is missing.

    Example:
        >>> embedding_fields("embed", "o/p/p")
        {'embedding_model': 'embed', 'embedding_model_provider': 'o/p/p'}
    """
    if (model is None) != (provider is None):
        missing, present = (
            ("embedding_model_provider", "embedding_model")
            if provider is None
            else ("embedding_model", "embedding_model_provider")
        )
        raise InvalidArgumentError(
            f"{missing} is missing: the server ignores {present} without it; models.list('text-embedding') has both",
            param=missing,
        )
    return compact(embedding_model=model, embedding_model_provider=provider)


def technique_for(technique: IndexingTechnique | None, model: str | None) -> IndexingTechnique | None:
    """Return the indexing technique to send.

    An embedding model, which other techniques ignore, implies "high_quality".

    Example:
        >>> technique_for(None, "embed"), technique_for("economy", None)
        ('high_quality', 'economy')
    """
    return "high_quality" if technique is None and model is not None else technique


def form_for(doc_form: DocForm | None, rule: ProcessRule | Mapping[str, Any] | None) -> DocForm | None:
    """Return the document form to send.

    It is "hierarchical_model" for a hierarchical rule, which other forms cut short.

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
        raise InvalidArgumentError(f"{name} is empty: pass at least one item {purpose}", param=name)
    return items


def check_metadata_values(operations: Sequence[MetadataOperation | Mapping[str, Any]]) -> None:
    """Raise for metadata values that the server stores as something else.

    These are booleans, times, lists and objects.

    Example:
        >>> values = [{"id": "f-1", "name": "done", "value": True}]
        >>> check_metadata_values([{"document_id": "d-1", "metadata_list": values}])
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: the metadata value 'done' is a bool: pass text, such as "yes", or a number
    """
    for operation in operations:
        values: Any = (
            operation.metadata_list if isinstance(operation, MetadataOperation) else operation.get("metadata_list")
        )
        for item in cast("list[Any]", values) if isinstance(values, (list, tuple)) else []:
            if isinstance(item, Mapping):
                fields = cast("Mapping[str, Any]", item)
                problem = metadata_problem(fields.get("value"))
                if problem:
                    message = f"the metadata value {str(fields.get('name'))[:80]!r} {problem}"
                    raise InvalidArgumentError(message, param="operation_data")


def stored_file_name(filename: str) -> str:
    """Return the name under which the server stores a file and its document.

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
    """Return the name under which the server stores a text.

    It has at most 200 characters.

    Example:
        >>> len(stored_text_name("x" * 300))
        200
    """
    return name[:_LONGEST_NAME]


def keyword_for(name: str) -> str | None:
    """Return the search text that finds all documents of a name.

    The server searches with LIKE, in which a backslash matches too little; `%` and `_` match too much.

    Example:
        >>> keyword_for("plan.md"), keyword_for("a\\long_name")
        ('plan.md', 'long_name')
    """
    return max(name.split("\\"), key=len) or None


def looks_up_name(if_exists: IfExists) -> bool:
    """Return True if the documents of a name have to be looked up.

    "replace" is what the server does anyway.
    """
    if if_exists not in ("error", "replace", "skip"):
        raise InvalidArgumentError(f"if_exists is {if_exists!r}: pass 'error', 'replace' or 'skip'", param="if_exists")
    return if_exists != "replace"


def may_create(name: str, documents: Sequence[Document], if_exists: IfExists) -> bool:
    """Return True if a document may be created beside others of its name.

    Raises:
        DocumentExistsError: `if_exists` is "error" and there are documents of that name.
    """
    if documents and if_exists == "error":
        raise DocumentExistsError(
            f"the knowledge base has a document {name!r} already: pass another name, or if_exists='replace' or 'skip'",
            name=name,
            documents=list(documents),
        )
    return not documents
