"""Segments, the chunks of a document."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from ....script.ids import now
from ...endpoints import Call
from ...responses import WireError, json_answer, no_content, shown, unhandled
from ...state import Core
from ..indexing import index_segment, set_children
from ..keywords import keywords_of
from ..lookup import DOCUMENT, SEGMENT, dataset_of, document_of, knowledge_routes, page_of, query_of, segment_of
from ..models import StoredDataset, StoredDocument, StoredSegment
from ..schemas import (
    SegmentCreateItemPayload,
    SegmentCreatePayload,
    SegmentListQuery,
    SegmentUpdateArgs,
    SegmentUpdatePayload,
)
from ..serializers import segment_shown

_MOST_ATTACHMENTS = 10
_STATES = frozenset(("waiting", "indexing", "completed", "error", "paused", "re_segment"))


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return knowledge_routes(
        core,
        ("POST", f"{DOCUMENT}/segments", _create, "json"),
        ("GET", f"{DOCUMENT}/segments", _list),
        ("GET", SEGMENT, _get),
        ("POST", SEGMENT, _update, "json"),
        ("DELETE", SEGMENT, _delete),
    )


async def _create(call: Call) -> Response:
    dataset, document = document_of(call)
    if not document.indexed:
        raise WireError(404, "not_found", "Document is not completed.")
    if not document.enabled:
        raise WireError(404, "not_found", "Document is disabled.")
    try:
        sent = call.payload(SegmentCreatePayload)
    except WireError as error:
        return json_answer({"error": error.message}, status=400)  # the only route that words its refusals so
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
    return json_answer({"data": [_shown(call, document, each) for each in made], "doc_form": document.doc_form})


def _check(document: StoredDocument, new: SegmentCreateItemPayload) -> None:
    if document.doc_form == "qa_model":
        if not new.answer:
            raise WireError(400, "invalid_param", "Answer is required")
        if not new.answer.strip():
            raise WireError(400, "invalid_param", "Answer is empty")
    if len(new.attachment_ids or ()) > _MOST_ATTACHMENTS:
        raise WireError(400, "invalid_param", f"Exceeded maximum attachment limit of {_MOST_ATTACHMENTS}")


def _shown(call: Call, document: StoredDocument, segment: StoredSegment) -> object:
    return shown(segment_shown(call.core.knowledge, document, segment))


async def _list(call: Call) -> Response:
    dataset_of(call)
    query = query_of(call, SegmentListQuery, several="status", forgiving=True)
    _, document = document_of(call)
    if not _STATES.issuperset(query.status):
        return unhandled()
    keyword = (query.keyword or "").lower()
    rows = [
        segment
        for segment in document.in_order()
        if keyword in segment.content.lower() and (not query.status or segment.status in query.status)
    ]
    body = page_of(rows, query.page, query.limit, lambda segment: _shown(call, document, segment))
    return json_answer({**body, "doc_form": document.doc_form})


async def _get(call: Call) -> Response:
    _, named, document, segment = segment_of(call)
    return json_answer({"data": _shown(call, document, segment), "doc_form": named.doc_form})


async def _update(call: Call) -> Response:
    dataset, named, document, segment = segment_of(call)
    sent = call.payload(SegmentUpdatePayload).segment
    if segment.enabled and sent.enabled is False:
        segment.disable()  # nothing else of the request counts
    elif not segment.enabled and not sent.enabled:
        raise WireError(400, "invalid_param", "Can't update disabled segment")
    else:
        _change(call, dataset, document, segment, sent)
    return json_answer({"data": _shown(call, document, segment), "doc_form": named.doc_form})


def _change(
    call: Call, dataset: StoredDataset, document: StoredDocument, segment: StoredSegment, sent: SegmentUpdateArgs
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
        segment.updated_at, segment.updated_by = now(), call.core.knowledge.account_id
    if document.doc_form == "hierarchical_model":
        if sent.regenerate_child_chunks:
            set_children(dataset, document, segment)
    elif dataset.embeds:
        if not has_changed:
            segment.keywords = sent.keywords or segment.keywords
    elif has_changed or sent.keywords:
        segment.keywords = sent.keywords or keywords_of(segment.content)
    document.recount()


async def _delete(call: Call) -> Response:
    _, _, document, segment = segment_of(call)
    del document.segments[segment.id]
    document.recount()
    return no_content()
