"""Lists: the first page by await, every item by a loop, and an end whatever the server does."""

from __future__ import annotations

import random

import httpx
import pytest

from dify import APIStatusError, IncompleteListError, NotFoundError, ResponseValidationError
from tests.support.lists import CursorList, NumberedList, Row

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


async def test_a_numbered_page_that_is_not_found_raises_the_servers_error():
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("page", "1") == "1":
            return Logs(3)(request)
        return httpx.Response(404, json={"code": "not_found", "message": "no such page", "status": 404})

    pages = []
    with pytest.raises(NotFoundError, match="no such page"):
        async for page in make_client(answer).workflows.logs(limit=2).pages():
            pages.append(repr(page))
    assert len(pages) == 1
    assert pages[0].endswith("Page(2 items, has_more=True, total=3)")


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


async def test_a_walk_can_be_closed():
    server = Logs(100)
    async with aiter(make_client(server).workflows.logs(limit=2)) as walk:
        assert (await anext(walk)).id == "log-0"
    assert await anext(walk, None) is None
    await walk.aclose()
    assert len(server.asked) == 1


async def test_a_server_that_repeats_a_page_ends_the_walk_with_an_error_that_holds_the_items():
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        assert len(asked) < 30, "the walk does not end"
        return httpx.Response(
            200, json={"page": 1, "limit": 2, "total": 99, "has_more": True, "data": [log(0), log(1)]}
        )

    seen = []
    with pytest.raises(IncompleteListError, match="after 2 items: the server counts 99") as caught:
        async for one in make_client(handler).workflows.logs(limit=2):
            seen.append(one)
    assert caught.value.items == seen
    assert [one.id for one in seen] == ["log-0", "log-1"]


async def test_more_after_an_empty_page_is_an_error():
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"limit": 2, "has_more": True, "data": []})

    with pytest.raises(IncompleteListError, match="announces more items after an empty page") as caught:
        [one async for one in make_client(handler).conversations.variables("c-1")]
    assert caught.value.items == []


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


# ------------------------------------------------------------------------------------------- lists as the server cuts them
def serving(rule: CursorList | NumberedList):
    """Answers every request with the page of a list."""

    def handler(request: httpx.Request) -> httpx.Response:
        body = rule(dict(request.url.params))
        if body is None:
            return httpx.Response(404, json={"code": "not_found", "message": "Not Exists.", "status": 404})
        if request.url.path.endswith("/logs"):
            body["data"] = [row | log(0) | {"id": row["id"], "created_at": row["created_at"]} for row in body["data"]]
        elif request.url.path.endswith("/messages"):
            known = {"conversation_id": "c-1", "inputs": {}, "query": "q", "answer": "a", "status": "normal"}
            body["data"] = [row | known for row in body["data"]]
        else:
            known = {"name": "n", "inputs": {}, "status": "normal", "value_type": "string", "value": "v"}
            body["data"] = [row | known for row in body["data"]]
        return httpx.Response(200, json=body)

    return handler


def rows_of(*counts: int) -> list[Row]:
    return [
        Row(f"{second}-{at}", 1_700_000_000 + second, 1_700_000_000 + second)
        for second, count in enumerate(counts)
        for at in range(count)
    ]


async def test_a_walk_over_25_variables_of_one_second_gives_25():
    rule = CursorList(rows_of(25))
    names = {one.id async for one in make_client(serving(rule)).conversations.variables("c-1")}
    assert len(names) == 25
    assert rule.asked == [{"user": "alice", "limit": "100"}]


async def test_pages_of_variables_of_one_second_follow_each_other_by_hand():
    page = await make_client(serving(CursorList(rows_of(25)))).conversations.variables("c-1").first()
    assert (len(page.data), page.has_more) == (20, True)
    following = await page.next_page()
    assert (len(following.data), following.has_more) == (5, False)
    assert not {one.id for one in page.data} & {one.id for one in following.data}
    assert await following.next_page() is None
    assert [one.id for one in (await page.next_page()).data] == [one.id for one in following.data]


async def test_130_variables_of_one_second_are_an_error_that_holds_the_first_100():
    client = make_client(serving(CursorList(rows_of(130))))
    with pytest.raises(
        IncompleteListError, match="100 items or more have the created_at 2023-11-14T22:13:20"
    ) as caught:
        [one async for one in client.conversations.variables("c-1")]
    assert len({one.id for one in caught.value.items}) == 100
    page = await client.conversations.variables("c-1", limit=100).first()
    assert page.has_more
    for _ in range(2):
        with pytest.raises(IncompleteListError):
            await page.next_page()


async def test_a_walk_over_230_conversations_gives_each_once():
    rows = rows_of(*[7] * 30, 20)
    rule = CursorList(rows, sort_by="-updated_at", counts_ties=False)
    ids = [one.id async for one in make_client(serving(rule)).conversations.list()]
    assert len(ids) == len(set(ids)) == 230
    assert len(rule.asked) == 4  # the last one looks for conversations that moved to the front


async def test_a_walk_over_61_messages_gives_each_once_and_the_newest_block_first():
    rows = rows_of(*[4] * 15, 1)
    rule = CursorList(rows, "first_id", "-created_at")
    pages = [page.data async for page in make_client(serving(rule)).messages.list("c-1", limit=20).pages()]
    ids = [one.id for page in pages for one in page]
    assert len(ids) == len(set(ids)) == 61
    assert all(page == sorted(page, key=lambda one: one.created_at) for page in pages)
    assert [len(page) for page in pages] == [20, 20, 20, 1]


async def test_a_walk_over_200_logs_gives_each_once_although_pages_repeat_some():
    rule = NumberedList(rows_of(*[12] * 16, 8), random.Random(7))
    ids = [one.id async for one in make_client(serving(rule)).workflows.logs(limit=20)]
    assert len(ids) == len(set(ids)) == 200


async def test_a_walk_survives_that_the_conversation_at_its_cursor_is_deleted():
    rows = rows_of(*[1] * 30)
    names = {row.id for row in rows}
    rule = CursorList(rows, sort_by="-updated_at", counts_ties=False)
    seen = []
    async for one in make_client(serving(rule)).conversations.list(limit=10):
        seen.append(one.id)
        rows[:] = [row for row in rows if row.id != one.id]
    assert sorted(seen) == sorted(names)


async def test_a_cursor_of_the_call_that_does_not_exist_is_an_error():
    rule = CursorList(rows_of(1, 1), sort_by="-updated_at", counts_ties=False)
    with pytest.raises(NotFoundError):
        [one async for one in make_client(serving(rule)).conversations.list(last_id="gone")]
