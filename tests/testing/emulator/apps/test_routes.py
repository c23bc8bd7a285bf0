"""Feedback, annotations, audio and variables, through the client."""

from __future__ import annotations

import inspect
import threading
from typing import Any, get_type_hints

import pytest

from dify import AsyncDify, BadRequestError, Dify, NotFoundError, ServerError, UnsupportedFileTypeError
from dify._config import ClientSettings
from dify.testing import Emulator, EmulatorError, EmulatorFile


async def test_feedback_is_shown_with_its_message_until_it_is_taken_back() -> None:
    async with Emulator() as emulator:
        client = emulator.client(user="alice")
        reply = await client.chat.send("hi")
        rated = await client.completions.create({"q": "x"})
        await client.messages.feedback(reply.message_id, "dislike", content="too short")
        await client.messages.feedback(rated.message_id, "like")
        assert [(each.rating, each.content) async for each in client.app.feedbacks(limit=1)] == [
            ("like", None),
            ("dislike", "too short"),
        ]
        message = (await client.messages.list(reply.conversation_id)).data[0]
        assert message.feedback is not None
        assert message.feedback.rating == "dislike"
        await client.messages.feedback(reply.message_id, None)
        assert (await client.messages.list(reply.conversation_id)).data[0].feedback is None
        with pytest.raises(NotFoundError):
            await client.messages.feedback(reply.message_id, "like", user="bob")


async def test_questions_are_suggested_as_the_emulator_was_told() -> None:
    async with Emulator(suggested_questions=["And then?"]) as emulator:
        client = emulator.client()
        reply = await client.chat.send("hi")
        assert list(await client.messages.suggested_questions(reply.message_id)) == ["And then?"]


async def test_annotation_jobs_advance_and_switch_the_feature() -> None:
    async with Emulator() as emulator:
        client = emulator.client()
        for start, action in (
            (client.annotations.enable_reply, "enable"),
            (client.annotations.disable_reply, "disable"),
        ):
            job = await start(score_threshold=0.8, embedding_provider_name="p", embedding_model_name="m")
            states = [job.job_status]
            for _ in range(3):
                states.append((await client.annotations.reply_status(action, job.job_id)).job_status)
            assert states == ["waiting", "waiting", "processing", "completed"]
            settings = (await client.app.parameters()).annotation_reply
            assert settings is not None
            assert settings.enabled == (action == "enable")


async def test_variables_begin_anew_in_every_conversation_and_keep_their_type() -> None:
    begin = {"n": 1, "on": True, "list": ["a"], "any": [], "mixed": [1, "a"], "of": {"a": 1}}
    async with Emulator(mode="advanced-chat", variables=begin) as emulator:
        client = emulator.client()
        one, two = (await client.chat.send("1")).conversation_id, (await client.chat.send("2")).conversation_id
        of_one = {each.name: each async for each in client.conversations.variables(one)}
        assert {name: each.value_type for name, each in of_one.items()} == {
            "n": "number",
            "on": "boolean",
            "list": "array[string]",
            "any": "array[any]",
            "mixed": "array[any]",
            "of": "object",
        }
        assert of_one["of"].value == "{'a': 1}"
        changed = await client.conversations.update_variable(one, of_one["n"].id, 2)
        assert changed.value == "2"
        with pytest.raises(BadRequestError):
            await client.conversations.update_variable(one, of_one["n"].id, "text")
        with pytest.raises(BadRequestError):
            await client.conversations.update_variable(one, of_one["list"].id, [1])
        assert (await client.conversations.update_variable(one, of_one["list"].id, [])).value == "[]"
        assert (await client.conversations.variables(two)).data[0].value == "1"


async def test_the_value_of_a_variable_is_limited_and_an_empty_list_gets_the_type_of_its_first_items() -> None:
    async with Emulator(mode="advanced-chat", variables={"any": [], "text": "a", "whole": 1, "part": 0.5}) as emulator:
        client = emulator.client()
        chat = (await client.chat.send("1")).conversation_id
        variables = {each.name: each.id async for each in client.conversations.variables(chat)}

        async def update(name: str, value: Any) -> Any:
            return await client.conversations.update_variable(chat, variables[name], value)

        assert (await update("any", ["a"])).value_type == "array[string]"
        with pytest.raises(BadRequestError):
            await update("any", [1])
        for name, value in (("whole", 0.5), ("part", 1)):
            with pytest.raises(BadRequestError, match="not supported value type"):
                await update(name, value)
        with pytest.raises(BadRequestError, match="variable size 204801 exceeds limit 204800"):
            await update("text", "x" * (204_800 - 40))
        assert (await update("whole", True)).value == "1"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a b", "Variable name can only contain letters, numbers"),
        ("xp_cmd", "Variable name contains invalid characters: xp_"),
        ("a--b", "Variable name contains invalid characters: --"),
    ],
)
async def test_a_name_of_a_variable_to_search_for_has_few_characters(name, message) -> None:
    async with Emulator(mode="advanced-chat", variables={"n": 1}) as emulator:
        client = emulator.client()
        chat = (await client.chat.send("1")).conversation_id
        with pytest.raises(BadRequestError, match=message):
            await client.conversations.variables(chat, variable_name=name)


