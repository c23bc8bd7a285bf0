"""The same two calls by each client that is compared: read a stream to its end, and ask once. With `await`.

What cannot be imported raises `NotInstalled`, and its cell of the table says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx

from .plans import Plan

ASKED = {"inputs": {}, "query": "hello there", "user": "user-1"}
HEADERS = {"Authorization": "Bearer app-benchmark"}
PATIENCE = httpx.Timeout(120.0, pool=None)
LIFTED = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""No limit on connections, and few idle ones: the settings with which the library costs least."""


class NotInstalled(Exception):
    """A peer is not there to be measured."""


def peer(module: str, name: str) -> Any:
    """A name out of a package that may be missing."""
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise NotInstalled(str(error)) from None


@dataclass
class AsyncClient:
    """How one client makes the calls.

    Args:
        read: Reads a stream to its end and gives the number of its events; the time of the first is appended to the list.
        ask: Makes one call in blocking mode.
        close: Closes the client.
    """

    read: Callable[[list[float]], Awaitable[int]]
    ask: Callable[[], Awaitable[Any]]
    close: Callable[[], Awaitable[None]]


def ours(url: str, plan: Plan, http: Any = None) -> AsyncClient:
    from dify import AsyncDify

    client = AsyncDify(
        "app-benchmark",
        base_url=f"{url}/{plan.path}/v1",
        user="user-1",
        max_retries=0,
        timeout=PATIENCE,
        http_client=http,
    )

    async def read(first: list[float]) -> int:
        count = 0
        stream = client.workflows.stream({}) if plan.frames == "node" else client.chat.stream("hello there")
        async for _ in stream:
            count += 1
            if count == 1:
                first.append(time.perf_counter())
        return count

    async def ask() -> Any:
        return await client.chat.send("hello there", response_mode="blocking")

    return AsyncClient(read, ask, client.aclose)


def ours_aiohttp(url: str, plan: Plan, http: Any = None) -> AsyncClient:
    """Ours on aiohttp's connections."""
    peer("httpx_aiohttp", "AiohttpTransport")
    return ours(url, plan, peer("dify", "DefaultAioHttpClient")())


def _raw(client: httpx.AsyncClient, url: str, plan: Plan) -> AsyncClient:
    target = f"{url}/{plan.path}/v1/" + ("workflows/run" if plan.frames == "node" else "chat-messages")

    async def read(first: list[float]) -> int:
        count = 0
        body = ASKED | {"response_mode": "streaming"}
        async with client.stream("POST", target, json=body, headers=HEADERS) as response:
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    json.loads(line[5:])
                    count += 1
                    if count == 1:
                        first.append(time.perf_counter())
        return count

    async def ask() -> Any:
        response = await client.post(target, json=ASKED | {"response_mode": "blocking"}, headers=HEADERS)
        response.raise_for_status()
        return json.loads(response.content)

    return AsyncClient(read, ask, client.aclose)


def raw(url: str, plan: Plan, http: Any = None) -> AsyncClient:
    """httpx alone: lines and dictionaries."""
    return _raw(http or httpx.AsyncClient(timeout=PATIENCE, limits=LIFTED), url, plan)


def raw_default(url: str, plan: Plan, http: Any = None) -> AsyncClient:
    """httpx with the limits that it comes with: 100 connections; only its patience is longer."""
    return _raw(httpx.AsyncClient(timeout=PATIENCE), url, plan)


def httpx_sse(url: str, plan: Plan, http: Any = None) -> AsyncClient:
    """httpx-sse, and dictionaries."""
    connect = peer("httpx_sse", "aconnect_sse")
    client = http or httpx.AsyncClient(timeout=PATIENCE, limits=LIFTED)
    made = _raw(client, url, plan)

    async def read(first: list[float]) -> int:
        count = 0
        target = f"{url}/{plan.path}/v1/chat-messages"
        async with connect(client, "POST", target, json=ASKED, headers=HEADERS) as source:
            async for event in source.aiter_sse():
                json.loads(event.data)
                count += 1
                if count == 1:
                    first.append(time.perf_counter())
        return count

    made.read = read
    return made


def openai(url: str, plan: Plan, http: Any = None) -> AsyncClient:
    client = peer("openai", "AsyncOpenAI")(api_key="k", base_url=f"{url}/{plan.path}/v1", max_retries=0, timeout=120.0)
    return _peer(client, client.chat.completions.create, {})


def anthropic(url: str, plan: Plan, http: Any = None) -> AsyncClient:
    client = peer("anthropic", "AsyncAnthropic")(
        api_key="k", base_url=f"{url}/{plan.path}", max_retries=0, timeout=120.0
    )
    return _peer(client, client.messages.create, {"max_tokens": 100})


def _peer(client: Any, create: Any, more: dict[str, Any]) -> AsyncClient:
    asked: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello there"}], **more}

    async def read(first: list[float]) -> int:
        count = 0
        async for _ in await create(**asked, stream=True):
            count += 1
            if count == 1:
                first.append(time.perf_counter())
        return count

    async def ask() -> Any:
        return await create(**asked)

    return AsyncClient(read, ask, client.close)


MAKERS: dict[str, Callable[..., AsyncClient]] = {
    "ours": ours,
    "ours-aiohttp": ours_aiohttp,
    "raw": raw,
    "raw-default": raw_default,
    "httpx-sse": httpx_sse,
    "openai": openai,
    "anthropic": anthropic,
}
