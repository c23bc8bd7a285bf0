"""Child chunks."""

from __future__ import annotations

from math import ceil

from starlette.responses import Response

from ....script.ids import now
from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response, no_content, page_items
from ...routing import Router
from ..lookup import find_segment
from ..models import StoredChild, StoredSegment
from ..schemas import ChildChunkCreatePayload, ChildChunkListQuery, ChildChunkUpdatePayload
from ..serializers import serialize_child_chunk

router = Router()


def _find(request: ApiRequest, *, elsewhere: str) -> tuple[StoredSegment, StoredChild]:
    """The child chunk that the path names; here the chunk has to be one of the document that the path names."""
    _, named, document, segment = find_segment(request)
    if named is not document:
        raise ApiError(404, "not_found", elsewhere)
    found = segment.children.get(request.path("child_chunk_id"))
    if found is None:
        raise ApiError(404, "not_found", "Child chunk not found.")
    return segment, found


def _answer(segment: StoredSegment, child: StoredChild) -> Response:
    return json_response({"data": dump(serialize_child_chunk(segment, child))})


@router.operation("createChildChunk", body="json")
async def create_child_chunk(request: ApiRequest) -> Response:
    *_, segment = find_segment(request)
    sent = request.payload(ChildChunkCreatePayload)
    position = max((each.position for each in segment.children.values()), default=0) + 1
    child = StoredChild(sent.content, position, type="customized")
    segment.children[child.id] = child
    return _answer(segment, child)


@router.operation("getChildChunks")
async def list_child_chunks(request: ApiRequest) -> Response:
    _, named, document, segment = find_segment(request)
    query = request.query(ChildChunkListQuery, lenient_paging=True)
    keyword, limit = (query.keyword or "").lower(), min(query.limit, 100)
    # Of a chunk of another document than the path names there are no child chunks.
    children = segment.children.values() if named is document else ()
    rows = [child for child in children if keyword in child.content.lower()]
    data = [dump(serialize_child_chunk(segment, child)) for child in page_items(rows, query.page, limit)]
    total = len(rows)
    return json_response(
        {"data": data, "total": total, "total_pages": ceil(total / limit), "page": query.page, "limit": limit}
    )


@router.operation("updateChildChunk", body="json")
async def update_child_chunk(request: ApiRequest) -> Response:
    segment, child = _find(request, elsewhere="Segment not found.")
    sent = request.payload(ChildChunkUpdatePayload)
    child.content, child.type, child.updated_at = sent.content, "customized", now()
    return _answer(segment, child)


@router.operation("deleteChildChunk")
async def delete_child_chunk(request: ApiRequest) -> Response:
    segment, child = _find(request, elsewhere="Document not found.")
    del segment.children[child.id]
    return no_content()
