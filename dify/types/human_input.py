"""Forms that a run shows to a person, and the reasons why a run pauses."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Model, ResponseModel, Timestamp

__all__ = ["FormAnswer", "FormInput", "FormSource", "HumanInputForm", "PauseReason", "UserAction"]


class FormSource(Model):
    """Source of a form field's default value or of its options."""

    type: Literal["variable", "constant"] | str | None = None
    """Kind of source: "constant" for a fixed `value`, "variable" for a variable of the workflow."""
    selector: list[str] | None = None
    """Path of the variable, such as `["start", "note"]`; empty for constants."""
    value: str | list[str] | None = None
    """Fixed text, or the list of options of a select field; "" for variables."""


class FormInput(Model):
    """A field of a form. The fields that are set depend on `type`."""

    type: Literal["paragraph", "select", "file", "file-list"] | str
    """Kind of field: text, one of several options, one file, or several files."""
    output_variable_name: str
    """Key of the field's value in the `inputs` of `human_input.submit`."""
    default: FormSource | None = None
    """Default value of a paragraph field. None for other kinds; resolved in `resolved_default_values`."""
    option_source: FormSource | None = None
    """Options of a select field. None for other kinds."""
    allowed_file_types: list[str] | None = None
    """Kinds of files that a file field accepts, such as "image". None for other fields."""
    allowed_file_extensions: list[str] | None = None
    """Extensions that a file field accepts for the kind "custom". None for other fields."""
    allowed_file_upload_methods: list[str] | None = None
    """Accepted sources of files: "local_file", "remote_url". None for other fields."""
    number_limits: int | None = None
    """Maximum number of files in a "file-list" field, 0 for no limit. None for other fields."""


class UserAction(Model):
    """A button of a form."""

    id: str
    """Id of the button, at most 20 characters; pass it as `action` to `human_input.submit`."""
    title: str | None = None
    """Label of the button."""
    button_style: Literal["primary", "default", "accent", "ghost"] | str | None = None
    """Style of the button in a user interface."""


class PauseReason(Model):
    """A reason why a run is paused: a form, or a scheduled pause.

    All fields but `type` and `message` belong to forms, and are None for other reasons.
    """

    type: Annotated[Literal["human_input_required", "scheduled_pause"] | str, Field(alias="TYPE")]
    """Kind of reason; `TYPE` on the wire."""
    form_id: str | None = None
    """UUID of the form."""
    node_id: str | None = None
    """Id of the human-input node in the workflow."""
    node_title: str | None = None
    """Title of that node."""
    form_content: str | None = None
    """Text of the form, in Markdown. Placeholders of fields such as `{{#$output.note#}}` stay in it."""
    inputs: list[FormInput] | None = None
    """Fields of the form."""
    actions: list[UserAction] | None = None
    """Buttons of the form."""
    display_in_ui: bool | None = None
    """True if the form should appear in the web app. None in live pauses; set in blocking replies."""
    form_token: str | None = None
    """Token for `human_input.get` and `human_input.submit`. None unless the form is delivered to web apps."""
    approval_channels: list[Any] | None = None
    """Channels through which the form was delivered. None on servers before 1.16."""
    resolved_default_values: dict[str, Any] | None = None
    """Default value of each field whose default is a variable, by `output_variable_name`."""
    expiration_time: Timestamp | None = None
    """Time after which the form can no longer be submitted."""
    message: str | None = None
    """Text of a scheduled pause. None for forms."""


class FormAnswer(Model):
    """The submission of a form: a button, and a value for each field.

    Example:
        >>> FormAnswer(action="approve", inputs={"note": "go"}).action
        'approve'
    """

    action: str
    """`UserAction.id` of the chosen button."""
    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Values by `FormInput.output_variable_name`; every field of the form needs one."""


class HumanInputForm(ResponseModel):
    """A form as returned by `human_input.get`."""

    form_content: str
    """Text of the form, in Markdown. Placeholders of fields such as `{{#$output.note#}}` stay in it."""
    inputs: list[FormInput]
    """Fields of the form."""
    user_actions: list[UserAction]
    """Buttons of the form."""
    resolved_default_values: dict[str, Any] | None = None
    """Default values as text, by `output_variable_name`; objects are JSON text."""
    expiration_time: Timestamp | None = None
    """Time after which the form can no longer be submitted."""
