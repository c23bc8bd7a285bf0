"""An app as it describes itself: what it is, which inputs it takes, and how its site looks."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Answer, Model
from .files import FileKind
from .replies import AppMode

__all__ = [
    "AnnotationReplySettings",
    "AppInfo",
    "AppMeta",
    "AppParameters",
    "ControlKind",
    "EmbeddingModelRef",
    "Feature",
    "FileUploadSettings",
    "FormControl",
    "ImageUploadSettings",
    "ModerationSettings",
    "SiteSettings",
    "SystemParameters",
    "TextToSpeechSettings",
    "ToolIcon",
    "UploadMethod",
]

ControlKind = (
    Literal[
        "text-input",
        "paragraph",
        "select",
        "number",
        "checkbox",
        "file",
        "file-list",
        "json_object",
        "external_data_tool",
    ]
    | str
)
"""How an input of an app is asked for; more kinds may come."""

UploadMethod = Literal["local_file", "remote_url"] | str
"""How a file may be handed to an app."""


class AppInfo(Answer):
    """What an app is. Old servers send only `name` and `description`."""

    name: str
    description: str | None = None
    tags: list[str] | None = None
    mode: AppMode | None = None
    author_name: str | None = None


class Feature(Model):
    """Whether a feature of an app is switched on."""

    enabled: bool | None = None


class TextToSpeechSettings(Feature):
    """Whether and how the app speaks its answers; `auto_play` is "enabled" or "disabled"."""

    voice: str | None = None
    language: str | None = None
    auto_play: Annotated[Literal["enabled", "disabled"] | str | None, Field(alias="autoPlay")] = None


class EmbeddingModelRef(Model):
    """The embedding model that compares questions with annotations."""

    embedding_provider_name: str | None = None
    embedding_model_name: str | None = None


class AnnotationReplySettings(Feature):
    """Whether annotations answer, and from which similarity on; the rest is only sent when they do."""

    id: str | None = None
    score_threshold: float | None = None
    embedding_model: EmbeddingModelRef | None = None


class ModerationSettings(Feature):
    """Whether and by what texts are moderated."""

    type: str | None = None
    configs: list[Any] | dict[str, Any] | None = None


class ImageUploadSettings(Feature):
    """Whether and how many images a message may carry."""

    number_limits: int | None = None
    detail: Literal["high"] | str | None = None
    transfer_methods: list[UploadMethod] | None = None


class FileUploadSettings(Feature):
    """Which files a message may carry. Limits on their size are in `AppParameters.system_parameters`.

    `allowed_file_extensions` counts only where `allowed_file_types` has "custom".
    """

    image: ImageUploadSettings | None = None
    allowed_file_types: list[FileKind | str] | None = None
    allowed_file_extensions: list[str] | None = None
    allowed_file_upload_methods: list[UploadMethod] | None = None
    number_limits: int | None = None
    file_upload_config: Annotated[dict[str, Any] | None, Field(alias="fileUploadConfig")] = None


class FormControl(Model):
    """One input of an app: `inputs[control.variable]` is where a call puts its value.

    Which members are set depends on the kind of control, and on whether the app is a workflow or not. `max_length` is
    in characters for text, and in files for "file-list".
    """

    variable: str
    label: str | None = None
    type: ControlKind | None = None
    required: bool | None = None
    default: Any = None
    options: list[str] | None = None
    max_length: int | None = None
    hide: bool | None = None
    placeholder: str | None = None
    hint: str | None = None
    allowed_file_types: list[FileKind | str] | None = None
    allowed_file_extensions: list[str] | None = None
    allowed_file_upload_methods: list[UploadMethod] | None = None


class SystemParameters(Model):
    """Limits of the server: sizes in MB for one file, and the number of files in one run of a workflow."""

    image_file_size_limit: int | None = None
    video_file_size_limit: int | None = None
    audio_file_size_limit: int | None = None
    file_size_limit: int | None = None
    workflow_file_upload_limit: int | None = None


class AppParameters(Answer):
    """Which inputs an app takes and which features it has; what a user interface needs to know.

    The wire wraps each item of `user_input_form` in an object with the kind of the control as its only key; `controls`
    is the same without wrapping.
    """

    opening_statement: str | None = None
    suggested_questions: list[str] | None = None
    suggested_questions_after_answer: Feature | None = None
    speech_to_text: Feature | None = None
    text_to_speech: TextToSpeechSettings | None = None
    retriever_resource: Feature | None = None
    annotation_reply: AnnotationReplySettings | None = None
    more_like_this: Feature | None = None
    sensitive_word_avoidance: ModerationSettings | None = None
    user_input_form: list[dict[ControlKind, FormControl]] | None = None
    file_upload: FileUploadSettings | None = None
    system_parameters: SystemParameters | None = None

    @property
    def controls(self) -> list[tuple[ControlKind, FormControl]]:
        """The app's inputs in their order, each with the kind of its control."""
        return [pair for item in self.user_input_form or [] for pair in item.items()]


class ToolIcon(Model):
    """An emoji on a coloured ground."""

    background: str | None = None
    content: str | None = None


class AppMeta(Answer):
    """The icons of the tools that an app uses, by the tool's name: the URL of an image, or an emoji."""

    tool_icons: dict[str, str | ToolIcon] | None = None


class SiteSettings(Answer):
    """How the app's own site looks. `icon` is an emoji or the id of a file, as `icon_type` says."""

    title: str
    chat_color_theme: str | None = None
    chat_color_theme_inverted: bool | None = None
    icon_type: Literal["emoji", "image", "link"] | str | None = None
    icon: str | None = None
    icon_background: str | None = None
    icon_url: str | None = None
    description: str | None = None
    copyright: str | None = None
    privacy_policy: str | None = None
    input_placeholder: str | None = None
    custom_disclaimer: str | None = None
    default_language: str | None = None
    show_workflow_steps: bool | None = None
    use_icon_as_answer_icon: bool | None = None
