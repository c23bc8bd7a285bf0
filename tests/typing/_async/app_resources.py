"""Read by type checkers, never run: what the calls of the app resources return."""

from typing import assert_type

from dify import AsyncByteStream, AsyncDify, AsyncPager
from dify._protocol.uploads import UploadResult
from dify.types.annotations import Annotation, AnnotationReplyJob
from dify.types.app import AppInfo, AppParameters
from dify.types.audio import Transcription
from dify.types.conversations import Conversation, ConversationVariable
from dify.types.end_users import EndUser
from dify.types.messages import Feedback, Message


async def app_resources(client: AsyncDify) -> None:
    assert_type(client.conversations.list(sort_by="-created_at"), AsyncPager[Conversation])
    assert_type(await client.conversations.rename("c", "x"), Conversation)
    assert_type(await client.conversations.delete("c"), None)
    assert_type(client.conversations.variables("c"), AsyncPager[ConversationVariable])
    assert_type(await client.conversations.update_variable("c", "v", {"a": [1]}), ConversationVariable)
    assert_type(client.messages.list("c"), AsyncPager[Message])
    assert_type(await client.messages.suggested_questions("m"), list[str])
    assert_type(await client.messages.feedback("m", None), None)
    assert_type(await client.files.upload_many(["a.txt", ("b.txt", b"x")]), list[UploadResult])
    assert_type(await client.audio.transcribe("a.mp3"), Transcription)
    assert_type(client.audio.synthesize("hello"), AsyncByteStream)
    assert_type(await client.app.info(), AppInfo)
    assert_type(await client.app.parameters(), AppParameters)
    assert_type(client.app.feedbacks(), AsyncPager[Feedback])
    assert_type(client.annotations.list(), AsyncPager[Annotation])
    assert_type(await client.annotations.disable_reply(), AnnotationReplyJob)
    assert_type(await client.annotations.wait_reply("enable", "j"), AnnotationReplyJob)
    assert_type(await client.end_users.get("e"), EndUser)
