"""Tags of knowledge bases."""

from __future__ import annotations

from starlette.responses import Response

from ...requests import ApiRequest, record_id
from ...responses import ApiError, dump, json_response, no_content
from ...routing import Router
from ..lookup import find_dataset
from ..models import StoredTag
from ..schemas import TagBindingPayload, TagCreatePayload, TagDeletePayload, TagUnbindingPayload, TagUpdatePayload
from ..serializers import serialize_tag

_TAGS = "/datasets/tags"


router = Router()


def _find_tag(request: ApiRequest, tag_id: str) -> StoredTag:
    tag = request.app.knowledge.tags.get(record_id(tag_id))
    if tag is None:
        raise ApiError(404, "not_found", "Tag not found")
    return tag


def _check_name(request: ApiRequest, name: str) -> None:
    if any(tag.name == name for tag in [*request.app.knowledge.tags.values()]):
        raise ApiError(400, "invalid_param", "Tag name already exists")


@router.operation("getKnowledgeTags")
async def list_tags(request: ApiRequest) -> Response:
    return json_response([dump(serialize_tag(tag)) for tag in reversed([*request.app.knowledge.tags.values()])])


@router.operation("createKnowledgeTag", body="json")
async def create_tag(request: ApiRequest) -> Response:
    payload = request.payload(TagCreatePayload)
    _check_name(request, payload.name)
    tag = StoredTag(payload.name)
    request.app.knowledge.tags[tag.id] = tag
    return json_response(dump(serialize_tag(tag)))


@router.operation("updateKnowledgeTag", body="json")
async def update_tag(request: ApiRequest) -> Response:
    payload = request.payload(TagUpdatePayload)
    tag = _find_tag(request, payload.tag_id)
    if tag.name != payload.name:
        _check_name(request, payload.name)
    tag.name = payload.name
    return json_response(dump(serialize_tag(tag)))


@router.operation("deleteKnowledgeTag", body="json")
async def delete_tag(request: ApiRequest) -> Response:
    tag = _find_tag(request, request.payload(TagDeletePayload).tag_id)
    del request.app.knowledge.tags[tag.id]
    return no_content()


def _tags_to_bind(request: ApiRequest, target_id: str, tag_ids: list[str]) -> list[StoredTag]:
    """Return the tags in a request about a knowledge base. Unknown tags are ignored.

    Raises:
        ApiError: The knowledge base does not exist.
    """
    if request.app.knowledge.datasets.get(record_id(target_id)) is None:
        raise ApiError(404, "not_found", "Dataset not found")
    tags = request.app.knowledge.tags
    return [tags[tag_id] for tag_id in map(record_id, tag_ids) if tag_id in tags]


@router.operation("bindTagsToDataset", body="json")
async def bind_tags(request: ApiRequest) -> Response:
    payload = request.payload(TagBindingPayload)
    for tag in _tags_to_bind(request, payload.target_id, payload.tag_ids):
        tag.bound[payload.target_id] = None
    return no_content()


@router.operation("unbindTagFromDataset", body="json")
async def unbind_tags(request: ApiRequest) -> Response:
    payload = request.payload(TagUnbindingPayload)
    for tag in _tags_to_bind(request, payload.target_id, payload.tag_ids):
        tag.bound.pop(payload.target_id, None)
    return no_content()


@router.operation("queryDatasetTags")
async def list_dataset_tags(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    tags = [tag for tag in [*request.app.knowledge.tags.values()] if dataset.id in tag.bound]
    return json_response({"data": [{"id": tag.id, "name": tag.name} for tag in tags], "total": len(tags)})
