"""Sockets of open connections: ending them, and what they report of the server."""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
from contextlib import suppress
from typing import Any, Protocol, cast, runtime_checkable

from httpcore import AsyncNetworkStream, NetworkStream

__all__ = ["Described", "abort", "acknowledged_bytes", "has_ended", "shut_down"]

_HAS_POLL = hasattr(select, "poll")  # Windows has none
_PEER_CLOSED = cast(int, getattr(select, "POLLRDHUP", 0))  # of Linux; other systems report POLLHUP

_INFO_SIZE = 256
_ACKNOWLEDGED = struct.Struct("=120xQ")
"""`tcpi_bytes_acked` in the `tcp_info` of Linux, since version 4.1."""


class Described(Protocol):
    """A network stream of httpcore."""

    def get_extra_info(self, info: str, /) -> Any: ...


def shut_down(stream: Described) -> bool:
    """Shut a connection down in both directions; return False without a socket.

    This wakes the task or thread that waits for it.
    """
    connection = stream.get_extra_info("socket")
    if connection is None:
        return False
    with suppress(OSError):
        _call(connection, "shutdown", socket.SHUT_RDWR)
    return True


def abort(stream: AsyncNetworkStream | NetworkStream) -> None:
    """Close a socket without waiting."""
    if isinstance(stream, Abortable):
        stream.abort()
        return
    shut_down(stream)
    if isinstance(stream, NetworkStream):
        stream.close()


@runtime_checkable
class Abortable(Protocol):
    """A socket that can be closed without waiting."""

    def abort(self) -> None: ...


def has_ended(stream: Described) -> bool:
    """Return True if the server has closed or reset the connection.

    False if not, or if the system does not report it.

    Bytes that the server sent before can still be read.
    """
    known = stream.get_extra_info("has_ended")
    if known is not None:
        return bool(known)
    connection = stream.get_extra_info("socket")
    if connection is None or not _HAS_POLL:
        return False
    descriptor = connection.fileno()
    if descriptor < 0:
        return True
    look = select.poll()
    look.register(descriptor, select.POLLHUP | select.POLLERR | select.POLLNVAL | _PEER_CLOSED)
    return bool(look.poll(0))


def acknowledged_bytes(stream: Described) -> int | None:
    """Return the number of sent bytes that the server's system has received.

    None where that is not reported.
    """
    connection = stream.get_extra_info("socket")
    if connection is None or sys.platform != "linux":
        return None
    try:
        info: bytes = _call(connection, "getsockopt", socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)
    except OSError:  # closed
        return None
    return _ACKNOWLEDGED.unpack_from(info)[0] if len(info) >= _ACKNOWLEDGED.size else None


def _call(connection: Any, method: str, *args: Any) -> Any:
    """Call a method of a socket.

    The objects that stand for sockets in uvloop refuse most methods.
    """
    try:
        return getattr(connection, method)(*args)
    except TypeError:
        with socket.socket(fileno=os.dup(connection.fileno())) as copy:
            return getattr(copy, method)(*args)
