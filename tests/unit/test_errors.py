"""The errors as objects: they survive pickling and copying whole, and read well."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

import dify
from dify import StreamTimeoutError, errors
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
    taken = [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "args", "kwargs")]
    known = {name: VALUES.get(name, f"some {name}") for name in taken if name != "message"}
    return cls("some words\nand more", **known)


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
    assert issubclass(errors.UsageError, TypeError)
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