async def test_a_name_of_a_conversation_fits_the_database() -> None:
    async with Emulator(mode="chat") as emulator:
        client = emulator.client(max_retries=0)
        chat = (await client.chat.send("1")).conversation_id
        assert (await client.conversations.rename(chat, "x" * 255)).name == "x" * 255
        with pytest.raises(ServerError):
            await client.conversations.rename(chat, "x" * 256)


def hear(file: EmulatorFile) -> str:
    if file.name == "noise.wav":
        raise EmulatorError(400, "completion_request_error", "only noise")
    if file.name == "oops.wav":
        raise KeyError("oops")
    return f"{len(file.content or b'')} bytes of {file.mime_type}"


async def test_audio_is_heard_by_the_function_and_spoken_as_silence() -> None:
    async with Emulator(transcribe=hear) as emulator:
        client = emulator.client(max_retries=0)
        assert str(await client.audio.transcribe(("a.wav", b"RIFF", "audio/wav"))) == "4 bytes of audio/wav"
        with pytest.raises(BadRequestError, match="only noise"):
            await client.audio.transcribe(("noise.wav", b"", "audio/wav"))
        with pytest.raises(ServerError):
            await client.audio.transcribe(("oops.wav", b"", "audio/wav"))
        assert [repr(each) for each in emulator.failures] == ["KeyError('oops')"]
        with pytest.raises(UnsupportedFileTypeError):
            await client.audio.transcribe(("a.txt", b"", "text/plain"))
        once, again = await client.audio.synthesize("Hello").read(), await client.audio.synthesize("Bye").read()
        assert (once, len(once), once[:2]) == (again, 360, b"\xff\xf3")


async def test_without_a_function_a_transcript_names_the_file() -> None:
    async with Emulator() as emulator:
        heard = await emulator.client().audio.transcribe(("beep.wav", b"RIFF", "audio/wav"))
        assert heard.text == "Transcript of beep.wav"


async def test_an_end_user_is_known_by_what_it_uploaded() -> None:
    async with Emulator() as emulator:
        client = emulator.client(user="alice")
        uploaded = await client.files.upload(("a.txt", b"a", "text/plain"))
        assert (await client.end_users.get(str(uploaded.created_by))).session_id == "alice"


# -------------------------------------------------------------------------------------------------- clients of ours
@pytest.mark.parametrize("make", [Emulator.client, Emulator.sync_client])
def test_a_client_of_the_emulator_takes_the_settings_of_a_client(make) -> None:
    (settings,) = [p for p in inspect.signature(make).parameters.values() if p.kind is p.VAR_KEYWORD]
    assert settings.annotation == "Unpack[ClientSettings]"


@pytest.mark.parametrize("face", [AsyncDify, Dify])
def test_the_settings_of_a_client_are_the_parameters_of_its_class(face) -> None:
    parameters = set(inspect.signature(face).parameters)
    assert set(get_type_hints(ClientSettings)) == parameters - {
        "http_client",
        "max_connections",
        "keepalive_expiry",
        "trust_env",
    }


def test_a_sync_client_streams_without_an_event_loop_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with Emulator() as emulator:
        client = emulator.sync_client(user="alice")
        with client.chat.stream("hi there") as stream:
            assert "".join(stream.text_stream) == "Echo: hi there"
        made = client.knowledge.datasets.create("Handbook")
        assert client.knowledge.datasets.get(made.id).name == "Handbook"
        assert [each.name for each in client.knowledge.datasets.list()] == ["Handbook"]
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile


async def test_both_faces_see_one_server() -> None:
    async with Emulator() as emulator:
        made = await emulator.client().knowledge.datasets.create("Handbook")
        assert emulator.sync_client().knowledge.datasets.get(made.id).name == "Handbook"
