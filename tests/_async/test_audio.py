"""Speech to text and text to speech."""

from __future__ import annotations

import json

import httpx
import pytest

from dify import (
    BadRequestError,
    FileTooLargeError,
    ResponseValidationError,
    ServerError,
    UnsupportedFileTypeError,
)
from tests.support.recordings import recording

from .support import Chunks, answered, make_client

SOUND = b"RIFF....WAVEfmt "


def heard(seen: list[httpx.Request]):
    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"text": "hello"})

    return handler


def replaying(name: str, seen: list[httpx.Request] | None = None):
    one = recording(name)

    def handler(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(one.status, headers={"content-type": one.headers["content-type"]}, content=one.content)

    return handler


async def test_an_audio_file_becomes_its_text():
    seen = []
    said = await make_client(heard(seen)).audio.transcribe(("beep.wav", SOUND))
    assert (said.text, str(said)) == ("hello", "hello")
    assert seen[0].url.path == "/v1/audio-to-text"
    form = seen[0].content
    assert b'name="user"\r\n\r\nalice\r\n' in form
    assert b'name="file"; filename="beep.wav"\r\nContent-Type: audio/wav\r\n\r\n' + SOUND in form


@pytest.mark.parametrize(
    ("filename", "mime_type", "sent"),
    [
        ("a.mp3", None, "audio/mp3"),
        ("a.mp3", "audio/mpeg", "audio/mp3"),
        ("a.M4A", None, "audio/m4a"),
        ("a.wav", None, "audio/wav"),
        ("a.amr", None, "audio/amr"),
        ("a.mpga", None, "audio/mpga"),
        ("recording", "audio/mpeg", "audio/mp3"),
        ("recording", "audio/mp4", "audio/m4a"),
        ("recording", "audio/x-wav", "audio/wav"),
        ("recording", "Audio/MPEG; charset=binary", "audio/mp3"),
        ("a.mp3", "audio/wav", "audio/wav"),
        ("a.ogg", "audio/ogg", "audio/ogg"),
        ("a.txt", "text/plain", "text/plain"),
        ("a.mp3", "text/plain", "text/plain"),
    ],
)
async def test_registered_audio_types_are_sent_under_the_names_that_dify_takes(filename, mime_type, sent):
    seen = []
    await make_client(heard(seen)).audio.transcribe(SOUND, filename=filename, mime_type=mime_type)
    assert f"Content-Type: {sent}\r\n".encode() in seen[0].content


@pytest.mark.parametrize(
    ("name", "expected"),
    [("audio/stt_bad_type", UnsupportedFileTypeError), ("audio/stt_too_large", FileTooLargeError)],
)
async def test_audio_that_dify_refuses_raises(name, expected):
    with pytest.raises(expected):
        await make_client(replaying(name)).audio.transcribe(("x.txt", b"hello"))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("audio/tts_text", lambda client: client.audio.synthesize("hello there world")),
        ("audio/tts_voice", lambda client: client.audio.synthesize("hi", voice="nova")),
        (
            "audio/tts_message_id",
            lambda client: client.audio.synthesize(message_id="47ce30b8-7db6-4593-aa0a-c0029d0b2199"),
        ),
    ],
)
async def test_a_text_becomes_speech(name, call):
    seen = []
    one = recording(name)
    stream = call(make_client(replaying(name, seen), user="user-1"))
    assert seen == []
    assert await stream.read() == one.content
    assert stream.content_type == "audio/mpeg"
    assert json.loads(seen[0].content) == one.asked


async def test_speech_is_saved_under_a_name_of_our_own_where_the_server_gives_none(tmp_path):
    path = await make_client(replaying("audio/tts_text")).audio.synthesize("hello there world").save(tmp_path)
    assert path == tmp_path / "speech.mp3"
    assert path.read_bytes() == recording("audio/tts_text").content


async def test_null_with_status_200_is_no_speech():
    stream = make_client(replaying("audio/tts_message_unknown")).audio.synthesize(message_id="m-1")
    with pytest.raises(ResponseValidationError, match="unknown or has an empty answer") as caught:
        await stream.read()
    assert caught.value.body.strip() == "null"
    assert caught.value.http.status == 200


async def test_a_web_page_with_status_200_is_no_speech():
    page = b"<html><title>Sign in</title></html>"
    client = make_client(lambda request: answered(Chunks([page]), content_type="text/html; charset=utf-8"))
    with pytest.raises(ResponseValidationError, match="web page"):
        await client.audio.synthesize("hi").read()


@pytest.mark.parametrize(
    ("name", "expected"), [("audio/tts_disabled", BadRequestError), ("audio/tts_model_error", ServerError)]
)
async def test_speech_that_dify_refuses_raises_while_reading(name, expected):
    with pytest.raises(expected):
        await make_client(replaying(name)).audio.synthesize("hi").read()
