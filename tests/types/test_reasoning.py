"""The reasoning of a model is told apart from its answer, however the text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from dify import split_reasoning
from dify.types import ChatResponse, ContentPart, ReasoningSplitter, ReplyMetadata

TEXTS = {
    "no reasoning": ("Hello < world <b>!", "Hello < world <b>!", ""),
    "one section": ("<think>\n2 + 2\n</think>\n\n4", "4", "2 + 2"),
    "several": ("<think>a</think>b <think>c</think>d", "b d", "a\n\nc"),
    "upper case, attributes": ('<THINK type="x">a</Think >b', "b", "a"),
    "unclosed": ("b<think>a and <", "b", "a and <"),
    "never opened": ("a</think>b", "b", "a"),
    "empty": ("<think>\n\n</think>b", "b", ""),
    "other tags": ("<thinking>a</thinking> <thin> <think", "<thinking>a</thinking> <thin> <think", ""),
    "a closing tag too many": ("<think>a</think>b</think>c", "b</think>c", "a"),
}


@pytest.mark.parametrize(("text", "answer", "reasoning"), TEXTS.values(), ids=TEXTS)
def test_a_text_is_split(text, answer, reasoning):
    assert split_reasoning(text) == (answer, reasoning)


def joined(parts: list[ContentPart]) -> list[tuple[str, str]]:
    """Neighbours of the same type as one."""
    together: list[tuple[str, str]] = []
    for part in parts:
        kind, before = together.pop() if together and together[-1][0] == part.type else (part.type, "")
        together.append((kind, before + part.text))
    return together


def split(pieces: list[str]) -> list[tuple[str, str]]:
    splitter = ReasoningSplitter()
    parts = [part for piece in pieces for part in splitter.feed(piece)]
    parts += splitter.finish()
    assert all(part.text for part in parts)
    return joined(parts)


@pytest.mark.parametrize("text", [text for text, _, _ in TEXTS.values()], ids=TEXTS)
def test_a_text_is_split_alike_however_it_is_cut(text):
    for size in (1, 2, 3, 5):
        assert split([text[at : at + size] for at in range(0, len(text), size)]) == split([text])


PIECES = st.lists(
    st.sampled_from(["<", "think", "</", ">", "<think>", "</think>", " ", "a", "\n", "<think x"]), max_size=20
)


@given(PIECES)
def test_pieces_of_any_kind_give_what_the_whole_gives(pieces):
    assert split(pieces) == split(["".join(pieces)])


def test_text_that_cannot_be_a_tag_is_not_held_back():
    splitter = ReasoningSplitter()
    assert [part.text for part in splitter.feed("1 < 2")] == ["1 < 2"]
    assert [part.text for part in splitter.feed("a <thin")] == ["a "]
    assert [part.text for part in splitter.feed("g>")] == ["<thing>"]


def reply_of(answer: str, **metadata) -> ChatResponse:
    return ChatResponse(
        task_id="t", id="m", message_id="m", conversation_id="c", answer=answer, metadata=ReplyMetadata(**metadata)
    )


def test_a_reply_has_its_reasoning_and_its_answer_without_it():
    reply = reply_of("<think>2 + 2</think>4")
    assert (reply.reasoning, reply.answer_without_reasoning) == ("2 + 2", "4")
    assert reply.answer == "<think>2 + 2</think>4"


def test_reasoning_that_the_server_separated_is_that_of_the_reply():
    reply = reply_of("4", reasoning={"node-1": "2 + 2", "node-2": "", "node-3": "sum"})
    assert (reply.reasoning, reply.answer_without_reasoning) == ("2 + 2\n\nsum", "4")


def test_a_reply_without_reasoning_has_none():
    assert reply_of(" 4").reasoning is None
    assert reply_of(" 4").answer_without_reasoning == " 4"
