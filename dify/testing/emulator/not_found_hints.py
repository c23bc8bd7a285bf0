"""Hints in 404 messages: the routes of the server with paths similar to the requested one."""

from __future__ import annotations

import re
from difflib import get_close_matches

__all__ = ["add_hint"]


# Of routes that are equal without their parameters, the server names the one that was registered last, so only that one
# is listed, with the server's own names of parameters. Of the web app's and the console's routes, only those that are
# similar to a route of this API are listed.
_SERVICE = """
/app/feedbacks
/apps/annotation-reply/<string:action>/status/<uuid:job_id>
/apps/annotations
/apps/annotations/<uuid:annotation_id>
/audio-to-text
/chat-messages
/chat-messages/<string:task_id>/stop
/completion-messages
/completion-messages/<string:task_id>/stop
/conversations
/conversations/<uuid:c_id>/name
/conversations/<uuid:c_id>/variables
/conversations/<uuid:c_id>/variables/<uuid:variable_id>
/datasets
/datasets/<uuid:dataset_id>/document/create-by-file
/datasets/<uuid:dataset_id>/document/create-by-text
/datasets/<uuid:dataset_id>/document/create_by_file
/datasets/<uuid:dataset_id>/document/create_by_text
/datasets/<uuid:dataset_id>/documents
/datasets/<uuid:dataset_id>/documents/<string:batch>/indexing-status
/datasets/<uuid:dataset_id>/documents/<uuid:document_id>/download
/datasets/<uuid:dataset_id>/documents/<uuid:document_id>/segments
/datasets/<uuid:dataset_id>/documents/<uuid:document_id>/segments/<uuid:segment_id>/child_chunks
/datasets/<uuid:dataset_id>/documents/<uuid:document_id>/segments/<uuid:segment_id>/child_chunks/<uuid:child_chunk_id>
/datasets/<uuid:dataset_id>/documents/<uuid:document_id>/update-by-file
/datasets/<uuid:dataset_id>/documents/<uuid:document_id>/update-by-text
/datasets/<uuid:dataset_id>/documents/<uuid:document_id>/update_by_file
/datasets/<uuid:dataset_id>/documents/<uuid:document_id>/update_by_text
/datasets/<uuid:dataset_id>/documents/download-zip
/datasets/<uuid:dataset_id>/documents/metadata
/datasets/<uuid:dataset_id>/hit-testing
/datasets/<uuid:dataset_id>/metadata
/datasets/<uuid:dataset_id>/metadata/built-in
/datasets/<uuid:dataset_id>/pipeline/datasource-plugins
/datasets/<uuid:dataset_id>/pipeline/datasource/nodes/<string:node_id>/run
/datasets/<uuid:dataset_id>/pipeline/run
/datasets/<uuid:dataset_id>/retrieve
/datasets/<uuid:dataset_id>/tags
/datasets/pipeline/file-upload
/datasets/tags
/datasets/tags/binding
/datasets/tags/unbinding
/end-users/<uuid:end_user_id>
/files/<uuid:file_id>/preview
/files/upload
/form/human_input/<string:form_token>
/info
/messages
/messages/<uuid:message_id>/feedbacks
/messages/<uuid:message_id>/suggested
/meta
/parameters
/site
/text-to-audio
/workflow/<string:task_id>/events
/workflows/<string:workflow_id>/run
/workflows/logs
/workflows/run
/workflows/run/<string:workflow_run_id>
/workflows/tasks/<string:task_id>/stop
/workspaces/current/models/model-types/<string:model_type>
"""

_WEB = """
/audio-to-text
/chat-messages
/chat-messages/<string:task_id>/stop
/completion-messages
/completion-messages/<string:task_id>/stop
/conversations
/files/upload
/form/human_input/<string:form_token>
/form/human_input/<string:form_token>/upload-token
/messages
/meta
/parameters
/remote-files/upload
/site
/text-to-audio
/workflows/tasks/<string:task_id>/stop
"""

_CONSOLE = """
/console/api/apps/<uuid:app_id>/audio-to-text
/console/api/apps/<uuid:app_id>/feedbacks
/console/api/apps/<uuid:app_id>/text-to-audio
/console/api/workspaces/current/model-providers/<path:provider>/models
/console/api/workspaces/current/models/model-types/<string:model_type>
"""

_HINT = "You have requested this URI ["


def _without_parameters(rule: str) -> str:
    # From the first parameter to the end of the last one, as the server's framework does it.
    return re.sub("<.*>", "", rule)


_RULES = {
    _without_parameters(rule): rule
    for rule in (
        *(f"/v1{path}" for path in _SERVICE.split()),
        *(f"/api{path}" for path in _WEB.split()),
        *_CONSOLE.split(),
    )
}


def add_hint(message: str, path: str) -> str:
    """Return the message of a 404 with a hint for the path, if a route has a similar path."""
    close = get_close_matches(path, _RULES)
    if not close or _HINT in message:
        return message
    prefix = f"{message.rstrip('.')}. " if message else ""
    return f"{prefix}{_HINT}{path}] but did you mean {' or '.join(_RULES[key] for key in close)} ?"
