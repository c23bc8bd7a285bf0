"""Operations of apps on a mock: `mock.chat`, `mock.workflows`, `mock.files`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dify import ChatResponse, CompletionResponse, UploadedFile, WorkflowRun
from dify.types import PauseReason

from ..builders import events, replies, streams
from ..builders.error_replies import ErrorReply
from ..builders.wire import Frame
from ..script.blocks import Block, Node
from ..script.ids import Ids
from .generating import Generating
from .routes import StreamRoute, UploadRoute
from .table import EMPTY, Bytes, Empty, Json, Pages, Resource, Stream, Upload

__all__ = ["APP_RESOURCES", "Chat", "Completions", "Workflows"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


def _chat(text: Sequence[str] | str, ids: Ids) -> Sequence[Frame]:
    return streams.chat_stream(text, ids=ids)


def _chatflow(text: Sequence[str] | str, ids: Ids) -> Sequence[Frame]:
    return streams.chatflow_stream(text, ids=ids)


def _completion(text: Sequence[str] | str, ids: Ids) -> Sequence[Frame]:
    return streams.completion_stream(text, ids=ids)


def _workflow(text: Sequence[str] | str, ids: Ids) -> Sequence[Frame]:
    return streams.workflow_stream([Node("LLM", "llm", text=streams.deltas_of(text))], ids=ids)


class Chat(Generating[ChatResponse]):
    """Chat apps, agents and chatflows."""

    prefix = "chat"

    send = Stream("sendChatMessage", "chat", _chat, replies.chat_reply)
    stream = Stream("sendChatMessage", "chat", _chat, replies.chat_reply)
    events = Stream("streamWorkflowEvents", "chatflow", _chatflow, replies.chat_reply)
    stop = Empty("stopChatMessageGeneration")

    def _main(self) -> StreamRoute[ChatResponse]:
        return self.send

    def replies(self, reply: ChatResponse | Mapping[str, Any] | str) -> StreamRoute[ChatResponse]:
        """Respond to the next message with a blocking reply.

        Text becomes `replies.chat_reply(text)`.
        """
        return self.send.replies(replies.chat_reply(reply) if isinstance(reply, str) else reply)

    def fails(
        self, code: str | ErrorReply = "completion_request_error", message: str | None = None, *, after: str = ""
    ) -> StreamRoute[ChatResponse]:
        """End the stream of the next message with an error.

        Args:
            code: Code of Dify, or an error from `dify.testing.error_replies`.
            message: Message; by default that of the code.
            after: Text before the error.
        """
        said = [events.message(delta) for delta in streams.deltas_of(after)]
        return self.send.streams([*said, events.error(code, message)])

    def pauses(self, form: PauseReason | None = None, *, nodes: Sequence[Block] = ()) -> StreamRoute[ChatResponse]:
        """Pause the chatflow for a form, from `replies.form(...)`."""
        return self.send.streams(streams.paused_chatflow_stream(form, nodes=nodes))


class Completions(Generating[CompletionResponse]):
    """Completion apps."""

    prefix = "completions"

    create = Stream("createCompletionMessage", "completion", _completion, replies.completion_reply)
    stream = Stream("createCompletionMessage", "completion", _completion, replies.completion_reply)
    stop = Empty("stopGenerate")

    def _main(self) -> StreamRoute[CompletionResponse]:
        return self.create

    def replies(self, reply: CompletionResponse | Mapping[str, Any] | str) -> StreamRoute[CompletionResponse]:
        """Respond to the next call with a blocking reply.

        Text becomes `replies.completion_reply(text)`.
        """
        return self.create.replies(replies.completion_reply(reply) if isinstance(reply, str) else reply)

    def fails(
        self, code: str | ErrorReply = "completion_request_error", message: str | None = None, *, after: str = ""
    ) -> StreamRoute[CompletionResponse]:
        """End the stream of the next call with an error, after some text."""
        ids = Ids.of("completion")
        said = [events.message(delta, ids=ids) for delta in streams.deltas_of(after)]
        return self.create.streams([*said, events.error(code, message, ids=ids)])


class Workflows(Generating[WorkflowRun]):
    """Runs of workflows.

    Runs of a version (`workflow_id=`) are a separate operation, `run_by_id`.
    """

    prefix = "workflows"

    run = Stream("executeWorkflow", "workflow", _workflow, replies.workflow_run)
    stream = Stream("executeWorkflow", "workflow", _workflow, replies.workflow_run)
    run_by_id = Stream("runWorkflowById", "workflow", _workflow, replies.workflow_run)
    events = Stream("streamWorkflowEvents", "workflow", _workflow, replies.workflow_run)
    get = Json("getWorkflowRunDetail", replies.workflow_run_detail)
    logs = Pages("getWorkflowLogs", replies.workflow_log)
    stop = Empty("stopWorkflowTaskGeneration")

    def succeeds(
        self, outputs: Mapping[str, Any] | None = None, *, nodes: Sequence[Block] | None = None
    ) -> StreamRoute[WorkflowRun]:
        """Respond to the next run with a success.

        Args:
            outputs: Outputs.
            nodes: Nodes of the run.
        """
        return self.run.streams(streams.workflow_stream(nodes, outputs))

    def fails(self, error: str = "no answer", *, nodes: Sequence[Block] | None = None) -> StreamRoute[WorkflowRun]:
        """Respond to the next run with a failure.

        The client raises `WorkflowFailedError` for it.

        Args:
            error: Reason for the failure.
            nodes: Nodes of the run; the last one fails.
        """
        return self.run.streams(streams.workflow_stream(nodes, error=error))

    def pauses(self, form: PauseReason | None = None, *, nodes: Sequence[Block] = ()) -> StreamRoute[WorkflowRun]:
        """Pause the next run for a form, from `replies.form(...)`."""
        return self.run.streams(streams.paused_workflow_stream(form, nodes=nodes))

    def _main(self) -> StreamRoute[WorkflowRun]:
        return self.run

    def replies(self, reply: WorkflowRun | Mapping[str, Any]) -> StreamRoute[WorkflowRun]:
        """Respond to the next run with a blocking reply.

        The same as `mock.workflows.run.replies`.
        """
        return self.run.replies(reply)


class HumanInput(Resource):
    """Forms of human-input nodes."""

    prefix = "human_input"

    get = Json("getChatflowHumanInputForm", replies.human_input_form)
    submit = Empty("submitChatflowHumanInputForm", EMPTY)


class Conversations(Resource):
    """Conversations and their variables."""

    prefix = "conversations"

    list = Pages("getConversationsList", replies.conversation)
    rename = Json("renameConversation", replies.conversation)
    delete = Empty("deleteConversation")
    variables = Pages("getConversationVariables", replies.variable)
    update_variable = Json(
        "updateChatConversationVariable",
        replies.variable,
    )


class Messages(Resource):
    """Messages, suggested questions, and feedback."""

    prefix = "messages"

    list = Pages("getConversationHistory", replies.message)
    suggested_questions = Json("getSuggestedQuestions", replies.suggested_questions)
    feedback = Empty("postChatMessageFeedback")


class Files(Resource):
    """Files of end users."""

    prefix = "files"

    upload = Upload("uploadChatFile", replies.uploaded_file)
    download = Bytes("previewChatFile")

    def uploads(self, *, id: str | None = None) -> UploadRoute:
        """Respond to the next upload with the name, size and type of the file.

        The same as `mock.files.upload.uploads`.
        """
        return self.upload.uploads(id=id)

    def returns(self, *files: UploadedFile) -> UploadRoute:
        """Respond to the next uploads with these files, in order."""
        route = self.upload
        for file in files:
            route.returns(file)
        return route


class Audio(Resource):
    """Speech to text and text to speech."""

    prefix = "audio"

    transcribe = Json("audioToText", replies.transcription)
    synthesize = Bytes("textToAudioChat")


class App(Resource):
    """The app behind the key."""

    prefix = "app"

    info = Json("getChatAppInfo", replies.app_info)
    parameters = Json("getChatAppParameters", replies.app_parameters)
    meta = Json("getChatAppMeta", replies.app_meta)
    site = Json("getChatWebAppSettings", replies.site)
    feedbacks = Pages("getChatAppFeedbacks", replies.feedback, "data")


class Annotations(Resource):
    """Annotations."""

    prefix = "annotations"

    list = Pages("getAnnotationList", replies.annotation)
    create = Json("createAnnotation", replies.annotation)
    update = Json("updateAnnotation", replies.annotation)
    delete = Empty("deleteAnnotation")
    enable_reply = Json("initialAnnotationReplySettings", replies.annotation_job)
    disable_reply = Json("initialAnnotationReplySettings", replies.annotation_job)
    reply_status = Json("getInitialAnnotationReplySettingsStatus", replies.annotation_job)


class EndUsers(Resource):
    """End users."""

    prefix = "end_users"

    get = Json("getEndUserChat", replies.end_user)


APP_RESOURCES: tuple[type[Resource], ...] = (
    Chat,
    Completions,
    Workflows,
    HumanInput,
    Conversations,
    Messages,
    Files,
    Audio,
    App,
    Annotations,
    EndUsers,
)
