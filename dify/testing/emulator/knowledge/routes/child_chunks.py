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


def _find_child_chunk(request: ApiRequest, *, wrong_document: str) -> tuple[StoredSegment, StoredChild]:
    """Return the chunk and the child chunk in the path.

    Raises:
        ApiError: One of them does not exist, or the chunk is in another document than the one in the path, for which
            `wrong_document` is the error message.
    """
    _, path_document, document, segment = find_segment(request)
    if path_document is not document:
        raise ApiError(404, "not_found", wrong_document)
    child = segment.children.get(request.path("child_chunk_id"))
    if child is None:
        raise ApiError(404, "not_found", "Child chunk not found.")
    return segment, child


def _response(segment: StoredSegment, child: StoredChild) -> Response:
    return json_response({"data": dump(serialize_child_chunk(segment, child))})


@router.operation("createChildChunk", body="json")
async def create_child_chunk(request: ApiRequest) -> Response:
    *_, segment = find_segment(request)
    payload = request.payload(ChildChunkCreatePayload)
    position = max((child.position for child in segment.children.values()), default=0) + 1
    child = StoredChild(payload.content, position, type="customized")
    segment.children[child.id] = child
    return _response(segment, child)


@router.operation("getChildChunks")
async def list_child_chunks(request: ApiRequest) -> Response:
    _, path_document, document, segment = find_segment(request)
    query = request.query(ChildChunkListQuery, lenient_paging=True)
    keyword, limit = (query.keyword or "").lower(), min(query.limit, 100)
    # The list is empty if the chunk is in another document than the one in the path.
    children = segment.children.values() if path_document is document else ()
    matches = [child for child in children if keyword in child.content.lower()]
    data = [dump(serialize_child_chunk(segment, child)) for child in page_items(matches, query.page, limit)]
    total = len(matches)
    return json_response(
        {"data": data, "total": total, "total_pages": ceil(total / limit), "page": query.page, "limit": limit}
    )


@router.operation("updateChildChunk", body="json")
async def update_child_chunk(request: ApiRequest) -> Response:
    segment, child = _find_child_chunk(request, wrong_document="Segment not found.")
    payload = request.payload(ChildChunkUpdatePayload)
    child.content, child.type, child.updated_at = payload.content, "customized", now()
    return _response(segment, child)


@router.operation("deleteChildChunk")
async def delete_child_chunk(request: ApiRequest) -> Response:
    segment, child = _find_child_chunk(request, wrong_document="Document not found.")
    del segment.children[child.id]
    return no_content()
