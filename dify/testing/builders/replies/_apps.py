"""Replies about an app and its conversations, messages, files and annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from dify import UploadedFile
from dify.types import (
    Annotation,
    AnnotationReplyJob,
    AnnotationReplySettings,
    AppInfo,
    AppMeta,
    AppParameters,
    Conversation,
    ConversationVariable,
    EndUser,
    Feature,
    Feedback,
    FileUploadSettings,
    FormControl,
    ImageUploadSettings,
    Message,
    MessageFeedback,
    ModerationSettings,
    Rating,
    ServerInfo,
    SiteSettings,
    SuggestedQuestions,
    SystemParameters,
    TextToSpeechSettings,
    Transcription,
)

from ...script.ids import Ids
from ._common import APP, END_USER, TENANT, WHEN, id_of

__all__ = [
    "annotation",
    "annotation_job",
    "app_info",
    "app_meta",
    "app_parameters",
    "conversation",
    "end_user",
    "feedback",
    "message",
    "server_info",
    "site",
    "suggested_questions",
    "transcription",
    "uploaded_file",
    "variable",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_CHAT = Ids.of("chat")
_NIL = "00000000-0000-0000-0000-000000000000"


def conversation(
    name: str = "New conversation", *, id: str | None = None, inputs: Mapping[str, Any] | None = None
) -> Conversation:
    """Build a conversation.

    Example:
        >>> conversation("Tea").name
        'Tea'
    """
    return Conversation(
        id=id or id_of("conversation", name),
        name=name,
        inputs=dict(inputs or {}),
        status="normal",
        introduction="",
        created_at=WHEN,
        updated_at=WHEN,
    )


def variable(
    name: str = "topic", value: str = "tea", *, value_type: str = "string", id: str | None = None
) -> ConversationVariable:
    """Build a conversation variable of a chatflow.

    `value` is text, whatever its type.

    Example:
        >>> variable("topic", "tea").value
        'tea'
    """
    return ConversationVariable(
        id=id or id_of("variable", name),
        name=name,
        value_type=value_type,
        value=value,
        description="",
        created_at=WHEN,
        updated_at=WHEN,
    )


def message(
    query: str = "Hello",
    answer: str = "Hello there",
    *,
    id: str | None = None,
    conversation_id: str | None = None,
    rating: Rating | None = None,
    status: Literal["normal", "error", "paused"] = "normal",
    error: str | None = None,
) -> Message:
    """Build a stored message: a question and its answer.

    Example:
        >>> message("Tea?", "Yes.").answer
        'Yes.'
    """
    return Message(
        id=id or id_of("message", query),
        conversation_id=conversation_id or _CHAT.conversation_id or "",
        parent_message_id=_NIL,
        inputs={},
        query=query,
        answer=answer,
        feedback=None if rating is None else MessageFeedback(rating=rating),
        retriever_resources=[],
        created_at=WHEN,
        agent_thoughts=[],
        message_files=[],
        status=status,
        error=error,
        extra_contents=[],
    )


def suggested_questions(*questions: str) -> SuggestedQuestions:
    """Build suggested questions.

    Example:
        >>> suggested_questions("Why?").data
        ['Why?']
    """
    return SuggestedQuestions(result="success", data=list(questions or ("What is next?", "Why is that?")))


def feedback(rating: Rating = "like", *, content: str | None = None, message_id: str | None = None) -> Feedback:
    """Build the rating of a message.

    Example:
        >>> feedback("dislike").from_source
        'user'
    """
    return Feedback(
        id=id_of("feedback", message_id or ""),
        app_id=APP,
        conversation_id=_CHAT.conversation_id,
        message_id=message_id or _CHAT.message_id or "",
        rating=rating,
        content=content,
        from_source="user",
        from_end_user_id=END_USER,
        from_account_id=None,
        created_at=WHEN,
        updated_at=WHEN,
    )


def uploaded_file(
    name: str = "report.pdf",
    *,
    id: str | None = None,
    size: int = 1024,
    mime_type: str = "application/pdf",
) -> UploadedFile:
    """Build an uploaded file.

    Example:
        >>> uploaded_file("cat.png", mime_type="image/png").extension
        'png'
    """
    known = id or id_of("file", name)
    return UploadedFile(
        id=known,
        reference=None,
        name=name,
        size=size,
        extension=name.rpartition(".")[2] if "." in name else "",
        mime_type=mime_type,
        created_by=END_USER,
        created_at=WHEN,
        preview_url=None,
        source_url=f"https://dify.test/files/{known}/file-preview",
        original_url=None,
        user_id=None,
        tenant_id=TENANT,
        conversation_id=None,
        file_key=None,
    )


def transcription(text: str = "Hello there") -> Transcription:
    """Build the transcription of an audio file.

    Example:
        >>> str(transcription("Hello"))
        'Hello'
    """
    return Transcription(text=text)


def annotation(question: str = "Where are you?", answer: str = "In Rome.", *, id: str | None = None) -> Annotation:
    """Build an annotation: a fixed answer to a question.

    Example:
        >>> annotation().hit_count
        0
    """
    return Annotation(
        id=id or id_of("annotation", question), question=question, answer=answer, hit_count=0, created_at=WHEN
    )


def annotation_job(
    status: Literal["waiting", "processing", "completed", "error"] = "completed",
    *,
    error: str | None = None,
    job_id: str | None = None,
) -> AnnotationReplyJob:
    """Build the job that switches annotation replies on or off.

    Only its status contains errors.

    Example:
        >>> annotation_job("waiting").job_status
        'waiting'
    """
    known = job_id or id_of("job")
    return AnnotationReplyJob(job_id=known, job_status=status, error_msg=error or "")


def end_user(user: str = "user-1", *, id: str = END_USER) -> EndUser:
    """Build an end user; `user` is the name in calls.

    Example:
        >>> end_user("alice").session_id
        'alice'
    """
    return EndUser(
        id=id,
        tenant_id=TENANT,
        app_id=APP,
        type="service-api",
        external_user_id=user,
        name=None,
        is_anonymous=False,
        session_id=user,
        created_at=WHEN,
        updated_at=WHEN,
    )


def app_info(
    name: str = "Test app",
    *,
    mode: Literal["completion", "chat", "agent-chat", "advanced-chat", "workflow"] = "chat",
    description: str = "",
) -> AppInfo:
    """Build the description of an app.

    Example:
        >>> app_info(mode="workflow").mode
        'workflow'
    """
    return AppInfo(name=name, description=description, tags=[], mode=mode, author_name="Admin")


def app_meta() -> AppMeta:
    """Build the icons of an app's tools: none.

    Example:
        >>> app_meta().tool_icons
        {}
    """
    return AppMeta(tool_icons={})


def site(title: str = "Test app") -> SiteSettings:
    """Build the settings of the web app.

    Example:
        >>> site("Tea").title
        'Tea'
    """
    return SiteSettings(
        title=title,
        chat_color_theme=None,
        chat_color_theme_inverted=False,
        icon_type="emoji",
        icon="🤖",
        icon_background="#FFEAD5",
        description=None,
        copyright=None,
        privacy_policy=None,
        custom_disclaimer="",
        default_language="en-US",
        show_workflow_steps=True,
        use_icon_as_answer_icon=False,
        icon_url=None,
    )


def server_info(version: str = "1.14.2") -> ServerInfo:
    """Build the description of a server.

    Example:
        >>> server_info().server_version
        '1.14.2'
    """
    return ServerInfo(welcome="Dify", api_version="v1", server_version=version)


def app_parameters(
    *controls: FormControl, opening_statement: str = "", suggested_questions: Sequence[str] = ()
) -> AppParameters:
    """Build the parameters of an app: its inputs, and its features, all disabled.

    Args:
        controls: Inputs of the app, each with its `type`.
        opening_statement: Opening statement of conversations.
        suggested_questions: Suggested questions of the opening statement.

    Example:
        >>> from dify.types import FormControl
        >>> app_parameters(FormControl(variable="topic", type="text-input")).controls[0][0]
        'text-input'
    """
    methods: list[Any] = ["local_file", "remote_url"]
    return AppParameters(
        opening_statement=opening_statement,
        suggested_questions=list(suggested_questions),
        suggested_questions_after_answer=Feature(enabled=False),
        speech_to_text=Feature(enabled=False),
        text_to_speech=TextToSpeechSettings(enabled=False, language="", voice=""),
        retriever_resource=Feature(enabled=True),
        annotation_reply=AnnotationReplySettings(enabled=False),
        more_like_this=Feature(enabled=False),
        user_input_form=[{control.type or "text-input": control} for control in controls],
        sensitive_word_avoidance=ModerationSettings(enabled=False),
        file_upload=FileUploadSettings(
            image=ImageUploadSettings(enabled=False, number_limits=3, transfer_methods=methods)
        ),
        system_parameters=SystemParameters(
            image_file_size_limit=10,
            video_file_size_limit=100,
            audio_file_size_limit=50,
            file_size_limit=15,
            workflow_file_upload_limit=10,
        ),
    )
