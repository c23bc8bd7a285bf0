"""Descriptions of an app: kind, inputs, features, and the look of its site."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Model, ResponseModel
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
"""Kind of control for an input of an app; servers may add kinds."""

UploadMethod = Literal["local_file", "remote_url"] | str
"""Accepted source of a file: an upload, or a URL that the server downloads."""


class AppInfo(ResponseModel):
    """The name, kind and description of an app."""

    name: str
    """Name of the app."""
    description: str | None = None
    """Description, "" if there is none."""
    tags: list[str] | None = None
    """Names of the app's tags in the workspace. None on 0.10 servers."""
    mode: AppMode | None = None
    """Kind of the app; "advanced-chat" is a chatflow. None on 0.10 servers."""
    author_name: str | None = None
    """Name of the account that created the app. None on 0.10 servers."""


class Feature(Model):
    """A feature of an app."""

    enabled: bool | None = None
    """True if the feature is switched on."""


class TextToSpeechSettings(Feature):
    """Settings for spoken answers."""

    voice: str | None = None
    """Name of the voice, "" for the model's default; `audio.synthesize(voice=...)` overrides it."""
    language: str | None = None
    """Language of the voices, such as "en-US"; "" if not set."""
    auto_play: Annotated[Literal["enabled", "disabled"] | str | None, Field(alias="autoPlay")] = None
    """Audio events in streams: "enabled" or "disabled"; `autoPlay` on the wire. None if the app never set it."""


class EmbeddingModelRef(Model):
    """The embedding model that compares questions with annotations."""

    embedding_provider_name: str | None = None
    """Provider of the model, such as "langgenius/openai/openai"."""
    embedding_model_name: str | None = None
    """Name of the model, such as "text-embedding-3-small"."""


class AnnotationReplySettings(Feature):
    """Settings for annotation replies.

    All fields but `enabled` are None while they are off.
    """

    id: str | None = None
    """UUID of the settings."""
    score_threshold: float | None = None
    """Minimum similarity, from 0 to 1, for an annotation to be used as the answer."""
    embedding_model: EmbeddingModelRef | None = None
    """Model that measures the similarity."""


class ModerationSettings(Feature):
    """Settings for the moderation of inputs and outputs."""

    type: str | None = None
    """Kind of moderation, such as "keywords", "openai_moderation" or "api"; "" if off."""
    configs: list[Any] | dict[str, Any] | None = None
    """Settings of that kind of moderation; an empty list if off."""


class ImageUploadSettings(Feature):
    """Settings for images in messages, as older apps store them."""

    number_limits: int | None = None
    """Maximum number of images per message."""
    detail: Literal["high"] | str | None = None
    """Resolution at which the model sees images."""
    transfer_methods: list[UploadMethod] | None = None
    """Accepted sources of images."""


class FileUploadSettings(Feature):
    """Settings for files in messages.

    Size limits are in `AppParameters.system_parameters`.
    """

    image: ImageUploadSettings | None = None
    """Settings for images. None on apps that store only the newer settings."""
    allowed_file_types: list[FileKind | str] | None = None
    """Accepted kinds of files."""
    allowed_file_extensions: list[str] | None = None
    """Accepted extensions; they apply if `allowed_file_types` contains "custom"."""
    allowed_file_upload_methods: list[UploadMethod] | None = None
    """Accepted sources of files."""
    number_limits: int | None = None
    """Maximum number of files per message."""
    file_upload_config: Annotated[dict[str, Any] | None, Field(alias="fileUploadConfig")] = None
    """Upload limits of the server; `fileUploadConfig` on the wire. None unless the app stores them."""


class FormControl(Model):
    """An input of an app; calls set its value in `inputs[control.variable]`.

    The fields that are set depend on the kind of control, and differ between workflows and other apps.
    """

    variable: str
    """Key of the input in `inputs`."""
    label: str | None = None
    """Label in the user interface."""
    type: ControlKind | None = None
    """Kind of control. None if the server sends the kind only as the key in `user_input_form`."""
    required: bool | None = None
    """True if calls must set the input."""
    default: Any = None
    """Default value, of the input's type; "" or None if there is none."""
    options: list[str] | None = None
    """Accepted values of a "select" control. None for other kinds."""
    max_length: int | None = None
    """Maximum number of characters for text, or of files for "file-list". None for other kinds."""
    hide: bool | None = None
    """True if the user interface hides the input."""
    placeholder: str | None = None
    """Text shown in the empty control."""
    hint: str | None = None
    """Help text shown next to the control."""
    allowed_file_types: list[FileKind | str] | None = None
    """Accepted kinds of files. None unless the control takes files."""
    allowed_file_extensions: list[str] | None = None
    """Accepted extensions for the kind "custom". None unless the control takes files."""
    allowed_file_upload_methods: list[UploadMethod] | None = None
    """Accepted sources of files. None unless the control takes files."""
    json_schema: dict[str, Any] | str | None = None
    """JSON Schema of the value of a "json_object" control. None for other kinds, and from servers before 1.17."""


