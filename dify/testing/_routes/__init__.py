"""The emulator's routes, one file per noun.

To add operations: a file with `routes(core) -> list[Route]`, named in `all_routes`.
"""

from __future__ import annotations

from starlette.routing import Route

from .._core import Core
from .._links import routes as link_routes
from . import (
    annotation,
    app,
    audio,
    chat,
    child_chunks,
    completion,
    conversations,
    datasets,
    document_changes,
    document_downloads,
    documents,
    end_users,
    feedback,
    files,
    human_input,
    metadata,
    models,
    pipelines,
    run_events,
    segments,
    tags,
    variables,
    workflows,
)

__all__ = ["all_routes"]


def all_routes(core: Core) -> list[Route]:
    """Every route of the API."""
    of_apps = (
        app,
        chat,
        completion,
        workflows,
        run_events,
        human_input,
        conversations,
        variables,
        feedback,
        files,
        audio,
        annotation,
        end_users,
    )
    of_documents = (document_changes, document_downloads, documents, segments, child_chunks)
    of_knowledge = (tags, pipelines, datasets, *of_documents, metadata, models)
    nouns = (*of_apps, *of_knowledge)
    return [*(route for noun in nouns for route in noun.routes(core)), *link_routes(core)]
