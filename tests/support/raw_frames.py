"""Frames of Dify's event streams as the bytes that a socket carries, pings included."""

from __future__ import annotations

import json
from typing import Any

TASK = "3f5a51e4-9d0c-4a35-8fd8-000000000001"
MESSAGE = "3f5a51e4-9d0c-4a35-8fd8-000000000002"
CONVERSATION = "3f5a51e4-9d0c-4a35-8fd8-000000000003"
RUN = "3f5a51e4-9d0c-4a35-8fd8-000000000004"
NODE = "3f5a51e4-9d0c-4a35-8fd8-000000000005"

PING = b"event: ping\n\n"

_OF_MESSAGE = {"task_id": TASK, "message_id": MESSAGE, "conversation_id": CONVERSATION, "created_at": 1705407629}
_OF_RUN = {"task_id": TASK, "workflow_run_id": RUN}


def frame(event: str, **members: Any) -> bytes:
    """Any frame; compact UTF-8, as servers write them."""
    body = json.dumps({"event": event, **members}, ensure_ascii=False, separators=(",", ":"))
    return f"data: {body}\n\n".encode()


def message(answer: str) -> bytes:
    return frame("message", **_OF_MESSAGE, id=MESSAGE, answer=answer)


def message_end() -> bytes:
    return frame("message_end", **_OF_MESSAGE, id=MESSAGE, metadata={"retriever_resources": []})


def error(message: str = "Run failed", *, status: int = 400, code: str = "invalid_param") -> bytes:
    return frame("error", message_id=MESSAGE, conversation_id=CONVERSATION, status=status, code=code, message=message)


def bare_error(message: str = "q is required in input form") -> bytes:
    """What a worker sends that fails before its run begins: no code, no ids."""
    return frame("error", message=message, status=500)


def workflow_started() -> bytes:
    data = {"id": RUN, "workflow_id": NODE, "inputs": {}, "created_at": 1705407629, "reason": "initial"}
    return frame("workflow_started", **_OF_RUN, data=data)


def text_chunk(text: str) -> bytes:
    return frame("text_chunk", **_OF_RUN, data={"text": text, "from_variable_selector": ["llm", "text"]})


def workflow_finished(status: str = "succeeded", *, error: str | None = None, **outputs: Any) -> bytes:
    data = {"id": RUN, "workflow_id": NODE, "status": status, "outputs": outputs, "error": error, "total_tokens": 3}
    return frame("workflow_finished", **_OF_RUN, data=data)


def workflow_paused() -> bytes:
    reason = {"TYPE": "human_input_required", "form_id": "form-1", "node_id": "ask", "form_token": "token-1"}
    data = {"workflow_run_id": RUN, "paused_nodes": ["ask"], "outputs": {}, "reasons": [reason], "status": "paused"}
    return frame("workflow_paused", **_OF_RUN, data=data)


def in_chatflow(data: bytes) -> bytes:
    """A run's frame with the envelope that it has in a chatflow's stream."""
    body = json.loads(data.removeprefix(b"data: "))
    return frame(body.pop("event"), **(_OF_MESSAGE | body))


def chat_reply(answer: str = "Hello") -> dict[str, Any]:
    """The blocking answer of a chat app."""
    shared = {"id": MESSAGE, "mode": "chat", "answer": answer, "metadata": {"retriever_resources": []}}
    return {"event": "message", **_OF_MESSAGE, **shared}


def run_detail(run_id: str = RUN) -> dict[str, Any]:
    """The answer of the run-detail route."""
    return {"id": run_id, "workflow_id": NODE, "status": "succeeded", "inputs": "{}", "outputs": {}}
