"""Connections in child processes made by `fork`.

A child that used the connections of its parent would read the responses to the parent's requests, and would wait for locks that
threads of the parent hold. Pools and the like therefore register here, and start anew in each child.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakSet

import httpcore
import httpx

__all__ = ["detach_socket", "forget_connections", "keep_inherited", "start_anew_after_fork"]


class StartsAnew(Protocol):
    """An object with connections or locks of a process."""

    def start_anew(self) -> None:
        """Forget the connections and locks of the parent process.

        Called in the child, before anything else runs there.
        """
        ...


_registered: WeakSet[StartsAnew] = WeakSet()
_inherited: list[object] = []


def start_anew_after_fork(owner: StartsAnew) -> None:
    """Let an object start anew in each child process, as long as it lives."""
    _registered.add(owner)


def _start_anew() -> None:
    for owner in list(_registered):
        owner.start_anew()


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=_start_anew)


def keep_inherited(thing: object) -> None:
    """Keep an object of the parent process alive.

    Collecting it would close, or warn of, what belongs to the parent.
    """
    _inherited.append(thing)


def detach_socket(stream: httpcore.AsyncNetworkStream | httpcore.NetworkStream) -> None:
    """Close this process's copy of an inherited socket.

    The connection of the parent stays open.

    The descriptor refers to an empty file afterwards, so that the object that owns it can close it at any time. Closing the
    object now could change the connection, or the parent's event loop, whose selector is shared.
    """
    connection = stream.get_extra_info("socket")
    descriptor = -1 if connection is None else connection.fileno()
    if descriptor >= 0:
        with suppress(OSError), open(os.devnull, "rb") as empty:
            os.dup2(empty.fileno(), descriptor, inheritable=False)


def forget_connections(client: httpx.AsyncClient | httpx.Client) -> None:
    """Let a client of httpx open new connections in a child process.

    Only transports of httpx itself are known here.
    """
    # httpx has no public method for it. tests/_net/test_private_attributes.py fails when these attributes change.
    parts: Any = client
    for transport in [parts._transport, *parts._mounts.values()]:
        if isinstance(transport, (httpx.AsyncHTTPTransport, httpx.HTTPTransport)):
            pool: Any = transport._pool  # pyright: ignore[reportPrivateUsage]
            keep_inherited((pool._connections, pool._requests))
            pool._connections, pool._requests = [], []
            pool._optional_thread_lock = type(pool._optional_thread_lock)()
