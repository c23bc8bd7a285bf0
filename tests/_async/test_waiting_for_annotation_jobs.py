"""Waiting for the job that switches annotation replies."""

from __future__ import annotations

import httpx
import pytest

from dify import APITimeoutError, BadRequestError, DifyError

from .support import make_client


def client_of(*states, **settings):
    """A client of a server whose job is in these states, one after the other; in the last one from then on."""
    left = list(states)

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/apps/annotation-reply/enable/status/j-1"
        state = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(200, json={"job_id": "j-1", "error_msg": ""} | state)

    return make_client(handler, **settings)


async def test_a_job_is_asked_after_until_it_is_completed():
    client = client_of({"job_status": "waiting"}, {"job_status": "processing"}, {"job_status": "completed"})
    seen = []
    job = await client.annotations.wait_reply(
        "enable", "j-1", poll_interval=0, on_progress=lambda job: seen.append(job.job_status)
    )
    assert job.job_status == "completed"
    assert seen == ["waiting", "processing", "completed"]


async def test_a_job_that_fails_raises_with_the_reason_that_dify_gives():
    client = client_of({"job_status": "processing"}, {"job_status": "error", "error_msg": "no such model"})
    with pytest.raises(DifyError, match="no such model"):
        await client.annotations.wait_reply("enable", "j-1", poll_interval=0)


async def test_a_job_that_takes_too_long_raises_and_says_that_it_goes_on(waits):
    client = client_of({"job_status": "processing"})
    with pytest.raises(APITimeoutError, match="continues on the server") as caught:
        await client.annotations.wait_reply("enable", "j-1", timeout=3, poll_interval=1)
    assert caught.value.sent
    assert waits == [1, 1, 1]


async def test_a_pause_between_two_looks_is_no_longer_than_the_time_that_is_left(waits):
    client = client_of({"job_status": "waiting"})
    with pytest.raises(APITimeoutError):
        await client.annotations.wait_reply("enable", "j-1", timeout=70, poll_interval=60)
    assert waits == [60, 10]


async def test_a_job_that_ends_just_in_time_has_not_timed_out(waits):
    client = client_of({"job_status": "waiting"}, {"job_status": "completed"})
    job = await client.annotations.wait_reply("enable", "j-1", timeout=5, poll_interval=600)
    assert job.job_status == "completed"
    assert waits == [5]


async def test_a_job_that_is_not_known_raises_at_once():
    refusal = {"code": "invalid_param", "message": "The job does not exist.", "status": 400}
    client = make_client(lambda request: httpx.Response(400, json=refusal))
    with pytest.raises(BadRequestError, match="does not exist"):
        await client.annotations.wait_reply("enable", "j-1")
