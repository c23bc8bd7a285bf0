"""Segments, the chunks of a document."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from .._core import Core
from .._ids import now
from .._knowledge.cutting import children_of
from .._knowledge.payloads import SegmentCreatePayload, SegmentUpdatePayload
from .._knowledge.shown import segment_shown
from .._knowledge.state import StoredDocument, StoredSegment
from .._scoped import DOCUMENT, SEGMENT, document_of, knowledge_routes, page, segment_of
from .._wire import Call, WireError, json_answer, no_content, shown


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
        return json_answer({"error": error.message}, status=400)  # the one route that words its refusals so
    is_qa = document.doc_form == "qa_model"
    if is_qa and not all(segment.answer for segment in sent.segments):
        raise WireError(400, "invalid_param", "Answer is required")
    made: list[StoredSegment] = []
    for new in sent.segments:
        segment = StoredSegment(
            new.content,
            document.next_position(),
            answer=new.answer if is_qa else None,
            keywords=new.keywords or [],
            counts_tokens=dataset.indexing_technique == "high_quality",
        )
        if document.doc_form == "hierarchical_model":
            segment.set_children(children_of(segment.content, document.rule))
        made.append(document.add(segment))
    return json_answer({"data": [_shown(call, document, each) for each in made], "doc_form": document.doc_form})


def _shown(call: Call, document: StoredDocument, segment: StoredSegment) -> object:
    return shown(segment_shown(call.core.knowledge, document, segment))


def _answer(call: Call, document: StoredDocument, segment: StoredSegment) -> Response:
    return json_answer({"data": _shown(call, document, segment), "doc_form": document.doc_form})


async def _list(call: Call) -> Response:
    _, document = document_of(call)
    keyword, states = call.text("keyword").lower(), call.several("status")
    rows = [
        segment
        for segment in document.in_order()
        if keyword in segment.content.lower() and (not states or "completed" in states)
    ]
    body = page(call, rows, lambda segment: _shown(call, document, segment))
    return json_answer({**body, "doc_form": document.doc_form})


async def _get(call: Call) -> Response:
    _, document, segment = segment_of(call)
    return _answer(call, document, segment)


async def _update(call: Call) -> Response:
    _, document, segment = segment_of(call)
    sent = call.payload(SegmentUpdatePayload).segment
    if sent.content is not None and sent.content != segment.content:
        segment.content, segment.indexed_at = sent.content, now()
    if sent.answer is not None and document.doc_form == "qa_model":
        segment.answer = sent.answer
    if sent.keywords is not None:
        segment.keywords = sent.keywords
    if sent.enabled is not None:
        segment.enabled, segment.disabled_at = sent.enabled, None if sent.enabled else now()
    if sent.regenerate_child_chunks and document.doc_form == "hierarchical_model":
        segment.set_children(children_of(segment.content, document.rule))
    segment.updated_at, segment.updated_by = now(), call.core.knowledge.account_id
    document.recount()
    return _answer(call, document, segment)


async def _delete(call: Call) -> Response:
    _, document, segment = segment_of(call)
    del document.segments[segment.id]
    document.recount()
    return no_content()
