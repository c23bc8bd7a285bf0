"""The variables of conversations."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from ..endpoints import Call, WireError, endpoint, json_answer, shown, unhandled
from ..payloads import ConversationVariablesQuery, ConversationVariableUpdatePayload
from ..state import Conversation, Core
from .chat_routes import CHAT_MODES
from .models import UnsupportedType, WrongType


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    path = "/conversations/{conversation_id:uuid}/variables"
    return [
        endpoint(core, "GET", path, _list, modes=CHAT_MODES),
        endpoint(core, "PUT", f"{path}/{{variable_id:uuid}}", _update, body="json", modes=CHAT_MODES),
    ]


def _find(call: Call) -> Conversation:
    found = call.core.conversation_of(call.owner, call.path("conversation_id"))
    if found is None:
        raise WireError(404, "not_found", "Conversation Not Exists.")
    return found


async def _list(call: Call) -> Response:
    asked = call.query(ConversationVariablesQuery)
    found = _find(call)
    if asked.variable_name is not None:
        return unhandled()  # this line of servers fails on its own filter
    rows = call.core.variables_of(found)
    if asked.last_id:
        last = next((each for each in rows if each.id == asked.last_id), None)
        if last is None:
            raise WireError(400, "invalid_param")
        # All variables of a conversation are created within one second: nothing is left after the first page.
        rows = [each for each in rows if each.created_at > last.created_at]
    some, more = rows[: asked.limit], len(rows) > asked.limit
    return json_answer({"limit": asked.limit, "has_more": more, "data": [shown(each.shown()) for each in some]})


async def _update(call: Call) -> Response:
    sent = call.payload(ConversationVariableUpdatePayload)
    variables = {each.id: each for each in call.core.variables_of(_find(call))}
    variable = variables.get(call.path("variable_id"))
    if variable is None:
        raise WireError(404, "not_found", "Conversation Variable Not Exists.")
    try:
        variable.set(sent.value)
    except WrongType as error:
        problem = f"variable '{variable.name}' expects {variable.value_type}, but got {error.got} type"
        raise WireError(400, "bad_request", f"Type mismatch: {problem}") from None
    except UnsupportedType as error:
        raise WireError(400, "invalid_param", str(error)) from None
    return json_answer(shown(variable.shown()))
