"""Arguments and options of the knowledge commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..inputs import Pair, parse_pairs, read_text
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
    "given_json",
    "literal",
    "value_of",
]

DatasetId = Annotated[str, typer.Argument(metavar="DATASET_ID", help="The knowledge base.")]
DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT_ID", help="The document.")]
SegmentId = Annotated[str, typer.Argument(metavar="SEGMENT_ID", help="The segment.")]
Technique = Annotated[
    str | None,
    typer.Option(
        "--indexing",
        metavar="HOW",
        help="high_quality (embeddings) or economy (keywords); the first document needs it.",
    ),
]
Form = Annotated[str | None, typer.Option("--form", metavar="FORM", help="text_model, hierarchical_model or qa_model.")]
Language = Annotated[str | None, typer.Option("--language", metavar="NAME", help="For question-and-answer documents.")]
Rule = Annotated[
    str | None,
    typer.Option("--rule", metavar="JSON|@FILE", help="What to clean up and where to cut (process_rule), as JSON."),
]
IF_EXISTS = ("error", "replace", "skip")
IfExistsOption = Annotated[
    str | None,
    typer.Option("--if-exists", metavar="ACTION", help="If a document has the name: error, replace or skip."),
]
Retrieval = Annotated[
    str | None,
    typer.Option("--retrieval", metavar="JSON|@FILE", help="How it is searched (retrieval_model), as JSON."),
]
Model = Annotated[str | None, typer.Option("--embedding-model", metavar="NAME", help="See `dify knowledge models`.")]
Provider = Annotated[str | None, typer.Option("--embedding-provider", metavar="NAME", help="The model's provider.")]


def given_json(text: str | None, name: str) -> Any:
    """JSON of an option, written out or as @FILE; None where it was not given."""
    if text is None:
        return None
    word = read_text(text[1:]) if text.startswith("@") else text
    return value_of(f"{name}:={word}")


def value_of(word: str) -> Any:
    """The value of one input."""
    found: list[Pair] = parse_pairs([word])
    if len(found) != 1 or found[0].is_file:
        raise typer.BadParameter(f"{word!r} is no value")
    return found[0].value
