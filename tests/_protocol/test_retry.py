"""The retry decision and the delay before the next attempt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from dify._protocol.request import Call
from dify._protocol.retry import MAX_RETRY_AFTER, parse_retry_after, retry_delay
from dify._protocol.uploads import Upload
from dify.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    DifyError,
    InvalidArgumentError,
    RateLimitError,
    ResponseValidationError,
    ServiceUnavailableError,
)

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


REPEATABLE = Call("getWorkflowRunDetail", "GET", "/workflows/run/r-1", repeatable=True)
CREATING = Call("sendChatMessage", "POST", "/chat-messages")
REFUSING = Call("createDocumentFromText", "POST", "/datasets/d/document/create-by-text")
"""503 `service_unavailable` of this operation means that no work has started."""

NOT_SENT, SENT = APIConnectionError("refused"), APIConnectionError("reset", sent=True)


def delay(
    error: DifyError, call: Call = CREATING, *, attempt: int = 1, most: int = 2, jitter: float = 0.5
) -> float | None:
    return retry_delay(error, call, attempt=attempt, max_retries=most, draw=lambda: jitter)


def retries(error: DifyError, call: Call) -> bool:
    return delay(error, call) is not None


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_retried_as_the_table_says(status):
    error = APIStatusError(status_code=status)
    assert retries(error, REPEATABLE) is (status in GATEWAY | {429})
    assert retries(error, CREATING) is (status == 429)


@pytest.mark.parametrize("status", STATUSES)
def test_with_a_retry_after_only_a_503_is_retried_in_addition(status):
    error = APIStatusError(status_code=status, retry_after=1.0)
    assert retries(error, REPEATABLE) is (status in GATEWAY | {429})
    assert retries(error, CREATING) is (status in {429, 503})


def test_a_request_that_was_not_sent_is_always_retried_and_one_that_was_sent_only_if_it_is_repeatable():
    for call in (REPEATABLE, CREATING):
        assert retries(NOT_SENT, call)
        assert retries(APITimeoutError("slow"), call)
    assert retries(SENT, REPEATABLE)
    assert not retries(SENT, CREATING)


def test_an_untrusted_certificate_is_not_retried():
    assert not retries(APIConnectionError("untrusted", reason="certificate"), REPEATABLE)


@pytest.mark.parametrize("call", [REPEATABLE, CREATING], ids=["repeatable", "creating"])
def test_difys_own_limits(call):
    assert retries(RateLimitError(status_code=400, code="invalid_param"), call)
    assert retries(RateLimitError(status_code=429, code="too_many_requests"), call)
    assert not retries(RateLimitError(status_code=429, code="rate_limit_error"), call)
    assert not retries(RateLimitError(status_code=403, code="forbidden"), call)


def test_a_service_unavailable_is_retried_where_it_means_that_no_work_has_started():
    error = ServiceUnavailableError(status_code=503, code="service_unavailable")
    assert retries(error, REFUSING)
    assert retries(error, REPEATABLE)
    assert not retries(error, CREATING)
    assert not retries(APIStatusError(status_code=503), REFUSING)


@pytest.mark.parametrize(
    "error",
    [ConfigurationError("no key"), ResponseValidationError("html"), InvalidArgumentError("NaN"), DifyError("?")],
)
def test_other_errors_are_not_retried(error):
    assert not retries(error, REPEATABLE)


@pytest.mark.parametrize("error", [NOT_SENT, SENT, APIStatusError(status_code=429)], ids=["not sent", "sent", "429"])
def test_a_body_that_cannot_be_rewound_is_never_sent_again(error):
    rewindable, consumed = (
        Call(
            "uploadFile",
            "POST",
            "/files/upload",
            repeatable=True,
            upload=Upload("a", "b", iter([b""]), rewindable=once),
        )
        for once in (True, False)
    )
    assert retries(error, rewindable)
    assert not retries(error, consumed)


def test_attempts_are_counted():
    for most in range(4):
        made = 0
        for attempt in range(1, 9):
            if delay(NOT_SENT, attempt=attempt, most=most) is None:
                break
            made += 1
        assert made == most


def test_delays_are_drawn_from_a_span_that_doubles_to_eight_seconds():
    longest = [delay(NOT_SENT, attempt=attempt, most=99, jitter=1.0) for attempt in range(1, 8)]
    assert longest == [0.5, 1, 2, 4, 8, 8, 8]
    assert delay(NOT_SENT, attempt=9, most=99, jitter=0.0) == 0
    drawn = {retry_delay(NOT_SENT, CREATING, attempt=1, max_retries=9) for _ in range(9)}
    assert len(drawn) > 1


@pytest.mark.parametrize(
    ("asked", "seconds"), [(0.0, 0.0), (7.5, 7.5), (MAX_RETRY_AFTER, 60), (60.5, None), (float("inf"), None)]
)
def test_the_delay_that_the_server_asks_for_is_kept_up_to_a_minute(asked, seconds):
    assert delay(APIStatusError(status_code=429, retry_after=asked)) == seconds


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
def test_a_retry_after_is_parsed(value, seconds):
    assert parse_retry_after(value, now=NOW) == seconds


@given(st.text(max_size=60))
def test_any_text_can_be_parsed(value):
    seconds = parse_retry_after(value)
    assert seconds is None or seconds >= 0


def test_a_date_in_the_far_future_exceeds_the_limit():
    seconds = parse_retry_after("Thu, 01 Jan 2099 00:00:00 GMT", now=NOW)
    assert seconds is not None
    assert seconds > MAX_RETRY_AFTER
