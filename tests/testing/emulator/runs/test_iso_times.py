"""Times in queries are read as the server reads them, and refused in its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dify.testing.emulator.responses import ApiError
from dify.testing.emulator.runs.iso_times import iso_time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-05", datetime(2026, 5, 1, tzinfo=UTC)),
        ("20260506", datetime(2026, 5, 6, tzinfo=UTC)),
        ("2026-05-06T07", datetime(2026, 5, 6, 7, tzinfo=UTC)),
        ("2026-05-06 07:08:09,5", datetime(2026, 5, 6, 7, 8, 9, 500_000, tzinfo=UTC)),
        ("2026-05-06T070809.000123Z", datetime(2026, 5, 6, 7, 8, 9, 123, tzinfo=UTC)),
        ("2026-05-06T07:08+0130", datetime(2026, 5, 6, 7, 8, tzinfo=timezone(timedelta(hours=1, minutes=30)))),
        ("2026-05-06T07:08-02", datetime(2026, 5, 6, 7, 8, tzinfo=timezone(timedelta(hours=-2)))),
    ],
)
def test_a_time_may_be_short_and_is_in_utc_without_an_offset(text, time) -> None:
    assert iso_time(text) == time
    assert iso_time(text).utcoffset() == time.utcoffset()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("20", "ISO string too short"),
        ("soon!", "invalid literal for int() with base 10: b'soon'"),
        ("2026-5-6", "String contains unknown ISO components"),
        ("2026-13-01", "month must be in 1..12"),
        ("2026-02-30", "day is out of range for month"),
        ("2026-05-06T25", "hour must be in 0..23"),
    ],
)
def test_a_text_that_is_not_a_time_is_refused(text, message) -> None:
    with pytest.raises(ApiError) as caught:
        iso_time(text)
    assert (caught.value.status, caught.value.code, caught.value.message) == (400, "invalid_param", message)
