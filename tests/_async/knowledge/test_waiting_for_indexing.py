"""`wait_indexed`: progress, failure, time. No test sleeps: the server is asked again at once."""

from __future__ import annotations

import pickle

import httpx
import pytest

from dify import IndexingFailedError, IndexingTimeoutError, InvalidArgumentError, NotFoundError
from tests.support.recordings import recording

from ..support import make_client


def state(status: str, done: int | None = None, total: int | None = None, **more) -> dict:
    return {"id": "d-1", "indexing_status": status, "completed_segments": done, "total_segments": total, **more}


def answering(*answers):
    """A client whose server answers with these states, one after the other, the last one again and again."""
    left = list(answers)
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        answer = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(200, json={"data": answer if isinstance(answer, list) else [answer]})

    return make_client(handler).knowledge.documents, asked


async def test_it_asks_until_all_documents_are_indexed_and_gives_the_last_answer():
    documents, asked = answering(
        state("waiting"), state("splitting", 0, 0), state("indexing", 1, 3), state("completed", 3, 3)
    )
    status = await documents.wait_indexed("k-1", "b-1", poll_interval=0)
    assert [document.indexing_status for document in status.data] == ["completed"]
    assert status.http.status == 200
    assert asked == ["GET /v1/datasets/k-1/documents/b-1/indexing-status"] * 4


async def test_every_answer_is_told_also_when_counts_are_null_and_also_the_last_one():
    documents, _ = answering(state("parsing"), state("indexing", 1, 3), state("completed", 3, 3))
    told = []
    await documents.wait_indexed("k-1", "b-1", poll_interval=0, on_progress=told.append)
    counts = [(one.data[0].completed_segments, one.data[0].total_segments) for one in told]
    assert counts == [(None, None), (1, 3), (3, 3)]


async def test_one_document_that_is_not_done_keeps_the_batch_waiting():
    first = [state("completed"), state("indexing") | {"id": "d-2"}]
    documents, asked = answering(first, [state("completed"), state("completed") | {"id": "d-2"}])
    status = await documents.wait_indexed("k-1", "b-1", poll_interval=0)
    assert len(status.data) == len(asked) == 2


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("documents/status_economy_first", "documents/status_economy_done"),
        ("documents/status_hierarchical_first", "documents/status_hierarchical_done"),
    ],
)
async def test_recorded_answers_are_waited_through(first, last):
    documents, asked = answering(*(recording(name).body["data"] for name in (first, last)))
    status = await documents.wait_indexed("k-1", "b-1", poll_interval=0)
    assert status.model_dump(mode="json") == recording(last).body
    assert len(asked) <= 2


async def test_a_failure_raises_with_difys_own_reason_and_is_told_first():
    documents, _ = answering(state("splitting"), state("error", error="[fake] Rate limit\nreached"))
    told = []
    with pytest.raises(IndexingFailedError, match=r"d-1 could not be indexed: \[fake\] Rate limit\\nreached") as caught:
        await documents.wait_indexed("k-1", "b-1", poll_interval=0, on_progress=told.append)
    error = caught.value
    assert error.error == "[fake] Rate limit\nreached"
    assert error.documents == told[-1].data
    assert pickle.loads(pickle.dumps(error)).documents == error.documents


async def test_a_failure_without_a_reason_says_so():
    documents, _ = answering(state("error"))
    with pytest.raises(IndexingFailedError, match="gives no reason"):
        await documents.wait_indexed("k-1", "b-1")


async def test_the_time_over_raises_with_the_last_states():
    documents, asked = answering([state("splitting"), state("completed") | {"id": "d-2"}])
    with pytest.raises(IndexingTimeoutError, match=r"within 0 s: 1 of 2 documents pending \(splitting\)") as caught:
        await documents.wait_indexed("k-1", "b-1", timeout=0, poll_interval=0)
    assert [document.indexing_status for document in caught.value.documents] == ["splitting", "completed"]
    assert len(asked) == 1  # the server is asked at least once


async def test_a_paused_document_raises_at_once_with_the_reason_in_the_message():
    documents, asked = answering([state("completed"), state("paused", error="quota exceeded") | {"id": "d-2"}])
    with pytest.raises(IndexingFailedError, match="document d-2 is paused: quota exceeded") as caught:
        await documents.wait_indexed("k-1", "b-1", timeout=600)
    assert caught.value.error == "quota exceeded"
    assert [document.error for document in caught.value.documents] == [None, "quota exceeded"]
    assert len(asked) == 1


async def test_a_reason_that_comes_while_the_time_runs_out_is_in_the_message():
    documents, _ = answering(state("indexing", error="quota exceeded"))
    with pytest.raises(IndexingTimeoutError, match="document d-1: quota exceeded"):
        await documents.wait_indexed("k-1", "b-1", timeout=0)


async def test_a_plugins_reason_is_told_by_its_description():
    blob = '{"error_type": "InvokeRateLimitError", "message": "m", "args": {"description": "no quota left"}}'
    documents, _ = answering(state("error", error=f"req_id: 5b PluginInvokeError: {blob}"))
    with pytest.raises(IndexingFailedError, match=r"could not be indexed: no quota left$") as caught:
        await documents.wait_indexed("k-1", "b-1")
    assert blob in caught.value.error


async def test_a_long_interval_does_not_outlast_the_timeout(waits):
    documents, asked = answering(state("indexing"))
    with pytest.raises(IndexingTimeoutError):
        await documents.wait_indexed("k-1", "b-1", timeout=5, poll_interval=3600)
    assert waits == [5]
    assert len(asked) == 2  # and once more when the time is over


async def test_without_a_timeout_it_waits_for_as_long_as_it_takes():
    documents, asked = answering(*[state("indexing")] * 50, state("completed"))
    await documents.wait_indexed("k-1", "b-1", timeout=None, poll_interval=0)
    assert len(asked) == 51


async def test_an_unknown_batch_is_not_waited_for():
    one = recording("documents/status_unknown_batch")
    client = make_client(lambda request: httpx.Response(one.status, json=one.body))
    with pytest.raises(NotFoundError):
        await client.knowledge.documents.wait_indexed("k-1", "b-1", poll_interval=0)


async def test_an_answer_without_documents_is_no_success():
    documents, _ = answering([])
    with pytest.raises(IndexingTimeoutError, match="unknown"):
        await documents.wait_indexed("k-1", "b-1", timeout=0)


async def test_what_the_callback_raises_ends_the_waiting():
    documents, _ = answering(state("indexing"))

    def enough(status) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await documents.wait_indexed("k-1", "b-1", poll_interval=0, on_progress=enough)


@pytest.mark.parametrize("interval", [-1, float("nan")])
async def test_an_interval_that_is_no_time_is_refused(interval):
    documents, asked = answering(state("indexing"))
    with pytest.raises(InvalidArgumentError, match="poll_interval"):
        await documents.wait_indexed("k-1", "b-1", poll_interval=interval)
    assert asked == []
