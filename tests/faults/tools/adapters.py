"""The clients that the runner and the sweep call: each face, and the async one on aiohttp, behind one function.

`ADAPTERS[name](base_url, stream, retries, timeout)` asks a chat app once and returns the text, or a coroutine that does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from dify import AsyncDify, DefaultAioHttpClient, Dify

Adapter = Callable[[str, bool, int, float], "str | Coroutine[Any, Any, str]"]


def _settings(base_url: str, retries: int, timeout: float) -> dict[str, Any]:
    return {"base_url": base_url, "api_key": "app-SECRET", "user": "u", "max_retries": retries, "timeout": timeout}


async def _ask(client: AsyncDify, stream: bool) -> str:
    if not stream:
        return (await client.chat.send("x", response_mode="blocking")).answer
    text = ""
    async with client.chat.stream("x") as events:
        async for event in events:
            if event.event == "message":
                text += event.answer
    return text


async def _on_asyncio(base_url: str, stream: bool, retries: int, timeout: float) -> str:
    async with AsyncDify(**_settings(base_url, retries, timeout)) as client:
        return await _ask(client, stream)


async def _on_aiohttp(base_url: str, stream: bool, retries: int, timeout: float) -> str:
    async with DefaultAioHttpClient() as http:
        return await _ask(AsyncDify(**_settings(base_url, retries, timeout), http_client=http), stream)


def _without_await(base_url: str, stream: bool, retries: int, timeout: float) -> str:
    with Dify(**_settings(base_url, retries, timeout)) as client:
        if not stream:
            return client.chat.send("x", response_mode="blocking").answer
        text = ""
        with client.chat.stream("x") as events:
            for event in events:
                if event.event == "message":
                    text += event.answer
        return text


ADAPTERS: dict[str, Adapter] = {"async": _on_asyncio, "sync": _without_await, "aiohttp": _on_aiohttp}
