"""What a broken or hostile server can make the client hold in memory."""

import gzip

import httpx
import pytest

from dify import NotFoundError, ResponseLimits, ResponseValidationError, ServerError
from tests.support.frames import message, run_started, sse, text_chunk

from .support import Chunks, answered, make_client, streaming


def body(content: bytes, *, status: int = 200, **headers: str):
    known = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, headers=known, stream=Chunks([content]))


async def test_an_event_over_the_limit_ends_the_stream():
    client = make_client(streaming([sse(message("x" * 5000))]), limits=ResponseLimits(frame=1000))
    with pytest.raises(ResponseValidationError, match="1000 bytes"):
        await client.chat.send("hi")


async def test_the_events_of_a_stream_together_have_a_limit():
    chunks = [sse(message("x" * 500))] * 100
    source = Chunks(chunks)
    client = make_client(lambda request: answered(source), limits=ResponseLimits(frame=1000, stream=10_000))
    with pytest.raises(ResponseValidationError, match=r"10000 bytes.*ResponseLimits\(stream=\)") as caught:
        await client.chat.send("hi")
    assert (caught.value.reason, caught.value.param) == ("too_large", "limits")
    assert source.sent == 10_000 // len(chunks[0]) + 1


async def test_the_limit_of_a_stream_counts_all_of_its_connections():
    first = sse(run_started(), *[text_chunk("x" * 500)] * 10)
    client = make_client(streaming([first, first]), limits=ResponseLimits(stream=2 * len(first)), max_retries=50)
    with pytest.raises(ResponseValidationError, match=f"{2 * len(first)} bytes"):
        await client.workflows.run({})


async def test_an_event_that_never_ends_is_given_up_at_the_limit():
    chunks = [b'data: {"event": "message", "answer": "', *[b"x" * 500] * 100]
    source = Chunks(chunks)
    client = make_client(lambda request: answered(source), limits=ResponseLimits(frame=1000))
    with pytest.raises(ResponseValidationError):
        await client.chat.send("hi")
    assert source.sent < 5


async def test_an_answer_over_the_limit_is_not_read_to_its_end():
    client = make_client(body(b'{"id": "' + b"r" * 5000 + b'"}'), limits=ResponseLimits(answer=1000))
    with pytest.raises(ResponseValidationError, match="1000 bytes"):
        await client.workflows.get("r")


async def test_a_bomb_is_given_up_before_it_has_opened():
    bomb = gzip.compress(b" " * (100 << 20), 1)
    with pytest.raises(ResponseValidationError, match="bytes"):
        await make_client(body(bomb, content_encoding="gzip")).workflows.get("r")


async def test_a_bomb_in_a_stream_is_given_up_before_it_has_opened():
    bomb = gzip.compress(b"data: " + b" " * (100 << 20), 1)
    handler = body(bomb, content_type="text/event-stream", content_encoding="gzip")
    with pytest.raises(ResponseValidationError, match="bytes"):
        await make_client(handler).chat.send("hi")


async def test_a_bomb_as_an_error_still_tells_its_status():
    bomb = gzip.compress(b"E" * (100 << 20), 1)
    with pytest.raises(ServerError) as caught:
        await make_client(body(bomb, status=500, content_encoding="gzip")).workflows.get("r")
    assert len(caught.value.body) <= 64 << 10
    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
async def test_an_encoding_that_was_not_asked_for_is_refused(encoding):
    with pytest.raises(ResponseValidationError, match="gzip"):
        await make_client(body(b"{}", content_encoding=encoding)).workflows.get("r")


async def test_gzip_is_read():
    answer = gzip.compress(b'{"id": "r", "status": "succeeded"}')
    assert (await make_client(body(answer, content_encoding="gzip")).workflows.get("r")).id == "r"


async def test_the_body_of_an_error_is_kept_to_the_limit():
    client = make_client(
        body(b'{"code": "not_found", "message": "' + b"m" * 5000, status=404), limits=ResponseLimits(error=100)
    )
    with pytest.raises(NotFoundError) as caught:
        await client.workflows.get("r")
    assert len(caught.value.body) == 100
