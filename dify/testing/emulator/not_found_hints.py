"""Hints in 404 messages: the server's routes with similar paths."""

from __future__ import annotations

import re
from difflib import get_close_matches

from ..._operations import OPERATIONS, SERVER_ONLY, TEXT_PARAMETERS

__all__ = ["add_hint"]

# Only those routes of the web app and the console that are similar to a route of this API.
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

_SERVER_NAMES = {"conversation_id": "c_id"}
"""The server's names of parameters, where they differ from those in its API description."""


def _rule(path: str) -> str:
    """Return a path as the server's framework formats it.

    An example is `/messages/<uuid:message_id>/feedbacks`.
    """
    if path == "/workflow/{workflow_run_id}/events":
        path = "/workflow/{task_id}/events"
    return re.sub(r"{(\w+)}", lambda name: f"<{_type(name[1])}:{_SERVER_NAMES.get(name[1], name[1])}>", path)


def _type(parameter: str) -> str:
    return "string" if parameter in TEXT_PARAMETERS else "uuid"


def _without_parameters(rule: str) -> str:
    # From the first parameter to the end of the last one, as the server does it.
    return re.sub("<.*>", "", rule)


# Of routes that are equal without their parameters, the server knows only the one that was registered last: the longest.
_RULES = {
    _without_parameters(rule): rule
    for rule in (
        *sorted(
            (f"/v1{_rule(route.path)}" for route in (*OPERATIONS.values(), *SERVER_ONLY) if route.path != "/"), key=len
        ),
        *(f"/api{path}" for path in _WEB.split()),
        *_CONSOLE.split(),
    )
}


def add_hint(message: str, path: str) -> str:
    """Return the message of a 404, with a hint if a route has a similar path."""
    close = get_close_matches(path, _RULES)
    if not close or _HINT in message:
        return message
    prefix = f"{message.rstrip('.')}. " if message else ""
    return f"{prefix}{_HINT}{path}] but did you mean {' or '.join(_RULES[key] for key in close)} ?"
