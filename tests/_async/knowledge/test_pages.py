"""Walks through lists, each of which tells in its own way whether there is more."""

from __future__ import annotations

import httpx
import pytest

from dify import IncompleteListError
from tests.support.recordings import recording

from ..support import make_client


def keeping(seen: list[httpx.Request], *bodies, status: int = 200):
    """Keeps what it is asked, and answers with these bodies, one after the other; the last one from then on."""
    left = list(bodies) or [{}]

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, json=left.pop(0) if len(left) > 1 else left[0])

    return handler


def dataset(id: str) -> dict:
    return {"id": id, "name": id}


async def test_datasets_are_walked_by_number_and_the_filter_goes_along():
    seen = []
    pages = [
        {"data": [dataset("k-1")], "has_more": True, "limit": 1, "total": 2, "page": 1},
        {"data": [dataset("k-2")], "has_more": False, "limit": 1, "total": 2, "page": 2},
    ]
    client = make_client(keeping(seen, *pages))
    pager = client.knowledge.datasets.list(tag_ids=["t-1", "t-2"], include_all=True, limit=1)
    assert [one.id async for one in pager] == ["k-1", "k-2"]
    assert [request.url.query for request in seen] == [
        b"tag_ids=t-1&tag_ids=t-2&include_all=true&limit=1",
        b"tag_ids=t-1&tag_ids=t-2&include_all=true&limit=1&page=2",
    ]


async def test_a_page_that_comes_again_and_again_ends_the_walk_with_an_error():
    seen = []
    page = {"data": [dataset("k-1")], "has_more": True, "limit": 1, "total": 9, "page": 1}
    client = make_client(keeping(seen, page))
    with pytest.raises(IncompleteListError, match="the server counts 9") as caught:
        [one async for one in client.knowledge.datasets.list(limit=1)]
    assert [one.id for one in caught.value.items] == ["k-1"]
    assert len(seen) < 20


async def test_more_than_100_rows_asked_for_are_walked_in_the_pages_that_the_server_makes_of_them():
    seen = []
    rows = [{"id": f"d-{number}", "name": "x"} for number in range(150)]
    pages = [
        {"data": rows[:100], "has_more": False, "limit": 200, "total": 150, "page": 1},
        {"data": rows[100:], "has_more": False, "limit": 200, "total": 150, "page": 2},
    ]
    client = make_client(keeping(seen, *pages))
    walked = [one.id async for one in client.knowledge.documents.list("k-1", limit=200)]
    assert len(walked) == 150
    assert len(seen) == 2


async def test_child_chunks_which_tell_their_pages_are_walked_to_the_last_one():
    seen = []

    def page(number: int) -> dict:
        chunk = {"id": f"c-{number}", "segment_id": "s-1", "content": "x"}
        return {"data": [chunk], "total": 3, "total_pages": 3, "page": number, "limit": 1}

    client = make_client(keeping(seen, page(1), page(2), page(3)))
    pager = client.knowledge.child_chunks.list("k-1", "d-1", "s-1", limit=1)
    assert [one.id async for one in pager] == ["c-1", "c-2", "c-3"]
    assert len(seen) == 3


async def test_a_page_of_segments_says_how_their_document_is_cut():
    one = recording("segments/list_qa")
    client = make_client(keeping([], one.body))
    page = await client.knowledge.segments.list("k-1", "d-1").first()
    assert page.extra == {"doc_form": "qa_model"}


async def test_segments_are_filtered_by_one_status_or_several():
    seen = []
    client = make_client(keeping(seen, {"data": []}))
    await client.knowledge.segments.list("k-1", "d-1", status="error").first()
    await client.knowledge.segments.list("k-1", "d-1", status=("error", "completed")).first()
    assert [request.url.query for request in seen] == [b"status=error", b"status=error&status=completed"]
