"""Whether and when to try again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from dify._protocol.retry import LONGEST_WAIT, Failure, decide, parse_retry_after

# Each status that the table names, its neighbours, and the first and last of each class.
STATUSES = [
    300,
    399,
    400,
    403,
    407,
    408,
    409,
    425,
    428,
    429,
    430,
    499,
    500,
    501,
    502,
    503,
    504,
    505,
    *range(519, 531),
    599,
]
GATEWAY = {408, 502, 503, 504, 520, 522, 524, 529}


def tries(failure: Failure, *, repeatable: bool, **more) -> bool:
    return decide(failure, attempt=1, max_retries=2, repeatable=repeatable, draw=lambda: 0.5, **more) is not None


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_tried_again_as_the_table_says(status):
    failure = Failure("status", status)
    assert tries(failure, repeatable=True) is (status in GATEWAY | {429})
    assert tries(failure, repeatable=False) is (status == 429)


@pytest.mark.parametrize("status", STATUSES)
def test_with_a_wait_that_the_server_names_only_503_is_more_than_that(status):
    failure = Failure("status", status, retry_after=1.0)
    assert tries(failure, repeatable=True) is (status in GATEWAY | {429})
    assert tries(failure, repeatable=False) is (status in {429, 503})


@pytest.mark.parametrize("repeatable", [True, False])
def test_what_never_left_is_always_tried_again_and_what_may_have_arrived_only_where_harmless(repeatable):
    assert tries(Failure("connect"), repeatable=repeatable)
    assert tries(Failure("lost"), repeatable=repeatable) is repeatable


@pytest.mark.parametrize("repeatable", [True, False])
def test_difys_own_limits(repeatable):
    assert tries(Failure("status", 400, "invalid_param", concurrency_limit=True), repeatable=repeatable)
    assert tries(Failure("status", 429, "too_many_requests"), repeatable=repeatable)
    assert not tries(Failure("status", 429, "rate_limit_error"), repeatable=repeatable)
    assert tries(Failure("status", 503, "service_unavailable", refused=True), repeatable=repeatable)
    assert tries(Failure("status", 503, "service_unavailable"), repeatable=repeatable) is repeatable
    assert not tries(Failure("status", 403, "forbidden"), repeatable=repeatable)


@pytest.mark.parametrize("failure", [Failure("connect"), Failure("lost"), Failure("status", 429)])
def test_a_body_that_cannot_be_rewound_is_never_sent_again(failure):
    assert not tries(failure, repeatable=True, rewindable=False)


def test_attempts_are_counted():
    for most in range(4):
        made = 0
        for attempt in range(1, 9):
            if decide(Failure("connect"), attempt=attempt, max_retries=most, repeatable=False) is None:
                break
            made += 1
        assert made == most


def test_waits_are_drawn_from_a_span_that_doubles_to_eight_seconds():
    def longest(attempt: int) -> float:
        wait = decide(Failure("connect"), attempt=attempt, max_retries=99, repeatable=True, draw=lambda: 1.0)
        assert wait is not None
        return wait

    assert [longest(attempt) for attempt in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert decide(Failure("connect"), attempt=9, max_retries=99, repeatable=True, draw=lambda: 0.0) == 0
    drawn = {decide(Failure("connect"), attempt=1, max_retries=9, repeatable=True) for _ in range(9)}
    assert len(drawn) > 1


@pytest.mark.parametrize(
    ("asked", "wait"), [(0.0, 0.0), (7.5, 7.5), (LONGEST_WAIT, 60), (60.5, None), (float("inf"), None)]
)
def test_the_wait_that_the_server_names_is_kept_up_to_a_minute(asked, wait):
    failure = Failure("status", 429, retry_after=asked)
    assert decide(failure, attempt=1, max_retries=2, repeatable=False) == wait


NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 120 ", 120.0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("86400", 86400.0),
        ("1e400", float("inf")),
        ("9" * 5000, float("inf")),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 12:00:01 GMT", 1.0),
        ("Thu, 01 Jan 2026 13:00:30 +0100", 30.0),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30.0),
        ("Thu Jan  1 12:00:30 2026", 30.0),
        ("Thu, 01 Jan 2026 12:00:30", 30.0),
        ("Thu, 01 Jan 2026 11:59:59 GMT", None),
        ("Thu, 01 Jan 2026 12:00:00 GMT", None),
        ("Thu, 32 Jan 2026 12:00:00 GMT", None),
        ("Fri, 31 Dec 999999 23:59:59 GMT", None),
        (None, None),
        ("", None),
        ("   ", None),
        ("soon", None),
        ("-1", None),
        ("+1", None),
        ("1,5", None),
        ("0x10", None),
        ("nan", None),
        ("NaN", None),
        ("inf", None),
        ("infinity", None),
        ("-inf", None),
        ("1_000", None),
        ("١٢", None),
        ("１２", None),
        ("²", None),
        ("1 2", None),
        ("1;2", None),
        ("\x00", None),
    ],
)
def test_a_retry_after_is_read(value, seconds):
    assert parse_retry_after(value, now=NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_reading_of_it(value):
    seconds = parse_retry_after(value)
    assert seconds is None or seconds >= 0


def test_a_date_far_ahead_is_longer_than_any_wait():
    seconds = parse_retry_after("Thu, 01 Jan 2099 00:00:00 GMT", now=NOW)
    assert seconds is not None
    assert seconds > LONGEST_WAIT
