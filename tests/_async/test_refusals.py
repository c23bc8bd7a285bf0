"""Calls that servers refuse, or answer without doing anything: the client refuses them before they are sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from dify import InvalidArgumentError
from dify.types.documents import ProcessRule

from .support import finish, make_client


def operation(value: object) -> dict[str, Any]:
    """Return the operation that sets one metadata value."""
    return {"document_id": "d", "metadata_list": [{"id": "f", "name": "done", "value": value}]}


REFUSED: dict[str, tuple[Any, str]] = {
    "a ZIP of no documents": (lambda c: c.knowledge.documents.download_zip("k", []), "document_ids is empty"),
    "no tags to bind": (lambda c: c.knowledge.tags.bind([], target_id="k"), "tag_ids is empty"),
    "no tags to unbind": (lambda c: c.knowledge.tags.unbind([], target_id="k"), "tag_ids is empty"),
    "no segments": (lambda c: c.knowledge.segments.create("k", "d", []), "segments is empty"),
    "no documents to enable": (lambda c: c.knowledge.documents.set_status("k", "enable", []), "document_ids is empty"),
    "no metadata": (lambda c: c.knowledge.metadata.update_documents("k", []), "operation_data is empty"),
    "no change of a segment": (lambda c: c.knowledge.segments.update("k", "d", "s"), "nothing to change"),
    "an empty content": (lambda c: c.knowledge.segments.update("k", "d", "s", content=""), "content is empty"),
    "no keywords": (lambda c: c.knowledge.segments.update("k", "d", "s", keywords=[]), "keywords is empty"),
    "a change that disabling drops": (
        lambda c: c.knowledge.segments.update("k", "d", "s", content="x", enabled=False),
        "enabled=False goes alone: the server would ignore content",
    ),
    "no text and no rule": (
        lambda c: c.knowledge.documents.update_from_text("k", "d", name="x"),
        "text and process_rule are missing",
    ),
    "an empty text": (
        lambda c: c.knowledge.documents.update_from_text(
            "k", "d", name="x", text="", process_rule=ProcessRule(mode="automatic")
        ),
        "text is empty",
    ),
    "no members": (lambda c: c.knowledge.datasets.update("k", partial_member_list=[]), "partial_member_list is empty"),
    "a model without its provider": (
        lambda c: c.knowledge.datasets.create("x", embedding_model="m"),
        "embedding_model_provider is missing: the server ignores embedding_model without it",
    ),
    "a provider without its model": (
        lambda c: c.knowledge.documents.create_from_file("k", ("a.md", b"x"), embedding_model_provider="p"),
        "embedding_model is missing",
    ),
    "a new file with half a model": (
        lambda c: c.knowledge.documents.replace_file("k", "d", ("a.md", b"x"), embedding_model="m"),
        "embedding_model_provider is missing",
    ),
    "nothing to say": (lambda c: c.audio.synthesize(), "text is empty: pass text= or message_id="),
    "an empty text to say": (lambda c: c.audio.synthesize(""), "text is empty"),
    "no name": (lambda c: c.conversations.rename("c"), "name is empty: pass a name, or auto_generate=True"),
    "a blank name": (lambda c: c.conversations.rename("c", "  "), "name is empty"),
    "a name that is not used": (
        lambda c: c.conversations.rename("c", "x", auto_generate=True),
        "name and auto_generate=True exclude each other",
    ),
    "no message": (lambda c: c.chat.send(None), "^query is None: pass text"),
    "a message that is no text": (lambda c: c.chat.stream(["Hi"]), "^query is of type list: pass text"),
    "an option for a query": (lambda c: c.completions.create({}, query=7), "^query is of type int: pass text"),
    "no search": (lambda c: c.knowledge.datasets.retrieve("k", None), "^query is None"),
    "no name of a knowledge base": (lambda c: c.knowledge.datasets.create(None), "^name is None"),
    "no text of a document": (lambda c: c.knowledge.documents.create_from_text("k", "x", None), "^text is None"),
    "no question": (lambda c: c.annotations.create(None, "yes"), "^question is None"),
    "no answer": (lambda c: c.annotations.update("a", "why?", None), "^answer is None"),
    "no tag": (lambda c: c.knowledge.tags.create(None), "^name is None"),
    "no field": (lambda c: c.knowledge.metadata.update("k", "m", None), "^name is None"),
    "a boolean as metadata": (
        lambda c: c.knowledge.metadata.update_documents("k", [operation(True)]),
        "the metadata value 'done' is a bool: pass text",
    ),
    "a time as metadata": (
        lambda c: c.knowledge.metadata.update_documents("k", [operation(datetime(2026, 1, 2, tzinfo=UTC))]),
        "the metadata value 'done' is a datetime: pass epoch seconds",
    ),
    "a list as metadata": (
        lambda c: c.knowledge.metadata.update_documents("k", [operation(["a"])]),
        "the metadata value 'done' is a list: pass text, a number, or None",
    ),
    "a number as metadata that there is not": (
        lambda c: c.knowledge.metadata.update_documents("k", [operation(float("nan"))]),
        r"operation_data\[0\]\['metadata_list'\]\[0\]\['value'\] is nan",
    ),
    "words for a rating that is taken back": (
        lambda c: c.messages.feedback("m", None, content="x"),
        "content goes with a rating",
    ),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
async def test_what_servers_would_refuse_or_ignore_is_refused_before_it_is_sent(call):
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    make, words = call
    with pytest.raises(InvalidArgumentError, match=words):
        await finish(make(make_client(handler)))
    assert seen == []


TAKEN: dict[str, Any] = {
    "an answer of its own as empty as it likes": lambda c: c.knowledge.segments.update("k", "d", "s", answer=""),
    "no attachments any more": lambda c: c.knowledge.segments.update("k", "d", "s", attachment_ids=[]),
    "a segment that is disabled": lambda c: c.knowledge.segments.update("k", "d", "s", enabled=False),
    "a message to say": lambda c: c.audio.synthesize(message_id="m"),
    "a name to be made": lambda c: c.conversations.rename("c", auto_generate=True),
    "a rating that is taken back": lambda c: c.messages.feedback("m", None),
    "a rule without a text": lambda c: c.knowledge.documents.update_from_text(
        "k", "d", process_rule={"mode": "automatic"}
    ),
}


@pytest.mark.parametrize("make", TAKEN.values(), ids=TAKEN)
async def test_what_servers_take_goes_out(make):
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(418, json={"code": "teapot", "message": "no", "status": 418})

    with pytest.raises(Exception, match="teapot"):
        await finish(make(make_client(handler)))
    assert len(seen) == 1
