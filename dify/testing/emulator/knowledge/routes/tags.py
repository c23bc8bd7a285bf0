"""Tags of knowledge bases."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from ...endpoints import Call
from ...responses import WireError, json_answer, no_content, shown
from ...state import Core
from ..lookup import DATASET, dataset_of, id_of, knowledge_routes
from ..models import StoredTag
from ..schemas import TagBindingPayload, TagCreatePayload, TagDeletePayload, TagUnbindingPayload, TagUpdatePayload
from ..serializers import tag_shown

_TAGS = "/datasets/tags"


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return knowledge_routes(
        core,
        ("GET", _TAGS, _list),
        ("POST", _TAGS, _create, "json"),
        ("PATCH", _TAGS, _update, "json"),
        ("DELETE", _TAGS, _delete, "json"),
        ("POST", f"{_TAGS}/binding", _bind, "json"),
        ("POST", f"{_TAGS}/unbinding", _unbind, "json"),
        ("GET", f"{DATASET}/tags", _of_dataset),
    )


def _find(call: Call, tag_id: str) -> StoredTag:
    found = call.core.knowledge.tags.get(id_of(tag_id))
    if found is None:
        raise WireError(404, "not_found", "Tag not found")
    return found


def _refuse_taken(call: Call, name: str) -> None:
    if any(tag.name == name for tag in [*call.core.knowledge.tags.values()]):
        raise WireError(400, "invalid_param", "Tag name already exists")


async def _list(call: Call) -> Response:
    return json_answer([shown(tag_shown(tag)) for tag in reversed([*call.core.knowledge.tags.values()])])


async def _create(call: Call) -> Response:
    sent = call.payload(TagCreatePayload)
    _refuse_taken(call, sent.name)
    tag = StoredTag(sent.name)
    call.core.knowledge.tags[tag.id] = tag
    return json_answer(shown(tag_shown(tag)))


async def _update(call: Call) -> Response:
    sent = call.payload(TagUpdatePayload)
    tag = _find(call, sent.tag_id)
    if tag.name != sent.name:
        _refuse_taken(call, sent.name)
    tag.name = sent.name
    return json_answer(shown(tag_shown(tag)))


async def _delete(call: Call) -> Response:
    tag = _find(call, call.payload(TagDeletePayload).tag_id)
    del call.core.knowledge.tags[tag.id]
    return no_content()


def _named(call: Call, target_id: str, tag_ids: list[str]) -> list[StoredTag]:
    """The tags that a request about a knowledge base names; those that there are not are passed over."""
    if call.core.knowledge.datasets.get(id_of(target_id)) is None:
        raise WireError(404, "not_found", "Dataset not found")
    tags = call.core.knowledge.tags
    return [tags[tag_id] for tag_id in map(id_of, tag_ids) if tag_id in tags]


async def _bind(call: Call) -> Response:
    sent = call.payload(TagBindingPayload)
    for tag in _named(call, sent.target_id, sent.tag_ids):
        tag.bound[sent.target_id] = None
    return no_content()


async def _unbind(call: Call) -> Response:
    sent = call.payload(TagUnbindingPayload)
    for tag in _named(call, sent.target_id, sent.tag_ids):
        tag.bound.pop(sent.target_id, None)
    return no_content()


async def _of_dataset(call: Call) -> Response:
    dataset = dataset_of(call)
    tags = [tag for tag in [*call.core.knowledge.tags.values()] if dataset.id in tag.bound]
    return json_answer({"data": [{"id": tag.id, "name": tag.name} for tag in tags], "total": len(tags)})
