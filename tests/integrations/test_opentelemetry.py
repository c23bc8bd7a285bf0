"""The httpx instrumentation of OpenTelemetry sees the calls of default clients, and passes its context to the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dify import AsyncDify, DefaultHttpxClient, Dify, ServerError, StreamInterruptedError
from dify.testing import Emulator, no_waits


class Tracing:
    """OpenTelemetry, and the spans that have ended."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("tests")

    @property
    def spans(self) -> list[tuple[str, object]]:
        key = "http.status_code"
        return [(span.name, (span.attributes or {}).get(key)) for span in self.exporter.get_finished_spans()]


@pytest.fixture
def tracing() -> Iterator[Tracing]:
    tracing = Tracing()
    HTTPXClientInstrumentor().instrument(tracer_provider=tracing.provider)
    yield tracing
    HTTPXClientInstrumentor().uninstrument()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(lambda request: ["one ", "two"]) as emulator:
        yield emulator


def settings(url: str) -> dict:
    return {"api_key": "app-x", "user": "alice", "base_url": url, "trust_env": False}


class Info(BaseHTTPRequestHandler):
    """A server that answers every GET with the data of an app, and keeps the header of the trace."""

    seen: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers["traceparent"])
        body = b'{"name": "x", "description": "", "tags": [], "mode": "chat", "author_name": "y"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Info.seen = []
    with HTTPServer(("127.0.0.1", 0), Info) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_server_gets_the_context_of_the_trace(tracing, server):
    with Dify(**settings(server)) as client, tracing.tracer.start_as_current_span("mine") as mine:
        client.app.info()
    assert Info.seen[0].split("-")[1] == f"{mine.get_span_context().trace_id:032x}"


async def test_the_server_gets_the_context_of_the_trace_of_an_async_call(tracing, server):
    async with AsyncDify(**settings(server)) as client:
        with tracing.tracer.start_as_current_span("mine") as mine:
            await client.app.info()
    assert Info.seen[0].split("-")[1] == f"{mine.get_span_context().trace_id:032x}"


def test_a_call_of_a_default_client_is_a_span(tracing, emulator):
    with emulator.serve() as url, Dify(**settings(url)) as client, tracing.tracer.start_as_current_span("mine"):
        client.chat.send("Hi")
        client.app.info()
    assert tracing.spans == [("POST", 200), ("GET", 200), ("mine", None)]


async def test_a_call_of_a_default_async_client_is_a_span(tracing, emulator):
    with emulator.serve() as url:
        async with AsyncDify(**settings(url)) as client:
            with tracing.tracer.start_as_current_span("mine"):
                assert [text async for text in client.chat.stream("Hi").text_stream] == ["one ", "two", ""]
                uploaded = await client.files.upload(("a.txt", b"x" * 3_000_000))
                await client.chat.send("look", files=[uploaded])
                assert len(await client.files.download(uploaded.id).read()) == 3_000_000
    assert tracing.spans == [("POST", 200), ("POST", 201), ("POST", 200), ("GET", 200), ("mine", None)]


def test_each_attempt_is_a_span_and_errors_are_those_of_this_package(tracing, emulator):
    with no_waits(), emulator.serve() as url, Dify(**settings(url), max_retries=1) as client:
        emulator.fail_next(503, times=2)
        with pytest.raises(ServerError):
            client.app.info()
    assert tracing.spans == [("GET", 503), ("GET", 503)]


async def test_a_stream_that_breaks_off_is_still_an_interrupted_stream(tracing, emulator):
    with emulator.serve() as url:
        async with AsyncDify(**settings(url)) as client:
            emulator.drop_stream(after=1)
            with pytest.raises(StreamInterruptedError):
                async for _ in client.chat.stream("Hi"):
                    pass
    assert tracing.spans[0] == ("POST", 200)


def test_connections_are_reused_while_calls_are_traced(tracing, emulator):
    with emulator.serve() as url, Dify(**settings(url)) as client:
        client.app.info()
        pool = client._pool.http()._transport
        connection = pool._idle[0]
        client.app.info()
        assert pool._idle == [connection]
    assert len(tracing.spans) == 2


def test_a_client_that_was_made_before_and_is_used_afterwards(server):
    tracing = Tracing()
    with Dify(**settings(server)) as client:
        client.app.info()
        HTTPXClientInstrumentor().instrument(tracer_provider=tracing.provider)
        try:
            client.app.info()
        finally:
            HTTPXClientInstrumentor().uninstrument()
        client.app.info()
    assert tracing.spans == [("GET", 200)]
    assert [header is not None for header in Info.seen] == [False, True, False]


def test_one_client_of_this_package_is_instrumented_alone(emulator):
    tracing = Tracing()
    with (
        emulator.serve() as url,
        DefaultHttpxClient(trust_env=False) as http,
        Dify(http_client=http, api_key="app-x", base_url=url) as client,
    ):
        HTTPXClientInstrumentor.instrument_client(http, tracer_provider=tracing.provider)
        client.app.info()
    assert tracing.spans == [("GET", 200)]
