"""Child chunks."""

from __future__ import annotations

from math import ceil

from starlette.responses import Response
from starlette.routing import Route

from .._core import Core
from .._ids import now
from .._knowledge.payloads import ChildChunkCreatePayload, ChildChunkUpdatePayload
from .._knowledge.shown import child_shown
from .._knowledge.state import StoredChild, StoredSegment
from .._scoped import SEGMENT, knowledge_routes, segment_of
from .._wire import Call, WireError, json_answer, no_content, shown

_ONE = f"{SEGMENT}/child_chunks/{{child_chunk_id:uuid}}"


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return knowledge_routes(
        core,
        ("POST", f"{SEGMENT}/child_chunks", _create, "json"),
        ("GET", f"{SEGMENT}/child_chunks", _list),
        ("PATCH", _ONE, _update, "json"),
        ("DELETE", _ONE, _delete),
    )


def _find(call: Call) -> tuple[StoredSegment, StoredChild]:
    _, _, segment = segment_of(call)
    found = segment.children.get(call.path("child_chunk_id"))
    if found is None:
        raise WireError(404, "not_found", "Child chunk not found.")
    return segment, found


def _answer(segment: StoredSegment, child: StoredChild) -> Response:
    return json_answer({"data": shown(child_shown(segment, child))})


async def _create(call: Call) -> Response:
    _, _, segment = segment_of(call)
    sent = call.payload(ChildChunkCreatePayload)
    position = max((each.position for each in segment.children.values()), default=0) + 1
    child = StoredChild(sent.content, position, type="customized")
    segment.children[child.id] = child
    return _answer(segment, child)


async def _list(call: Call) -> Response:
    _, _, segment = segment_of(call)
    keyword = call.text("keyword").lower()
    rows = [child for child in segment.children.values() if keyword in child.content.lower()]
    number, limit = max(call.number("page", 1), 1), min(max(call.number("limit", 20), 1), 100)
    some = rows[(number - 1) * limit : number * limit]
    data = [shown(child_shown(segment, child)) for child in some]
    total = len(rows)
    return json_answer(
        {"data": data, "total": total, "total_pages": ceil(total / limit), "page": number, "limit": limit}
    )


async def _update(call: Call) -> Response:
    segment, child = _find(call)
    sent = call.payload(ChildChunkUpdatePayload)
    child.content, child.type, child.updated_at = sent.content, "customized", now()
    return _answer(segment, child)


async def _delete(call: Call) -> Response:
    segment, child = _find(call)
    del segment.children[child.id]
    return no_content()
