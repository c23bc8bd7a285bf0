"""Where the client differs from Dify's description on purpose. What is no longer needed here fails the tests."""

from __future__ import annotations

# Parameters by another name: {(call, name on the wire): (name in the client, reason)}.
RENAMED: dict[tuple[str, str], tuple[str, str]] = {
    ("workflows.logs", "created_at__after"): (
        "created_after",
        "two underscores are the server's way of saying `after`",
    ),
    ("workflows.logs", "created_at__before"): ("created_before", "likewise, for `before`"),
}

_NAMED = "the method's own name says which action it is"
_STREAMED = "the method is there to stream; its sister takes the mode"

# Parameters that a method does not take: {(call, name on the wire): reason}.
NOT_TAKEN: dict[tuple[str, str], str] = {
    ("annotations.enable_reply", "action"): _NAMED,
    ("annotations.disable_reply", "action"): _NAMED,
    ("knowledge.metadata.enable_built_in", "action"): _NAMED,
    ("knowledge.metadata.disable_built_in", "action"): _NAMED,
    ("chat.stream", "response_mode"): _STREAMED,
    ("completions.stream", "response_mode"): _STREAMED,
    ("workflows.stream", "response_mode"): _STREAMED,
    ("knowledge.pipelines.stream", "response_mode"): _STREAMED,
    ("knowledge.pipelines.stream", "is_published"): "only drafts stream: a published pipeline answers JSON at once",
    ("knowledge.tags.unbind", "tag_id"): "what old servers take in place of tag_ids; the method sends it for one tag",
    ("audio.synthesize", "streaming"): "the server ignores it: speech always comes in chunks",
}

# Bodies of one object, whose members the method takes one by one: {call: name of the object on the wire}.
UNPACKED: dict[str, str] = {"knowledge.segments.update": "segment"}

_SUCCESS = "says nothing but success, for which the method returns None"
_STORED = "only stored messages have it: no reply carries it (observed.md A12)"

# Properties of answers that no model declares: {"operation: path": reason}.
NOT_DECLARED: dict[str, str] = {
    "batchUpdateDocumentMetadata: result": _SUCCESS,
    "batchUpdateDocumentStatus: result": _SUCCESS,
    "postChatMessageFeedback: result": _SUCCESS,
    "stopChatMessageGeneration: result": _SUCCESS,
    "stopGenerate: result": _SUCCESS,
    "stopWorkflowTaskGeneration: result": _SUCCESS,
    "toggleBuiltInMetadataField: result": _SUCCESS,
    "getSuggestedQuestions: result": "says nothing but success, which returning says too",
    "getSuggestedQuestions: data": "the method gives this list itself",
    "listSegments: doc_form": "the same for all chunks of a document: it is in the page's `extra`",
    "sendChatMessage: metadata.retriever_resources[].id": _STORED,
    "sendChatMessage: metadata.retriever_resources[].message_id": _STORED,
    "sendChatMessage: metadata.retriever_resources[].created_at": _STORED,
    "createCompletionMessage: metadata.retriever_resources[].id": _STORED,
    "createCompletionMessage: metadata.retriever_resources[].message_id": _STORED,
    "createCompletionMessage: metadata.retriever_resources[].created_at": _STORED,
}

# Members of request objects that no model declares: {"call(parameter): path": reason}.
NOT_MODELLED: dict[str, str] = {}


# Properties of stream events that no model declares: {"stream event: path": reason}.
NOT_IN_EVENTS: dict[str, str] = {
    "ChunkChatEvent message_end: metadata.retriever_resources[].id": _STORED,
    "ChunkChatEvent message_end: metadata.retriever_resources[].message_id": _STORED,
    "ChunkChatEvent message_end: metadata.retriever_resources[].created_at": _STORED,
    "ChunkCompletionEvent message_end: metadata.retriever_resources[].id": _STORED,
    "ChunkCompletionEvent message_end: metadata.retriever_resources[].message_id": _STORED,
    "ChunkCompletionEvent message_end: metadata.retriever_resources[].created_at": _STORED,
}
