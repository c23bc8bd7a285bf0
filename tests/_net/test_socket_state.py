"""The state of a connection is read from its socket, without taking a byte from it."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dify._net.socket_state import acknowledged_bytes, has_ended, shut_down

Pair = tuple[socket.socket, socket.socket]


class Stream:
    """A network stream, as far as its socket is asked for."""

    def __init__(self, connection: object, **known: Any) -> None:
        self.known = {"socket": connection} | known

    def get_extra_info(self, info: str) -> Any:
        return self.known.get(info)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.connect(listener.getsockname())
        server = listener.accept()[0]
        with server:
            yield client, server


def test_an_open_connection_has_not_ended_although_bytes_have_arrived(pair: Pair) -> None:
    client, server = pair
    assert not has_ended(Stream(client))
    server.sendall(b"early")
    assert not has_ended(Stream(client))
    assert client.recv(10) == b"early"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems report the end of one direction in other ways")
def test_a_connection_that_the_server_has_closed_in_one_direction_has_ended(pair: Pair) -> None:
    client, server = pair
    server.sendall(b"last")
    server.shutdown(socket.SHUT_WR)
    assert has_ended(Stream(client))
    assert client.recv(10) == b"last"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not report it")
def test_a_connection_that_was_reset_or_closed_has_ended(pair: Pair) -> None:
    client, server = pair
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    assert has_ended(Stream(client))
    client.close()
    assert has_ended(Stream(client))


def test_what_the_stream_knows_comes_first_and_a_stream_without_a_socket_is_open() -> None:
    assert has_ended(Stream(None, has_ended=True))
    assert not has_ended(Stream(None))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports it")
def test_acknowledged_bytes_are_counted(pair: Pair) -> None:
    client, server = pair
    before = acknowledged_bytes(Stream(client))
    assert before is not None
    client.sendall(b"x" * 1000)
    assert len(server.recv(2000)) == 1000
    server.sendall(b"answer")  # carries the acknowledgement
    client.recv(10)
    assert acknowledged_bytes(Stream(client)) == before + 1000


def test_acknowledged_bytes_are_unknown_without_a_socket_that_reports_them(pair: Pair) -> None:
    client, _ = pair
    client.close()
    for connection in (None, client):
        assert acknowledged_bytes(Stream(connection)) is None


class Refusing:
    """An object that stands for a socket, and refuses its methods, as those of uvloop do."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def fileno(self) -> int:
        return self._connection.fileno()

    def getsockopt(self, *_: object) -> bytes:
        raise TypeError("transport sockets do not support getsockopt")

    def shutdown(self, how: int) -> None:
        raise TypeError("transport sockets do not support shutdown")


@pytest.mark.parametrize("kind", [lambda connection: connection, Refusing])
def test_a_connection_is_shut_down_in_both_directions(kind: Callable[[socket.socket], Any], pair: Pair) -> None:
    client, server = pair
    assert shut_down(Stream(kind(client)))
    assert client.recv(10) == server.recv(10) == b""
    assert client.fileno() >= 0
    assert shut_down(Stream(kind(client)))  # again, without an effect


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports it")
def test_a_socket_that_refuses_its_methods_is_asked_all_the_same(pair: Pair) -> None:
    client, _ = pair
    assert acknowledged_bytes(Stream(Refusing(client))) == acknowledged_bytes(Stream(client))


def test_a_connection_without_a_socket_is_not_shut_down() -> None:
    assert not shut_down(Stream(None))
