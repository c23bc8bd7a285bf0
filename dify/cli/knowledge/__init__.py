"""`dify knowledge`: manage knowledge bases, documents, segments, tags and metadata."""

from __future__ import annotations

from ..groups import group, lazy

__all__ = ["knowledge"]

_COMMANDS = {
    "list": ("knowledge.datasets", "List knowledge bases."),
    "create": ("knowledge.datasets", "Create an empty knowledge base."),
    "show": ("knowledge.datasets", "Show a knowledge base."),
    "update": ("knowledge.datasets", "Change the settings of a knowledge base."),
    "delete": ("knowledge.datasets", "Delete a knowledge base and its documents."),
    "search": ("knowledge.datasets", "Search a knowledge base."),
    "documents": ("knowledge.documents", "Upload, list and manage documents."),
    "segments": ("knowledge.segments", "Manage segments, the chunks of a document."),
    "children": ("knowledge.children", "Manage child chunks, the parts of a segment."),
    "tags": ("knowledge.tags", "Manage tags of knowledge bases."),
    "metadata": ("knowledge.metadata", "Manage metadata fields and the metadata of documents."),
    "models": ("knowledge.models", "List models of a type, such as text-embedding."),
    "pipeline": ("knowledge.pipeline", "Run knowledge pipelines."),
}

knowledge = group(
    "Manage knowledge bases and their documents.\n\n"
    "Requires a knowledge key (dataset-…), from DIFY_KNOWLEDGE_API_KEY or a profile.",
    cls=lazy({"Commands": _COMMANDS}),
)
knowledge.info.name = "knowledge"


@knowledge.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """Do nothing; a typer app that has no commands of its own requires a callback."""