class SystemParameters(Model):
    """Limits of the server."""

    image_file_size_limit: int | None = None
    """Maximum size of an image in MB; 10 by default."""
    video_file_size_limit: int | None = None
    """Maximum size of a video in MB; 100 by default."""
    audio_file_size_limit: int | None = None
    """Maximum size of an audio file in MB; 50 by default."""
    file_size_limit: int | None = None
    """Maximum size of any other file in MB; 15 by default."""
    workflow_file_upload_limit: int | None = None
    """Maximum number of files in one run of a workflow; 10 by default."""


class AppParameters(ResponseModel):
    """The inputs and features of an app, as a user interface needs them."""

    opening_statement: str | None = None
    """First message of the app, with placeholders such as `{{name}}` for inputs; "" if there is none."""
    suggested_questions: list[str] | None = None
    """Questions to offer with the opening statement."""
    suggested_questions_after_answer: Feature | None = None
    """Suggested next questions, from `messages.suggested_questions`."""
    speech_to_text: Feature | None = None
    """Speech to text, with `audio.transcribe`."""
    text_to_speech: TextToSpeechSettings | None = None
    """Text to speech, with `audio.synthesize` and audio events."""
    retriever_resource: Feature | None = None
    """Citations of knowledge bases in replies."""
    annotation_reply: AnnotationReplySettings | None = None
    """Annotations as answers."""
    more_like_this: Feature | None = None
    """Further variants of a completion."""
    sensitive_word_avoidance: ModerationSettings | None = None
    """Moderation of inputs and outputs."""
    user_input_form: list[dict[ControlKind, FormControl]] | None = None
    """Inputs, each an object with the kind of its control as the only key; `controls` unwraps them."""
    file_upload: FileUploadSettings | None = None
    """Files in messages."""
    system_parameters: SystemParameters | None = None
    """Limits of the server."""

    @property
    def controls(self) -> list[tuple[ControlKind, FormControl]]:
        """Inputs of the app in their order, each with the kind of its control."""
        return [pair for item in self.user_input_form or [] for pair in item.items()]


class ToolIcon(Model):
    """An emoji on a colored background."""

    background: str | None = None
    """Background color, such as "#FFEAD5"."""
    content: str | None = None
    """Emoji."""


class AppMeta(ResponseModel):
    """The icons of the tools that an app uses."""

    tool_icons: dict[str, str | ToolIcon] | None = None
    """Icon of each tool by its name: the URL of an image, or an emoji."""


class SiteSettings(ResponseModel):
    """Settings of the app's own site."""

    title: str
    """Title of the site."""
    chat_color_theme: str | None = None
    """Main color, such as "#1C64F2". None for the default."""
    chat_color_theme_inverted: bool | None = None
    """True if the color theme is inverted."""
    icon_type: Literal["emoji", "image", "link"] | str | None = None
    """Kind of icon."""
    icon: str | None = None
    """Emoji, or the id of an image, depending on `icon_type`."""
    icon_background: str | None = None
    """Background color of an emoji, such as "#FFEAD5"."""
    icon_url: str | None = None
    """Signed URL of the icon image. None for an emoji."""
    description: str | None = None
    """Description shown on the site."""
    copyright: str | None = None
    """Copyright notice."""
    privacy_policy: str | None = None
    """URL of the privacy policy."""
    input_placeholder: str | None = None
    """Text shown in the empty input field. None on servers before 1.16."""
    custom_disclaimer: str | None = None
    """Disclaimer shown on the site, "" if there is none."""
    default_language: str | None = None
    """Language of the site, such as "en-US"."""
    show_workflow_steps: bool | None = None
    """True if the site shows the steps of workflow runs."""
    use_icon_as_answer_icon: bool | None = None
    """True if answers show the app's icon in place of the default one."""
