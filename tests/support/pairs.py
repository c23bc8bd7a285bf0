"""Streams and blocking replies that the same app gave to the same question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# (stream, blocking reply, members that differ for a reason of their own)
PAIRS: list[tuple[str, str, frozenset[str]]] = [
    ("chat/stream_hello", "chat/blocking_first", frozenset()),
    ("chat/empty_answer_stream", "chat/empty_answer_blocking", frozenset()),
    ("chat/moderated_input_stream", "chat/moderated_input_blocking", frozenset()),
    # Asked for 60 words and for 20: the preset answer is the same, what the model used is not.
    ("chat/moderated_output_stream", "chat/moderated_output_blocking", frozenset({"usage"})),
    ("chatflow/moderated_input_stream", "chatflow/moderated_input_blocking", frozenset()),
    # Asked "hi" and "one": the app repeats the question.
    ("chatflow/stream_plain", "chatflow/blocking_plain", frozenset({"answer"})),
    ("agent_node/cf_stream", "agent_node/cf_blocking", frozenset()),
    ("agent_node/wf_stream", "agent_node/wf_blocking", frozenset()),
    ("reasoning/wf_stream", "reasoning/wf_blocking", frozenset()),
    ("workflow/by_id_streaming", "workflow/by_id_blocking", frozenset()),
    ("workflow/stream_nested", "workflow/nested_blocking", frozenset()),
    ("workflow/stream_retry_default", "workflow/retry_default_blocking", frozenset()),
    ("workflow/stream_iteration_failed", "workflow/iteration_fail_blocking", frozenset()),
    # The output holds the signed address of an image that is made anew.
    ("workflow/llm_image_stream", "workflow/llm_image_blocking", frozenset({"text"})),
    # The form repeats the question; a paused stream has no message_end, so nothing says that there are no citations.
    (
        "hitl/cf_pause_stream",
        "hitl/cf_pause_blocking",
        frozenset({"form_content", "resolved_default_values", "retriever_resources"}),
    ),
]

_OF_THE_CALL = frozenset(
    {"id", "task_id", "message_id", "conversation_id", "workflow_run_id", "form_id", "form_token"}  # ids
    | {"created_at", "finished_at", "expiration_time"}  # times
    | {"latency", "elapsed_time", "time_to_first_token", "time_to_generate"}  # durations
    | {"mode"}  # streams do not carry it
)


def differences(blocking: Any, folded: Any, own: frozenset[str], where: str = "") -> Iterator[str]:
    """Where the folded reply does not say what the blocking one says, but for what belongs to each call."""
    if isinstance(blocking, dict) and isinstance(folded, dict):
        for name, value in blocking.items():
            if name not in _OF_THE_CALL | own:
                yield from differences(value, folded.get(name), own, f"{where}.{name}")
    elif isinstance(blocking, list) and isinstance(folded, list) and len(blocking) == len(folded):
        for at, (one, other) in enumerate(zip(blocking, folded, strict=True)):
            yield from differences(one, other, own, f"{where}[{at}]")
    elif blocking != folded:
        yield f"{where}: blocking {blocking!r:.100}, folded {folded!r:.100}"
