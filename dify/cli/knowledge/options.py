"""Arguments and options that several knowledge commands share."""

from __future__ import annotations

import json
from typing import Annotated, Any, cast

import typer

from ..inputs import read_text
from ..options import literal

__all__ = [
    "IF_EXISTS",
    "DatasetId",
    "DocumentId",
    "Form",
    "IfExistsOption",
    "Language",
    "Model",
    "Provider",
    "Retrieval",
    "Rule",
    "SegmentId",
    "Technique",
    "json_object_option",
    "json_option",
    "literal",
]

DatasetId = Annotated[str, typer.Argument(metavar="dataset-id", help="Id of the knowledge base.")]
DocumentId = Annotated[str, typer.Argument(metavar="document-id", help="Id of the document.")]
SegmentId = Annotated[str, typer.Argument(metavar="segment-id", help="Id of the segment.")]
Technique = Annotated[
    str | None,
    typer.Option(
        "--indexing",
        metavar="technique",
        help="Indexing technique: high_quality (embeddings) or economy (keywords).",
    ),
]
Form = Annotated[
    str | None,
    typer.Option("--form", metavar="form", help="Document form: text_model, hierarchical_model or qa_model."),
]
Language = Annotated[
    str | None, typer.Option("--language", metavar="name", help="Language of question-and-answer documents.")
]
Rule = Annotated[
    str | None,
    typer.Option("--rule", metavar="json|@file", help="Cleaning and splitting rules (process_rule) as JSON."),
]
IF_EXISTS = ("error", "replace", "skip")
IfExistsOption = Annotated[
    str | None,
    typer.Option(
        "--if-exists", metavar="action", help="If a document of the same name exists: error, replace or skip."
    ),
]
Retrieval = Annotated[
    str | None,
    typer.Option("--retrieval", metavar="json|@file", help="Search settings (retrieval_model) as JSON."),
]
Model = Annotated[
    str | None, typer.Option("--embedding-model", metavar="name", help="Embedding model; see `dify knowledge models`.")
]
Provider = Annotated[
    str | None, typer.Option("--embedding-provider", metavar="name", help="Provider of the embedding model.")
]


def json_option(text: str | None, name: str) -> Any:
    """Parse the JSON of an option, or of the file in `@file`; return None if the option is not set.

    Raises:
        typer.BadParameter: The file cannot be read, or the text is not JSON, or neither an object nor a list.
    """
    if text is None:
        return None
    data = read_text(text[1:]) if text.startswith("@") else text
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"the value of {name} is not valid JSON: {error}") from None
    if not isinstance(value, (dict, list)):
        raise typer.BadParameter(f"the value of {name} must be a JSON object, not {data.strip()[:40]}")
    return cast("Any", value)


def json_object_option(text: str | None, name: str) -> dict[str, Any] | None:
    """Parse the JSON object of an option, or of the file in `@file`; return None if the option is not set.

    Raises:
        typer.BadParameter: The file cannot be read, or the text is not a JSON object.
    """
    value = json_option(text, name)
    if isinstance(value, list):
        raise typer.BadParameter(f"the value of {name} must be a JSON object, not a list")
    return value
