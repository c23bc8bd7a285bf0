"""Errors inside streams, and answers of success that are none."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from dify import (
    APIStatusError,
    CompletionRequestError,
    NotFoundError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
)
from tests.support.frames import failure, message, sse

from .support import Chunks, make_client, streaming


class Info(BaseModel):
    name: str


def answer(status: int, body: object):
    if isinstance(body, bytes):
        return lambda request: httpx.Response(status, stream=Chunks([body]))
    return lambda request: httpx.Response(status, json=body)


async def test_an_error_frame_without_code_or_ids_has_the_ids_of_the_stream():
    frames = sse(message("Hel"), {"event": "error", "message": "q is required in input form", "status": 500})
    with pytest.raises(ServerError) as caught:
        await make_client(streaming([frames])).chat.send("hi")
    error = caught.value
    assert (error.code, error.task_id, error.conversation_id) == (None, "task-1", "conv-1")
    assert error.partial.answer == "Hel"


@pytest.mark.parametrize(
    ("frame", "cls"),
    [
        (failure(), CompletionRequestError),
        (failure(message=None), CompletionRequestError),
        (failure(status=None), CompletionRequestError),
        (failure(code="rate_limit_error", status=429), RateLimitError),
        (failure(code="invalid_param", message="Too many requests. Wait.", status=400), RateLimitError),
        ({"event": "error"}, ServerError),
    ],
)
async def test_an_error_frame_of_any_shape_raises(frame, cls):
    with pytest.raises(APIStatusError) as caught:
        await make_client(streaming([sse(frame)])).chat.send("hi")
    assert type(caught.value) is cls


async def test_an_answer_of_success_that_reads_like_an_error_is_one():
    body = {"code": "not_found", "message": "gone", "status": 404}
    with pytest.raises(NotFoundError, match="gone"):
        await make_client(answer(200, body)).workflows.get("run-1")


def bare(status: int, body: bytes = b"", **headers: str):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, headers=headers, stream=Chunks([body] if body else []))


@pytest.mark.parametrize(
    ("method", "handler"),
    [
        ("DELETE", bare(204, content_type="application/json")),
        ("POST", bare(205)),
        ("HEAD", bare(200, content_type="application/json", content_length="5")),
    ],
)
async def test_an_answer_without_content_is_none_where_the_type_has_a_place_for_it(method, handler):
    for cast_to in (type(None), None, object, Any, dict[str, Any] | None):
        assert await make_client(handler).request(method, "/thing", cast_to=cast_to) is None
    for cast_to in (dict, str, Info):
        with pytest.raises(ResponseValidationError, match="empty"):
            await make_client(handler).request(method, "/thing", cast_to=cast_to)


@pytest.mark.parametrize("body", [b"", b'{"result": "success"}', b"done", b"null"])
async def test_who_asks_for_nothing_gets_none_whatever_a_success_says(body):
    assert await make_client(bare(200, body)).request("PUT", "/thing", cast_to=type(None)) is None


async def test_who_asks_for_nothing_is_still_told_that_nothing_was_done():
    client = make_client(bare(200, b'{"code": "not_found", "message": "gone", "status": 404}'))
    with pytest.raises(NotFoundError, match="gone"):
        await client.request("PUT", "/thing", cast_to=type(None))
    client = make_client(bare(200, b"<!doctype html><html></html>", content_type="text/html"))
    with pytest.raises(ResponseValidationError, match="base URL"):
        await client.request("PUT", "/thing", cast_to=type(None))


async def test_an_answer_that_should_have_content_and_is_empty_is_told_even_where_none_would_do():
    with pytest.raises(ResponseValidationError, match="empty"):
        await make_client(bare(200)).request("GET", "/thing", cast_to=object)


BAD_ANSWERS = {
    "a page": (b"<!doctype html><html></html>", "base URL"),
    "nothing": (b"", "empty"),
    "garbage": (b"\xff\xfe", "JSON"),
    "another shape": (b'{"unexpected": 1}', "id"),
    "a list": (b"[]", "WorkflowRunDetail"),
    "null": (b"null", "WorkflowRunDetail"),
    "NaN": (b"NaN", "WorkflowRunDetail"),
    "absurd nesting": (b'{"id": "r", "status": "s", "outputs": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "JSON"),
}


@pytest.mark.parametrize(("body", "words"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_a_success_that_is_not_what_it_should_be_is_told(body, words):
    with pytest.raises(ResponseValidationError, match=words) as caught:
        await make_client(answer(200, body)).workflows.get("run-1")
    assert caught.value.http.status == 200
    assert caught.value.body == body[:2048].decode("utf-8", "replace")
