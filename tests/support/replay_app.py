"""Recorded exchanges of the app resources, made again as calls.

The calls are those of a client of either face: what they return is awaited, is a stream, or is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from dify.types.files import InputFile

from .forms import recorded_form
from .recordings import Recording, recordings
from .replay_knowledge import exchanges as knowledge_exchanges


@dataclass(frozen=True)
class Apart:
    """Why a recorded request is not made just as it was by the method that is there for it.

    Attributes:
        how: "otherwise": the method makes it, and sends something else on purpose. "request": no method can be brought to
            make it, `client.request` can. "never": nothing of the client makes it.
        why: The reason.
        more: Members that the method sends and the recorded request had not.
        less: Members that the recorded request had and the method does not send.
        headers: Headers that are told otherwise.
    """

    how: Literal["otherwise", "request", "never"]
    why: str
    more: Mapping[str, str] = field(default_factory=dict)
    less: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()


_USER = {"user": "user-1"}
_REQUIRED = Apart("request", "leaves out what the method requires")
_NOBODY = Apart("request", "for no user: every method that the wire scopes to a user refuses to be called without")
_NAMED = Apart("otherwise", "for no user, which the server takes for a shared one: the method always names one", _USER)
_ONE_FILE = Apart("never", "not one file in the form: the method takes one, and `request` sends JSON")
_USELESS = Apart("request", "says nothing to do: the method refuses what servers refuse")
_NO_JSON = Apart("never", "neither JSON nor a form with a file, which is all that the client sends")

APART: dict[str, Apart] = {
    "annotations/create_missing": _REQUIRED,
    "annotations/reply_bad_action": Apart("request", "an action that has no method: they are enable and disable"),
    "annotations/reply_enable_bad": _REQUIRED,
    "audio/tts_form": _NO_JSON,
    "audio/tts_no_text": _USELESS,
    "audio/tts_no_user": _NAMED,
    "chat/feedback_None": Apart("otherwise", "a null that says nothing is left out", less=frozenset({"content"})),
    "chat/messages_missing_conv": _REQUIRED,
    "chat/messages_no_user": _NOBODY,
    "chat/suggested_no_user": _NOBODY,
    "completion/no_user": _NOBODY,
    "conversations/delete_no_body": _NOBODY,
    "conversations/list_no_user": _NAMED,
    "conversations/rename_blank": _USELESS,
    "conversations/rename_no_user": _NOBODY,
    "conversations/variable_update_no_value": _REQUIRED,
    "errors/bearer_only": Apart(
        "otherwise", "the client refuses to send a call without its key", headers=frozenset({"authorization"})
    ),
    "errors/chat_empty_body": Apart(
        "request",
        "leaves out all that the method requires; what is not there has no type",
        headers=frozenset({"content-type"}),
    ),
    "errors/chat_missing_query": _REQUIRED,
    "errors/chat_missing_user": _NOBODY,
    "errors/chat_not_json_ct": _NO_JSON,
    "errors/lowercase_bearer": Apart(
        "otherwise", "the client writes Bearer with a capital", headers=frozenset({"authorization"})
    ),
    "errors/method_not_allowed": Apart("request", "a route that the server has not"),
    "files/chat_file_bad_type": Apart("request", "a kind of file that Dify does not know, and InputFile refuses"),
    "files/preview_no_user": _NAMED,
    "files/upload_json_body": Apart("request", "JSON where a form belongs: the method takes a file"),
    "files/upload_md_no_user": _NAMED,
    "files/upload_no_file": _ONE_FILE,
    "files/upload_no_mime": Apart(
        "otherwise",
        "a part without a type: the client always tells one",
        headers=frozenset({"content-type of the part"}),
    ),
    "files/upload_slash_name": Apart("never", "a name with a slash, which Dify refuses: the client refuses it, too"),
    "files/upload_two_files": _ONE_FILE,
    "hitl/form_submit_no_action": _REQUIRED,
    "hitl/form_submit_no_user": _NOBODY,
    "workflow/events_no_user": _NOBODY,
    "workflow/missing_user": _NOBODY,
}
"""The recorded requests that do not go out again as they were from the method of their operation."""


def exchanges() -> list[Recording]:
    """All recorded exchanges but those of the knowledge resources."""
    of_knowledge = {one.name for one in knowledge_exchanges()}
    return recordings(lambda one: one.name not in of_knowledge)


def how(one: Recording) -> str:
    """How the recorded request is made again: by its "method", or as the table says."""
    return APART[one.name].how if one.name in APART else "method"


def made(*ways: str) -> list[Recording]:
    """Those that are made again in one of these ways."""
    return [one for one in exchanges() if how(one) in ways]


def is_form(one: Recording) -> bool:
    """Whether the recorded request is a multipart form."""
    return one.asked_headers.get("content-type", "").startswith("multipart/form-data")


# ------------------------------------------------------------------------------------------------------- the arguments
_RENAMED = {"created_at__after": "created_after", "created_at__before": "created_before"}
_NUMBERS = {"page", "limit"}
_FLAGS = {"as_attachment", "include_state_snapshot", "continue_on_pause"}


def _input(value: Any) -> Any:
    """The value of an input as users would write it: a file as `InputFile` where that says the same on the wire."""
    if isinstance(value, list):
        return [_input(item) for item in value]
    if not isinstance(value, dict) or "transfer_method" not in value:
        return value
    try:
        file = InputFile.model_validate(value)
    except ValidationError:
        return value
    return file if file.model_dump(mode="json", exclude_none=True) == value else value


def _arguments(one: Recording) -> dict[str, Any]:
    """What was asked as arguments: query and body under the parameters' names, with numbers, flags and files as such."""
    given: dict[str, Any] = {}
    for name, text in one.pairs:
        value: Any = int(text) if name in _NUMBERS else text == "true" if name in _FLAGS else text
        given[_RENAMED.get(name, name)] = value
    for name, value in (one.asked or {}).items():
        match name:
            case "files":
                given[name] = [InputFile.model_validate(file) for file in value]
            case "inputs":
                given[name] = {variable: _input(one) for variable, one in value.items()}
            case _:
                given[name] = value
    return given


