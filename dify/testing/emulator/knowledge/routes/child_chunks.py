"""Child chunks."""

from __future__ import annotations

from math import ceil

from starlette.responses import Response
from starlette.routing import Route

from ....script.ids import now
from ...endpoints import Call
from ...responses import WireError, json_answer, no_content, shown
from ...state import Core
from ..lookup import SEGMENT, cut, knowledge_routes, query_of, segment_of
from ..models import StoredChild, StoredSegment
from ..schemas import ChildChunkCreatePayload, ChildChunkListQuery, ChildChunkUpdatePayload
from ..serializers import child_shown

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


def _find(call: Call, *, elsewhere: str) -> tuple[StoredSegment, StoredChild]:
    """The child chunk that the path names; here the chunk has to be one of the document that the path names."""
    _, named, document, segment = segment_of(call)
    if named is not document:
        raise WireError(404, "not_found", elsewhere)
    found = segment.children.get(call.path("child_chunk_id"))
    if found is None:
        raise WireError(404, "not_found", "Child chunk not found.")
    return segment, found


def _answer(segment: StoredSegment, child: StoredChild) -> Response:
    return json_answer({"data": shown(child_shown(segment, child))})


async def _create(call: Call) -> Response:
    *_, segment = segment_of(call)
    sent = call.payload(ChildChunkCreatePayload)
    position = max((each.position for each in segment.children.values()), default=0) + 1
    child = StoredChild(sent.content, position, type="customized")
    segment.children[child.id] = child
    return _answer(segment, child)


async def _list(call: Call) -> Response:
    _, named, document, segment = segment_of(call)
    query = query_of(call, ChildChunkListQuery, forgiving=True)
    keyword, limit = (query.keyword or "").lower(), min(query.limit, 100)
    # Of a chunk of another document than the path names there are no child chunks.
    children = segment.children.values() if named is document else ()
    rows = [child for child in children if keyword in child.content.lower()]
    data = [shown(child_shown(segment, child)) for child in cut(rows, query.page, limit)]
    total = len(rows)
    return json_answer(
        {"data": data, "total": total, "total_pages": ceil(total / limit), "page": query.page, "limit": limit}
    )


async def _update(call: Call) -> Response:
    segment, child = _find(call, elsewhere="Segment not found.")
    sent = call.payload(ChildChunkUpdatePayload)
    child.content, child.type, child.updated_at = sent.content, "customized", now()
    return _answer(segment, child)


async def _delete(call: Call) -> Response:
    segment, child = _find(call, elsewhere="Document not found.")
    del segment.children[child.id]
    return no_content()
