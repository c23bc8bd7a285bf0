"""Conversations of an app and the variables that a chatflow keeps in them."""

from typing import Any, Literal

from ._base import ResponseModel, Timestamp

__all__ = ["Conversation", "ConversationOrder", "ConversationVariable", "VariableType"]

ConversationOrder = Literal["created_at", "-created_at", "updated_at", "-updated_at"]
"""Sort order of a list of conversations; a leading minus sign puts the newest first."""

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
"""Type of a conversation variable."""


class Conversation(ResponseModel):
    """A conversation of one end user with a chat, agent or chatflow app."""

    id: str
    """UUID of the conversation; pass it as `conversation_id` to continue."""
    name: str
    """Title of the conversation; set it with `conversations.rename`."""
    inputs: dict[str, Any] | None = None
    """Values of the app's input variables, as sent with the first message."""
    status: Literal["normal"] | str | None = None
    """State of the conversation, "normal"."""
    introduction: str | None = None
    """Opening statement of the app, with the inputs filled in. None or "" if the app has none."""
    created_at: Timestamp | None = None
    """Time of the first message."""
    updated_at: Timestamp | None = None
    """Time of the last change; every new message moves it."""


class ConversationVariable(ResponseModel):
    """A variable that a chatflow stores for one conversation."""

    id: str
    """UUID of the variable; pass it as `variable_id` to `conversations.update_variable`."""
    name: str
    """Name of the variable in the chatflow."""
    value_type: VariableType | None = None
    """Type of the variable. `value` is text whatever the type."""
    value: str | None = None
    """Value as text. For types other than strings it is how Python prints the value, such as `"True"` or `"['a',
    'b']"`, which is not JSON. Updates take the typed value.
    """
    description: str | None = None
    """Description from the chatflow, "" if there is none."""
    created_at: Timestamp | None = None
    """Time the variable was created in this conversation."""
    updated_at: Timestamp | None = None
    """Time of the last assignment."""
