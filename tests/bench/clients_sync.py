"""The same as in `clients`, without `await`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from .clients import ASKED, HEADERS, LIFTED, PATIENCE, peer
from .plans import Plan


@dataclass
class Client:
    """How one client makes the calls; see `clients.AsyncClient`."""

    read: Callable[[list[float]], int]
    ask: Callable[[], Any]
    close: Callable[[], None]


def ours(url: str, plan: Plan, http: Any = None) -> Client:
    from dify import Dify

    client = Dify(
        "app-benchmark",
        base_url=f"{url}/{plan.path}/v1",
        user="user-1",
        max_retries=0,
        timeout=PATIENCE,
        http_client=http,
    )

    def read(first: list[float]) -> int:
        count = 0
        for _ in client.workflows.stream({}) if plan.frames == "node" else client.chat.stream("hello there"):
            count += 1
            if count == 1:
                first.append(time.perf_counter())
        return count

    return Client(read, lambda: client.chat.send("hello there", response_mode="blocking"), client.close)


def _raw(client: httpx.Client, url: str, plan: Plan) -> Client:
    target = f"{url}/{plan.path}/v1/" + ("workflows/run" if plan.frames == "node" else "chat-messages")

    def read(first: list[float]) -> int:
        count = 0
        body = ASKED | {"response_mode": "streaming"}
        with client.stream("POST", target, json=body, headers=HEADERS) as response:
            for line in response.iter_lines():
                if line.startswith("data:"):
                    json.loads(line[5:])
                    count += 1
                    if count == 1:
                        first.append(time.perf_counter())
        return count

    def ask() -> Any:
        response = client.post(target, json=ASKED | {"response_mode": "blocking"}, headers=HEADERS)
        response.raise_for_status()
        return json.loads(response.content)

    return Client(read, ask, client.close)


def raw(url: str, plan: Plan, http: Any = None) -> Client:
    return _raw(http or httpx.Client(timeout=PATIENCE, limits=LIFTED), url, plan)


def raw_default(url: str, plan: Plan, http: Any = None) -> Client:
    return _raw(httpx.Client(timeout=PATIENCE), url, plan)


def httpx_sse(url: str, plan: Plan, http: Any = None) -> Client:
    connect = peer("httpx_sse", "connect_sse")
    client = http or httpx.Client(timeout=PATIENCE, limits=LIFTED)
    made = _raw(client, url, plan)

    def read(first: list[float]) -> int:
        count = 0
        target = f"{url}/{plan.path}/v1/chat-messages"
        with connect(client, "POST", target, json=ASKED, headers=HEADERS) as source:
            for event in source.iter_sse():
                json.loads(event.data)
                count += 1
                if count == 1:
                    first.append(time.perf_counter())
        return count

    made.read = read
    return made


def openai(url: str, plan: Plan, http: Any = None) -> Client:
    client = peer("openai", "OpenAI")(api_key="k", base_url=f"{url}/{plan.path}/v1", max_retries=0, timeout=120.0)
    return _peer(client, client.chat.completions.create, {})


def anthropic(url: str, plan: Plan, http: Any = None) -> Client:
    client = peer("anthropic", "Anthropic")(api_key="k", base_url=f"{url}/{plan.path}", max_retries=0, timeout=120.0)
    return _peer(client, client.messages.create, {"max_tokens": 100})


def _peer(client: Any, create: Any, more: dict[str, Any]) -> Client:
    asked: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello there"}], **more}

    def read(first: list[float]) -> int:
        count = 0
        for _ in create(**asked, stream=True):
            count += 1
            if count == 1:
                first.append(time.perf_counter())
        return count

    return Client(read, lambda: create(**asked), client.close)


def dify_client(url: str, plan: Plan, http: Any = None) -> Client:
    """dify-client, used as its readme shows; it parses no stream, its users do."""
    client = peer("dify_client", "ChatClient")("app-benchmark")
    client.base_url = f"{url}/{plan.path}/v1"

    def read(first: list[float]) -> int:
        count = 0
        with client.create_chat_message({}, "hello there", "user-1", response_mode="streaming") as response:
            for line in response.iter_lines(decode_unicode=True):
                if line.startswith("data:"):
                    json.loads(line[5:])
                    count += 1
                    if count == 1:
                        first.append(time.perf_counter())
        return count

    def ask() -> Any:
        return client.create_chat_message({}, "hello there", "user-1").json()

    return Client(read, ask, lambda: None)


MAKERS: dict[str, Callable[..., Client]] = {
    "ours": ours,
    "raw": raw,
    "raw-default": raw_default,
    "httpx-sse": httpx_sse,
    "openai": openai,
    "anthropic": anthropic,
    "dify-client": dify_client,
}
