"""What the suite is held against: an emulator with an app of each kind, or a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from dify import AsyncDify, Dify, FormInput
from dify.testing import Emulator, EmulatorForm, ToolCall

from .faces import Awaited

Kind = Literal["chat", "agent", "completion", "chatflow", "workflow", "human_input", "knowledge"]
Source = Literal["local_file", "website_crawl"]
Door = Literal["in-process", "localhost", "live"]
Face = Literal["async", "sync"]

BASE_URL = "DIFY_LIVE_BASE_URL"
KEYS: Mapping[Kind, str] = {
    "chat": "DIFY_LIVE_CHAT_KEY",
    "agent": "DIFY_LIVE_AGENT_KEY",
    "completion": "DIFY_LIVE_COMPLETION_KEY",
    "chatflow": "DIFY_LIVE_CHATFLOW_KEY",
    "workflow": "DIFY_LIVE_WORKFLOW_KEY",
    "human_input": "DIFY_LIVE_HUMAN_INPUT_KEY",  # a workflow with one form, which web apps are shown
    "knowledge": "DIFY_LIVE_KNOWLEDGE_KEY",
}
PIPELINES: Mapping[Source, str] = {
    "local_file": "DIFY_LIVE_PIPELINE_DATASET",  # ids of knowledge bases with a published pipeline
    "website_crawl": "DIFY_LIVE_CRAWL_DATASET",
}
MODES: Mapping[Kind, str] = {
    "chat": "chat",
    "agent": "agent-chat",
    "completion": "completion",
    "chatflow": "advanced-chat",
    "workflow": "workflow",
    "human_input": "workflow",
}


@dataclass
class Target:
    """A server, its address, and the keys to its apps.

    Attributes:
        door: The way to reach the server.
        keys: API keys, by the kind of app; the knowledge key among them.
        pipelines: Ids of knowledge bases with a pipeline, by the type of its datasource.
        base_url: The address; None within this process.
        emulator: The emulator behind it, or None for a real server.
    """

    door: Door
    keys: Mapping[Kind, str]
    pipelines: Mapping[Source, str]
    base_url: str | None = None
    emulator: Emulator | None = None
    opened: list[Any] = field(default_factory=list)

    @property
    def live(self) -> bool:
        """Whether it is a real server."""
        return self.door == "live"

    @property
    def unset(self) -> list[str]:
        """Names of the environment variables without which some tests are skipped."""
        names = [name for kind, name in KEYS.items() if kind not in self.keys]
        return names + [name for source, name in PIPELINES.items() if source not in self.pipelines]

    def client(self, kind: Kind, face: Face, user: str) -> Any:
        """A client with the key of an app (or the knowledge key); both faces are awaited."""
        key = self.keys[kind]
        keys: dict[str, Any] = {"knowledge_api_key": key} if kind == "knowledge" else {"api_key": key}
        if self.base_url is None:
            assert self.emulator is not None
            if face == "async":
                return self.emulator.client(**keys, user=user)
            return Awaited(self.emulator.sync_client(**keys, user=user))
        client: Any = (AsyncDify if face == "async" else Dify)(**keys, base_url=self.base_url, user=user)
        client = client if face == "async" else Awaited(client)
        self.opened.append(client)
        return client

    async def close(self) -> None:
        """Close what a test has opened."""
        while self.opened:
            client = self.opened.pop()
            await (client.aclose() if isinstance(client, AsyncDify) else client.close())


def live_targets() -> bool:
    """Whether a real server is to be tested."""
    return bool(os.environ.get(BASE_URL))


def live() -> Target:
    """The real server that the environment names."""
    keys = {kind: key for kind, name in KEYS.items() if (key := os.environ.get(name))}
    pipelines = {source: id for source, name in PIPELINES.items() if (id := os.environ.get(name))}
    return Target("live", keys, pipelines, base_url=os.environ[BASE_URL])


@contextmanager
def emulated(door: Door) -> Iterator[Target]:
    """An emulator with an app of each kind."""
    keys: dict[Kind, str] = {kind: f"app-{kind}-{uuid4().hex[:8]}" for kind in KEYS}
    keys["knowledge"] = f"dataset-{uuid4().hex[:8]}"
    with Emulator(
        mode="chat", name="Conformance chat", api_key=keys["chat"], knowledge_api_key=keys["knowledge"]
    ) as emulator:
        emulator.add_app(_agent, mode="agent-chat", api_key=keys["agent"])
        emulator.add_app(mode="completion", api_key=keys["completion"])
        emulator.add_app(mode="advanced-chat", api_key=keys["chatflow"], variables={"topic": "tea"})
        emulator.add_app(mode="workflow", api_key=keys["workflow"])
        emulator.add_app(_ask, mode="workflow", api_key=keys["human_input"])
        url = {"variable": "url", "label": "URL", "type": "text-input", "required": True}
        pipelines: dict[Source, str] = {
            "local_file": emulator.add_pipeline("Files"),
            "website_crawl": emulator.add_pipeline("Pages", datasource_type="website_crawl", variables=[url]),
        }
        if door == "in-process":
            yield Target(door, keys, pipelines, emulator=emulator)
        else:
            with emulator.serve() as base_url:
                yield Target(door, keys, pipelines, base_url, emulator)


def _agent(request: Any) -> Iterator[Any]:
    yield "I should look at the clock. "
    yield ToolCall("current_time", {"timezone": "UTC"}, "12:00")
    yield "It is noon."


def _ask(request: Any) -> Iterator[Any]:
    note = FormInput(type="paragraph", output_variable_name="note")
    filled = yield EmulatorForm("Deploy? {{#$output.note#}}", inputs=[note], actions=["approve", "reject"])
    yield {"action": None if filled is None else filled.action}
