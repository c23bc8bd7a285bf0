"""A server on a real socket that answers by script, and counts: connections, requests, what is still open.

It speaks HTTP/1.1 by hand, so that a script can break off anywhere, go silent, or reset. One thread accepts, one serves each
connection; a test looks at the server from outside with the waiting methods, which never wait for ever.

    def answer(x: Exchange) -> None:
        x.sse(frames.message("Hel"), frames.message("lo"), frames.message_end())
        x.hold()  # as Dify does: nothing more comes, the connection stays open

    with Server(answer) as server:
        client = AsyncDify(base_url=server.url, ...)
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

PATIENCE = 20.0
"""Seconds after which a wait counts as failed; nothing that works comes near it."""


class Gone(Exception):
    """The client has hung up, or the server stops: the script ends here."""


class Request:
    """A request as it came."""

    def __init__(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ", 2)
        self.path = self.target.partition("?")[0]
        pairs = (line.partition(":") for line in lines if line)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.body = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """One request being answered; a script calls the methods in the order of the wire."""

    def __init__(self, server: Server, sock: socket.socket, request: Request, early: bytes) -> None:
        self.server = server
        self.request = request
        self._sock = sock
        self._early = early  # of the body, read along with the head

    # ------------------------------------------------------------------------------------------------- what comes in
    def body(self) -> Iterator[bytes]:
        """The request's body as it arrives; the chunks of a chunked body are taken out of their frames."""
        if self.request.headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int(self._line(), 16):
                yield self._exactly(size)
                self._line()
            self._line()
            return
        left = int(self.request.headers.get("content-length", "0"))
        while left:
            piece, self._early = self._early[:left], self._early[left:]
            piece = piece or self._receive(min(left, 1 << 20))
            left -= len(piece)
            yield piece

    def _line(self) -> bytes:
        while b"\r\n" not in self._early:
            self._early += self._receive(1 << 16)
        line, _, self._early = self._early.partition(b"\r\n")
        return line

    def _exactly(self, size: int) -> bytes:
        parts = [self._early[:size]]
        self._early = self._early[size:]
        left = size - len(parts[0])
        while left:
            parts.append(self._receive(min(left, 1 << 20)))
            left -= len(parts[-1])
        return b"".join(parts)

    def _receive(self, size: int) -> bytes:
        data = self._sock.recv(size)
        if not data:
            raise Gone
        return data

    # -------------------------------------------------------------------------------------------------- what goes out
    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def head(self, status: int = 200, content_type: str = "application/json", *more: str) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", *more]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def json(self, body: Any, status: int = 200, *more: str) -> None:
        """A whole JSON answer."""
        self.bytes(json.dumps(body).encode(), "application/json", *more, status=status)

    def bytes(self, body: bytes, content_type: str = "application/octet-stream", *more: str, status: int = 200) -> None:
        """A whole answer."""
        self.head(status, content_type, f"Content-Length: {len(body)}", *more)
        self.send(body)

    def sse(self, *parts: bytes) -> None:
        """The head of an event stream, and these parts of it, each in a chunk of its own."""
        self.head(200, "text/event-stream; charset=utf-8", "Transfer-Encoding: chunked")
        for part in parts:
            self.chunk(part)

    def chunk(self, data: bytes) -> None:
        """One chunk of a chunked body; none for no data, because that would end it."""
        if data:
            self.send(b"%x\r\n" % len(data) + data + b"\r\n")

    def end(self) -> None:
        """The end of a chunked body, as HTTP wants it."""
        self.send(b"0\r\n\r\n")

    # -------------------------------------------------------------------------------------------- silence and the end
    def hold(self, until: threading.Event | None = None) -> None:
        """Send nothing until the event is set; without one, until the client hangs up."""
        while until is None or not until.is_set():
            if self.server.stopping.is_set():
                raise Gone
            readable, _, _ = select.select([self._sock], [], [], 0.01)
            if readable and not self._sock.recv(1 << 16):
                raise Gone

    def close(self) -> None:
        """End the connection in good order (FIN), whatever HTTP says is missing."""
        raise Gone

    def reset(self) -> None:
        """End the connection by a reset (RST)."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone


class Server:
    """Listens on a free port of 127.0.0.1 while its block runs; `answer` is called for every request, in a thread.

    Args:
        answer: What to do with a request; when it returns, the connection is kept for the next one.
        lazy: Leave the request's body to the script (`Exchange.body`).
        tls: Speak TLS, with this context's certificate, as "localhost".
    """

    def __init__(
        self, answer: Callable[[Exchange], None], *, lazy: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        self._answer = answer
        self._tls = tls
        self._lazy = lazy
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self.stopping = threading.Event()
        self.requests: list[Request] = []
        self.connections = 0
        port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1" if tls is None else f"https://localhost:{port}/v1"

    @property
    def open(self) -> int:
        """Connections that neither side has closed."""
        with self._changed:
            return len(self._sockets)

    def paths(self) -> list[str]:
        """Method and path of every request so far."""
        return [f"{request.method} {request.path}" for request in self.requests]

    # ---------------------------------------------------------------------------- waiting, for threads that may block
    def all_closed(self) -> bool:
        """Wait until the client has closed every connection; False where it does not."""
        return self.falls_to(0)

    def falls_to(self, most: int) -> bool:
        """Wait until no more than so many connections are open; False where more stay."""
        return self._wait(lambda: len(self._sockets) <= most)

    def has_seen(self, requests: int) -> bool:
        """Wait until so many requests have come whole; False where they do not."""
        return self._wait(lambda: len(self.requests) >= requests)

    def _wait(self, condition: Callable[[], bool]) -> bool:
        end = time.monotonic() + PATIENCE
        with self._changed:
            while not condition():
                if not self._changed.wait(end - time.monotonic()):
                    return condition()
            return True

    # ------------------------------------------------------------------------------------------------------- running
    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        # A thread in accept() or recv() wakes up when its socket is shut down, not when it is closed.
        for sock in (self._listener, *list(self._sockets)):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()
        if self._failures and error is None:
            raise self._failures[0]

    def _begin(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self.connections += 1
                self._sockets.add(sock)
                self._changed.notify_all()
            self._begin(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                plain, sock = sock, self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                with self._changed:
                    self._sockets.discard(plain)
                    self._sockets.add(sock)
                sock.do_handshake()
            while not self.stopping.is_set():
                self._one(sock)
        except (Gone, OSError):
            pass
        except BaseException as failure:  # noqa: BLE001 - a script that fails must fail its test, not its thread
            self._failures.append(failure)
        finally:
            with self._changed:
                self._sockets.discard(sock)
                sock.close()
                self._changed.notify_all()

    def _one(self, sock: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(1 << 16)
            if not piece:
                raise Gone
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        exchange = Exchange(self, sock, Request(head), rest)
        if not self._lazy:
            exchange.request.body = b"".join(exchange.body())
        with self._changed:
            self.requests.append(exchange.request)
            self._changed.notify_all()
        self._answer(exchange)
