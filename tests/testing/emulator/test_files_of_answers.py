"""Files that the emulator's answers name can be downloaded by both clients."""

from __future__ import annotations

from dify.testing import Emulator, ToolCall, ToolFile


def answer(request):
    yield ToolCall("painter", {"of": "a cat"}, "done", files=[ToolFile("cat.png", b"PNG", mime_type="image/png")])
    yield "Here it is."


async def test_a_file_of_an_agent_is_downloaded():
    with Emulator(answer, mode="agent-chat") as emulator:
        client = emulator.client(user="alice")
        reply = await client.chat.send("Paint a cat")
        assert await client.files.download(reply.message_files[0]).read() == b"PNG"
        async for message in client.messages.list(reply.conversation_id):
            (file,) = [file for file in message.message_files if file.belongs_to == "assistant"]
            assert await client.files.download(file).read() == b"PNG"


def test_a_file_of_an_agent_is_downloaded_by_the_plain_client(tmp_path):
    with Emulator(answer, mode="agent-chat") as emulator:
        client = emulator.sync_client(user="alice")
        reply = client.chat.send("Paint a cat")
        path = client.files.download(reply.message_files[0]).save(tmp_path)
        assert path.read_bytes() == b"PNG"
