"""A fault-injecting HTTP/1.1 and SSE server on raw asyncio streams; loopback only.

The base URL http://127.0.0.1:<port>/f/<fault>[;key=value...]/v1 applies one fault to every response under it. What would have
been a valid response of a chat app is known, and the fault is applied to that.
Parameters common to all: id=<token> (a key for the log and the counters), at=<byte>, n=<count>, mb=<MiB>, ms=<delay>.

  python -m tests.faults.tools.faultserver [--port 0]    prints one JSON line: {main, other, closed, blackhole, ...}
  GET  /__catalog__            all faults: {name, group, modes, goal, params, base_url, note}
  GET  /__log__[?id=token]     requests received: {id, fault, listener, conn, method, path, auth, api_key, body_len, t}
  GET  /__conns__              {open, total}: sockets open now (without this one), and ever accepted
  GET  /__warm__               builds the decompression bombs, so that no measurement includes that
  POST /__reset__              clears log and counters

In a test:   async with FaultServer() as server:  server.url("stream-rst", at=100)

The goal of a fault:
  ok        the full, correct result        typed      an exception of the client's own within the deadline, never a raw one
  timeout   its own timeout exception within the configured timeout
  ok|typed  either is right                 retry-ok   the full result after a safe retry (typed when retries are off)
A hang, a silent truncation, a wrong value, a crash, an exception of another library, or twice the memory is a failure.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import email.utils
import gzip
import io
import json
import os
import socket
import ssl
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import trustme

PIECES = ["Hel", "lo, ", "wörld! ", "你好 ", "🌍 ", "— line\u2028sep ", '"q" ', "end."]
TEXT = "".join(PIECES)
UID = "0b5f6a52-6f6d-4a59-9a2b-3d3f3a1c0001"
MID = "0b5f6a52-6f6d-4a59-9a2b-3d3f3a1c0002"
CID = "0b5f6a52-6f6d-4a59-9a2b-3d3f3a1c0003"


def to_json(o: Any) -> bytes:
    return json.dumps(o, ensure_ascii=False, separators=(",", ":")).encode()


# ----------------------------------------------------------------------------------------------- payloads
class Payload:
    """The valid responses of a chat app."""

    @staticmethod
    def blocking() -> dict:
        return {
            "event": "message",
            "task_id": UID,
            "id": MID,
            "message_id": MID,
            "conversation_id": CID,
            "mode": "chat",
            "answer": TEXT,
            "metadata": {
                "usage": {
                    "prompt_tokens": 1,
                    "completion_tokens": 2,
                    "total_tokens": 3,
                    "latency": 0.5,
                    "currency": "USD",
                    "total_price": "0.0000010",
                    "prompt_unit_price": "0.001",
                    "prompt_price_unit": "0.001",
                    "prompt_price": "0.0000003",
                    "completion_unit_price": "0.002",
                    "completion_price_unit": "0.001",
                    "completion_price": "0.0000007",
                },
                "retriever_resources": [],
            },
            "created_at": 1705407629,
        }

    @staticmethod
    def piece(p: str, **kw: Any) -> dict:
        return {
            "event": "message",
            "task_id": UID,
            "id": MID,
            "message_id": MID,
            "conversation_id": CID,
            "answer": p,
            "created_at": 1705407629,
            **kw,
        }

    @classmethod
    def content(cls) -> list[bytes]:
        return [b"event: ping\n\n"] + [b"data: " + to_json(cls.piece(p)) + b"\n\n" for p in PIECES]

    @classmethod
    def terminal(cls) -> list[bytes]:
        b = cls.blocking()
        return [
            b"data: "
            + to_json(
                {
                    "event": "message_end",
                    "task_id": UID,
                    "id": MID,
                    "message_id": MID,
                    "conversation_id": CID,
                    "metadata": b["metadata"],
                    "created_at": 1705407629,
                }
            )
            + b"\n\n"
        ]

    @staticmethod
    def error_event() -> bytes:
        return (
            b"data: "
            + to_json(
                {
                    "event": "error",
                    "task_id": UID,
                    "message_id": MID,
                    "status": 400,
                    "code": "completion_request_error",
                    "message": "[fake] Rate limit reached",
                }
            )
            + b"\n\n"
        )

    @staticmethod
    def ping() -> bytes:
        return b"event: ping\n\n"

    @staticmethod
    def err(status: int, code: str = "invalid_param", msg: str = "injected") -> dict:
        return {"code": code, "message": msg, "status": status}


# ----------------------------------------------------------------------------------------------- plumbing
class Close(Exception):
    """handler is done and the connection must close (FIN)"""


@dataclass
class Ctx:
    srv: FaultServer
    r: asyncio.StreamReader
    w: asyncio.StreamWriter
    listener: str
    method: str = ""
    target: str = ""
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    fault: str = ""
    params: dict = field(default_factory=dict)
    rest: str = ""
    stream: bool = False

    def p(self, k: str, default: Any) -> Any:
        v = self.params.get(k)
        return default if v is None else type(default)(float(v)) if isinstance(default, int) else type(default)(v)

    async def send(self, b: bytes, *, pause: float = 0.0) -> None:
        self.w.write(b)
        await self.w.drain()
        if pause:
            await asyncio.sleep(pause)

    def head(
        self,
        status: int | str = 200,
        ct: str | None = "application/json",
        *extra: str,
        cl: int | None = None,
        chunked: bool = False,
        close: bool = False,
    ) -> bytes:
        line = f"HTTP/1.1 {status} X\r\n" if isinstance(status, int) else f"HTTP/1.1 {status}\r\n"
        h = [f"Date: {email.utils.formatdate(usegmt=True)}"]
        if ct:
            h.append(f"Content-Type: {ct}")
        if cl is not None:
            h.append(f"Content-Length: {cl}")
        if chunked:
            h.append("Transfer-Encoding: chunked")
        if close:
            h.append("Connection: close")
        h += extra
        return (line + "\r\n".join(h) + "\r\n\r\n").encode("latin-1")

    async def respond(
        self, status: int | str, body: bytes | dict | list, ct: str = "application/json", *extra: str
    ) -> None:
        if not isinstance(body, bytes):
            body = to_json(body)
        await self.send(self.head(status, ct, *extra, cl=len(body)) + body)

    async def chunk(self, b: bytes, pause: float = 0.0) -> None:
        if b:
            await self.send(b"%x\r\n" % len(b) + b + b"\r\n", pause=pause)

    async def end(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def sse_head(self, ct: str = "text/event-stream; charset=utf-8", *extra: str) -> None:
        await self.send(self.head(200, ct, "Cache-Control: no-cache", *extra, chunked=True))

    async def sse(self, frames: list[bytes], pause: float = 0.0, *, finish: bool = True) -> None:
        await self.sse_head()
        for f in frames:
            await self.chunk(f, pause)
        if finish:
            await self.end()

    async def rst(self, settle: float = 0.05) -> None:
        await asyncio.sleep(settle)  # let the peer read what was sent before the reset discards it
        s = self.w.get_extra_info("socket")
        if s is not None:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.w.transport.abort()
        raise Close

    async def hang(self) -> None:
        await asyncio.wait(
            [asyncio.ensure_future(self.srv.stopping.wait()), asyncio.ensure_future(self._gone())],
            return_when=asyncio.FIRST_COMPLETED,
        )
        raise Close

    async def _gone(self) -> None:
        while not self.w.is_closing() and not self.r.at_eof():
            try:
                if not await self.r.read(65536):
                    return
            except OSError:
                return

    def valid_body(self) -> bytes:
        path = self.rest.split("?")[0]
        if self.method == "GET":
            if path.endswith("/info"):
                return to_json({"name": "app", "description": "d", "tags": [], "mode": "chat", "author_name": "a"})
            if path.endswith("/parameters"):
                return to_json(
                    {
                        "opening_statement": "",
                        "suggested_questions": [],
                        "suggested_questions_after_answer": {"enabled": False},
                        "speech_to_text": {"enabled": False},
                        "text_to_speech": {"enabled": False, "voice": "", "language": ""},
                        "retriever_resource": {"enabled": False},
                        "annotation_reply": {"enabled": False},
                        "more_like_this": {"enabled": False},
                        "user_input_form": [],
                        "sensitive_word_avoidance": {"enabled": False},
                        "file_upload": {},
                        "system_parameters": {
                            "file_size_limit": 15,
                            "image_file_size_limit": 10,
                            "audio_file_size_limit": 50,
                            "video_file_size_limit": 100,
                            "workflow_file_upload_limit": 10,
                        },
                    }
                )
            if path.endswith(("/conversations", "/messages", "/documents", "/datasets")):
                return to_json({"data": [], "has_more": False, "limit": 20, "total": 0, "page": 1})
        return to_json(Payload.blocking())

    def frames(self) -> list[bytes]:
        return Payload.content() + Payload.terminal()

    async def ok(self, *extra: str) -> None:
        """the correct answer"""
        if self.stream:
            await self.sse(self.frames(), 0.002)
        else:
            await self.respond(200, self.valid_body(), "application/json", *extra)

    def count(self) -> int:
        k = (self.fault, self.params.get("id", ""))
        self.srv.counters[k] = self.srv.counters.get(k, 0) + 1
        return self.srv.counters[k]


@dataclass
class Fault:
    name: str
    group: str
    modes: str  # "b" blocking, "s" stream, "bs" both
    goal: str
    fn: Callable[[Ctx], Awaitable[None]] | None
    note: str = ""
    params: dict = field(default_factory=dict)
    base: str | None = None  # for port-level faults: key in FaultServer.bases


F: dict[str, Fault] = {}


def fault(name: str, group: str, modes: str, goal: str, note: str = "", **params: Any):
    def deco(fn):
        assert name not in F, name
        F[name] = Fault(name, group, modes, goal, fn, note, params)
        return fn

    return deco


def simple(
    name: str, group: str, modes: str, goal: str, make: Callable[[Ctx], Awaitable[None]], note: str = "", **params: Any
) -> None:
    fault(name, group, modes, goal, note, **params)(make)


# ----------------------------------------------------------------------------------------------- control
@fault("none", "control", "bs", "ok", "no fault: the valid answer")
async def _(c):
    await c.ok()


@fault(
    "slow-ok",
    "control",
    "bs",
    "ok",
    "no fault, but slow: `ms` between frames (stream) or before the answer (blocking)",
    ms=60,
)
async def _(c):
    if c.stream:
        await c.sse(c.frames(), c.p("ms", 60) / 1000)
    else:
        await asyncio.sleep(c.p("ms", 60) / 1000)
        await c.ok()


# ----------------------------------------------------------------------------------------------- port-level
F["conn-refused"] = Fault("conn-refused", "connect", "bs", "typed", None, "nothing listens on the port", base="closed")
F["conn-blackhole"] = Fault(
    "conn-blackhole", "connect", "bs", "timeout", None, "accepts (backlog) but never reads nor writes", base="blackhole"
)
F["tls-to-plain-port"] = Fault(
    "tls-to-plain-port", "connect", "bs", "typed", None, "https:// to a plain port", base="tls_plain"
)
F["tls-self-signed"] = Fault(
    "tls-self-signed", "connect", "bs", "typed", None, "certificate must be refused", base="tls_selfsigned"
)
F["tls-handshake-hang"] = Fault(
    "tls-handshake-hang",
    "connect",
    "bs",
    "timeout",
    None,
    "https:// to the black hole: TLS handshake never answered",
    base="tls_blackhole",
)


# ----------------------------------------------------------------------------------------------- before / in the head
@fault("hang-after-request", "head", "bs", "timeout", "request read, nothing ever sent")
async def _(c):
    await c.hang()


@fault("close-before-response", "head", "bs", "typed", "FIN with no byte sent")
async def _(c):
    raise Close


@fault("rst-before-response", "head", "bs", "typed")
async def _(c):
    await c.rst(0)


@fault("rst-mid-status-line", "head", "bs", "typed")
async def _(c):
    await c.send(b"HTTP/1.1 2")
    await c.rst()


@fault("rst-mid-headers", "head", "bs", "typed")
async def _(c):
    await c.send(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
    await c.rst()


@fault("close-mid-headers", "head", "bs", "typed")
async def _(c):
    await c.send(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
    raise Close


@fault("garbage-status-line", "head", "bs", "typed", "an SSH banner")
async def _(c):
    await c.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    raise Close


@fault("http09-body-only", "head", "bs", "typed")
async def _(c):
    await c.send(c.valid_body())
    raise Close


@fault("status-000", "head", "b", "typed")
async def _(c):
    await c.send(b"HTTP/1.1 000 X\r\nContent-Length: 2\r\n\r\n{}")


@fault("status-799", "head", "b", "typed", "unknown status class")
async def _(c):
    await c.respond(799, Payload.err(799))


@fault("header-1mib", "head", "b", "ok|typed", "one header of 1 MiB")
async def _(c):
    await c.ok("X-Big: " + "a" * (1 << 20))


@fault("header-10k", "head", "b", "ok|typed", "10,000 headers")
async def _(c):
    await c.ok(*[f"X-{i}: v" for i in range(10000)])


@fault("header-endless", "head", "b", "typed", "headers never end (memory)")
async def _(c):
    await c.send(b"HTTP/1.1 200 OK\r\n")
    for _i in range(1 << 22):
        await c.send(b"X-Y: " + b"a" * 1000 + b"\r\n")
    raise Close


@fault("header-no-colon", "head", "b", "ok|typed")
async def _(c):
    b = c.valid_body()
    await c.send(b"HTTP/1.1 200 OK\r\nthis is not a header\r\nContent-Length: %d\r\n\r\n" % len(b) + b)


@fault(
    "header-drip",
    "head",
    "bs",
    "timeout",
    "1 header byte / 50 ms, for ever: every read succeeds, so only an overall deadline ends it",
    ms=50,
)
async def _(c):
    await c.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not c.srv.stopping.is_set():
        await c.send(b"a", pause=c.p("ms", 50) / 1000)


# ----------------------------------------------------------------------------------------------- 1xx, 2xx oddities
@fault("1xx-100-then-ok", "1xx", "bs", "ok")
async def _(c):
    await c.send(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.02)
    await c.ok()


@fault("1xx-103-then-ok", "1xx", "bs", "ok")
async def _(c):
    await c.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3, pause=0.02)
    await c.ok()


@fault("1xx-endless", "1xx", "bs", "timeout", "103 for ever")
async def _(c):
    while not c.srv.stopping.is_set():
        await c.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", pause=0.01)


@fault("101-switching", "1xx", "bs", "typed")
async def _(c):
    await c.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + c.valid_body())
    raise Close


@fault("204-empty", "2xx", "bs", "typed", "for an operation that promises a body")
async def _(c):
    await c.send(c.head(204, None))


@fault("204-with-body", "2xx", "bs", "typed", "body bytes after a 204 must not be read as the next response")
async def _(c):
    await c.send(c.head(204, "application/json", f"Content-Length: {len(c.valid_body())}") + c.valid_body())


@fault("200-empty-no-ct", "2xx", "bs", "typed")
async def _(c):
    await c.send(c.head(200, None, cl=0))


@fault("202-json", "2xx", "b", "ok|typed")
async def _(c):
    await c.respond(202, c.valid_body())


@fault("206-partial", "2xx", "b", "typed", "partial content for a whole request")
async def _(c):
    b = c.valid_body()
    await c.respond(206, b[:50], "application/json", f"Content-Range: bytes 0-49/{len(b)}")


@fault("304-not-modified", "3xx", "bs", "typed")
async def _(c):
    await c.send(c.head(304, None))


# ----------------------------------------------------------------------------------------------- redirects
def redirect(name: str, status: int, where: Callable[[Ctx], str], goal: str, note: str = "", modes: str = "bs") -> None:
    async def fn(c: Ctx) -> None:
        await c.send(c.head(status, None, f"Location: {where(c)}", cl=0))

    simple(name, "redirect", modes, goal, fn, note)


redirect("redirect-loop-302", 302, lambda c: c.target, "typed")
redirect("redirect-loop-307", 307, lambda c: c.target, "typed")
redirect(
    "redirect-301-post-becomes-get",
    301,
    lambda c: c.target.replace("/f/redirect-301-post-becomes-get", "/f/none"),
    "ok|typed",
    "httpx turns 301/302/303 POST into GET: body silently dropped",
)
redirect(
    "redirect-307-same-origin", 307, lambda c: c.target.replace("/f/redirect-307-same-origin", "/f/none"), "ok|typed"
)
for st in (301, 302, 303, 307, 308):
    redirect(
        f"redirect-{st}-cross-origin",
        st,
        lambda c, st=st: c.srv.bases["other"] + c.target.replace(f"/f/redirect-{st}-cross-origin", "/f/none"),
        "typed",
        "other port = other origin: the key must not arrive there (see log: listener=other, auth/api_key)",
    )
redirect(
    "redirect-307-cross-host-name",
    307,
    lambda c: c.srv.bases["localhost"] + c.target.replace("/f/redirect-307-cross-host-name", "/f/none"),
    "typed",
    "127.0.0.1 -> localhost: other host, same port",
)
redirect(
    "redirect-scheme-relative",
    307,
    lambda c: c.srv.bases["other"].replace("http:", "") + c.target.replace("/f/redirect-scheme-relative", "/f/none"),
    "typed",
)
redirect("redirect-to-file-scheme", 302, lambda c: "file:///etc/passwd", "typed")
redirect("redirect-to-gopher", 302, lambda c: "gopher://127.0.0.1/", "typed")
redirect("redirect-bad-location", 302, lambda c: "http://[::bad", "typed")
redirect("redirect-empty-location", 302, lambda c: "", "typed")
redirect(
    "redirect-userinfo",
    307,
    lambda c: c.srv.bases["other"].replace("http://", "http://user:pw@") + "/f/none/x",
    "typed",
)


@fault("redirect-no-location", "redirect", "bs", "typed")
async def _(c):
    await c.send(c.head(302, None, cl=0))


# ----------------------------------------------------------------------------------------------- statuses
for st, code in (
    (400, "invalid_param"),
    (401, "unauthorized"),
    (402, "payment_required"),
    (403, "forbidden"),
    (404, "not_found"),
    (405, "method_not_allowed"),
    (406, "not_acceptable"),
    (408, "request_timeout"),
    (409, "conflict"),
    (410, "gone"),
    (412, "precondition_failed"),
    (413, "file_too_large"),
    (415, "unsupported_file_type"),
    (418, "teapot"),
    (422, "unprocessable"),
    (423, "locked"),
    (424, "failed_dependency"),
    (425, "too_early"),
    (429, "too_many_requests"),
    (431, "headers_too_large"),
    (451, "legal"),
    (499, "client_closed"),
    (500, "internal_server_error"),
    (501, "not_implemented"),
    (502, "bad_gateway"),
    (503, "service_unavailable"),
    (504, "gateway_timeout"),
    (507, "insufficient"),
    (520, "cf_unknown"),
    (522, "cf_timeout"),
    (524, "cf_timeout"),
    (529, "overloaded"),
):

    async def _s(c, st=st, code=code):
        await c.respond(st, Payload.err(st, code))

    simple(f"status-{st}", "status", "bs", "typed", _s)


@fault(
    "403-knowledge-rate-limit",
    "status",
    "b",
    "typed",
    "Dify reports the knowledge rate limit as 403; every refused call also counts, so a retry extends the lock-out",
)
async def _(c):
    await c.respond(
        403,
        Payload.err(
            403, "forbidden", "Sorry, you have reached the knowledge base request rate limit of your subscription."
        ),
    )


@fault("401-www-authenticate", "status", "b", "typed")
async def _(c):
    await c.respond(
        401,
        Payload.err(401, "unauthorized", "Access token is invalid"),
        "application/json",
        'WWW-Authenticate: Bearer realm="api"',
        "Set-Cookie: session=evil; Path=/",
    )


def retry_after(name: str, status: int, value: Callable[[], str], note: str = "", goal: str = "typed") -> None:
    async def fn(c: Ctx) -> None:
        c.count()
        await c.respond(status, Payload.err(status, "too_many_requests"), "application/json", f"Retry-After: {value()}")

    simple(name, "retry-after", "b", goal, fn, note)


retry_after("429-ra-1", 429, lambda: "1", "always 429; look at request count and spacing")
retry_after("429-ra-0", 429, lambda: "0")
retry_after("429-ra-float", 429, lambda: "0.5", "not legal, but common")
retry_after("429-ra-date", 429, lambda: email.utils.formatdate(time.time() + 2, usegmt=True))
retry_after("429-ra-date-past", 429, lambda: email.utils.formatdate(time.time() - 3600, usegmt=True))
retry_after(
    "429-ra-date-2099", 429, lambda: "Fri, 01 Jan 2099 00:00:00 GMT", "must not sleep till 2099: fail at once, or cap"
)
retry_after("429-ra-date-overflow", 429, lambda: "Fri, 01 Jan 999999999 00:00:00 GMT", "date parsers overflow")
retry_after("429-ra-garbage", 429, lambda: "soon")
retry_after("429-ra-empty", 429, lambda: "")
retry_after("429-ra-negative", 429, lambda: "-5")
retry_after("429-ra-86400", 429, lambda: "86400", "must not sleep a day: fail at once with the value on the exception")
retry_after("429-ra-1e400", 429, lambda: "1e400")
retry_after("429-ra-5000-digits", 429, lambda: "9" * 5000, "int() digit limit")
retry_after(
    "429-ra-nan",
    429,
    lambda: "nan",
    "float('nan') slips through naive comparisons; asyncio.sleep(nan) raises ValueError",
)
retry_after("429-ra-inf", 429, lambda: "inf")
retry_after("429-ra-unicode-digits", 429, lambda: "\u00b2", "'²'.isdigit() is True, int('²') raises")
retry_after("503-ra-1", 503, lambda: "1")


def then_ok(name: str, first: Callable[[Ctx], Awaitable[None]], note: str = "", modes: str = "bs") -> None:
    async def fn(c: Ctx) -> None:
        if c.count() <= c.p("n", 1):
            await first(c)
        else:
            await c.ok()

    simple(name, "then-ok", modes, "retry-ok", fn, note, n=1)


async def _429(c):
    await c.respond(429, Payload.err(429, "too_many_requests"), "application/json", "Retry-After: 0")


async def _429n(c):
    await c.respond(429, Payload.err(429, "too_many_requests"))


async def _503(c):
    await c.respond(503, Payload.err(503, "service_unavailable"))


async def _500(c):
    await c.respond(500, Payload.err(500, "internal_server_error"))


async def _rst(c):
    await c.rst(0)


async def _fin(c):
    raise Close


async def _504(c):
    await c.respond(504, b"<html>504 Gateway Time-out</html>", "text/html")


then_ok(
    "429-then-ok", _429n, "n refusals (default 1) with no Retry-After (Dify's app limiter sends none), then the answer"
)
then_ok("429-ra0-then-ok", _429)
then_ok("503-then-ok", _503)
then_ok("500-then-ok", _500, "500 after a POST may have run: a chat/workflow POST must NOT be repeated by default")
then_ok("504-then-ok", _504, "gateway gave up waiting: the run goes on at the server; repeating doubles it")
then_ok("rst-then-ok", _rst, "request was sent, so the server may have run it: repeat GETs only")
then_ok("close-then-ok", _fin)


# ----------------------------------------------------------------------------------------------- error bodies
def err_body(
    name: str,
    status: int,
    body: Callable[[Ctx], bytes],
    ct: str = "application/json",
    note: str = "",
    extra: tuple = (),
) -> None:
    async def fn(c: Ctx) -> None:
        await c.respond(status, body(c), ct, *extra)

    simple(name, "error-body", "bs", "typed", fn, note)


err_body(
    "err-502-html",
    502,
    lambda c: b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
    "text/html",
)
err_body("err-500-empty", 500, lambda c: b"")
err_body("err-400-json-array", 400, lambda c: b'["a","b"]')
err_body("err-400-json-string", 400, lambda c: b'"nope"')
err_body("err-400-json-null", 400, lambda c: b"null")
err_body("err-400-json-number", 400, lambda c: b"42")
err_body("err-400-json-empty-object", 400, lambda c: b"{}")
err_body("err-400-wrong-types", 400, lambda c: b'{"code":{"a":1},"message":["x"],"status":"four hundred","error":"x"}')
err_body("err-400-null-fields", 400, lambda c: b'{"code":null,"message":null,"status":null,"error":null}')
err_body("err-400-invalid-utf8", 400, lambda c: b'{"code":"x","message":"\xff\xfe\x80"}')
err_body("err-400-truncated-json", 400, lambda c: b'{"code":"x","mess')
err_body("err-400-deep-json", 400, lambda c: b"[" * 100000 + b"]" * 100000)
err_body("err-400-json-in-html-ct", 400, lambda c: to_json(Payload.err(400)), "text/html")
err_body("err-400-charset-bogus", 400, lambda c: to_json(Payload.err(400)), "application/json; charset=bogus-9")
err_body("err-400-charset-utf16-lie", 400, lambda c: to_json(Payload.err(400)), "application/json; charset=utf-16")
err_body(
    "err-400-gzip-lie",
    400,
    lambda c: to_json(Payload.err(400)),
    "application/json",
    "error body says gzip but is plain: reading it raises DecodingError",
    ("Content-Encoding: gzip",),
)
err_body(
    "err-400-echoes-key",
    400,
    lambda c: to_json(Payload.err(400, "x", "bad header " + c.headers.get("authorization", ""))),
    "application/json",
    "server echoes the Authorization header in its message: must be masked in str(exc)/logs?",
)
err_body(
    "err-400-ansi-and-newlines",
    400,
    lambda c: to_json(Payload.err(400, "x", "\x1b[31mred\x1b[0m\r\nFAKE LOG LINE level=ERROR")),
    "application/json",
    "log injection",
)


@fault(
    "err-500-huge", "error-body", "bs", "typed", "64 MiB error body: the client must not hold or format it all", mb=64
)
async def _(c):
    n = c.p("mb", 64)
    await c.send(c.head(500, "text/plain", cl=n << 20))
    for _i in range(n):
        await c.send(b"E" * (1 << 20))


@fault("err-500-endless", "error-body", "bs", "typed", "error body never ends (50 KiB/s)")
async def _(c):
    await c.send(c.head(500, "text/plain", chunked=True))
    while not c.srv.stopping.is_set():
        await c.chunk(b"E" * 1024, 0.02)


@fault(
    "err-500-cut",
    "error-body",
    "bs",
    "typed",
    "500 whose body is cut: the status must survive (not a connection error)",
)
async def _(c):
    await c.send(c.head(500, "application/json", cl=1000) + b'{"code":"x"')
    raise Close


# ----------------------------------------------------------------------------------------------- body framing (blocking)
@fault("cl-cut", "body", "b", "typed", "Content-Length body cut at byte `at` (FIN)", at=50)
async def _(c):
    b = c.valid_body()
    await c.send(c.head(200, cl=len(b)) + b[: c.p("at", 50)])
    raise Close


@fault("cl-rst", "body", "b", "typed", "same, RST", at=50)
async def _(c):
    b = c.valid_body()
    await c.send(c.head(200, cl=len(b)) + b[: c.p("at", 50)])
    await c.rst()


@fault("cl-stall", "body", "b", "timeout", "same, stall", at=50)
async def _(c):
    b = c.valid_body()
    await c.send(c.head(200, cl=len(b)) + b[: c.p("at", 50)])
    await c.hang()


@fault("chunked-cut", "body", "b", "typed", "chunked body, no final chunk (FIN)", at=50)
async def _(c):
    await c.send(c.head(200, chunked=True))
    await c.chunk(c.valid_body()[: c.p("at", 50)])
    raise Close


@fault("chunked-whole-no-terminator", "body", "b", "ok|typed", "whole JSON sent, final 0-chunk missing (FIN)")
async def _(c):
    await c.send(c.head(200, chunked=True))
    await c.chunk(c.valid_body())
    raise Close


@fault(
    "close-delimited-cut",
    "body",
    "b",
    "typed",
    "no length at all: cut looks like a clean end; only the JSON parser can tell",
    at=50,
)
async def _(c):
    await c.send(c.head(200, close=True) + c.valid_body()[: c.p("at", 50)])
    raise Close


@fault("close-delimited-ok", "body", "bs", "ok", "HTTP/1.0 style framing, whole")
async def _(c):
    await c.send(
        c.head(200, "text/event-stream" if c.stream else "application/json", close=True)
        + (b"".join(c.frames()) if c.stream else c.valid_body())
    )
    raise Close


@fault(
    "body-drip",
    "body",
    "b",
    "timeout",
    "1 byte / `ms` 50: each read succeeds; total 30+ s; only an overall deadline ends it",
    ms=50,
)
async def _(c):
    b = c.valid_body()
    await c.send(c.head(200, cl=len(b)))
    for i in range(len(b)):
        await c.send(b[i : i + 1], pause=c.p("ms", 50) / 1000)


@fault(
    "cl-too-small",
    "body",
    "b",
    "typed",
    "Content-Length shorter than the body: truncated JSON, and left-over bytes on the connection",
)
async def _(c):
    b = c.valid_body()
    await c.send(c.head(200, cl=len(b) - 20) + b)


@fault("cl-negative", "body", "b", "typed")
async def _(c):
    await c.send(c.head(200, "application/json", "Content-Length: -5") + c.valid_body())


@fault("cl-garbage", "body", "b", "typed")
async def _(c):
    await c.send(c.head(200, "application/json", "Content-Length: ten") + c.valid_body())


@fault("cl-conflict", "body", "b", "typed", "two different Content-Length headers")
async def _(c):
    b = c.valid_body()
    await c.send(c.head(200, "application/json", f"Content-Length: {len(b)}", "Content-Length: 3") + b)


@fault("cl-and-te", "body", "b", "ok|typed", "both Content-Length and chunked")
async def _(c):
    b = c.valid_body()
    await c.send(
        c.head(200, "application/json", "Content-Length: 3", chunked=True) + b"%x\r\n" % len(b) + b + b"\r\n0\r\n\r\n"
    )


@fault("chunk-size-invalid", "body", "bs", "typed")
async def _(c):
    await c.send(
        c.head(200, "text/event-stream" if c.stream else "application/json", chunked=True)
        + b"zz\r\n"
        + c.valid_body()
        + b"\r\n0\r\n\r\n"
    )
    raise Close


@fault("chunk-size-huge", "body", "bs", "timeout", "chunk header claims 8 EiB, then silence")
async def _(c):
    await c.send(
        c.head(200, "text/event-stream" if c.stream else "application/json", chunked=True)
        + b"7fffffffffffffff\r\n"
        + c.valid_body()[:20]
    )
    await c.hang()


@fault("chunk-missing-crlf", "body", "bs", "typed")
async def _(c):
    b = c.valid_body()
    await c.send(
        c.head(200, "text/event-stream" if c.stream else "application/json", chunked=True)
        + b"5\r\n"
        + b[:9]
        + b"\r\n0\r\n\r\n"
    )
    raise Close


@fault("chunk-ext-endless", "body", "b", "typed", "chunk extension line never ends")
async def _(c):
    await c.send(c.head(200, chunked=True) + b"5;x=")
    for _i in range(1 << 22):
        await c.send(b"a" * 1000)


@fault(
    "keepalive-stale",
    "keepalive",
    "b",
    "retry-ok",
    "closes the idle connection after a good answer, without 'Connection: close' (run two requests)",
)
async def _(c):
    await c.ok()
    await asyncio.sleep(0.01)
    raise Close


@fault(
    "keepalive-pollution",
    "keepalive",
    "b",
    "ok|typed",
    "extra bytes (a whole fake response) after the 1st answer: must never be taken as the answer of the 2nd request",
)
async def _(c):
    fake = to_json({"answer": "POLLUTED"})
    b = c.valid_body()
    await c.send(c.head(200, cl=len(b)) + b + c.head(200, cl=len(fake)) + fake)


# ----------------------------------------------------------------------------------------------- compression
def comp(name: str, enc: str, body: Callable[[Ctx], bytes], goal: str, note: str = "", modes: str = "b") -> None:
    async def fn(c: Ctx) -> None:
        await c.respond(
            200, body(c), "text/event-stream" if c.stream else "application/json", f"Content-Encoding: {enc}"
        )

    simple(name, "compression", modes, goal, fn, note)


def gz(b: bytes) -> bytes:
    return gzip.compress(b, 6)


def full(c: Ctx) -> bytes:
    return b"".join(c.frames()) if c.stream else c.valid_body()


def bomb(mb: int) -> bytes:
    o = io.BytesIO()
    with gzip.GzipFile(fileobj=o, mode="wb", compresslevel=9) as g:
        g.write(b'{"answer":"')
        for _i in range(mb):
            g.write(b"A" * (1 << 20))
        g.write(b'"}')
    return o.getvalue()


def _br(b: bytes) -> bytes:
    try:
        import brotli

        return brotli.compress(b, quality=5)
    except ImportError:
        return b""


def _zs(b: bytes) -> bytes:
    try:
        import zstandard

        return zstandard.ZstdCompressor(level=3).compress(b)
    except ImportError:
        return b""


comp("gzip-ok", "gzip", lambda c: gz(full(c)), "ok", modes="bs")
comp(
    "gzip-truncated",
    "gzip",
    lambda c: gz(full(c))[:-20],
    "typed",
    "complete HTTP framing, gzip stream cut: zlib gives the partial plain text and no error unless the end marker is checked",
    "bs",
)
comp("gzip-no-trailer", "gzip", lambda c: gz(full(c))[:-8], "ok|typed", "only CRC+length missing", "bs")
comp("gzip-bad-crc", "gzip", lambda c: gz(full(c))[:-8] + b"\0" * 8, "typed", "", "bs")
comp("gzip-corrupt", "gzip", lambda c: gz(full(c))[:30] + b"\xff" * 40 + gz(full(c))[70:], "typed", "", "bs")
comp("gzip-lie-plain", "gzip", full, "typed", "says gzip, is plain", "bs")
comp(
    "gzip-multi-member",
    "gzip",
    lambda c: gz(full(c)[:60]) + gz(full(c)[60:]),
    "ok|typed",
    "legal: two gzip members; httpx's decoder stops after the first = silent truncation",
    "bs",
)
comp("gzip-trailing-garbage", "gzip", lambda c: gz(full(c)) + b"garbage", "ok|typed")
comp("deflate-raw", "deflate", lambda c: zlib.compress(full(c))[2:-4], "ok|typed")
comp("unknown-encoding", "snappy", lambda c: b"\x00\x01\x02not-json", "typed")
comp("double-gzip", "gzip, gzip", lambda c: gz(gz(full(c))), "ok|typed")
comp("encoding-chain-100", ", ".join(["gzip"] * 100), lambda c: gz(full(c)), "typed", "100 codings named")


@fault(
    "gzip-bomb",
    "compression",
    "b",
    "typed",
    "mb MiB of 'A' in a JSON string (64 MiB ~ 65 KiB on the wire): needs a cap on decoded bytes",
    mb=256,
)
async def _(c):
    b = c.srv.cache(("bomb", c.p("mb", 256)), lambda: bomb(c.p("mb", 256)))
    await c.respond(200, b, "application/json", "Content-Encoding: gzip")


def bomb_sse(mb: int) -> bytes:
    o = io.BytesIO()
    with gzip.GzipFile(fileobj=o, mode="wb", compresslevel=9) as g:
        g.write(b'data: {"event":"message","answer":"')
        for _i in range(mb):
            g.write(b"A" * (1 << 20))
        g.write(b'"}\n\n')
    return o.getvalue()


@fault("gzip-bomb-sse", "compression", "s", "typed", "same as one SSE line", mb=256)
async def _(c):
    mb = c.p("mb", 256)
    await c.respond(
        200, c.srv.cache(("bombsse", mb), lambda: bomb_sse(mb)), "text/event-stream", "Content-Encoding: gzip"
    )


@fault("gzip-bomb-error", "compression", "bs", "typed", "bomb as a 400 body", mb=256)
async def _(c):
    b = c.srv.cache(("bomb", c.p("mb", 256)), lambda: bomb(c.p("mb", 256)))
    await c.respond(400, b, "application/json", "Content-Encoding: gzip")


@fault("double-gzip-bomb", "compression", "b", "typed", "gzip of a gzip bomb: a few hundred bytes on the wire", mb=256)
async def _(c):
    b = c.srv.cache(("bomb2", c.p("mb", 256)), lambda: gz(bomb(c.p("mb", 256))))
    await c.respond(200, b, "application/json", "Content-Encoding: gzip, gzip")


@fault("br-bomb", "compression", "b", "typed", "brotli (httpx asks for br only if the package is there)", mb=256)
async def _(c):
    b = c.srv.cache(("br", c.p("mb", 256)), lambda: _br(b'{"answer":"' + b"A" * (c.p("mb", 256) << 20) + b'"}'))
    await c.respond(200, b, "application/json", "Content-Encoding: br")


@fault("zstd-bomb", "compression", "b", "typed", "zstd", mb=256)
async def _(c):
    b = c.srv.cache(("zs", c.p("mb", 256)), lambda: _zs(b'{"answer":"' + b"A" * (c.p("mb", 256) << 20) + b'"}'))
    await c.respond(200, b, "application/json", "Content-Encoding: zstd")


# ----------------------------------------------------------------------------------------------- JSON (blocking 200)
def body200(
    name: str, body: Callable[[Ctx], bytes], goal: str = "typed", ct: str = "application/json", note: str = ""
) -> None:
    async def fn(c: Ctx) -> None:
        await c.respond(200, body(c), ct)

    simple(name, "json", "b", goal, fn, note)


def mut(c: Ctx, f: Callable[[dict], Any]) -> bytes:
    o = Payload.blocking()
    r = f(o)
    return to_json(o if r is None else r)


def raw_answer(c: Ctx, raw: bytes) -> bytes:
    return to_json(Payload.blocking()).replace(to_json(TEXT), raw)


def setall(o: dict, v: Any) -> None:
    for k in list(o):
        o[k] = v


body200("json-array", lambda c: b"[1,2]")
body200("json-string", lambda c: b'"hello"')
body200("json-null", lambda c: b"null")
body200("json-true", lambda c: b"true")
body200("json-number", lambda c: b"7")
body200("json-empty-object", lambda c: b"{}")
body200("json-empty-body", lambda c: b"")
body200("json-whitespace-body", lambda c: b" \n ")
body200("json-truncated", lambda c: c.valid_body()[:-15])
body200("json-trailing-garbage", lambda c: c.valid_body() + b"}}x")
body200("json-invalid-utf8", lambda c: raw_answer(c, b'"a\xff\xfeb"'))
body200("json-utf8-bom", lambda c: b"\xef\xbb\xbf" + c.valid_body(), "ok|typed")
body200(
    "json-utf16", lambda c: c.valid_body().decode().encode("utf-16"), "ok|typed", "application/json; charset=utf-16"
)
body200(
    "json-latin1-charset",
    lambda c: c.valid_body(),
    "ok",
    "application/json; charset=iso-8859-1",
    "JSON is UTF-8 whatever the charset says",
)
body200("json-nan", lambda c: raw_answer(c, b"NaN"), note="Python json accepts NaN/Infinity; not JSON")
body200("json-infinity", lambda c: raw_answer(c, b"-Infinity"))
body200("json-nan-in-extra", lambda c: c.valid_body()[:-1] + b',"x":NaN}', "ok|typed")
body200(
    "json-dup-keys",
    lambda c: c.valid_body()[:-1] + b"," + to_json({"answer": "EVIL"})[1:-1] + b"}",
    "ok|typed",
    note="last one wins in Python: document which",
)
body200(
    "json-deep-10k",
    lambda c: c.valid_body()[:-1] + b',"x":' + b"[" * 10000 + b"]" * 10000 + b"}",
    "ok|typed",
    note="RecursionError must not escape",
)
body200("json-deep-100k-object", lambda c: b'{"a":' * 100000 + b"1" + b"}" * 100000)
body200(
    "json-bigint-5000-digits",
    lambda c: c.valid_body()[:-1] + b',"x":' + b"9" * 5000 + b"}",
    "ok|typed",
    note="ValueError from int() digit limit must not escape raw",
)
body200("json-float-overflow", lambda c: c.valid_body()[:-1] + b',"x":1e999}', "ok|typed")
body200(
    "json-lone-surrogate",
    lambda c: raw_answer(c, b'"a\\ud800b"'),
    "ok|typed",
    note="str with a lone surrogate later fails in .encode()",
)
body200("json-nul-in-string", lambda c: raw_answer(c, b'"a\\u0000b"'), "ok|typed")
body200("json-all-null", lambda c: mut(c, lambda o: setall(o, None)))
body200("json-all-strings", lambda c: mut(c, lambda o: setall(o, "x")))
body200("json-all-numbers", lambda c: mut(c, lambda o: setall(o, 1)))
body200("json-all-lists", lambda c: mut(c, lambda o: setall(o, [])))
body200(
    "json-extra-fields",
    lambda c: mut(c, lambda o: o.update(new_field={"a": [1]}, __class__="x", model_config={"x": 1})),
    "ok",
    note="forward compatibility; dunder/pydantic-reserved names",
)
body200("json-html-200", lambda c: b"<html>captive portal</html>", ct="text/html")
body200("json-html-200-json-ct", lambda c: b"<html>captive portal</html>")
body200("json-octet-stream-ct", lambda c: c.valid_body(), "ok|typed", "application/octet-stream")
body200(
    "json-sse-instead",
    lambda c: b"".join(c.frames()),
    "typed",
    "text/event-stream",
    "asked blocking, got a stream (Dify agent apps only stream)",
)


@fault("json-64mib-string", "json", "b", "ok|typed", "valid JSON, 64 MiB string (peak memory?)", mb=64)
async def _(c):
    n = c.p("mb", 64)
    b = to_json(Payload.blocking())
    i = b.index(to_json(TEXT)) + 1
    await c.send(c.head(200, cl=len(b) + (n << 20)) + b[:i])
    for _i in range(n):
        await c.send(b"A" * (1 << 20))
    await c.send(b[i:])


@fault(
    "json-endless", "json", "b", "typed", "valid prefix, then bytes for ever at full speed: needs a cap on body size"
)
async def _(c):
    await c.send(c.head(200, chunked=True))
    await c.chunk(b'{"answer":"')
    for _i in range(1 << 14):
        await c.chunk(b"A" * (1 << 18))


# ----------------------------------------------------------------------------------------------- streams: transport
@fault(
    "stream-cut-clean",
    "stream-cut",
    "s",
    "typed",
    "stream cut at byte `at`, HTTP framing ends cleanly (0-chunk): no transport error; only a missing terminal event tells",
    at=400,
)
async def _(c):
    b = b"".join(c.frames())[: c.p("at", 400)]
    await c.sse([b])


@fault("stream-cut-fin", "stream-cut", "s", "typed", "same, FIN without the final chunk", at=400)
async def _(c):
    await c.sse([b"".join(c.frames())[: c.p("at", 400)]], finish=False)
    raise Close


@fault(
    "stream-cut-close-delimited",
    "stream-cut",
    "s",
    "typed",
    "same, no chunked framing (HTTP/1.0 proxy): FIN is a legal end",
    at=400,
)
async def _(c):
    await c.send(c.head(200, "text/event-stream", close=True) + b"".join(c.frames())[: c.p("at", 400)])
    raise Close


@fault("stream-rst", "stream-cut", "s", "typed", "same, RST", at=400)
async def _(c):
    await c.sse([b"".join(c.frames())[: c.p("at", 400)]], finish=False)
    await c.rst()


@fault(
    "stream-no-terminal",
    "stream-cut",
    "s",
    "typed",
    "all content frames, clean HTTP end, but no terminal event (message_end)",
)
async def _(c):
    await c.sse(Payload.content(), 0.002)


@fault("stream-empty-200", "stream-cut", "s", "typed", "event-stream with zero bytes")
async def _(c):
    await c.sse([])


@fault("stream-only-pings-then-end", "stream-cut", "s", "typed")
async def _(c):
    await c.sse([Payload.ping()] * 3, 0.01)


@fault("stream-stall-before-first", "stream-stall", "s", "timeout", "headers, then silence")
async def _(c):
    await c.sse_head()
    await c.hang()


@fault("stream-stall-mid", "stream-stall", "s", "timeout", "half of the frames, then silence (pings stop)")
async def _(c):
    await c.sse(Payload.content()[:5], 0.01, finish=False)
    await c.hang()


@fault("stream-stall-mid-frame", "stream-stall", "s", "timeout", "silence inside a frame")
async def _(c):
    fr = Payload.content()
    await c.sse([*fr[:4], fr[4][:20]], 0.01, finish=False)
    await c.hang()


@fault("stream-stall-inside-utf8", "stream-stall", "s", "timeout")
async def _(c):
    b = b"".join(c.frames())
    i = b.index("你".encode()) + 1
    await c.sse([b[:i]], finish=False)
    await c.hang()


@fault(
    "stream-pings-forever",
    "stream-stall",
    "s",
    "timeout",
    "alive but never any content: a read timeout never fires; needs an overall/idle-content deadline the caller can set",
    ms=100,
)
async def _(c):
    await c.sse_head()
    while not c.srv.stopping.is_set():
        await c.chunk(Payload.ping(), c.p("ms", 100) / 1000)


@fault("stream-comments-forever", "stream-stall", "s", "timeout", "", ms=100)
async def _(c):
    await c.sse_head()
    while not c.srv.stopping.is_set():
        await c.chunk(b": keep-alive\n\n", c.p("ms", 100) / 1000)


@fault("stream-blank-lines-forever", "stream-stall", "s", "timeout", "", ms=20)
async def _(c):
    await c.sse_head()
    while not c.srv.stopping.is_set():
        await c.chunk(b"\n", c.p("ms", 20) / 1000)


@fault(
    "stream-drip",
    "stream-stall",
    "s",
    "ok|timeout",
    "1 byte / ms; every event must still arrive when complete (latency = bytes x ms)",
    ms=2,
)
async def _(c):
    b = b"".join(c.frames())
    await c.sse_head()
    for i in range(len(b)):
        await c.chunk(b[i : i + 1], c.p("ms", 2) / 1000)
    await c.end()


@fault(
    "stream-hang-after-terminal",
    "stream-stall",
    "s",
    "ok",
    "terminal event sent, connection left open for ever: iteration must end at the terminal event",
)
async def _(c):
    await c.sse(c.frames(), 0.002, finish=False)
    await c.hang()


@fault("stream-data-after-terminal", "stream-stall", "s", "ok", "events after the terminal one")
async def _(c):
    await c.sse([*c.frames(), b"data: " + to_json(Payload.piece("LATE")) + b"\n\n"], 0.002)


@fault("stream-flood-after-terminal", "stream-stall", "s", "ok", "endless events after the terminal one")
async def _(c):
    await c.sse(c.frames(), 0.002, finish=False)
    while not c.srv.stopping.is_set():
        await c.chunk(b"data: " + to_json(Payload.piece("LATE")) + b"\n\n", 0.005)


# ----------------------------------------------------------------------------------------------- streams: content type / status
@fault("stream-json-error-200", "stream-ct", "s", "typed", "200 application/json error body where a stream was asked")
async def _(c):
    await c.respond(200, Payload.err(400))


@fault(
    "stream-json-answer-200",
    "stream-ct",
    "s",
    "typed",
    "blocking answer where a stream was asked (proxy buffering / old server): typed error or the one answer, never 'no events'",
)
async def _(c):
    await c.respond(200, c.valid_body())


@fault("stream-html-200", "stream-ct", "s", "typed")
async def _(c):
    await c.respond(200, b"<html>login</html>", "text/html")


@fault("stream-no-ct", "stream-ct", "s", "ok|typed", "valid stream, no Content-Type")
async def _(c):
    b = b"".join(c.frames())
    await c.send(c.head(200, None, cl=len(b)) + b)


@fault("stream-ct-uppercase", "stream-ct", "s", "ok", "Text/Event-Stream")
async def _(c):
    b = b"".join(c.frames())
    await c.send(c.head(200, "Text/Event-Stream", cl=len(b)) + b)


@fault("stream-ct-latin1", "stream-ct", "s", "ok", "charset=iso-8859-1 must be ignored (always UTF-8)")
async def _(c):
    b = b"".join(c.frames())
    await c.send(c.head(200, "text/event-stream; charset=iso-8859-1", cl=len(b)) + b)


# ----------------------------------------------------------------------------------------------- streams: bytes
def framed(name: str, fn: Callable[[Ctx], list[bytes]], goal: str, note: str = "", pause: float = 0.002) -> None:
    async def h(c: Ctx) -> None:
        await c.sse(fn(c), pause)

    simple(name, "stream-bytes", "s", goal, h, note)


framed("stream-crlf", lambda c: [f.replace(b"\n", b"\r\n") for f in c.frames()], "ok")
framed("stream-cr", lambda c: [f.replace(b"\n", b"\r") for f in c.frames()], "ok")
framed(
    "stream-bom",
    lambda c: [b"\xef\xbb\xbf", *c.frames()[1:]],
    "ok",
    "BOM first (content frame directly after it)",
)
framed("stream-one-chunk", lambda c: [b"".join(c.frames())], "ok")
framed("stream-byte-chunks", lambda c: [bytes([x]) for x in b"".join(c.frames())], "ok", pause=0)
framed("stream-comments-between", lambda c: [x for f in c.frames() for x in (b": c\n\n", f)], "ok")
framed(
    "stream-with-ids",
    lambda c: [b"id: %d\n" % i + f for i, f in enumerate(c.frames())],
    "ok",
    "id fields + comment keep-alives make httpx-sse emit empty events",
)
framed(
    "stream-ids-and-comments",
    lambda c: [x for i, f in enumerate(c.frames()) for x in (b"id: %d\n" % i + f, b": c\n\n")],
    "ok",
    "event-stream decoders may emit empty events here",
)
framed("stream-retry-field", lambda c: [b"retry: 3000\n\n", *c.frames()], "ok")
framed("stream-no-space-after-colon", lambda c: [f.replace(b"data: ", b"data:") for f in c.frames()], "ok")
framed(
    "stream-multiline-data",
    lambda c: [
        b"data: " + f[6:-2].replace(b',"', b',\ndata: "', 1) + b"\n\n" if f.startswith(b"data: {") else f
        for f in c.frames()
    ],
    "ok",
    "one JSON over two data lines",
)
framed(
    "stream-garbage-between",
    lambda c: [x for f in c.frames() for x in (b"!!garbage##\n\n", f)],
    "ok|typed",
    "unknown fields: legal to ignore",
)
framed(
    "stream-html-tail",
    lambda c: [*Payload.content()[:6], b"<html>\n<body>502 Bad Gateway</body>\n</html>\n"],
    "typed",
    "proxy page appended in mid stream, clean end",
)
framed(
    "stream-invalid-utf8",
    lambda c: (
        [
            *Payload.content()[:4],
            b'data: {"event":"message","answer":"a\xff\xfeb","message_id":"m","conversation_id":"c","task_id":"t"}\n\n',
            *c.frames()[4:],
        ]
    ),
    "ok|typed",
    "U+FFFD or typed; never a raw UnicodeDecodeError",
)
framed(
    "stream-u2028-raw",
    lambda c: c.frames(),
    "ok",
    "the valid stream carries a raw U+2028: str.splitlines-based readers cut the JSON there",
)
framed("stream-bad-json", lambda c: [*Payload.content()[:4], b"data: {not json}\n\n", *c.frames()[4:]], "typed")
framed(
    "stream-truncated-json",
    lambda c: [*Payload.content()[:4], Payload.content()[4][:-10] + b"\n\n", *c.frames()[5:]],
    "typed",
)
framed(
    "stream-two-json-one-event",
    lambda c: [*Payload.content()[:4], Payload.content()[4][:-2] + b"\n" + Payload.content()[5], *c.frames()[6:]],
    "typed",
    "two JSON objects joined by LF in one event: neither may be dropped silently",
)
framed("stream-data-empty", lambda c: [*Payload.content()[:4], b"data:\n\n", *c.frames()[4:]], "ok|typed")
framed("stream-data-array", lambda c: [*Payload.content()[:4], b"data: [1,2]\n\n", *c.frames()[4:]], "typed")
framed("stream-data-string", lambda c: [*Payload.content()[:4], b'data: "x"\n\n', *c.frames()[4:]], "typed")
framed("stream-data-null", lambda c: [*Payload.content()[:4], b"data: null\n\n", *c.frames()[4:]], "typed")
framed("stream-data-number", lambda c: [*Payload.content()[:4], b"data: 5\n\n", *c.frames()[4:]], "typed")
framed("stream-data-nan", lambda c: [*Payload.content()[:4], b"data: NaN\n\n", *c.frames()[4:]], "typed")
framed(
    "stream-data-done-marker",
    lambda c: [*Payload.content()[:4], b"data: [DONE]\n\n"],
    "typed",
    "[DONE] is not a terminal event of Dify",
)
framed(
    "stream-deep-10k",
    lambda c: (
        [
            *Payload.content()[:4],
            b'data: {"event":"message","x":' + b"[" * 10000 + b"]" * 10000 + b"}\n\n",
            *c.frames()[4:],
        ]
    ),
    "typed",
    "RecursionError must be wrapped",
)
framed(
    "stream-bigint",
    lambda c: (
        [*Payload.content()[:4], b'data: {"event":"message","answer":"","x":' + b"9" * 5000 + b"}\n\n", *c.frames()[4:]]
    ),
    "ok|typed",
)
framed(
    "stream-dup-keys",
    lambda c: (
        [*Payload.content()[:4], b'data: {"event":"message","event":"message_end","answer":"x"}\n\n', *c.frames()[4:]]
    ),
    "ok|typed",
)
framed(
    "stream-injection-newline",
    lambda c: (
        [
            *Payload.content()[:4],
            b'data: {"event":"message","answer":"x\n\ndata: {\\"event\\":\\"message_end\\"}\n\n"}\n\n',
            *c.frames()[4:],
        ]
    ),
    "typed",
)
framed(
    "stream-event-name-mismatch",
    lambda c: [b"event: ping\n" + f if f.startswith(b"data: ") else f for f in c.frames()],
    "ok|typed",
    "SSE event name says ping but the data is content: dropping by SSE name loses text silently",
)


# ----------------------------------------------------------------------------------------------- streams: event semantics
def ins(name: str, frame: Callable[[Ctx], bytes], goal: str, note: str = "") -> None:
    async def h(c: Ctx) -> None:
        fr = Payload.content()
        await c.sse([*fr[:5], frame(c), *c.frames()[5:]], 0.002)

    simple(name, "stream-events", "s", goal, h, note)


def dj(o: Any) -> bytes:
    return b"data: " + to_json(o) + b"\n\n"


ins(
    "stream-unknown-event",
    lambda c: dj({"event": "brand_new_event_2027", "type": "brand_new", "x": 1}),
    "ok",
    "forward compatibility: yield as unknown or skip, never fail",
)
ins("stream-event-missing", lambda c: dj({"answer": "x", "task_id": UID}), "ok|typed")
ins("stream-event-null", lambda c: dj({"event": None, "type": None, "answer": "x"}), "ok|typed")
ins("stream-event-number", lambda c: dj({"event": 5, "type": 5, "answer": "x"}), "ok|typed")
ins(
    "stream-event-list",
    lambda c: dj({"event": ["message"], "type": ["x"], "answer": "x"}),
    "ok|typed",
    "unhashable discriminator",
)
ins("stream-event-empty-string", lambda c: dj({"event": "", "type": "", "answer": "x"}), "ok|typed")
ins("stream-event-case", lambda c: dj({"event": "MESSAGE", "answer": "x"}), "ok|typed")
ins(
    "stream-wrong-types",
    lambda c: dj(
        {
            "event": "message",
            "answer": {"a": 1},
            "created_at": "now",
            "id": 5,
            "message_id": None,
            "choices": "none",
            "type": "content_block_delta",
            "delta": 5,
            "index": "x",
        }
    ),
    "ok|typed",
)
ins("stream-missing-fields", lambda c: dj({"event": "message", "type": "content_block_delta"}), "ok|typed")
ins("stream-extra-fields", lambda c: dj(Payload.piece("", new={"a": 1}, model_config={})), "ok")
ins("stream-ping-mid", lambda c: Payload.ping(), "ok")
ins("stream-empty-object", lambda c: dj({}), "ok|typed")


@fault("stream-error-first", "stream-events", "s", "typed", "the first event is an error event")
async def _(c):
    await c.sse([Payload.error_event()])


@fault("stream-error-mid", "stream-events", "s", "typed", "error event in mid stream, then a clean end")
async def _(c):
    await c.sse([*Payload.content()[:5], Payload.error_event()], 0.002)


@fault(
    "stream-error-then-more",
    "stream-events",
    "s",
    "typed",
    "error event, then the server goes on and even sends a terminal event",
)
async def _(c):
    await c.sse([*Payload.content()[:5], Payload.error_event(), *c.frames()[5:]], 0.002)


@fault("stream-error-bare", "stream-events", "s", "typed", "error event with no fields but the type")
async def _(c):
    await c.sse([*Payload.content()[:5], dj({"event": "error", "type": "error", "error": {}})], 0.002)


@fault("stream-error-null-fields", "stream-events", "s", "typed")
async def _(c):
    await c.sse(
        [
            *Payload.content()[:5],
            dj({"event": "error", "type": "error", "status": None, "code": None, "message": None, "error": None}),
        ],
        0.002,
    )


@fault("stream-error-wrong-types", "stream-events", "s", "typed")
async def _(c):
    await c.sse(
        [
            *Payload.content()[:5],
            dj({"event": "error", "type": "error", "status": "x", "code": 5, "message": {"a": 1}, "error": "str"}),
        ],
        0.002,
    )


@fault(
    "stream-error-sse-named",
    "stream-events",
    "s",
    "typed",
    "SSE-level 'event: error' with a plain-text data line (proxies do this)",
)
async def _(c):
    await c.sse([*Payload.content()[:5], b"event: error\ndata: upstream connect error\n\n"], 0.002)


@fault("stream-terminal-only", "stream-events", "s", "ok|typed", "no content, just the terminal event")
async def _(c):
    await c.sse(Payload.terminal())


@fault("stream-two-terminals", "stream-events", "s", "ok")
async def _(c):
    await c.sse(c.frames() + Payload.terminal(), 0.002)


# ----------------------------------------------------------------------------------------------- streams: volume
@fault(
    "stream-64mib-line",
    "stream-volume",
    "s",
    "ok|typed",
    "one valid event with a 64 MiB string: cap or bounded memory (<= 4x)",
    mb=64,
)
async def _(c):
    await c.sse(Payload.content()[:4], finish=False)
    pre, post = to_json(Payload.piece("@@@")).split(b"@@@")
    await c.chunk(b"data: " + pre)
    for _i in range(c.p("mb", 64)):
        await c.chunk(b"A" * (1 << 20))
    await c.chunk(post + b"\n\n")
    for f in c.frames()[4:]:
        await c.chunk(f)
    await c.end()


@fault(
    "stream-endless-line", "stream-volume", "s", "typed", "a line that never ends, at full speed: needs a cap per event"
)
async def _(c):
    await c.sse(Payload.content()[:4], finish=False)
    await c.chunk(b"data: ")
    for _i in range(1 << 14):
        await c.chunk(b"A" * (1 << 18))


@fault("stream-endless-event", "stream-volume", "s", "typed", "data lines for ever, no blank line")
async def _(c):
    await c.sse(Payload.content()[:4], finish=False)
    ln = b"data: " + b"A" * 1018 + b"\n"
    for _i in range(1 << 14):
        await c.chunk(ln * 256)


@fault("stream-endless-comment", "stream-volume", "s", "typed", "a comment line that never ends")
async def _(c):
    await c.sse(Payload.content()[:4], finish=False)
    await c.chunk(b":")
    for _i in range(1 << 14):
        await c.chunk(b"A" * (1 << 18))


@fault(
    "stream-100k-events",
    "stream-volume",
    "s",
    "ok",
    "100,000 small content events (n): all arrive, in order, bounded memory",
    n=100000,
)
async def _(c):
    await c.sse(Payload.content()[:1], finish=False)
    one = dj(Payload.piece("x"))
    n = c.p("n", 100000)
    for _i in range(n // 100):
        await c.chunk(one * 100)
    for f in Payload.terminal():
        await c.chunk(f)
    await c.end()


@fault(
    "stream-1-byte-chunks-1mib",
    "stream-volume",
    "s",
    "ok",
    "one 256 KiB event in 64-byte chunks (quadratic buffers show here)",
    mb=1,
)
async def _(c):
    await c.sse(Payload.content()[:4], finish=False)
    pre, post = to_json(Payload.piece("@@@")).split(b"@@@")
    b = b"data: " + pre + b"B" * (c.p("mb", 1) << 18) + post + b"\n\n"
    buf = []
    for i in range(0, len(b), 64):
        x = b[i : i + 64]
        buf.append(b"%x\r\n" % len(x) + x + b"\r\n")
    for i in range(0, len(buf), 64):
        await c.send(b"".join(buf[i : i + 64]))
    for f in c.frames()[4:]:
        await c.chunk(f)
    await c.end()


# ----------------------------------------------------------------------------------------------- downloads
def dl(name: str, cd: str, note: str = "", body: bytes = b"PAYLOAD") -> None:
    async def fn(c: Ctx) -> None:
        await c.respond(200, body, "application/octet-stream", *([f"Content-Disposition: {cd}"] if cd else []))

    simple(
        name,
        "download",
        "b",
        "ok|typed",
        fn,
        note or "a save-to-directory helper must write inside that directory only",
    )


dl("dl-traversal", 'attachment; filename="../../evil.txt"')
dl("dl-traversal-star", "attachment; filename*=UTF-8''..%2F..%2Fevil.txt", "percent-decoded traversal")
dl("dl-backslash", 'attachment; filename="..\\\\..\\\\evil.txt"')
dl("dl-absolute", 'attachment; filename="/tmp/evil.txt"')
dl("dl-drive", 'attachment; filename="C:\\\\evil.txt"')
dl("dl-nul", 'attachment; filename="a\x01b.txt"', "control character in the name")
dl("dl-dotfile", 'attachment; filename=".bashrc"')
dl("dl-reserved", 'attachment; filename="CON"')
dl("dl-dot", 'attachment; filename=".."')
dl("dl-empty-name", 'attachment; filename=""')
dl("dl-long-name", 'attachment; filename="' + "a" * 5000 + '.txt"')
dl("dl-rtl-override", "attachment; filename*=UTF-8''photo%E2%80%AEgpj.exe")
dl("dl-two-names", "attachment; filename=\"ok.txt\"; filename*=UTF-8''%2e%2e%2fevil.txt")
dl("dl-no-disposition", "")


def _zip() -> bytes:
    import zipfile

    o = io.BytesIO()
    with zipfile.ZipFile(o, "w") as z:
        z.writestr("../../evil.txt", "x")
        z.writestr("/abs.txt", "x")
        z.writestr("ok.txt", "x")
        zi = zipfile.ZipInfo("link")
        zi.external_attr = 0xA1FF << 16
        z.writestr(zi, "/etc/passwd")
    return o.getvalue()


dl("dl-zip-slip", 'attachment; filename="docs.zip"', "members ../../evil.txt, /abs.txt, a symlink", _zip())


# ----------------------------------------------------------------------------------------------- server
class FaultServer:
    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.log: list[dict] = []
        self.counters: dict = {}
        self.bases: dict[str, str] = {}
        self._cache: dict = {}
        self.conn = 0
        self.open: set[int] = set()
        self.servers: list = []
        self.socks: list[socket.socket] = []

    def cache(self, k, make):
        if k not in self._cache:
            self._cache[k] = make()
        return self._cache[k]

    async def __aenter__(self) -> FaultServer:
        self.stopping = asyncio.Event()
        main = await asyncio.start_server(
            lambda r, w: self.client(r, w, "main"), "127.0.0.1", self.port, limit=1 << 26, backlog=4096
        )
        self.port = main.sockets[0].getsockname()[1]
        other = await asyncio.start_server(lambda r, w: self.client(r, w, "other"), "127.0.0.1", 0, backlog=1024)
        oport = other.sockets[0].getsockname()[1]
        self.servers += [main, other]
        try:  # IPv6/IPv4 'localhost' name on the same port
            l6 = await asyncio.start_server(lambda r, w: self.client(r, w, "localhost6"), "::1", self.port)
            self.servers.append(l6)
        except OSError:
            pass
        bh = socket.socket()
        bh.bind(("127.0.0.1", 0))
        bh.listen(1024)
        cl = socket.socket()
        cl.bind(("127.0.0.1", 0))  # bound, not listening: refused
        self.socks += [bh, cl]
        b = self.bases
        b["main"] = f"http://127.0.0.1:{self.port}"
        b["localhost"] = f"http://localhost:{self.port}"
        b["other"] = f"http://127.0.0.1:{oport}"
        b["blackhole"] = f"http://127.0.0.1:{bh.getsockname()[1]}"
        b["tls_blackhole"] = f"https://127.0.0.1:{bh.getsockname()[1]}"
        b["closed"] = f"http://127.0.0.1:{cl.getsockname()[1]}"
        b["tls_plain"] = f"https://127.0.0.1:{self.port}"
        authority = trustme.CA()  # its own certificate is signed by itself
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            authority.cert_pem.write_to_path(f"{folder}/certificate.pem")
            authority.private_key_pem.write_to_path(f"{folder}/key.pem")
            context.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/key.pem")
        tls = await asyncio.start_server(lambda r, w: self.client(r, w, "tls"), "127.0.0.1", 0, ssl=context)
        self.servers.append(tls)
        b["tls_selfsigned"] = f"https://127.0.0.1:{tls.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *a) -> None:
        self.stopping.set()
        for s in self.servers:
            s.close()
        for s in self.socks:
            s.close()
        await asyncio.sleep(0.05)

    def url(self, name: str, **params: Any) -> str:
        f = F[name]
        base = self.bases[f.base] if f.base else self.bases["main"]
        ps = "".join(f";{k}={v}" for k, v in params.items())
        return f"{base}/f/{name}{ps}/v1"

    def catalog(self) -> list[dict]:
        return [
            {
                "name": f.name,
                "group": f.group,
                "modes": f.modes,
                "goal": f.goal,
                "params": f.params,
                "note": f.note,
                "base_url": self.url(f.name),
            }
            for f in F.values()
        ]

    async def client(self, r: asyncio.StreamReader, w: asyncio.StreamWriter, listener: str) -> None:
        self.conn += 1
        cid = self.conn
        self.open.add(cid)
        s = w.get_extra_info("socket")
        if s is not None:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while not self.stopping.is_set():
                c = Ctx(self, r, w, listener)
                try:
                    first = await r.readexactly(1)
                    if first == b"\x16" and listener != "tls":  # a TLS hello on a plain port: answer as real servers do
                        w.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                        await w.drain()
                        return
                    head = first + await r.readuntil(b"\r\n\r\n")
                except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
                    return
                lines = head.decode("latin-1").split("\r\n")
                parts = lines[0].split(" ")
                if len(parts) < 3:
                    return
                c.method, c.target = parts[0], " ".join(parts[1:-1])
                for ln in lines[1:]:
                    if ":" in ln:
                        k, v = ln.split(":", 1)
                        c.headers[k.strip().lower()] = v.strip()
                if c.headers.get("expect", "").lower() == "100-continue":
                    await c.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                if c.headers.get("transfer-encoding", "").lower() == "chunked":
                    while True:
                        n = int((await r.readuntil(b"\r\n")).split(b";")[0], 16)
                        c.body += await r.readexactly(n)
                        await r.readexactly(2)
                        if n == 0:
                            break
                elif "content-length" in c.headers:
                    c.body = await r.readexactly(int(c.headers["content-length"]))
                try:
                    await self.route(c, cid)
                except Close:
                    return
                if c.headers.get("connection", "").lower() == "close":
                    return
        except (ConnectionError, asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open.discard(cid)
            with contextlib.suppress(Exception):
                w.close()

    async def route(self, c: Ctx, cid: int) -> None:
        t = c.target
        if t.startswith(("http://", "https://")):  # absolute form (proxy request)
            t = "/" + t.split("/", 3)[3] if t.count("/") >= 3 else "/"
        if t.startswith("/__catalog__"):
            return await c.respond(200, self.catalog())
        if t.startswith("/__bases__"):
            return await c.respond(200, self.bases)
        if t.startswith("/__warm__"):  # build the bombs (blocks a few seconds), so that no cell waits for them
            self.cache(("bomb", 256), lambda: bomb(256))
            self.cache(("bomb2", 256), lambda: gz(bomb(256)))
            self.cache(("bombsse", 256), lambda: bomb_sse(256))
            self.cache(("br", 256), lambda: _br(b'{"answer":"' + b"A" * (256 << 20) + b'"}'))
            self.cache(("zs", 256), lambda: _zs(b'{"answer":"' + b"A" * (256 << 20) + b'"}'))
            return await c.respond(200, {str(k): len(v) for k, v in self._cache.items()})
        if t.startswith("/__conns__"):
            return await c.respond(200, {"open": len(self.open) - 1, "total": self.conn})
        if t.startswith("/__log__"):
            want = t.split("id=")[1] if "id=" in t else None
            return await c.respond(200, [x for x in self.log if want is None or x["id"] == want])
        if t.startswith("/__reset__"):
            self.log.clear()
            self.counters.clear()
            return await c.respond(200, {})
        if t.startswith("/f/"):
            spec, _, rest = t[3:].partition("/")
        else:
            q = t.split("fault=", 1)
            spec, rest = (q[1].split("&")[0], t) if len(q) > 1 else (c.headers.get("x-fault", "none"), t)
        bits = spec.split(";")
        c.fault = bits[0]
        c.params = dict(x.split("=", 1) for x in bits[1:] if "=" in x)
        c.rest = "/" + rest
        try:
            jb = json.loads(c.body) if c.body else {}
        except ValueError:
            jb = {}
        if isinstance(jb, dict):
            c.stream = bool(jb.get("stream")) or jb.get("response_mode") == "streaming"
        if "text/event-stream" in c.headers.get("accept", "") and c.method == "GET":
            c.stream = True
        self.log.append(
            {
                "id": c.params.get("id", ""),
                "fault": c.fault,
                "listener": c.listener,
                "conn": cid,
                "method": c.method,
                "path": c.rest,
                "host": c.headers.get("host"),
                "auth": "authorization" in c.headers,
                "api_key": "x-api-key" in c.headers or "api-key" in c.headers,
                "cookie": c.headers.get("cookie"),
                "body_len": len(c.body),
                "t": time.time(),
            }
        )
        f = F.get(c.fault)
        if f is None or f.fn is None:
            return await c.respond(404, {"code": "no_such_fault", "message": c.fault, "status": 404})
        await f.fn(c)
        return None


async def _main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("--port", type=int, default=0)
    ap.add_argument("--list", action="store_true", help="print the fault list as JSON and exit")
    a = ap.parse_args()
    async with FaultServer(a.port) as s:
        if a.list:
            print(json.dumps(s.catalog(), indent=1))
            return
        print(json.dumps(s.bases | {"faults": len(F), "pid": os.getpid()}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except KeyboardInterrupt:
        sys.exit(0)
