"""The AI models of the workspace."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from dify.types.models import ModelProviders

from ...endpoints import Call
from ...responses import WireError, json_answer, shown
from ...state import Core
from ..ai_models import MODEL_TYPES, provider_of
from ..lookup import knowledge_routes


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return knowledge_routes(core, ("GET", "/workspaces/current/models/model-types/{model_type}", _list))


async def _list(call: Call) -> Response:
    model_type = call.path("model_type")
    if model_type not in MODEL_TYPES:
        raise WireError(400, "invalid_param", f"'{model_type}' is not a valid ModelType")
    provider = provider_of(model_type, tenant_id=call.core.tenant_id, origin=call.origin)
    return json_answer(shown(ModelProviders.model_validate({"data": [provider]})))
