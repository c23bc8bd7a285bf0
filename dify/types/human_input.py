"""Forms that a run shows to a person, and why a run pauses."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Answer, Model, Timestamp

__all__ = ["FormAnswer", "FormInput", "FormSource", "HumanInputForm", "PauseReason", "UserAction"]


class FormSource(Model):
    """Where a form field's default or its options come from."""

    type: Literal["variable", "constant"] | str | None = None
    selector: list[str] | None = None
    value: str | list[str] | None = None


class FormInput(Model):
    """One field of a form. Which members are set depends on `type`: paragraph, select, file or file-list."""

    type: Literal["paragraph", "select", "file", "file-list"] | str
    output_variable_name: str
    default: FormSource | None = None
    option_source: FormSource | None = None
    allowed_file_types: list[str] | None = None
    allowed_file_extensions: list[str] | None = None
    allowed_file_upload_methods: list[str] | None = None
    number_limits: int | None = None


class UserAction(Model):
    """A button of a form; its `id` is what `human_input.submit(action=...)` takes."""

    id: str
    title: str | None = None
    button_style: Literal["primary", "default", "accent", "ghost"] | str | None = None


class PauseReason(Model):
    """Why a run pauses: a form that waits for a person, or a scheduled pause.

    `form_token` is what `human_input.get` and `human_input.submit` take; it is None unless the form is delivered to web apps.
    """

    type: Annotated[Literal["human_input_required", "scheduled_pause"] | str, Field(alias="TYPE")]
    form_id: str | None = None
    node_id: str | None = None
    node_title: str | None = None
    form_content: str | None = None
    inputs: list[FormInput] | None = None
    actions: list[UserAction] | None = None
    display_in_ui: bool | None = None
    form_token: str | None = None
    approval_channels: list[Any] | None = None
    resolved_default_values: dict[str, Any] | None = None
    expiration_time: Timestamp | None = None
    message: str | None = None


class FormAnswer(Model):
    """What a person answers to a form: which button, and a value for every field.

    Example:
        >>> FormAnswer(action="approve", inputs={"note": "go"}).action
        'approve'
    """

    action: str
    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])


class HumanInputForm(Answer):
    """A form as `human_input.get` shows it: its text (Markdown), its fields and its buttons."""

    form_content: str
    inputs: list[FormInput]
    user_actions: list[UserAction]
    resolved_default_values: dict[str, Any] | None = None
    expiration_time: Timestamp | None = None
