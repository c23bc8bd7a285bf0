"""What belongs to an app: how it describes itself, files, audio, annotations, end users, keys."""

from __future__ import annotations

import io
import wave

import pytest

from dify import AuthenticationError, BadRequestError, NotFoundError

from .conftest import inputs_of
from .targets import KEYS, MODES

APPS = [kind for kind in KEYS if kind != "knowledge"]


def silence() -> bytes:
    """A second of it."""
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return content.getvalue()


@pytest.mark.parametrize("kind", APPS)
async def test_an_app_says_what_it_is(kind, open_app):
    client = open_app(kind)
    info = await client.app.info()
    assert info.mode == MODES[kind]
    assert (await client.app.parameters()).system_parameters.file_size_limit > 0
    assert (await client.app.meta()).tool_icons is not None
    assert (await client.app.site()).title


async def test_the_server_says_its_version_without_a_key(open_app):
    info = await open_app("chat").server()
    assert info.server_version


async def test_a_key_that_nobody_made_is_refused(open_app, target):
    client = open_app("chat").with_options(api_key="app-nobody-made-this-key")
    with pytest.raises(AuthenticationError) as caught:
        await client.app.info()
    assert (caught.value.status_code, caught.value.code) == (401, "unauthorized")


async def test_a_file_is_uploaded_for_its_user(open_app, user, since):
    client = open_app("chat")
    uploaded = await client.files.upload(("tea.txt", b"Tea is made from leaves.", "text/plain"))
    assert (uploaded.name, uploaded.size, uploaded.extension, uploaded.mime_type) == (
        "tea.txt",
        24,
        "txt",
        "text/plain",
    )
    since((1, 14))
    person = await client.end_users.get(uploaded.created_by)
    assert (person.id, person.session_id) == (uploaded.created_by, user)


async def test_a_file_can_be_looked_at_once_a_message_has_it(open_app):
    client = open_app("chat")
    uploaded = await client.files.upload(("tea.txt", b"Tea is made from leaves.", "text/plain"))
    with pytest.raises(NotFoundError):
        await client.files.download(uploaded.id).read()
    if not (await client.app.parameters()).file_upload.enabled:
        pytest.skip("the chat app takes no files")
    await client.chat.send("What is this?", inputs=await inputs_of(client), files=[uploaded])
    assert await client.files.download(uploaded.id).read() == b"Tea is made from leaves."


async def test_text_is_spoken(open_app, lacking):
    client = open_app("chat")
    with lacking("text to speech"):
        audio = await client.audio.synthesize("Hello there").read()
    assert audio


async def test_speech_is_heard(open_app, lacking):
    client = open_app("chat")
    with lacking("speech to text"):
        heard = await client.audio.transcribe(("silence.wav", silence(), "audio/wav"))
    assert isinstance(heard.text, str)


async def test_annotations_are_written_changed_and_deleted(open_app, undo, label):
    client = open_app("chat")
    made = await client.annotations.create(label, "Tea.")
    undo(lambda: client.annotations.delete(made.id))
    changed = await client.annotations.update(made.id, label, "Coffee.")
    assert (changed.id, changed.answer) == (made.id, "Coffee.")
    found = [one async for one in client.annotations.list(keyword=label)]
    assert [(one.id, one.question) for one in found] == [(made.id, label)]
    await client.annotations.delete(made.id)
    with pytest.raises(NotFoundError):
        await client.annotations.delete(made.id)


async def test_annotation_replies_are_switched_on_and_off(open_app, embedding, poll):
    client = open_app("chat")
    provider, model = embedding
    job = await client.annotations.enable_reply(
        embedding_provider_name=provider, embedding_model_name=model, score_threshold=0.9
    )
    assert (await client.annotations.reply_status("enable", job.job_id)).job_id == job.job_id
    assert (await client.annotations.wait_reply("enable", job.job_id, **poll)).job_status == "completed"
    job = await client.annotations.disable_reply()
    assert (await client.annotations.wait_reply("disable", job.job_id, **poll)).job_status == "completed"
    with pytest.raises(BadRequestError):
        await client.annotations.reply_status("enable", "00000000-0000-4000-8000-00000000dead")
