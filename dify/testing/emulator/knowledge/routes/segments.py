"""Chunks of a document, which the API calls segments."""

from __future__ import annotations

from starlette.responses import Response

from ....script.ids import now
from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response, no_content, page_body, unhandled_response
from ...routing import Router
from ..indexing import create_children, index_segment
from ..keywords import keywords_of
from ..lookup import find_dataset, find_document, find_segment
from ..models import StoredDataset, StoredDocument, StoredSegment
from ..schemas import (
    SegmentCreateItemPayload,
    SegmentCreatePayload,
    SegmentListQuery,
    SegmentUpdateArgs,
    SegmentUpdatePayload,
)
from ..serializers import serialize_segment

_MAX_ATTACHMENTS = 10
_STATUSES = frozenset(("waiting", "indexing", "completed", "error", "paused", "re_segment"))


router = Router()


@router.operation("createSegments", body="json")
async def create_segments(request: ApiRequest) -> Response:
    dataset, document = find_document(request)
    if not document.indexed:
        raise ApiError(404, "not_found", "Document is not completed.")
    if not document.enabled:
        raise ApiError(404, "not_found", "Document is disabled.")
    try:
        payload = request.payload(SegmentCreatePayload)
    except ApiError as error:
        return json_response({"error": error.message}, status=400)  # the only route with this form of errors
    for item in payload.segments:
        _check_item(document, item)
    segments: list[StoredSegment] = []
    for item in payload.segments:
        segment = StoredSegment(
            item.content,
            document.next_position(),
            answer=item.answer if document.doc_form == "qa_model" else None,
            keywords=item.keywords or [],
            counts_tokens=dataset.embeds,
        )
        index_segment(dataset, document, segment)
        segments.append(document.add(segment))
    return json_response(
        {"data": [_serialize(request, document, segment) for segment in segments], "doc_form": document.doc_form}
    )


def _check_item(document: StoredDocument, item: SegmentCreateItemPayload) -> None:
    if document.doc_form == "qa_model":
        if not item.answer:
            raise ApiError(400, "invalid_param", "Answer is required")
        if not item.answer.strip():
            raise ApiError(400, "invalid_param", "Answer is empty")
    if len(item.attachment_ids or ()) > _MAX_ATTACHMENTS:
        raise ApiError(400, "invalid_param", f"Exceeded maximum attachment limit of {_MAX_ATTACHMENTS}")


def _serialize(request: ApiRequest, document: StoredDocument, segment: StoredSegment) -> object:
    return dump(serialize_segment(request.app.knowledge, document, segment))


@router.operation("listSegments")
async def list_segments(request: ApiRequest) -> Response:
    find_dataset(request)
    query = request.query(SegmentListQuery, repeated="status", lenient_paging=True)
    _, document = find_document(request)
    if not _STATUSES.issuperset(query.status):
        return unhandled_response()
    keyword = (query.keyword or "").lower()
    matches = [
        segment
        for segment in document.in_order()
        if keyword in segment.content.lower() and (not query.status or segment.status in query.status)
    ]
    body = page_body(matches, query.page, query.limit, lambda segment: _serialize(request, document, segment))
    return json_response({**body, "doc_form": document.doc_form})


@router.operation("getSegmentDetail")
async def get_segment(request: ApiRequest) -> Response:
    _, path_document, document, segment = find_segment(request)
    return json_response({"data": _serialize(request, document, segment), "doc_form": path_document.doc_form})


@router.operation("updateSegment", body="json")
async def update_segment(request: ApiRequest) -> Response:
    dataset, path_document, document, segment = find_segment(request)
    payload = request.payload(SegmentUpdatePayload).segment
    if segment.enabled and payload.enabled is False:
        segment.disable()  # the rest of the request is ignored
    elif not segment.enabled and not payload.enabled:
        raise ApiError(400, "invalid_param", "Can't update disabled segment")
    else:
        _change_segment(request, dataset, document, segment, payload)
    return json_response({"data": _serialize(request, document, segment), "doc_form": path_document.doc_form})


def _change_segment(
    request: ApiRequest,
    dataset: StoredDataset,
    document: StoredDocument,
    segment: StoredSegment,
    payload: SegmentUpdateArgs,
) -> None:
    has_answer, has_changed = (
        document.doc_form == "qa_model",
        bool(payload.content) and payload.content != segment.content,
    )
    if has_answer and has_changed and payload.answer is None and dataset.embeds:
        segment.fail('can only concatenate str (not "NoneType") to str')  # the server's error when it counts tokens
        return
    segment.enable()
    segment.content = payload.content or segment.content
    if has_answer:
        segment.answer = payload.answer
    if has_changed:
        segment.status, segment.indexed_at = "completed", now()
        segment.updated_at, segment.updated_by = now(), request.app.knowledge.account_id
    if document.doc_form == "hierarchical_model":
        if payload.regenerate_child_chunks:
            create_children(dataset, document, segment)
    elif dataset.embeds:
        if not has_changed:
            segment.keywords = payload.keywords or segment.keywords
    elif has_changed or payload.keywords:
        segment.keywords = payload.keywords or keywords_of(segment.content)
    document.recount()


@router.operation("deleteSegment")
async def delete_segment(request: ApiRequest) -> Response:
    _, _, document, segment = find_segment(request)
    del document.segments[segment.id]
    document.recount()
    return no_content()
