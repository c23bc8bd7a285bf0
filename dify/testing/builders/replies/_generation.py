"""Replies of apps, and the forms for which chatflows wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from dify import ChatResponse, CompletionResponse, FormInput
from dify.types import ChatPause, CitationResource, HumanInputForm, PauseReason, ReplyMetadata, Usage, UserAction

from ...script.costs import usage as cost_of
from ...script.ids import Ids
from ._common import HOUR, WHEN, id_of

__all__ = ["chat_pause", "chat_reply", "citation", "completion_reply", "form", "human_input_form"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


def chat_reply(
    answer: str = "Hello there",
    *,
    usage: Usage | None = None,
    citations: Sequence[CitationResource] = (),
    conversation_id: str | None = None,
    message_id: str | None = None,
    mode: Literal["chat", "agent-chat", "advanced-chat"] = "chat",
    ids: Ids | None = None,
) -> ChatResponse:
    """Build the blocking reply of a chat app or chatflow.

    Args:
        answer: The answer.
        usage: Usage.
        citations: Citations of the answer.
        conversation_id: UUID of the conversation.
        message_id: UUID of the message.
        mode: Mode of the app.
        ids: All ids.

    Example:
        >>> chat_reply("Tea.").answer
        'Tea.'
    """
    known = ids or Ids.of("chat")
    known = replace(
        known,
        conversation_id=conversation_id or known.conversation_id,
        message_id=message_id or known.message_id,
    )
    return ChatResponse(
        event="message",
        **known.around_message(),
        id=known.message_id or "",
        mode=mode,
        answer=answer,
        metadata=_metadata(usage or cost_of(), citations),
    )


def completion_reply(
    answer: str = "Hello there", *, usage: Usage | None = None, ids: Ids | None = None
) -> CompletionResponse:
    """Build the blocking reply of a completion app.

    Example:
        >>> completion_reply("Tea.").answer
        'Tea.'
    """
    known = ids or Ids.of("completion")
    return CompletionResponse(
        event="message",
        **known.around_message(),
        id=known.message_id or "",
        mode="completion",
        answer=answer,
        metadata=_metadata(usage or cost_of(), ()),
    )


def chat_pause(*forms: PauseReason, answer: str = "", ids: Ids | None = None) -> ChatResponse:
    """Build the blocking reply of a paused chatflow.

    Args:
        forms: Forms of the pause; by default one.
        answer: Answer so far.
        ids: Ids of the message and its run.

    Example:
        >>> chat_pause().paused
        True
    """
    known = ids or Ids.of("chatflow")
    reasons = list(forms or (form(),))
    around: dict[str, Any] = {**known.around_message(), "workflow_run_id": known.run_id}
    told: dict[str, Any] = {"id": known.message_id, "mode": "advanced-chat", "answer": answer}
    state: dict[str, Any] = {name: value for name, value in around.items() if name != "task_id"}
    data = ChatPause(
        **told,
        **state,
        metadata=_metadata(None, ()),
        paused_nodes=[reason.node_id for reason in reasons if reason.node_id is not None],
        reasons=reasons,
        status="paused",
        elapsed_time=0.1,
        total_tokens=0,
        total_steps=2,
    )
    return ChatResponse(event="workflow_paused", **told, **around, metadata=_metadata(None, ()), data=data)


def _metadata(cost: Usage | None, citations: Sequence[CitationResource]) -> ReplyMetadata:
    return ReplyMetadata(annotation_reply=None, retriever_resources=list(citations), usage=cost)


def citation(
    content: str, *, document_name: str = "handbook.md", score: float = 0.9, position: int = 1
) -> CitationResource:
    """Build a citation of a reply, with the fields that chat apps send.

    Example:
        >>> citation("Tea is made from leaves.").content
        'Tea is made from leaves.'
    """
    return CitationResource(
        position=position,
        dataset_id=id_of("dataset"),
        dataset_name="Handbook",
        document_id=id_of("document", document_name),
        document_name=document_name,
        data_source_type="upload_file",
        segment_id=id_of("segment", content),
        retriever_from="api",
        score=score,
        hit_count=None,
        word_count=None,
        segment_position=None,
        index_node_hash=None,
        content=content,
        page=None,
        doc_metadata=None,
        title=None,
        files=None,
        summary=None,
    )


_ACTIONS = (
    UserAction(id="approve", title="Approve", button_style="primary"),
    UserAction(id="reject", title="Reject", button_style="default"),
)


def form(
    content: str = "Approve?",
    *,
    token: str = "form-token-1",
    inputs: Sequence[FormInput] = (),
    actions: Sequence[UserAction] = _ACTIONS,
    node_id: str = "human",
    node_title: str = "Human Input",
    defaults: Mapping[str, Any] | None = None,
) -> PauseReason:
    """Build a form for which a run waits, as pauses show it.

    Args:
        content: Text, in Markdown.
        token: Token for `human_input.submit`.
        inputs: Fields.
        actions: Buttons.
        node_id: Id of the human-input node.
        node_title: Title of that node.
        defaults: Default values of the fields.

    Example:
        >>> form("Deploy?").form_token
        'form-token-1'
    """
    return PauseReason(
        type="human_input_required",
        form_id=id_of("form", token),
        form_content=content,
        inputs=list(inputs),
        actions=list(actions),
        node_id=node_id,
        node_title=node_title,
        resolved_default_values=dict(defaults or {}),
        form_token=token,
        expiration_time=WHEN + HOUR,
    )


def human_input_form(reason: PauseReason | None = None) -> HumanInputForm:
    """Build a form as `human_input.get` shows it.

    Args:
        reason: Form of a pause, from `form(...)`.

    Example:
        >>> [action.id for action in human_input_form().user_actions]
        ['approve', 'reject']
    """
    known = reason or form()
    return HumanInputForm(
        form_content=known.form_content or "",
        inputs=known.inputs or [],
        resolved_default_values=known.resolved_default_values or {},
        user_actions=known.actions or [],
        expiration_time=known.expiration_time,
    )
