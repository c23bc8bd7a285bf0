"""The emulator's routes, one file per noun.

To add operations: a file with `routes(core) -> list[Route]`, named in `all_routes`.
"""

from __future__ import annotations

from starlette.routing import Route

from .apps import (
    annotation_routes as annotation,
    app_routes as app,
    audio_routes as audio,
    chat_routes as chat,
    completion_routes as completion,
    conversations_routes as conversations,
    end_users_routes as end_users,
    feedback_routes as feedback,
    files_routes as files,
    variables_routes as variables,
)
from .knowledge import (
    child_chunks_routes as child_chunks,
    datasets_routes as datasets,
    document_changes_routes as document_changes,
    document_downloads_routes as document_downloads,
    documents_routes as documents,
    metadata_routes as metadata,
    models_routes as models,
    pipelines_routes as pipelines,
    segments_routes as segments,
    tags_routes as tags,
)
from .links import routes as link_routes
from .runs import event_routes as run_events, form_routes as human_input, workflow_routes as workflows
from .state import Core

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
