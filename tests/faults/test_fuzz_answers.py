"""Garbage for what reads answers: models, error bodies, and the client as a whole, which raise nothing but ours."""

from __future__ import annotations

import gzip
import importlib
import json
import pickle
import pkgutil
import tracemalloc
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel

import dify.types
from dify import APIStatusError, Dify, DifyError, ResponseLimits, ResponseValidationError
from dify._protocol.error_mapping import status_error, status_error_from_body
from dify._protocol.responses import parse_response
from dify.types._base import ResponseModel
from dify.types.http import HTTPInfo

from .fuzzing import VALUES, bodies, changed, damaged, fuzz
from .test_fuzz_streams import CALM, Pieces


def answers() -> Iterator[type[BaseModel]]:
    """Every model that an answer is read as."""
    for module in pkgutil.iter_modules(dify.types.__path__):
        loaded = importlib.import_module(f"dify.types.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, type) and issubclass(value, ResponseModel) and value is not ResponseModel:
                yield value


MODELS = sorted(set(answers()), key=lambda model: model.__name__)
INFO = HTTPInfo(200, {"content-type": "application/json"}, 0.1, "GET", "https://dify.test/v1/x")


@st.composite
def broken_bodies(draw: Any) -> bytes:
    """A recorded answer with other values or damaged bytes; or any bytes, or any JSON."""
    recorded = draw(st.sampled_from(bodies()))
    match draw(st.sampled_from(["changed", "changed", "damaged", "bytes", "json"])):
        case "changed":
            return json.dumps(draw(changed(json.loads(recorded)))).encode()
        case "damaged":
            return draw(damaged(recorded))
        case "bytes":
            return draw(st.binary(max_size=200))
        case _:
            return json.dumps(draw(VALUES)).encode()


def test_there_are_models_and_answers_to_try() -> None:
    assert len(MODELS) > 25
    assert len(bodies()) > 60


@fuzz(400)
@given(broken_bodies(), st.sampled_from(MODELS))
def test_a_broken_answer_becomes_a_model_or_a_typed_error(body: bytes, model: type[BaseModel]) -> None:
    try:
        outcome: Any = parse_response(body, model, INFO)
    except DifyError as error:
        outcome = error
    again = pickle.loads(pickle.dumps(outcome))
    if isinstance(outcome, DifyError):
        assert len(str(outcome)) < 4000
        assert str(outcome).isprintable()
        assert again.args == outcome.args
    else:
        assert isinstance(outcome, model)
        outcome.model_dump_json()
        assert again.http == INFO


HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "location", "content-type", "x-version"]),
    st.text(st.characters(max_codepoint=255), max_size=30) | st.sampled_from(["1e400", "nan", "-5", "9" * 5000, "Inf"]),
)


@fuzz(400)
@given(broken_bodies(), st.integers(100, 999), HEADERS)
def test_any_error_body_gives_the_error_of_its_status(body: bytes, status: int, headers: dict[str, str]) -> None:
    error = status_error(HTTPInfo(status, headers, 0.1, "POST", "https://dify.test/v1/x"), body)
    assert isinstance(error, APIStatusError)
    assert error.status_code == status
    assert len(str(error)) < 20_000
    assert error.retry_after is None or error.retry_after >= 0
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


@fuzz(300)
@given(st.dictionaries(st.sampled_from(["code", "message", "status", "params", "errors", "error"]), VALUES))
def test_an_error_frame_of_any_shape_gives_an_error(body: dict[str, Any]) -> None:
    assert isinstance(status_error_from_body(body, status=500), APIStatusError)


ENCODINGS = st.sampled_from(["", "gzip", "x-gzip", "GZIP ", "br", "deflate", "gzip, gzip", "\xe9", "identity"])


@fuzz(300)
@given(broken_bodies(), st.integers(200, 599), ENCODINGS, st.booleans(), st.integers(0, 60))
def test_a_client_that_is_answered_with_garbage_raises_nothing_but_its_own_errors(
    body: bytes, status: int, encoding: str, packed: bool, less: int
) -> None:
    sent = gzip.compress(body) if packed else body
    sent = sent[: max(0, len(sent) - less)] if less < 30 else sent
    headers = [(b"content-type", b"application/json"), (b"content-encoding", encoding.encode("latin-1"))]

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, stream=Pieces([sent]))

    with httpx.Client(transport=httpx.MockTransport(handler)) as http:
        client = Dify(http_client=http, **CALM)
        calls: list[Any] = [
            lambda: client.chat.send("hi", response_mode="blocking"),
            lambda: client.conversations.list().data,
            lambda: client.workflows.get("run-1"),
            lambda: client.app.parameters(),
            lambda: client.knowledge.datasets.get("base-1"),
            lambda: client.messages.suggested_questions("m-1"),
            lambda: client.chat.stop("task-1"),
        ]
        for call in calls:
            try:
                call()
            except DifyError:
                continue
            assert 200 <= status < 300


@pytest.mark.parametrize("size", [1, 7, 64, 5000])
def test_an_answer_in_small_pieces_takes_no_more_memory_than_in_large_ones(size: int) -> None:
    limit, piece = 1 << 18, b"x" * size
    pieces = Pieces([])
    pieces._chunks = (bytes(bytearray(piece)) for _ in range(limit // size + 1))  # type: ignore[assignment]
    handler = httpx.MockTransport(lambda request: httpx.Response(200, stream=pieces))
    with httpx.Client(transport=handler) as http:
        client = Dify(http_client=http, limits=ResponseLimits(answer=limit), **CALM)
        tracemalloc.start()
        try:
            with pytest.raises(ResponseValidationError, match="larger"):
                client.workflows.get("run-1")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 3 * limit