# ----------------------------------------------------------------------------------------------------------- the calls
def by_request(client: Any, one: Recording) -> Any:
    """The recorded call by the client's own door for what has no method."""
    path = one.path.removeprefix("/v1")
    return client.request(one.method, path, cast_to=dict, query=dict(one.pairs), json=one.asked)


def call(client: Any, one: Recording, *, whole: bool = False) -> Any:
    """The recorded call; pagers give their first page, streams are handed back as they are, unless `whole` is wanted.

    Raises:
        LookupError: There is no method for it.
    """
    _, _, *ids = one.path.partition("?")[0].split("/")
    if is_form(one):
        return _form_call(client, one)
    if one.asked is not None and "_raw" in one.asked:
        raise LookupError(f"{one.name}: no method sends {one.asked_headers['content-type']}")
    given = _arguments(one)
    match one.operation:
        # messages and runs
        case "sendChatMessage":
            return _message(client.chat, "send", given, whole)
        case "stopChatMessageGeneration":
            return client.chat.stop(ids[1], **given)
        case "createCompletionMessage":
            return _message(client.completions, "create", given, whole)
        case "stopGenerate":
            return client.completions.stop(ids[1], **given)
        case "executeWorkflow":
            return _message(client.workflows, "run", given, whole)
        case "runWorkflowById":
            return _message(client.workflows, "run", given | {"workflow_id": ids[1]}, whole)
        case "stopWorkflowTaskGeneration":
            return client.workflows.stop(ids[2], **given)
        case "getWorkflowRunDetail":
            return client.workflows.get(ids[2])
        case "getWorkflowLogs":
            return client.workflows.logs(**given).first()
        case "streamWorkflowEvents":
            noun = client.chat if (one.app or "").startswith("cf_") else client.workflows
            return noun.events(ids[1], **given)
        case "getChatflowHumanInputForm":
            return client.human_input.get(ids[2])
        case "submitChatflowHumanInputForm":
            return client.human_input.submit(ids[2], **given)
        # conversations and messages
        case "getConversationsList":
            return client.conversations.list(**given).first()
        case "renameConversation":
            return client.conversations.rename(ids[1], **given)
        case "deleteConversation":
            return client.conversations.delete(ids[1], **given)
        case "getConversationVariables":
            return client.conversations.variables(ids[1], **given).first()
        case "updateChatConversationVariable":
            return client.conversations.update_variable(ids[1], ids[3], **given)
        case "getConversationHistory":
            return client.messages.list(**given).first()
        case "getSuggestedQuestions":
            return client.messages.suggested_questions(ids[1], **given)
        case "postChatMessageFeedback":
            return client.messages.feedback(ids[1], **given)
        # files, audio, the app
        case "uploadChatFile":
            return client.files.upload(**given)
        case "previewChatFile":
            return client.files.download(ids[1], **given)
        case "textToAudioChat":
            return client.audio.synthesize(**given)
        case "getChatAppInfo":
            return client.app.info()
        case "getChatAppParameters":
            return client.app.parameters()
        case "getChatAppMeta":
            return client.app.meta()
        case "getChatWebAppSettings":
            return client.app.site()
        case "getChatAppFeedbacks":
            return client.app.feedbacks(**given).first()
        case "getEndUserChat":
            return client.end_users.get(ids[1])
        case None if (one.method, ids) == ("GET", [""]):
            return client.server()
        # annotations
        case "getAnnotationList":
            return client.annotations.list(**given).first()
        case "createAnnotation":
            return client.annotations.create(**given)
        case "updateAnnotation":
            return client.annotations.update(ids[2], **given)
        case "deleteAnnotation":
            return client.annotations.delete(ids[2])
        case "initialAnnotationReplySettings" if ids[2] in ("enable", "disable"):
            return getattr(client.annotations, f"{ids[2]}_reply")(**given)
        case "getInitialAnnotationReplySettingsStatus":
            return client.annotations.reply_status(ids[2], ids[4])
        case _:
            raise LookupError(f"{one.name}: there is no method for {one.operation or one.path}")


def _message(noun: Any, name: str, given: dict[str, Any], whole: bool) -> Any:
    """A call that comes as a stream or in one piece; a stream can be asked for in one piece, too."""
    if given.get("response_mode") != "streaming":
        return getattr(noun, name)(**given)
    arguments = {key: value for key, value in given.items() if key != "response_mode"}
    return getattr(noun, name if whole else "stream")(**arguments)


def _form_call(client: Any, one: Recording) -> Any:
    if (one.asked.get("_raw") or one.asked["_head"]).count('name="file";') != 1:
        raise LookupError(f"{one.name}: no method sends a form that holds not one file")
    form = recorded_form(one.asked)
    file = (form.filename, form.content, form.mime_type)
    match one.operation:
        case "uploadChatFile":
            return client.files.upload(file, **form.fields)
        case "audioToText":
            return client.audio.transcribe(file, **form.fields)
        case _:
            raise LookupError(f"{one.name}: {one.operation} takes no file")
