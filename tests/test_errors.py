"""The errors as objects: they survive pickling and copying whole, and read well."""

from __future__ import annotations

import copy
import inspect
import json
import pickle

import pytest

import dify
from dify import StreamTimeoutError, errors
from dify._config import missing_key
from dify._protocol.error_mapping import status_error_from_body
from dify._protocol.responses import not_json
from dify.types.http import HTTPInfo
from dify.types.replies import ChatResponse, ReplyMetadata

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.DifyError)]

REPLY = ChatResponse(
    task_id="t", id="m", message_id="m", conversation_id="c", answer="Hel", metadata=ReplyMetadata(usage=None)
)
VALUES = {
    "sent": True,
    "status_code": 429,
    "http": HTTPInfo(429, {"x-version": "1.14.2"}, 0.5, "POST", "https://dify.test/v1/chat-messages"),
    "retry_after": 7.5,
    "partial": REPLY,
    "run": REPLY,
    "documents": [{"id": "d"}],
}


def made(cls: type[errors.DifyError]) -> errors.DifyError:
    """An instance with every attribute set."""
    own = {name for name, p in inspect.signature(cls.__init__).parameters.items() if p.kind is p.KEYWORD_ONLY}
    facts = own | errors.ErrorFacts.__annotations__.keys()
    return cls("some words\nand more", **{name: VALUES.get(name, f"some {name}") for name in facts})


def public(error: errors.DifyError) -> dict:
    return {"class": type(error), "args": error.args, "str": str(error)} | vars(error)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_an_error_survives_whole(cls, way):
    error = made(cls)
    ways = {"pickle": lambda e: pickle.loads(pickle.dumps(e)), "copy": copy.copy, "deepcopy": copy.deepcopy}
    again = ways[way](error)
    assert public(again) == public(error)


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_is_made_with_its_message_alone(cls):
    assert "words" in str(cls("words"))
    assert isinstance(cls(), cls)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_is_public_and_in_the_drawing(cls):
    assert getattr(dify, cls.__name__) is cls
    assert cls.__name__ in errors.__all__
    assert cls.__name__ in errors.__doc__
    assert cls.__doc__


def test_the_drawing_shows_who_is_whose_child():
    lines = [line for line in errors.__doc__.splitlines() if "──" in line]
    parents: list[tuple[int, str]] = [(0, "DifyError")]
    for line in lines:
        indent = line.index("──")
        name = line[indent:].strip("─ ").split()[0]
        while parents[-1][0] >= indent:
            parents.pop()
        assert issubclass(getattr(errors, name), getattr(errors, parents[-1][1])), line
        parents.append((indent, name))
    assert {line[line.index("──") :].strip("─ ").split()[0] for line in lines} == {
        cls.__name__ for cls in CLASSES if cls is not errors.DifyError
    }


def test_errors_that_are_also_errors_of_python():
    assert issubclass(errors.InvalidArgumentError, ValueError)
    assert issubclass(errors.MisuseError, TypeError)
    assert issubclass(errors.StreamTimeoutError, errors.APITimeoutError)


def test_a_stream_that_went_silent_had_been_sent():
    error = StreamTimeoutError("silent", workflow_run_id="r-1")
    for one in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert one.sent
        assert one.workflow_run_id == "r-1"


def test_control_characters_of_a_server_are_escaped_and_long_texts_cut():
    error = errors.APIStatusError("\x1b[31mred\r\nline\x00" + "x" * 10_000, status_code=500)
    text = str(error)
    assert text.isprintable()
    assert r"\x1b[31mred\r\nline\x00" in text
    assert len(text) < 2300
    assert error.message.startswith("\x1b[31m")


def test_a_status_error_reads_as_status_code_and_words():
    error = errors.BadRequestError("no", status_code=400, code="invalid_param", hint="do this")
    assert str(error) == "400 invalid_param: no (do this)"
    assert str(errors.ServerError("", status_code=502)) == "502"


ROUTES = (
    "You have requested this URI [/v1/messages] but did you mean /v1/messages or /v1/chat-messages or /api/messages ?"
)


def test_the_words_of_an_error_leave_out_the_routes_that_dify_appends_to_a_404():
    error = status_error_from_body(
        {"code": "not_found", "message": f"Conversation Not Exists. {ROUTES}"}, status=404, text="the body"
    )
    assert str(error).startswith("404 not_found: Conversation Not Exists. (only the user who started")
    assert error.message.endswith(ROUTES)
    assert error.body == "the body"


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (404, ROUTES, ROUTES),  # nothing else was said
        (404, "You have requested this URI [/v1/x] and no other", "You have requested this URI [/v1/x] and no other"),
        (404, f"Form not found. {ROUTES[:45]}", f"Form not found. {ROUTES[:45]}"),
        (404, f"Form [a] not found.\n{ROUTES}", "Form [a] not found."),
        (400, f"Bad. {ROUTES}", f"Bad. {ROUTES}"),
    ],
)
def test_only_what_dify_appends_is_left_out(status, message, said):
    assert str(errors.APIStatusError(message, status_code=status)) == f"{status}: {said}"


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_can_be_asked_for_the_run_and_what_had_come(cls):
    error = cls("words")
    assert (error.workflow_run_id, error.partial) == (None, None)
    error.workflow_run_id, error.partial = "run-1", REPLY
    again = pickle.loads(pickle.dumps(error))
    assert (again.workflow_run_id, again.partial) == ("run-1", REPLY)


