"""Reading lists page by page: every item once, or an error that says that items are missing."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dify._protocol.paging import (
    MESSAGES,
    NUMBERED,
    VARIABLES,
    ListOrder,
    PageBody,
    PageRequest,
    SeenItems,
    conversations_order,
    first_request,
    split_times,
)
from dify.errors import IncompleteListError
from dify.types._base import ResponseModel, Timestamp
from tests.support.lists import CursorList, NumberedList, Row

ALWAYS = settings(deadline=None, max_examples=200)


class Item(ResponseModel):
    id: str
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


def walk(
    server: Any, order: ListOrder, query: dict[str, Any] | None = None, *, ids: list[str] | None = None
) -> list[str]:
    """Read a list to its end, as a pager does."""
    ids, most = [] if ids is None else ids, 2000
    step: PageRequest | None = first_request(order, query or {}, walk=True)
    while step is not None:
        most -= 1
        assert most, "the walk does not end"
        body = server({name: str(value) for name, value in step.query.items()})
        if body is None:
            step = step.without_cursor()
            assert step is not None, "the cursor of the call does not exist"
            continue
        reading = step.read(PageBody[Item].model_validate(body))
        ids += [item.id for item in reading.items]
        if reading.error is not None:
            assert reading.next is None
            raise IncompleteListError(str(reading.error), items=ids)
        step = reading.next
    return ids


def rows_of(counts: list[int], fractions: bool = False) -> list[Row]:
    """So many rows in each second, one second after the other."""
    made: list[Row] = []
    for second, count in enumerate(counts):
        for at in range(count):
            time = 1_700_000_000 + second + (at / count if fractions else 0)
            made.append(Row(f"{second}-{at}", time, time))
    return made


seconds = st.lists(st.integers(0, 40), min_size=0, max_size=12)
limits = st.none() | st.integers(1, 100)


# ------------------------------------------------------------------------------------------------------ lists with a cursor
@ALWAYS
@given(counts=seconds, limit=limits, seed=st.integers(), fractions=st.booleans())
def test_every_message_comes_once_however_many_share_a_second(counts, limit, seed, fractions):
    rows = rows_of(counts, fractions)
    server = CursorList(rows, "first_id", "-created_at", shuffle=random.Random(seed))
    ids = walk(server, MESSAGES, {"limit": limit} if limit else {})
    assert sorted(ids) == sorted(row.id for row in rows)


@ALWAYS
@given(counts=seconds, limit=limits, seed=st.integers())
def test_every_variable_comes_once_however_many_share_a_second(counts, limit, seed):
    rows = rows_of(counts)
    ids = walk(CursorList(rows, shuffle=random.Random(seed)), VARIABLES, {"limit": limit} if limit else {})
    assert sorted(ids) == sorted(row.id for row in rows)


@ALWAYS
@given(
    counts=seconds,
    limit=limits,
    seed=st.integers(),
    sort_by=st.sampled_from([None, "created_at", "-created_at", "updated_at", "-updated_at"]),
    fractions=st.booleans(),
)
def test_every_conversation_comes_once_in_each_order(counts, limit, seed, sort_by, fractions):
    rows = rows_of(counts, fractions)
    query = {name: value for name, value in {"limit": limit, "sort_by": sort_by}.items() if value}
    server = CursorList(rows, sort_by="-updated_at", counts_ties=False, shuffle=random.Random(seed))
    ids = walk(server, conversations_order(sort_by), query)
    assert sorted(ids) == sorted(row.id for row in rows)


@ALWAYS
@given(counts=st.lists(st.integers(0, 130), min_size=1, max_size=6), limit=limits, ties=st.booleans())
def test_a_walk_gives_everything_or_an_error_and_never_less(counts, limit, ties):
    rows = rows_of(counts)
    server = CursorList(rows, sort_by="-created_at", counts_ties=ties)
    order = ListOrder("last_id", skips_ties=not ties)
    try:
        ids = walk(server, order, {"limit": limit} if limit else {})
    except IncompleteListError:
        assert max(counts) >= 100
    else:
        assert sorted(ids) == sorted(row.id for row in rows)


@pytest.mark.parametrize("limit", [None, 1, 20, 25, 100])
def test_25_variables_of_one_second_come_whole(limit):
    server = CursorList(rows_of([25]))
    assert len(set(walk(server, VARIABLES, {"limit": limit} if limit else {}))) == 25


def test_more_than_100_variables_of_one_second_are_an_error_that_names_the_second():
    server = CursorList(rows_of([130]))
    with pytest.raises(IncompleteListError, match=r"after 100 items.*created_at 2023-11-14T22:13:20") as caught:
        walk(server, VARIABLES)
    assert len(caught.value.items) == 100
    assert len(server.asked) == 1


def test_a_full_page_of_conversations_is_not_the_end_when_its_last_second_may_hold_more():
    server = CursorList(rows_of([4, 19]), sort_by="created_at", counts_ties=False)
    assert server({"limit": "20"})["has_more"] is False  # and three items are missing
    assert len(walk(server, conversations_order("created_at"), {"limit": 20, "sort_by": "created_at"})) == 23


def test_one_request_reads_a_short_list():
    server = CursorList(rows_of([3, 3]), "first_id", "-created_at")
    assert len(walk(server, MESSAGES)) == 6
    assert server.asked == [{"limit": "100"}]


def test_a_page_brings_as_many_new_items_as_the_call_asks_for():
    server = CursorList(rows_of([1] * 9), "first_id", "-created_at")
    step = first_request(MESSAGES, {"limit": 3})
    sizes = []
    while step is not None:
        reading = step.read(PageBody[Item].model_validate(server({k: str(v) for k, v in step.query.items()})))
        sizes.append(len(reading.items))
        step = reading.next
    assert sizes == [3, 3, 3]


@pytest.mark.parametrize("order", [MESSAGES, VARIABLES, conversations_order(None), NUMBERED])
def test_more_after_an_empty_page_is_an_error(order):
    reading = first_request(order, {}).read(PageBody[Item](data=[], has_more=True))
    assert reading.next is None
    assert "announces more" in str(reading.error)


def test_items_without_times_go_on_after_the_last_one():
    body = PageBody[Item](data=[Item(id="a"), Item(id="b")], has_more=True)
    following = first_request(VARIABLES, {"limit": 2}).read(body).next
    assert following is not None
    assert following.query == {"limit": 2, "last_id": "b"}
    assert "the same page again" in str(following.read(body).error)


def test_the_cursor_of_the_call_stays_where_no_earlier_second_came():
    body = PageBody[Item].model_validate({"data": [{"id": "a", "created_at": 5}], "has_more": True})
    following = first_request(VARIABLES, {"limit": 1, "last_id": "z"}).read(body).next
    assert following is not None
    assert following.query == {"limit": 2, "last_id": "z"}


def test_the_query_of_the_call_is_not_changed():
    query = {"user": "alice", "limit": 1}
    body = PageBody[Item].model_validate({"data": [{"id": "a", "created_at": 5}], "has_more": True})
    assert first_request(MESSAGES, query).read(body).next is not None
    assert query == {"user": "alice", "limit": 1}


# -------------------------------------------------------------------------------------------- lists that change meanwhile
class Changing:
    """A list that something happens to before a request."""

    def __init__(self, server: Any, *changes: Any) -> None:
        self.server = server
        self.changes = list(changes)

    def __call__(self, query: dict[str, str]) -> Any:
        change = self.changes.pop(0) if self.changes else None
        if change is not None:
            change(self.server.rows)
        return self.server(query)


def test_a_conversation_that_moves_to_the_front_during_the_walk_is_not_lost():
    rows = rows_of([1] * 12)
    oldest = rows[0]

    def touch(rows: list[Row]) -> None:
        oldest.updated_at = 1_700_000_500

    server = CursorList(rows, sort_by="-updated_at", counts_ties=False)
    ids = walk(Changing(server, None, touch), conversations_order(None), {"limit": 5})
    assert sorted(ids) == sorted(row.id for row in rows)


def test_the_item_at_the_cursor_may_be_deleted_during_the_walk():
    rows = rows_of([1] * 12)
    names = [row.id for row in rows]

    def drop_newest(rows: list[Row]) -> None:
        del rows[7:]

    server = CursorList(rows, sort_by="-created_at", counts_ties=False)
    ids = walk(Changing(server, None, drop_newest), conversations_order("-created_at"), {"limit": 5})
    assert sorted(ids) == sorted(names)


def test_the_item_at_the_cursor_may_move_past_the_rest_of_the_list():
    rows = rows_of([1] * 12)

    def touch(items: list[Row]) -> None:
        for row in items[3:5]:
            row.updated_at = 1_700_000_900

    server = CursorList(rows, sort_by="updated_at", counts_ties=False)
    ids = walk(Changing(server, None, touch), conversations_order("updated_at"), {"limit": 5, "sort_by": "updated_at"})
    assert sorted(ids) == sorted(row.id for row in rows)


@pytest.mark.parametrize("order", [NUMBERED, conversations_order(None), conversations_order("-created_at")])
def test_deleting_every_item_of_a_walk_reaches_all_of_them(order):
    rows = rows_of([1] * 30)
    names = [row.id for row in rows]
    ids: list[str] = []

    def delete(rows: list[Row]) -> None:
        rows[:] = [row for row in rows if row.id not in ids]

    server = NumberedList(rows) if order is NUMBERED else CursorList(rows, sort_by="-updated_at", counts_ties=False)
    walk(Changing(server, *[delete] * 20), order, {"limit": 10}, ids=ids)
    assert sorted(ids) == sorted(names)


def test_a_list_that_loses_items_with_every_page_ends_in_an_error():
    rows = rows_of([1] * 100)
    shrinking = Changing(NumberedList(rows), None, *[lambda rows: rows.pop()] * 60)
    with pytest.raises(IncompleteListError, match="changes while it is read"):
        walk(shrinking, NUMBERED, {"limit": 45})


def test_items_that_arrive_at_the_front_come_neither_twice_nor_as_an_error():
    rows = rows_of([1] * 30)
    arrive = [
        lambda rows, at=at: rows.extend(Row(f"new-{at}-{n}", 1_700_000_100 + at) for n in range(3)) for at in range(50)
    ]
    ids = walk(Changing(NumberedList(rows), None, *arrive), NUMBERED, {"limit": 10})
    assert len(ids) == len(set(ids))
    assert {row.id for row in rows_of([1] * 30)} <= set(ids)


# ----------------------------------------------------------------------------------------------- lists with page numbers
@ALWAYS
@given(counts=st.lists(st.integers(0, 30), max_size=20), limit=limits, seed=st.integers())
def test_every_log_comes_once_although_pages_repeat_some_and_leave_out_others(counts, limit, seed):
    rows = rows_of(counts)
    ids = walk(NumberedList(rows, random.Random(seed)), NUMBERED, {"limit": limit} if limit else {})
    assert sorted(ids) == sorted(row.id for row in rows)


def test_logs_whose_order_is_fixed_are_read_in_one_pass():
    server = NumberedList(rows_of([20] * 10))
    assert len(walk(server, NUMBERED, {"limit": 20})) == 200
    assert [query.get("page", "1") for query in server.asked] == [str(number) for number in range(1, 11)]


def test_missing_logs_are_looked_for_in_pages_that_end_elsewhere():
    class Losing(NumberedList):
        """Repeats the item before the end of a page in place of the first of the next one, if both have the same time."""

        def __call__(self, query: dict[str, str]) -> dict[str, Any]:
            body = super().__call__(query)
            offset = (int(query.get("page", 1)) - 1) * int(query["limit"])
            rows = sorted(self.rows, key=lambda row: -row.created_at)
            if offset and body["data"] and rows[offset].created_at == rows[offset - 1].created_at:
                body["data"][0] = rows[offset - 1].wire()
            return body

    rows = rows_of([12] * 20)
    server = Losing(rows)
    assert sorted(walk(server, NUMBERED)) == sorted(row.id for row in rows)
    sizes = [int(query["limit"]) for query in server.asked]
    assert sizes[:3] == [100, 100, 100]
    assert 96 in sizes[3:]  # the largest page that ends between two seconds
    assert len(server.asked) <= 6


def test_a_count_that_never_comes_true_is_an_error():
    class Boasting(NumberedList):
        def __call__(self, query: dict[str, str]) -> dict[str, Any]:
            return super().__call__(query) | {"total": 25, "has_more": False}

    with pytest.raises(IncompleteListError, match="after 20 items: the server counts 25") as caught:
        walk(Boasting(rows_of([20])), NUMBERED)
    assert len(caught.value.items) == 20


def test_a_walk_that_begins_at_a_page_reads_the_rest_and_nothing_before():
    server = NumberedList(rows_of([1] * 30))
    ids = walk(server, NUMBERED, {"page": 2, "limit": 10})
    assert ids == [f"{second}-0" for second in range(19, -1, -1)]
    server = NumberedList(rows_of([1] * 50))
    ids = walk(server, NUMBERED, {"page": 2})  # the page number counts in pages of the server's size
    assert (len(ids), server.asked[0]) == (30, {"page": "2"})


def test_a_list_without_counts_ends_with_a_short_page():
    server = NumberedList(rows_of([1] * 5), total=False)
    assert len(walk(server, NUMBERED, {"limit": 2})) == 5
    assert len(server.asked) == 3


def test_a_server_that_repeats_its_first_page_for_ever_is_an_error():
    data = [row.wire() for row in rows_of([2])]
    with pytest.raises(IncompleteListError, match="without a new one"):
        walk(lambda query: {"data": data, "limit": 2, "has_more": True}, NUMBERED, {"limit": 2})
    with pytest.raises(IncompleteListError, match="the server counts 99"):
        walk(lambda query: {"data": data, "limit": 2, "has_more": True, "total": 99}, NUMBERED, {"limit": 2})


@pytest.mark.parametrize(
    ("body", "query", "number"),
    [
        ({"has_more": True}, {}, 2),
        ({"has_more": True}, {"page": 4}, 5),
        ({"has_more": True}, {"page": None}, 2),
        ({"has_more": False}, {}, None),
        ({"total_pages": 3}, {"page": 2}, 3),
        ({"total_pages": 3}, {"page": 3}, None),
        ({}, {"limit": 1}, 2),  # without counts, a short page is the last
        ({}, {"limit": 2}, None),
        ({"limit": 1}, {}, 2),
        ({}, {}, None),
        ({"has_more": False, "total": 1}, {"limit": 1}, None),
    ],
)
def test_numbered_pages_follow_by_number(body, query, number):
    reading = first_request(NUMBERED, query).read(PageBody[Item](data=[Item(id="a")], **body))
    assert (reading.next and reading.next.query["page"]) == number
    assert reading.error is None


def test_more_than_100_items_asked_for_come_in_pages_of_100():
    # has_more compares with the limit asked for, and the server never sends more than 100
    class Capped(NumberedList):
        def __call__(self, query: dict[str, str]) -> dict[str, Any]:
            return super().__call__(query) | {"has_more": False, "limit": 200}

    server = Capped(rows_of([1] * 250))
    assert len(set(walk(server, NUMBERED, {"limit": 200}))) == 250
    assert len(server.asked) == 3


# ------------------------------------------------------------------------------------------------------------------ parts
def test_a_page_read_twice_brings_the_same_items_twice():
    seen = SeenItems()
    first, second = [Item(id="a"), Item(id="b")], [Item(id="b"), Item(id="c"), Item(id="c")]
    assert [item.id for item in seen.add(first, 0)] == ["a", "b"]
    for _ in range(2):
        assert [item.id for item in seen.add(second, 1)] == ["c"]
    assert [item.id for item in seen.add(first, 0)] == ["a", "b"]


def test_the_ends_of_pages_that_split_a_time():
    assert split_times([5, 5, 5, 4, 3, 3], 2) == {5}
    assert split_times([5, 5, 5, 4, 3, 3], 5) == {3}
    assert split_times([5, 5, 5, 4, 3, 3], 3) == set()
    assert split_times([None, None, None], 1) == set()


@pytest.mark.parametrize("order", [MESSAGES, VARIABLES, NUMBERED])
def test_a_walk_asks_for_the_largest_pages_unless_the_call_says_otherwise(order):
    assert first_request(order, {}, walk=True).query == {"limit": 100}
    assert first_request(order, {"limit": 7}, walk=True).query == {"limit": 7}
    assert first_request(order, {}).query == {}
    assert first_request(NUMBERED, {"page": 2}, walk=True).query == {"page": 2}


# ----------------------------------------------------------------------------------------------------------- special cases
def test_items_without_an_id_are_all_new():
    class Plain(ResponseModel):
        name: str

    seen = SeenItems()
    items = [Plain(name="a"), Plain(name="a")]
    assert seen.add(items, 1) == items
    assert seen.add(items, 2) == items


def test_a_list_whose_cursor_is_deleted_again_and_again_is_read_from_its_start_five_times():
    def page(*ids: str) -> PageBody[Any]:
        data = [{"id": id, "created_at": 1_700_000_000 + at} for at, id in enumerate(ids)]
        return PageBody[Item].model_validate({"data": data, "has_more": True, "limit": 2})

    request = first_request(VARIABLES, {"limit": 2}, walk=True)
    restarts = 0
    while request is not None:
        following = request.read(page("a", "b")).next
        assert following is not None
        request = following.without_cursor()
        restarts += request is not None
    assert restarts == 5  # the first one after new items, the others in a row without one


def test_a_numbered_page_that_does_not_exist_has_no_other_request():
    assert first_request(NUMBERED, {"page": 9}).without_cursor() is None
