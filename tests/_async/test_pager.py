"""Lists: the first page by await, every item by a loop, and an end whatever the server does."""

from __future__ import annotations

import httpx
import pytest

from dify import APIStatusError, ResponseValidationError

from .support import make_client


def log(at: int) -> dict:
    return {"id": f"log-{at}", "workflow_run": {"id": f"run-{at}", "status": "succeeded"}, "created_at": 1795343840}


class Logs:
    """A list of so many entries, in pages."""

    def __init__(self, total: int, *, tell: bool = True) -> None:
        self.total = total
        self.tell = tell
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.asked.append(query)
        page, limit = int(query.get("page", 1)), int(query.get("limit", 20))
        rows = [log(at) for at in range(self.total)][(page - 1) * limit : page * limit]
        body = {"page": page, "limit": limit, "total": self.total, "data": rows}
        return httpx.Response(200, json=body | ({"has_more": page * limit < self.total} if self.tell else {}))


@pytest.mark.parametrize("tell", [True, False])
@pytest.mark.parametrize("total", [0, 1, 2, 5, 6])
async def test_a_walk_visits_every_item_once(total, tell):
    server = Logs(total, tell=tell)
    ids = [one.id async for one in make_client(server).workflows.logs(limit=2)]
    assert ids == [f"log-{at}" for at in range(total)]
    assert [int(query.get("page", 1)) for query in server.asked] == list(range(1, len(server.asked) + 1))
    assert len(server.asked) == max(1, -(-total // 2))


async def test_the_first_page_is_asked_for_once():
    server = Logs(5)
    page = await make_client(server).workflows.logs(limit=2, status="failed").first()
    assert [one.id for one in page.data] == ["log-0", "log-1"]
    assert (page.has_more, page.total, page.http.status) == (True, 5, 200)
    assert server.asked == [{"limit": "2", "status": "failed"}]


async def test_pages_follow_each_other_to_the_last():
    page = await make_client(Logs(5)).workflows.logs(limit=2).first()
    page = await page.next_page()
    assert [one.id for one in page.data] == ["log-2", "log-3"]
    page = await page.next_page()
    assert ([one.id for one in page.data], page.has_more) == (["log-4"], False)
    assert await page.next_page() is None


async def test_a_walk_may_begin_anywhere_and_keeps_its_filter():
    server = Logs(6)
    ids = [one.id async for one in make_client(server).workflows.logs(page=2, limit=2, keyword="x")]
    assert ids == ["log-2", "log-3", "log-4", "log-5"]
    assert all(query["keyword"] == "x" for query in server.asked)


async def test_a_pager_can_be_walked_again():
    pager = make_client(Logs(3)).workflows.logs(limit=2)
    for _ in range(2):
        assert len([one async for one in pager]) == 3
    assert len([page async for page in pager.pages()]) == 2


async def test_leaving_a_walk_asks_for_no_more():
    server = Logs(100)
    async for _ in make_client(server).workflows.logs(limit=2):
        break
    assert len(server.asked) == 1


async def test_a_walk_ends_although_the_server_repeats_a_page():
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        assert len(asked) < 10, "the walk goes on and on"
        return httpx.Response(
            200, json={"page": 1, "limit": 2, "total": 99, "has_more": True, "data": [log(0), log(1)]}
        )

    ids = [one.id async for one in make_client(handler).workflows.logs(limit=2)]
    assert ids == ["log-0", "log-1"]


async def test_a_walk_ends_although_the_server_says_more_after_an_empty_page():
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"page": 1, "limit": 2, "total": 99, "has_more": True, "data": []})

    assert [one async for one in make_client(handler).workflows.logs()] == []


async def test_an_error_in_the_middle_of_a_walk_comes_through():
    server = Logs(6)

    def handler(request: httpx.Request) -> httpx.Response:
        if len(server.asked) == 1:
            return httpx.Response(500, json={"code": "unknown", "message": "no", "status": 500})
        return server(request)

    seen = []
    with pytest.raises(APIStatusError):
        async for one in make_client(handler).workflows.logs(limit=2):
            seen.append(one.id)
    assert seen == ["log-0", "log-1"]


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": [{"x": 1}]}, [], {"data": "x"}])
async def test_a_page_of_another_shape_is_told(body):
    with pytest.raises(ResponseValidationError) as caught:
        await make_client(lambda request: httpx.Response(200, json=body)).workflows.logs().first()
    assert caught.value.http.status == 200
