"""Conversations and messages in response bodies."""

from __future__ import annotations

from typing import Any

from dify.types.replies import AgentThought

from ...script.events import form_request, form_submission
from ..file_links import signed_url
from ..requests import ApiRequest
from ..responses import dump
from ..runs.models import Run, StoredForm
from .models import Conversation, Message

__all__ = ["serialize_conversation", "serialize_message"]


_NO_PARENT = "00000000-0000-0000-0000-000000000000"


def serialize_conversation(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as lists contain it."""
    return {
        "id": conversation.id,
        "name": conversation.name,
        "inputs": conversation.inputs,
        "status": "normal",
        "introduction": "",
        "created_at": conversation.created_at,
        "updated_at": int(conversation.updated_at),
    }


def serialize_message(request: ApiRequest, conversation: Conversation, message: Message) -> dict[str, Any]:
    """Return a message as the history contains it."""
    feedback = request.app.feedbacks.get(message.id)
    return {
        "id": message.id,
        "conversation_id": conversation.id,
        "parent_message_id": _NO_PARENT,
        "inputs": message.inputs,
        "query": message.query,
        "answer": message.answer,
        "feedback": None if feedback is None else {"rating": feedback.rating},
        "retriever_resources": [dump(citation) for citation in message.citations],
        "created_at": message.created_at,
        "agent_thoughts": [_thought(message, thought) for thought in message.thoughts],
        "message_files": [*_uploads(request, message), *_tool_files(request, message)],
        "status": message.status,
        "error": message.error,
        "extra_contents": [] if message.run is None else [_form(message.run, form) for form in message.run.forms],
    }


def _thought(message: Message, thought: AgentThought) -> dict[str, Any]:
    return {
        "id": thought.id,
        "chain_id": None,
        "message_id": message.id,
        "position": thought.position,
        "thought": thought.thought,
        "tool": thought.tool,
        "tool_labels": thought.tool_labels,
        "tool_input": thought.tool_input,
        "created_at": message.created_at,
        "observation": thought.observation,
        "files": thought.message_files,
    }


def _uploads(request: ApiRequest, message: Message) -> list[dict[str, Any]]:
    return [
        {
            "id": file.upload_file_id,
            "filename": file.name,
            "type": file.type,
            "url": file.url or f"{request.origin}/files/{file.upload_file_id}/file-preview",
            "mime_type": file.mime_type,
            "size": len(file.content or b""),
            "transfer_method": file.transfer_method,
            "belongs_to": "user",
            "upload_file_id": file.upload_file_id,
        }
        for file in message.files
        if file.upload_file_id is not None
    ]


def _tool_files(request: ApiRequest, message: Message) -> list[dict[str, Any]]:
    return [
        {
            "id": stored.id,
            "filename": stored.name,
            "type": kind,
            "url": signed_url(request.app, request.origin, stored.id),
            "mime_type": stored.mime_type,
            "size": len(stored.content),
            "transfer_method": "tool_file",
            "belongs_to": "assistant",
            "upload_file_id": stored.id,
        }
        for stored, kind in message.tool_files
    ]


def _form(run: Run, form: StoredForm) -> dict[str, Any]:
    definition = dump(form_request(form.reason))
    if form.answer is not None:
        definition["form_token"] = None
    return {
        "workflow_run_id": run.id,
        "submitted": form.answer is not None,
        "form_definition": definition,
        "form_submission_data": None
        if form.answer is None
        else dump(form_submission(form.reason, form.answer.action, form.values)),
        "type": "human_input",
    }
