"""Frames made by hand, in the shapes of Dify's event contract."""

from __future__ import annotations

import base64
import json
from typing import Any

CHAT_IDS = {"conversation_id": "conv-1", "message_id": "msg-1", "created_at": 1795343840, "task_id": "task-1"}
COMPLETION_IDS = {"message_id": "msg-1", "created_at": 1795343840, "task_id": "task-1"}
RUN_IDS = {"workflow_run_id": "run-1", "task_id": "task-1"}


def sse(*frames: dict[str, Any] | str) -> bytes:
    """An event stream as the server writes it."""
    texts = [frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False) for frame in frames]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def message(answer: str, **more: Any) -> dict[str, Any]:
    return {"event": "message", **CHAT_IDS, "id": "msg-1", "answer": answer} | more


def agent_message(answer: str, **more: Any) -> dict[str, Any]:
    return {"event": "agent_message", **CHAT_IDS, "id": "msg-1", "answer": answer} | more


def thought(id: str, **more: Any) -> dict[str, Any]:
    return {"event": "agent_thought", **CHAT_IDS, "id": id, "position": 1, "thought": ""} | more


def replaced(answer: str, **more: Any) -> dict[str, Any]:
    return {"event": "message_replace", **CHAT_IDS, "answer": answer, "reason": ""} | more


def text_file(answer: str, **more: Any) -> dict[str, Any]:
    """A text delta that arrives under the name of a file."""
    return {"event": "message_file", **CHAT_IDS, "id": "msg-1", "answer": answer, "from_variable_selector": None} | more


def file(id: str, **more: Any) -> dict[str, Any]:
    known = {"id": id, "type": "image", "belongs_to": "assistant", "url": f"/files/{id}.png"}
    return {"event": "message_file", **CHAT_IDS} | known | more


def usage(tokens: int, price: str = "0.0001220") -> dict[str, Any]:
    return {"total_tokens": tokens, "total_price": price, "currency": "USD", "latency": 0.5}


def message_end(tokens: int = 3, **more: Any) -> dict[str, Any]:
    metadata = {"annotation_reply": None, "retriever_resources": [], "usage": usage(tokens)}
    return {"event": "message_end", **CHAT_IDS, "id": "msg-1", "metadata": metadata, "files": None} | more


def speech(audio: bytes, **more: Any) -> dict[str, Any]:
    return {"event": "tts_message", **CHAT_IDS, "audio": base64.b64encode(audio).decode()} | more


def speech_end(**more: Any) -> dict[str, Any]:
    return {"event": "tts_message_end", **CHAT_IDS, "audio": ""} | more


def in_chatflow(frame: dict[str, Any]) -> dict[str, Any]:
    """A frame of a run with the ids that it has in a chatflow's stream."""
    return frame | CHAT_IDS


def of_run(event: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"event": event, **RUN_IDS, "data": data}


def run_started(**more: Any) -> dict[str, Any]:
    data = {"id": "run-1", "workflow_id": "flow-1", "inputs": {}, "created_at": 1795343840, "reason": "initial"}
    return of_run("workflow_started", data | more)


def text_chunk(text: str, **more: Any) -> dict[str, Any]:
    return of_run("text_chunk", {"text": text, "from_variable_selector": ["llm", "text"]} | more)


def node(event: str, id: str, **more: Any) -> dict[str, Any]:
    data = {"id": id, "node_id": id, "node_type": "llm", "title": id, "index": 1, "created_at": 1795343840}
    return of_run(event, data | more)


def container(event: str, **more: Any) -> dict[str, Any]:
    data = {"id": "each", "node_id": "each", "node_type": "iteration", "title": "Each", "created_at": 1795343840}
    return of_run(event, data | more)


def run_finished(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    data = {
        "id": "run-1",
        "workflow_id": "flow-1",
        "status": status,
        "outputs": {"answer": "Hello"},
        "error": None,
        "elapsed_time": 0.25,
        "total_tokens": 3,
        "total_steps": 2,
        "created_at": 1795343840,
        "finished_at": 1795343841,
    }
    return of_run("workflow_finished", data | more)


FORM = {
    "form_id": "form-1",
    "node_id": "ask",
    "node_title": "Ask",
    "form_content": "Deploy?",
    "inputs": [],
    "actions": [{"id": "yes", "title": "Yes", "button_style": "primary"}],
    "form_token": "token-1",
    "resolved_default_values": {},
    "expiration_time": 1795347440,
}


def run_paused(**more: Any) -> dict[str, Any]:
    data = {
        "workflow_run_id": "run-1",
        "paused_nodes": ["ask"],
        "outputs": {},
        "reasons": [{"TYPE": "human_input_required", **FORM}, {"TYPE": "scheduled_pause", "message": "later"}],
        "status": "paused",
        "created_at": 1795343840,
        "elapsed_time": 0.1,
        "total_tokens": 0,
        "total_steps": 2,
    }
    return of_run("workflow_paused", data | more)


def run_waiting(*forms: str) -> dict[str, Any]:
    """The pause of a run that waits for these forms."""
    reasons = [
        {"TYPE": "human_input_required", **FORM, "form_id": form, "form_token": f"token-{form}"} for form in forms
    ]
    return run_paused(reasons=reasons)


def form_filled(content: str = "Yes", **more: Any) -> dict[str, Any]:
    data = {
        "node_id": "ask",
        "node_title": "Ask",
        "rendered_content": content,
        "action_id": "yes",
        "action_text": "Yes",
    }
    return of_run("human_input_form_filled", data | more)


def failure(**more: Any) -> dict[str, Any]:
    ids = {name: value for name, value in CHAT_IDS.items() if name != "task_id"}
    return {"event": "error", **ids, "code": "completion_request_error", "message": "no luck", "status": 400} | more
