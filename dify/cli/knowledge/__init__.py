"""`dify knowledge`: knowledge bases and all that is in them. Needs the knowledge key."""

from __future__ import annotations

from ..lazy import group, lazy

__all__ = ["knowledge"]

_COMMANDS = {
    "list": ("knowledge.datasets", "List the knowledge bases."),
    "create": ("knowledge.datasets", "Make an empty knowledge base."),
    "show": ("knowledge.datasets", "Show a knowledge base."),
    "update": ("knowledge.datasets", "Change a knowledge base."),
    "delete": ("knowledge.datasets", "Delete a knowledge base with all its documents."),
    "search": ("knowledge.datasets", "Search a knowledge base."),
    "documents": ("knowledge.documents", "Documents: upload, list, enable, delete …"),
    "segments": ("knowledge.segments", "Segments, the chunks of a document."),
    "children": ("knowledge.children", "Child chunks, the parts of a segment."),
    "tags": ("knowledge.tags", "Tags of knowledge bases."),
    "metadata": ("knowledge.metadata", "Metadata fields, and what documents have in them."),
    "models": ("knowledge.models", "List the models of a type, such as text-embedding."),
    "pipeline": ("knowledge.pipeline", "Knowledge pipelines."),
}

knowledge = group(
    "Knowledge bases and all that is in them.\n\nThe key is DIFY_KNOWLEDGE_API_KEY (dataset-…), or that of a profile.",
    cls=lazy(_COMMANDS),
)
knowledge.info.name = "knowledge"


@knowledge.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """A group, though its commands are not known here."""
