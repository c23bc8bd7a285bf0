"""Conversations of an app and the variables that a chatflow keeps in them."""

from typing import Any, Literal

from ._base import Answer, Timestamp

__all__ = ["Conversation", "ConversationOrder", "ConversationVariable", "VariableType"]

ConversationOrder = Literal["created_at", "-created_at", "updated_at", "-updated_at"]
"""By which time conversations are listed; with a minus sign the newest come first."""

VariableType = (
    Literal[
        "string",
        "number",
        "object",
        "secret",
        "file",
        "boolean",
        "array[any]",
        "array[string]",
        "array[number]",
        "array[object]",
        "array[file]",
        "array[boolean]",
    ]
    | str
)
"""What a conversation variable holds."""


class Conversation(Answer):
    """A conversation of one end user with a chat, agent or chatflow app.

    `inputs` are the app's variables as given with the first message, `introduction` is the opening statement with those
    variables filled in. `updated_at` moves with every message.
    """

    id: str
    name: str
    inputs: dict[str, Any] | None = None
    status: Literal["normal"] | str | None = None
    introduction: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class ConversationVariable(Answer):
    """A variable that a chatflow remembers within one conversation.

    `value` is text, whatever `value_type` says: for anything but strings it is how Python prints the value
    (`"True"`, `"['a', 'b']"`), which is not JSON. An update takes the real value and answers with text again.
    """

    id: str
    name: str
    value_type: VariableType | None = None
    value: str | None = None
    description: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
