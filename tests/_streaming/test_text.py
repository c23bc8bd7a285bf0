"""Text is put together from its deltas, and speech is expected until it has ended."""

from __future__ import annotations

from typing import Any

import pytest

from dify import ResponseValidationError
from dify._streaming.text import Speech, Text, TextReplaced
from dify.types import events as t
from tests.support.frames import speech, speech_end


def spoken(audio: bytes) -> Any:
    return t.TTSMessageEvent.model_validate(speech(audio))


def end() -> Any:
    return t.TTSMessageEndEvent.model_validate(speech_end())


def test_deltas_are_joined_and_a_replacement_takes_the_place_of_all() -> None:
    text = Text()
    assert (str(text), text.last) == ("", None)
    for delta in ("Hel", "lo"):
        text.add(delta)
    assert (str(text), text.last) == ("Hello", "lo")
    text.replace("No.")
    assert str(text) == "No."
    assert isinstance(text.last, TextReplaced)


@pytest.mark.parametrize(("collect", "before"), [(True, True), (False, False)])
def test_speech_is_expected_once_it_has_started_or_if_it_is_collected(collect, before) -> None:
    sound = Speech(collect)
    assert sound.awaited is before
    sound.feed(spoken(b"one"))
    assert sound.awaited
    sound.feed(end())
    assert not sound.awaited


@pytest.mark.parametrize(
    ("collect", "started", "events_read", "missing"),
    [
        (True, False, False, True),
        (True, True, False, True),
        (False, True, True, True),
        (False, True, False, False),
        (False, False, True, False),
    ],
)
def test_speech_is_missed_by_whom_it_is_for(collect, started, events_read, missing) -> None:
    sound = Speech(collect)
    if started:
        sound.feed(spoken(b"one"))
    assert sound.is_cut_off(events_read=events_read) is missing
    sound.feed(end())
    assert not sound.is_cut_off(events_read=events_read)


def test_only_collected_speech_is_decoded_and_kept() -> None:
    sound, silent = Speech(True), Speech(False)
    for audio in (b"one", b"two"):
        sound.feed(spoken(audio))
        silent.feed(spoken(audio))
    assert (sound.audio, silent.audio) == (b"onetwo", None)
    broken = t.TTSMessageEvent.model_validate(speech(b"") | {"audio": "abc"})
    silent.feed(broken)
    with pytest.raises(ResponseValidationError, match="not valid base64"):
        sound.feed(broken)
