"""The sockets of an asyncio loop: what waits ends, what comes too fast is held back, and the address that answers is taken."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import threading
from contextlib import suppress
from typing import Any

import httpcore
import pytest

from dify._net import asyncio_backend as _loop_stream
from dify._net.asyncio_backend import LoopStream, connect

from ..support.server import Exchange, Server

HEAD = b"GET /v1/info HTTP/1.1\r\nHost: test\r\n\r\n"
MIB = 1 << 20


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


async def opened(server: Server) -> LoopStream:
    return await connect("127.0.0.1", port_of(server), 20)


def silent(x: Exchange) -> None:
    x.hold()


async def test_what_is_sent_arrives_in_pieces_no_larger_than_asked_for() -> None:
    sent = bytes(range(256)) * 8192
    with Server(lambda x: x.send(sent)) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        got = bytearray()
        while len(got) < len(sent):
            piece = await stream.read(1000, 20)
            assert 0 < len(piece) <= 1000
            got += piece
        await stream.aclose()
        assert bytes(got) == sent
        assert await asyncio.to_thread(server.all_closed)


async def test_what_nobody_reads_is_left_to_the_system_to_hold_back() -> None:
    gate = threading.Event()

    def answer(x: Exchange) -> None:
        for _ in range(64):
            x.send(b"x" * MIB)
        gate.set()

    with Server(answer) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        total = len(await stream.read(10, 20))
        for _ in range(100):
            await asyncio.sleep(0.001)
        protocol = stream._protocol
        assert sum(map(len, protocol.parts)) < MIB
        assert not gate.is_set()
        while total < 64 * MIB:
            total += len(await stream.read(MIB, 20))
        assert gate.wait(20)
        await stream.aclose()


async def test_the_end_is_no_bytes_and_a_reset_is_an_error() -> None:
    def answer(x: Exchange) -> None:
        x.send(b"last")
        if x.request.path.endswith("/reset"):
            x.hold(go)
            x.reset()
        x.close()

    go = threading.Event()
    with Server(answer) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        assert await stream.read(100, 20) == b"last"
        assert await stream.read(100, 20) == b""
        await stream.aclose()
        stream = await opened(server)
        await stream.write(HEAD.replace(b"info", b"reset"), 20)
        assert await stream.read(100, 20) == b"last"
        go.set()
        with pytest.raises(httpcore.ReadError):
            await stream.read(100, 20)
        with pytest.raises(httpcore.WriteError):
            await stream.write(HEAD, 20)
        await stream.aclose()


async def test_each_read_has_its_own_time_whatever_the_one_before_had() -> None:
    gate = threading.Event()

    def answer(x: Exchange) -> None:
        x.send(b"one")
        gate.wait(20)
        x.send(b"two")
        x.hold()

    with Server(answer) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        assert await stream.read(100, 60) == b"one"
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(100, 0.05)
        asyncio.get_running_loop().call_later(0.15, gate.set)
        assert await stream.read(100, 0.1 + 20) == b"two"
        begun = asyncio.get_running_loop().time()
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(100, 0.2)
        assert asyncio.get_running_loop().time() - begun >= 0.19
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(100, 0.01)
        await stream.aclose()


async def test_a_cancelled_read_loses_nothing_of_what_comes_later() -> None:
    gate = threading.Event()

    def answer(x: Exchange) -> None:
        gate.wait(20)
        x.send(b"later")
        x.hold()

    with Server(answer) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        reading = asyncio.create_task(stream.read(100, 20))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        gate.set()
        assert await stream.read(100, 20) == b"later"
        await stream.aclose()


async def test_a_server_that_takes_nothing_ends_a_write_in_time() -> None:
    gate = threading.Event()
    with Server(lambda x: gate.wait(20) and None, lazy=True) as server:
        stream = await opened(server)
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * (64 * MIB), 0.2)
        await stream.aclose()
        with pytest.raises(httpcore.WriteError):
            await stream.write(HEAD, 20)
        gate.set()


async def test_a_writer_lets_the_loop_turn() -> None:
    turns = 0

    def count() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(count)

    loop = asyncio.get_running_loop()
    with Server(lambda x: [None for _ in x.body()], lazy=True) as server:
        stream = await opened(server)
        await stream.write(b"POST / HTTP/1.1\r\nContent-Length: 4194304\r\n\r\n", 20)
        loop.call_soon(count)
        for _ in range(4096):
            await stream.write(b"x" * 1024, 20)
        assert turns >= 8
        count = lambda: None  # noqa: E731
        await stream.aclose()


async def test_the_end_of_an_idle_connection_is_seen_before_it_is_used() -> None:
    with Server(lambda x: x.close()) as server:
        stream = await opened(server)
        assert not stream.get_extra_info("is_readable")
        await stream.write(HEAD, 20)
        assert await asyncio.to_thread(server.has_seen, 1)  # before that, it has nothing that it could have closed
        assert await asyncio.to_thread(server.all_closed)
        assert stream.get_extra_info("is_readable")  # no turn of the loop has told of it
        await asyncio.sleep(0.01)
        assert stream.get_extra_info("is_readable")
        await stream.aclose()
        assert stream.get_extra_info("is_readable")


async def test_a_connection_knows_its_addresses_and_if_it_is_readable_where_poll_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()

    def answer(x: Exchange) -> None:
        gate.wait(20)
        x.send(b"late")
        x.hold()

    monkeypatch.delattr(select, "poll")
    with Server(answer) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", port_of(server))
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.1"
        assert not stream.get_extra_info("is_readable")
        gate.set()
        assert await stream.read(100, 20) == b"late"
        await stream.aclose()


def test_a_closed_socket_counts_as_readable() -> None:
    class Transport(asyncio.Transport):
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return closed

    closed = socket.socket()
    closed.close()
    assert _loop_stream._readable(Transport())


async def test_a_write_continues_when_the_server_reads_again() -> None:
    gate, received = threading.Event(), 0

    def answer(x: Exchange) -> None:
        nonlocal received
        gate.wait(20)
        for piece in x.body():
            received += len(piece)
        x.send(b"done")

    with Server(answer, lazy=True) as server:
        stream = await opened(server)
        size = 16 * MIB
        asyncio.get_running_loop().call_later(0.05, gate.set)
        await stream.write(f"POST / HTTP/1.1\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size, 20)
        assert gate.is_set()  # the system accepted the rest only after the server read
        assert await stream.read(100, 20) == b"done"
        assert received == size
        await stream.aclose()


async def test_a_timeout_that_fires_between_two_reads_ends_neither() -> None:
    gate = threading.Event()

    def answer(x: Exchange) -> None:
        x.send(b"one")
        gate.wait(20)
        x.send(b"two")
        x.hold()

    with Server(answer) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        assert await stream.read(100, 0.5) == b"one"
        timer = stream._protocol._timer
        assert timer is not None
        await asyncio.sleep(max(0.0, timer.when() - asyncio.get_running_loop().time()) + 0.01)
        assert stream._protocol._timer is None
        gate.set()
        assert await stream.read(100, 20) == b"two"
        await stream.aclose()


async def test_a_read_may_last_longer_than_the_timeout_of_the_read_before_it() -> None:
    gate = threading.Event()

    def answer(x: Exchange) -> None:
        x.send(b"one")
        gate.wait(20)
        x.send(b"two")
        x.hold()

    with Server(answer) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        assert await stream.read(100, 0.2) == b"one"
        asyncio.get_running_loop().call_later(0.3, gate.set)
        assert await stream.read(100, 20) == b"two"
        await stream.aclose()


async def test_a_connection_that_takes_too_long_is_a_connect_timeout() -> None:
    with Server(silent) as server, pytest.raises(httpcore.ConnectTimeout):
        await connect("127.0.0.1", port_of(server), 0)


async def test_a_connection_that_is_lost_in_its_handshake_is_an_error_of_connecting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class LostInHandshake:
        async def start_tls(self, *_: object, **__: object) -> None:
            """asyncio returns no transport in this case."""

    with Server(silent) as server:
        stream = await opened(server)
        monkeypatch.setattr(stream._protocol, "loop", LostInHandshake())
        with pytest.raises(httpcore.ConnectError, match="lost during the TLS handshake"):
            await stream.start_tls(ssl.create_default_context(), "localhost", 20)
        await stream.aclose()


@pytest.mark.parametrize("cancelled", [False, True])
async def test_connections_that_are_made_at_the_same_time_are_closed_but_for_one(
    cancelled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, both, made = asyncio.get_running_loop(), asyncio.Event(), 0
    create_connection = loop.create_connection

    async def at_once(*address: Any) -> Any:
        nonlocal made
        connection = await create_connection(*address)
        made += 1
        if made == 2:
            both.set()
            if cancelled:
                connecting.cancel()
        while not both.is_set():
            with suppress(asyncio.CancelledError):  # it was made before the cancellation arrives
                await both.wait()
        return connection

    monkeypatch.setattr(loop, "create_connection", at_once)
    monkeypatch.setattr(_loop_stream, "_NEXT_SECONDS", 0)
    monkeypatch.setattr(_loop_stream, "_addresses", addresses("127.0.0.1", "127.0.0.1"))
    with Server(silent) as server:
        connecting = asyncio.ensure_future(connect("dify.test", port_of(server), 20))
        if cancelled:
            with pytest.raises(asyncio.CancelledError):
                await connecting
        else:
            stream = await connecting
            assert await asyncio.to_thread(server.falls_to, 1)
            await stream.aclose()
        assert made == 2
        assert await asyncio.to_thread(server.all_closed)


async def test_an_address_that_refuses_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(silent) as server:
        monkeypatch.setattr(_loop_stream, "_addresses", addresses("127.0.0.2", "127.0.0.1"))
        stream = await connect("dify.test", port_of(server), 20)
        assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
        await stream.aclose()


async def test_of_two_that_answer_one_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_loop_stream, "_NEXT_SECONDS", 0)
    with Server(silent) as server:
        monkeypatch.setattr(_loop_stream, "_addresses", addresses("127.0.0.1", "127.0.0.1", "127.0.0.1"))
        stream = await connect("dify.test", port_of(server), 20)
        assert await asyncio.to_thread(server.falls_to, 1)
        await stream.aclose()
        assert await asyncio.to_thread(server.all_closed)


async def test_when_none_answers_the_error_has_the_words_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(silent) as server:
        port = port_of(server)
    monkeypatch.setattr(_loop_stream, "_addresses", addresses("127.0.0.1", "127.0.0.2"))
    with pytest.raises(httpcore.ConnectError, match=r"127\.0\.0\.1.*127\.0\.0\.2"):
        await connect("dify.test", port, 20)
    monkeypatch.undo()
    with pytest.raises(httpcore.ConnectError):
        await connect("127.0.0.1", port, 20)


async def test_a_host_without_an_address_is_an_error_of_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(httpcore.ConnectError, match="not known"):
        await connect("no-such-host.test", 1, 20)


async def test_addresses_come_in_turns_and_a_literal_one_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(10, 1, 6, "", ("::1", 1)), (10, 1, 6, "", ("::2", 1)), (2, 1, 6, "", ("127.0.0.1", 1))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    assert await _loop_stream._addresses("dify.test", 1) == ["::1", "127.0.0.1", "::2"]
    assert await _loop_stream._addresses("::9", 1) == ["::9"]


async def test_a_handshake_with_what_speaks_no_tls_is_an_error_of_connecting() -> None:
    with Server(lambda x: x.close()) as server:
        stream = await opened(server)
        with pytest.raises((httpcore.ConnectError, httpcore.ConnectTimeout)):
            await stream.start_tls(ssl.create_default_context(), "localhost", 0.5)
        await stream.aclose()
        assert await asyncio.to_thread(server.all_closed)


def addresses(*found: str):
    async def told(host: str, port: int) -> list[str]:
        return list(found)

    return told


async def test_a_write_that_the_system_refuses_is_an_error_at_once() -> None:
    gate = threading.Event()

    def answer(x: Exchange) -> None:
        gate.wait(20)
        x.reset()

    with Server(answer) as server:
        stream = await opened(server)
        await stream.write(HEAD, 20)
        assert server.has_seen(1)
        gate.set()
        assert server.all_closed()  # the event loop has not noticed yet
        with pytest.raises(httpcore.WriteError):
            await stream.write(HEAD, 20)
        await stream.aclose()
