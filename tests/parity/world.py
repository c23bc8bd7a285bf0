"""The emulator that scenarios talk to: apps like those of the recorded server, under a clock that the replay moves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from dify import FormInput
from dify.testing import (
    Emulator,
    EmulatorError,
    EmulatorForm,
    EmulatorRequest,
    InputBlocked,
    Node,
    OutputBlocked,
    RunFailed,
    ToolCall,
)
from tests.support.clock import Clock

__all__ = ["World"]

_VARIABLES = {"counter": 0, "notes": ["x"], "topic": "none", "prefs": {"k": 1}}
_OFF = {name: {"enabled": False} for name in ("speech_to_text", "text_to_speech", "suggested_questions_after_answer")}
_BARE_FORM = [{"text-input": {"variable": "req", "label": "req", "required": True, "max_length": 8}}]


def _fields(*fields: tuple[str, str, dict[str, Any]]) -> list[Mapping[str, Any]]:
    return [{kind: {"variable": name, "label": name, "type": kind, **more}} for kind, name, more in fields]


_FILES = {
    "allowed_file_types": ["image", "document"],
    "allowed_file_extensions": [],
    "allowed_file_upload_methods": ["local_file", "remote_url"],
}
_PLAIN_FORM = _fields(
    ("text-input", "q", {"required": True, "max_length": 48}),
    ("select", "sel", {"options": ["a", "b"]}),
    ("number", "num", {}),
    ("checkbox", "flag", {}),
    ("json_object", "obj", {}),
    ("paragraph", "para", {}),
    ("file", "doc", _FILES),
    ("file-list", "docs", {**_FILES, "max_length": 3}),
)
_PARAGRAPH = {"label": "q", "required": False, "options": [], "max_length": 2000}


@dataclass
class World:
    """An emulator, and what a scenario needs to know of it.

    Attributes:
        emulator: The emulator.
        clock: The clock that it goes by.
        keys: The keys by kind of app, as steps name them.
        values: What is known before the first step.
    """

    emulator: Emulator
    clock: Clock
    keys: dict[str, str]
    values: dict[str, Any]

    @classmethod
    def create(cls, clock: Clock) -> World:
        """Make an emulator with all apps."""

        async def model(request: EmulatorRequest) -> AsyncIterator[Any]:
            text = request.query if request.kind == "chat" else str(next(iter(request.inputs.values()), ""))
            broken = re.search(r"\[\[error:(\w+)\]\]", text)
            if broken:
                raise _model_error(broken[1])
            for piece in _pieces_of(text):
                slow = re.search(r"\[\[slow:([\d.]+)\]\]", text)
                if slow:
                    await clock.sleep(float(slow[1]))
                yield piece

        emulator = Emulator(model, mode="chat", api_key="app-parity-chat", knowledge_api_key="dataset-parity")
        keys = {"chat": emulator.api_key, "knowledge": emulator.knowledge_api_key}

        def add(kind: str, answer: Any, mode: Any, **settings: Any) -> None:
            keys[kind] = emulator.add_app(answer, mode=mode, api_key=f"app-parity-{kind}", **settings).api_key

        paragraph = [{"paragraph": {"variable": "q", "type": "paragraph", **_PARAGRAPH}}]
        query = [{"paragraph": {"variable": "query", "type": "paragraph", **_PARAGRAPH}}]
        add("agent", _agent, "agent-chat", input_form=[])
        add("completion", model, "completion", input_form=query)
        add("chatflow", model, "advanced-chat", variables=_VARIABLES, input_form=[])
        add("chatflow25", model, "advanced-chat", variables={f"v{number}": f"x{number}" for number in range(25)})
        add("workflow", model, "workflow", input_form=paragraph)
        add("human", _human, "workflow", input_form=paragraph)
        add("x_chat_full", model, "chat")
        add("x_chat_bare", model, "chat", features=_OFF, input_form=_BARE_FORM)
        add("x_chat_moderated", _moderated, "chat")
        add("x_wf_plain", _plain, "workflow", input_form=_PLAIN_FORM)
        add("x_wf_fail", _failing, "workflow")
        add("x_cf_fail", _failing, "advanced-chat")
        return cls(emulator, clock, keys, {**_pipelines(emulator), **_EMBEDDING})

    def client(self) -> httpx.AsyncClient:
        """Return a client whose requests the emulator answers in this process."""
        return httpx.AsyncClient(transport=self.emulator.transport(), base_url=self.emulator.base_url, timeout=60)

    def is_idle(self) -> bool:
        """Return whether every run is over, or waits for a person."""
        apps = self.emulator._state.workspace.apps.values()
        return all(
            progress.over or (progress._run.waits_for is not None and progress._run.waits_for.open)
            for app in apps
            for progress in app.runs_in_progress
        )

    async def settle(self) -> None:
        """Wait until every run is over, or waits for a person or for the clock."""
        while not self.is_idle() and self.clock.next_wake is None:  # noqa: ASYNC110 (the emulator has no such event)
            await asyncio.sleep(0.001)


_EMBEDDING = {"embedding_provider": "dify/emulator/emulator", "embedding_model": "emulator-embedding"}


def _pieces_of(text: str) -> Iterator[str]:
    """What the recorded model says: it echoes, or says so many words, nothing, or fails after three words."""
    count = re.search(r"\[\[words:(\d+)\]\]", text)
    words = " ".join(f"word{number}" for number in range(int(count[1]))) if count else f"Echo: {text}"
    if "[[empty]]" in text:
        words = ""
        yield ""
    midstream = re.search(r"\[\[midstream:(\w+)\]\]", text)
    for number, piece in enumerate(re.findall(r"\s*\S+", words)):
        if midstream and number == 3:
            raise _model_error(midstream[1])
        yield piece


def _model_error(kind: str) -> EmulatorError:
    if kind == "plain":
        return EmulatorError(
            400, "invalid_param", '{"error_type": "SomeOtherError", "message": "fake plain error", "args": null}'
        )
    return RunFailed("Incorrect API key provided" if kind == "auth" else f"fake {kind} error")


def _agent(request: EmulatorRequest) -> Any:
    if "[[tool]]" not in request.query:
        return f"Echo: {request.query}"
    time = "2026-01-01 00:00:00"
    return ["Let me call a tool. ", ToolCall("current_time", {}, time), f"The tool said: {time}"]


async def _human(request: EmulatorRequest) -> AsyncIterator[Any]:
    pick = {
        "type": "select",
        "output_variable_name": "pick",
        "option_source": {"type": "constant", "selector": [], "value": ["red", "green"]},
    }
    note = {
        "type": "paragraph",
        "output_variable_name": "note",
        "default": {"type": "constant", "selector": [], "value": "default note"},
    }
    text = (
        f"Please review: {request.inputs.get('q')}\n\nYour note: {{{{#$output.note#}}}}\nPick: {{{{#$output.pick#}}}}"
    )
    inputs = [FormInput.model_validate(each) for each in (note, pick)]
    filled = yield EmulatorForm(text, inputs=inputs, actions=["approve", "reject"])
    if filled is None:
        yield {"note": None, "pick": None, "action": None}
    elif filled.action == "reject":
        yield {"rejected": filled.inputs["note"]}
    else:
        yield {"note": filled.inputs["note"], "pick": filled.inputs["pick"], "action": filled.action}


async def _moderated(request: EmulatorRequest) -> Any:
    if "badword" in request.query:
        return InputBlocked("Blocked.")
    return [*_pieces_of(request.query), OutputBlocked("Output blocked.")]


def _plain(request: EmulatorRequest) -> Any:
    return {"q": request.inputs["q"]}


def _failing(request: EmulatorRequest) -> Any:
    sent = {"request": "GET / HTTP/1.1"}
    return [Node("Fetch", "http-request", process_data=sent, error="[Errno 111] Connection refused")]


def _pipelines(emulator: Emulator) -> dict[str, str]:
    tag = {"belong_to_node_id": "shared", "variable": "tag", "type": "text-input", "label": "Tag"}
    tag |= {"required": False, "max_length": 48, "default_value": "x"}
    url = {"belong_to_node_id": "ds", "variable": "url", "type": "text-input", "label": "URL"}
    url |= {"required": True, "max_length": 256}
    pages = [
        {
            "source_url": f"http://example.invalid/{name}",
            "content": f"# Page {name.upper()}\n\n{content}",
            "title": name.upper(),
            "description": f"page {name}",
        }
        for name, content in (("a", "Alpha page about apples."), ("b", "Beta page about bananas."))
    ]
    return {
        "pipeline_file": emulator.add_pipeline("pipe file", node_id="ds", variables=[tag]),
        "pipeline_crawl": emulator.add_pipeline(
            "pipe crawl", datasource_type="website_crawl", node_id="ds", variables=[tag, url], collect=lambda _: pages
        ),
    }
