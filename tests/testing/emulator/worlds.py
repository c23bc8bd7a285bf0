"""An emulator with something of everything in it, and cases to hold against recorded answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from dify.testing import Emulator, EmulatorError, EmulatorFile

NOBODY = "00000000-0000-4000-8000-00000000dead"
FRUIT = "Apples are red and grow on trees.\n\nBananas are yellow and tropical.\n\nCherries are small red stone fruits."
AUTOMATIC = {"mode": "automatic"}
ECONOMY, EMBEDDED = {"indexing_technique": "economy"}, {"indexing_technique": "high_quality"}
PARAGRAPHS = {
    "mode": "custom",
    "rules": {
        "pre_processing_rules": [{"id": "remove_extra_spaces", "enabled": True}],
        "segmentation": {"separator": "\n\n", "max_tokens": 100, "chunk_overlap": 0},
    },
}
PARENTS = {
    "mode": "hierarchical",
    "rules": {
        "pre_processing_rules": [],
        "parent_mode": "paragraph",
        "segmentation": {"separator": "\n\n", "max_tokens": 200, "chunk_overlap": 0},
        "subchunk_segmentation": {"separator": " ", "max_tokens": 60, "chunk_overlap": 0},
    },
}


def read(file: EmulatorFile) -> str:
    """What the emulator of a world reads documents with: some cannot be read."""
    text = (file.content or b"").decode()
    if "[[error]]" in text:
        raise EmulatorError(400, "completion_request_error", "fake ratelimit error")
    return text


@dataclass(frozen=True)
class Case:
    """A request whose answer is to be as one recorded; `{names}` in it are filled in from the world.

    Attributes:
        recording: The recorded answer.
        method: HTTP method.
        url: Path and query.
        json: JSON body.
        send: More of what httpx takes for a request.
        first: Requests to make before.
        unlike: Members whose type differs for a reason.
        mode: The app's mode.
    """

    recording: str
    method: str
    url: str
    json: Any = None
    send: dict[str, Any] = field(default_factory=dict[str, Any])
    first: tuple[tuple[str, str, Any], ...] = ()
    unlike: frozenset[str] = frozenset()
    mode: Any = None


def file(name: str, content: bytes, mime_type: str = "text/plain", *, part: str = "file", data: str = "") -> Any:
    """A multipart body with one file."""
    return {"files": {part: (name, content, mime_type)}, "data": {"data": data} if data else {}}


class World:
    """A prepared emulator and the names of what is in it."""

    def __init__(self, client: httpx.AsyncClient, emulator: Emulator) -> None:
        self.client = client
        self.emulator = emulator
        self.names: dict[str, str] = {"nobody": NOBODY}

    async def send(self, method: str, url: str, json: Any = None, **more: Any) -> httpx.Response:
        """Make a request, with the key that its path needs unless headers say otherwise."""
        knowledge = url.startswith(("/datasets", "/workspaces"))
        key = self.emulator.knowledge_api_key if knowledge else self.emulator.api_key
        more = {**more, "headers": {"Authorization": f"Bearer {key}", **more.get("headers", {})}}
        if json is not None:
            more["json"] = self.fill(json)
        return await self.client.request(method, self.fill(url), **more)

    def fill(self, value: Any) -> Any:
        """Put names in."""
        match value:
            case str():
                return re.sub(r"{(\w+)}", lambda found: self.names[found[1]], value)
            case dict():
                return {key: self.fill(item) for key, item in value.items()}
            case list():
                return [self.fill(item) for item in value]
            case _:
                return value

    async def make(self, name: str, url: str, json: Any, *path: str | int, **more: Any) -> Any:
        """Make something, and remember its id under a name."""
        reply = await self.send("POST", url, json, **more)
        assert reply.is_success, reply.text
        body: Any = reply.json()
        made = body
        for step in path:
            made = made[step]
        self.names[name] = made["id"]
        return body


async def prepare_app(world: World) -> None:
    """A conversation with variables and a message, an annotation, jobs, an upload."""
    said = {"query": "hi", "inputs": {}, "response_mode": "blocking", "user": "user-1"}
    if (await world.send("GET", "/info")).json()["mode"] == "chat":
        reply = (await world.send("POST", "/chat-messages", said)).json()
        world.names |= {"conversation": reply["conversation_id"], "message": reply["message_id"]}
        listed = (await world.send("GET", "/conversations/{conversation}/variables?user=user-1")).json()["data"]
        world.names |= {variable["name"]: variable["id"] for variable in listed}
    else:
        world.names |= dict.fromkeys(("conversation", "message"), NOBODY)
    await world.make("q2", "/apps/annotations", {"question": "q2", "answer": "a2"})
    await world.make("zebra", "/apps/annotations", {"question": "what is zebra", "answer": "An animal."})
    upload = {"files": {"file": ("a.txt", b"a", "text/plain")}, "data": {"user": "user-1"}}
    world.names["end_user"] = (await world.send("POST", "/files/upload", **upload)).json()["created_by"]
    job = {"embedding_provider_name": "p", "embedding_model_name": "m", "score_threshold": 0.8}
    world.names["job"] = (await world.send("POST", "/apps/annotation-reply/enable", job)).json()["job_id"]


async def prepare_knowledge(world: World) -> None:
    """Five knowledge bases, with documents of every form and state, tags and fields."""
    make, text = world.make, "document/create-by-text"
    await make("mini", "/datasets", {"name": "min"})
    await make("eco", "/datasets", {"name": "eco 1", "indexing_technique": "economy"})
    for name in ("hq", "parent", "qa"):
        await make(name, "/datasets", {"name": name, "indexing_technique": "high_quality"})
    await make(
        "fruit",
        f"/datasets/{{eco}}/{text}",
        {"name": "fruit.txt", "text": FRUIT, "process_rule": AUTOMATIC, **ECONOMY},
        "document",
    )
    rule = {"name": "fruit hq", "text": FRUIT, "process_rule": PARAGRAPHS, **EMBEDDED}
    await make("fruit_hq", f"/datasets/{{hq}}/{text}", rule, "document")
    await make("broken", f"/datasets/{{hq}}/{text}", {"name": "broken", "text": "[[error]]", **EMBEDDED}, "document")
    form = {"name": "parents", "text": FRUIT, "doc_form": "hierarchical_model", "process_rule": PARENTS, **EMBEDDED}
    body = await make("parents", f"/datasets/{{parent}}/{text}", form, "document")
    world.names["parents_batch"] = body["batch"]
    form = {"name": "qa", "text": "", "doc_form": "qa_model", "process_rule": AUTOMATIC, **EMBEDDED}
    await make("qas", f"/datasets/{{qa}}/{text}", form, "document")
    for dataset, document in (("eco", "fruit"), ("hq", "fruit_hq"), ("parent", "parents")):
        segments = f"/datasets/{{{dataset}}}/documents/{{{document}}}/segments"
        segment = (await world.send("GET", segments)).json()["data"][0]
        world.names[f"{dataset}_segment"] = segment["id"]
        if segment["child_chunks"]:
            world.names["child"] = segment["child_chunks"][0]["id"]
    await make("tag", "/datasets/tags", {"name": "tag"})
    await make("tag2", "/datasets/tags", {"name": "tag2"})
    await world.send("POST", "/datasets/tags/binding", {"tag_ids": ["{tag}", "{tag2}"], "target_id": "{eco}"})
    for kind in ("string", "number", "time"):
        await make(f"f_{kind}", "/datasets/{eco}/metadata", {"type": kind, "name": f"f_{kind}"})
    world.emulator._state.knowledge.index_at_once = False  # from here on documents are under way
    body = await make(
        "waiting", f"/datasets/{{eco}}/{text}", {"name": "fruit renamed.txt", "text": "x", **ECONOMY}, "document"
    )
    world.names["waiting_batch"] = body["batch"]


def said(message: str) -> str:
    """A message without what differs from one request and one release of the validator to another."""
    message = re.sub(r"\n    For further information[^\n]*", "", message)
    message = re.sub(r"input_value=.*?, input_type", "input_type", message, flags=re.DOTALL)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", message)


def same_refusal(mine: Any, theirs: Any) -> bool:
    """Whether an error body says the same as a recorded one."""
    if not isinstance(theirs, dict):
        return mine == theirs
    return {k: said(v) if isinstance(v, str) else v for k, v in mine.items()} == {
        k: said(v) if isinstance(v, str) else v for k, v in theirs.items()
    }
