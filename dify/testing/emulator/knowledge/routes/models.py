"""AI models of the workspace."""

from __future__ import annotations

from starlette.responses import Response

from dify.types.models import ModelProviders

from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response
from ...routing import Router
from ..ai_models import MODEL_TYPES, provider_of

router = Router()


@router.operation("getAvailableModels")
async def list_models(request: ApiRequest) -> Response:
    model_type = request.path("model_type")
    if model_type not in MODEL_TYPES:
        raise ApiError(400, "invalid_param", f"'{model_type}' is not a valid ModelType")
    provider = provider_of(model_type, tenant_id=request.app.tenant_id, origin=request.origin)
    return json_response(dump(ModelProviders.model_validate({"data": [provider]})))