@pytest.mark.parametrize(
    ("operation", "key", "said"),
    [
        (
            "sendChatMessage",
            "api_key",
            "client.chat.send or client.chat.stream needs an app's key: pass api_key= to the client, or set the environment "
            "variable DIFY_API_KEY",
        ),
        (
            "listDatasets",
            "knowledge_api_key",
            "client.knowledge.datasets.list needs a knowledge key: pass knowledge_api_key= to the client, or set the "
            "environment variable DIFY_KNOWLEDGE_API_KEY",
        ),
        (
            "GET /info",
            "api_key",
            "GET /info needs an app's key: pass api_key= to the client, or set the environment variable DIFY_API_KEY",
        ),
    ],
)
def test_a_missing_key_is_told_with_the_call_the_argument_and_the_variable(operation, key, said):
    error = missing_key(operation, key)
    assert type(error) is errors.ConfigurationError
    assert str(error) == said


def provider_error(args: object, message: str = "fake error") -> str:
    return json.dumps({"error_type": "InvokeError", "message": message, "args": args})


@pytest.mark.parametrize(
    ("words", "message", "text"),
    [
        (f"req_id: 5b PluginInvokeError: {provider_error({'description': 'no quota'})}", "no quota", "no quota"),
        (provider_error({"description": "no quota"}), "no quota", "no quota"),
        (
            f"[models] Error: PluginInvokeError: {provider_error({'description': 'a {b} c'})}.",
            None,
            "[models] Error: a {b} c.",
        ),
        (provider_error({"description": provider_error({"description": "the inner one"})}), None, "the inner one"),
        (provider_error({"description": "d"}) + " and " + provider_error({"description": "e"}), None, "d and "),
        # Without a description `message` stays as the server sent it; as a text the error shows the words all the same.
        (provider_error(None), provider_error(None), "fake error"),
        (provider_error({"description": ""}), provider_error({"description": ""}), "fake error"),
        (provider_error({}, message=""), provider_error({}, message=""), '{"error_type"'),
        ('{"error_type": "X", "message": cut off', '{"error_type": "X", "message": cut off', "cut off"),
        ('{"answer": {"error_type": 1}} said', '{"answer": {"error_type": 1}} said', "said"),
        ("plain words", "plain words", "plain words"),
    ],
)
def test_a_providers_error_in_json_shows_its_description(words, message, text):
    body = {"code": "invalid_param", "message": words, "status": 400}
    error = status_error_from_body(body, status=400, text=json.dumps(body))
    assert text in str(error)
    assert message is None or error.message == message
    assert json.loads(error.body)["message"] == words
    assert text != "no quota" or "PluginInvokeError" not in str(error)


def test_an_errors_text_is_its_message_and_its_hint():
    error = errors.APIConnectionError("the connection was lost", sent=True, hint="try again")
    assert (str(error), error.summary) == ("the connection was lost; try again", "the connection was lost")
    assert str(errors.DifyError("it broke")) == errors.DifyError("it broke").summary == "it broke"


def test_the_summary_of_a_response_has_status_code_and_message_and_not_the_hint():
    error = errors.BadRequestError("No.", status_code=400, code="invalid_param", hint="mind the gap")
    assert error.summary == "400 invalid_param: No."
    assert str(error) == "400 invalid_param: No. (mind the gap)"


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"base_url": "ftp://example.com"}, "base_url"),
        ({"base_url": "https://example.com?x=1"}, "base_url"),
        ({"api_key": "dataset-1"}, "api_key"),
        ({"knowledge_api_key": "app-1"}, "knowledge_api_key"),
        ({"api_key": "two words"}, "api_key"),
        ({"user": " "}, "user"),
    ],
)
def test_a_configuration_error_names_the_argument_at_fault(settings, param):
    with pytest.raises(errors.ConfigurationError) as raised:
        dify.Dify(**{"api_key": "app-1", **settings})
    assert raised.value.param == param


def test_a_missing_key_and_a_missing_user_name_their_argument():
    assert missing_key("getChatAppInfo", "knowledge_api_key").param == "knowledge_api_key"
    with dify.Dify("app-1") as client, pytest.raises(errors.ConfigurationError) as raised:
        client.chat.send("Hi")
    assert raised.value.param == "user"


@pytest.mark.parametrize(
    ("status", "code", "message", "path", "reason"),
    [
        (400, "invalid_param", "Arg user must be provided.", "/v1/chat-messages", "user_required"),
        (400, "invalid_param", "process_rule is required", "/v1/x", "process_rule_required"),
        (500, "unknown", "Internal Server Error", "/v1/datasets/d/document/create-by-text", "process_rule_required"),
        (500, "unknown", "Internal Server Error", "/v1/datasets/d/document/create-by-file", None),
        (400, "invalid_param", "query is required", "/v1/chat-messages", None),
    ],
)
def test_the_reason_tells_errors_of_one_code_apart(status, code, message, path, reason):
    http = HTTPInfo(status, {}, 0.1, "POST", f"https://dify.test{path}")
    error = status_error_from_body({"code": code, "message": message}, status=status, http=http)
    assert error.reason == reason
    assert (error.hint is not None) == (reason is not None)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [(b"", "text/plain", "empty"), (b"<html>", "text/html", "html"), (b"<p>", "", "html"), (b"ok", "", "not_json")],
)
def test_a_response_that_is_no_json_has_a_reason(body, kind, reason):
    http = HTTPInfo(200, {"content-type": kind}, 0.1, "GET", "https://dify.test/v1/info")
    assert not_json(body, http).reason == reason


def test_an_attribute_that_an_error_does_not_have_is_named():
    with pytest.raises(TypeError, match="NotFoundError has no attribute 'colour'"):
        errors.NotFoundError("no such object", colour="red")  # type: ignore[call-arg]
