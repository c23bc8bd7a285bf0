"""The variables of conversations."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from .._core import Conversation, Core
from .._ids import now
from .._payloads import ConversationVariablesQuery, ConversationVariableUpdatePayload
from .._records import type_of
from .._scoped import hint
from .._wire import Call, WireError, endpoint, json_answer, shown, unhandled
from .chat import CHAT_MODES


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    path = "/conversations/{conversation_id:uuid}/variables"
    return [
        endpoint(core, "GET", path, _list, modes=CHAT_MODES),
        endpoint(core, "PUT", f"{path}/{{variable_id:uuid}}", _update, body="json", modes=CHAT_MODES),
    ]


def _find(call: Call, more: str = "") -> Conversation:
    found = call.core.conversation_of(call.user, call.path("conversation_id"))
    if found is None:
        raise WireError(404, "not_found", f"Conversation Not Exists.{more}")
    return found


async def _list(call: Call) -> Response:
    asked = call.query(ConversationVariablesQuery)
    found = _find(call, hint(call.request.url.path, "/v1/conversations/<uuid:c_id>/variables"))
    if asked.variable_name is not None:
        return unhandled()  # this line of servers fails on its own filter
    rows = call.core.variables_of(found)
    first = 0
    if asked.last_id:
        ids = [each.id for each in rows]
        if asked.last_id not in ids:
            raise WireError(400, "invalid_param")
        first = ids.index(asked.last_id) + 1
    some = rows[first : first + asked.limit]
    more = len(rows) > first + asked.limit
    return json_answer({"limit": asked.limit, "has_more": more, "data": [shown(each.shown()) for each in some]})


async def _update(call: Call) -> Response:
    sent = call.payload(ConversationVariableUpdatePayload)
    variables = {each.id: each for each in call.core.variables_of(_find(call))}
    variable = variables.get(call.path("variable_id"))
    if variable is None:
        raise WireError(404, "not_found", "Conversation Variable Not Exists.")
    if not variable.takes(sent.value):
        expected, given = variable.value_type, type_of(sent.value)
        problem = f"Type mismatch: variable '{variable.name}' expects {expected}, but got {given} type"
        raise WireError(400, "bad_request", problem)
    variable.value, variable.updated_at = sent.value, now()
    return json_answer(shown(variable.shown()))
