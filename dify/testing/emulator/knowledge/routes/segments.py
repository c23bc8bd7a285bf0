"""Segments, the chunks of a document."""

from __future__ import annotations

from starlette.responses import Response

from ....script.ids import now
from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response, no_content, page_body, unhandled_response
from ...routing import Router
from ..indexing import index_segment, set_children
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

_MOST_ATTACHMENTS = 10
_STATES = frozenset(("waiting", "indexing", "completed", "error", "paused", "re_segment"))


router = Router()


@router.operation("createSegments", body="json")
async def create_segments(request: ApiRequest) -> Response:
    dataset, document = find_document(request)
    if not document.indexed:
        raise ApiError(404, "not_found", "Document is not completed.")
    if not document.enabled:
        raise ApiError(404, "not_found", "Document is disabled.")
    try:
        sent = request.payload(SegmentCreatePayload)
    except ApiError as error:
        return json_response({"error": error.message}, status=400)  # the only route that words its refusals so
    for new in sent.segments:
        _check(document, new)
    made: list[StoredSegment] = []
    for new in sent.segments:
        segment = StoredSegment(
            new.content,
            document.next_position(),
            answer=new.answer if document.doc_form == "qa_model" else None,
            keywords=new.keywords or [],
            counts_tokens=dataset.embeds,
        )
        index_segment(dataset, document, segment)
        made.append(document.add(segment))
    return json_response({"data": [_shown(request, document, each) for each in made], "doc_form": document.doc_form})


def _check(document: StoredDocument, new: SegmentCreateItemPayload) -> None:
    if document.doc_form == "qa_model":
        if not new.answer:
            raise ApiError(400, "invalid_param", "Answer is required")
        if not new.answer.strip():
            raise ApiError(400, "invalid_param", "Answer is empty")
    if len(new.attachment_ids or ()) > _MOST_ATTACHMENTS:
        raise ApiError(400, "invalid_param", f"Exceeded maximum attachment limit of {_MOST_ATTACHMENTS}")


def _shown(request: ApiRequest, document: StoredDocument, segment: StoredSegment) -> object:
    return dump(serialize_segment(request.app.knowledge, document, segment))


@router.operation("listSegments")
async def list_segments(request: ApiRequest) -> Response:
    find_dataset(request)
    query = request.query(SegmentListQuery, repeated="status", lenient_paging=True)
    _, document = find_document(request)
    if not _STATES.issuperset(query.status):
        return unhandled_response()
    keyword = (query.keyword or "").lower()
    rows = [
        segment
        for segment in document.in_order()
        if keyword in segment.content.lower() and (not query.status or segment.status in query.status)
    ]
    body = page_body(rows, query.page, query.limit, lambda segment: _shown(request, document, segment))
    return json_response({**body, "doc_form": document.doc_form})


@router.operation("getSegmentDetail")
async def get_segment(request: ApiRequest) -> Response:
    _, named, document, segment = find_segment(request)
    return json_response({"data": _shown(request, document, segment), "doc_form": named.doc_form})


@router.operation("updateSegment", body="json")
async def update_segment(request: ApiRequest) -> Response:
    dataset, named, document, segment = find_segment(request)
    sent = request.payload(SegmentUpdatePayload).segment
    if segment.enabled and sent.enabled is False:
        segment.disable()  # nothing else of the request counts
    elif not segment.enabled and not sent.enabled:
        raise ApiError(400, "invalid_param", "Can't update disabled segment")
    else:
        _change(request, dataset, document, segment, sent)
    return json_response({"data": _shown(request, document, segment), "doc_form": named.doc_form})


def _change(
    request: ApiRequest,
    dataset: StoredDataset,
    document: StoredDocument,
    segment: StoredSegment,
    sent: SegmentUpdateArgs,
) -> None:
    asks, has_changed = document.doc_form == "qa_model", bool(sent.content) and sent.content != segment.content
    if asks and has_changed and sent.answer is None and dataset.embeds:
        segment.fail('can only concatenate str (not "NoneType") to str')  # the server needs the answer to count tokens
        return
    segment.enable()
    segment.content = sent.content or segment.content
    if asks:
        segment.answer = sent.answer
    if has_changed:
        segment.status, segment.indexed_at = "completed", now()
        segment.updated_at, segment.updated_by = now(), request.app.knowledge.account_id
    if document.doc_form == "hierarchical_model":
        if sent.regenerate_child_chunks:
            set_children(dataset, document, segment)
    elif dataset.embeds:
        if not has_changed:
            segment.keywords = sent.keywords or segment.keywords
    elif has_changed or sent.keywords:
        segment.keywords = sent.keywords or keywords_of(segment.content)
    document.recount()


@router.operation("deleteSegment")
async def delete_segment(request: ApiRequest) -> Response:
    _, _, document, segment = find_segment(request)
    del document.segments[segment.id]
    document.recount()
    return no_content()
