"""Which query brings the next page, for each way of paging."""

from __future__ import annotations

import pytest

from dify._paging import PageBody, next_query
from dify.types._base import Model


class Item(Model):
    id: str


def page(*ids: str, **more) -> PageBody[Item]:
    return PageBody[Item](data=[Item(id=id) for id in ids], **more)


@pytest.mark.parametrize("paging", ["first_id", "last_id", "page"])
def test_an_empty_page_is_the_last_whatever_it_says(paging):
    assert next_query(paging, page(has_more=True, total=100, total_pages=9), {"page": 1}) is None


def test_messages_go_on_before_the_first_item():
    assert next_query("first_id", page("a", "b", has_more=True), {"limit": 2}) == {"limit": 2, "first_id": "a"}
    assert next_query("first_id", page("a", "b", has_more=False), {"limit": 2}) is None
    assert next_query("first_id", page("a", "b"), {"limit": 2}) is None


def test_conversations_go_on_after_the_last_item():
    query = {"user": "alice", "last_id": "z"}
    assert next_query("last_id", page("a", "b", has_more=True), query) == {"user": "alice", "last_id": "b"}
    assert next_query("last_id", page("a", "b", has_more=False), query) is None


@pytest.mark.parametrize("paging", ["first_id", "last_id"])
def test_a_cursor_that_stands_still_ends_the_walk(paging):
    assert next_query(paging, page("a", has_more=True), {paging: "a"}) is None


def test_items_without_ids_end_a_walk_by_cursor():
    assert next_query("last_id", PageBody[int](data=[1], has_more=True), {}) is None


@pytest.mark.parametrize(
    ("body", "query", "number"),
    [
        (page("a", has_more=True), {}, 2),
        (page("a", has_more=True), {"page": 4}, 5),
        (page("a", has_more=True), {"page": None}, 2),
        (page("a", has_more=False), {}, None),
        (page("a", total_pages=3), {"page": 2}, 3),
        (page("a", total_pages=3), {"page": 3}, None),
        # nothing is told: a short page is the last
        (page("a", "b"), {"limit": 2}, 2),
        (page("a"), {"limit": 2}, None),
        (page("a", limit=1), {}, 2),
        (page("a"), {}, None),
        # has_more compares with the limit asked for, and the server never sends more than 100
        (page(*map(str, range(100)), has_more=False, total=250, limit=200), {"limit": 200}, 2),
        (page(*map(str, range(100)), has_more=False, total=250, limit=200), {"limit": 200, "page": 2}, 3),
        (page(*map(str, range(50)), has_more=False, total=250, limit=200), {"limit": 200, "page": 3}, None),
        (page("a", "b", has_more=False, total=2), {"limit": 2}, None),
    ],
)
def test_numbered_pages_go_on_by_number(body, query, number):
    following = next_query("page", body, query)
    assert (following and following["page"]) == number


def test_the_other_members_of_a_query_stay_and_the_query_itself_is_not_changed():
    query = {"keyword": "x", "page": 1}
    assert next_query("page", page("a", has_more=True), query) == {"keyword": "x", "page": 2}
    assert query == {"keyword": "x", "page": 1}
