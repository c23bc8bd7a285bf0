"""Ask an app about files, in writing or by voice, and keep what it says, as text and as speech.

    DIFY_API_KEY=app-... DIFY_BASE_URL=https://dify.example.com python ask_about_files.py photo.jpg plan.png
    python ask_about_files.py --voice question.mp3 photo.jpg
    python ask_about_files.py --emulator photo.jpg      # no server and no key: a Dify in this process

The answer is printed as it comes. A folder (--into) then has it as answer.txt and answer.mp3, and the server's copies of the
files. For chatbots, agents and chatflows that take files; speech needs to be switched on in the app, in both directions.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from dify import AsyncDify, ChatResponse, DifyError, UploadedFile


async def upload(client: AsyncDify, files: list[Path]) -> list[UploadedFile]:
    """Store the files for the user of the client; one that is refused is told and left out."""
    stored: list[UploadedFile] = []
    for result in await client.files.upload_many(files, concurrency=4):
        if result.uploaded is None:
            print(f"left out {result.file}: {result.error}")
        else:
            print(f"uploaded {result.uploaded.name}, {result.uploaded.size} bytes")
            stored.append(result.uploaded)
    return stored


async def ask(client: AsyncDify, question: str, files: list[UploadedFile]) -> ChatResponse:
    """Put the question, and print the answer as it comes."""
    async with client.chat.stream(question, files=files) as stream:
        async for text in stream.text_stream:
            print(text, end="", flush=True)
        print()
        return await stream.final()


def write_down(answer: str, folder: Path) -> None:
    """Put the text into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answer.txt").write_text(answer, encoding="utf-8")


async def keep(client: AsyncDify, reply: ChatResponse, files: list[UploadedFile], folder: Path) -> None:
    """Write the answer down, have it spoken, and fetch the server's copies. What fails is told, and the rest is kept."""
    write_down(reply.answer, folder)
    wanted = [("answer.mp3", client.audio.synthesize(message_id=reply.message_id))]
    # A file can be read back from now on, as a message has used it. The number is ours: two files may have the same name.
    for number, file in enumerate(files, 1):
        wanted.append((f"{number}-{Path(file.name or file.id).name}", client.files.download(file.id)))
    for name, download in wanted:
        try:
            path = await download.save(folder / name)
            print(f"saved {path.name}, {path.stat().st_size} bytes")
        except DifyError as error:
            print(f"no {name}: {error}")
    for made in reply.message_files or []:
        if made.belongs_to == "assistant":
            print(f"the app made a file, to be fetched within minutes: {made.url}")


async def run(client: AsyncDify, question: str, voice: Path | None, files: list[Path], folder: Path) -> bool:
    """All of it; whether there was a file to ask about."""
    stored = await upload(client, files)
    if not stored:
        return False
    if voice is not None:
        question = (await client.audio.transcribe(voice)).text
        print(f"heard: {question}")
    await keep(client, await ask(client, question, stored), stored, folder)
    return True


@asynccontextmanager
async def open_client(emulated: bool, user: str) -> AsyncGenerator[AsyncDify]:
    """A client of the server that the environment names, or of an emulator with an app that looks at files."""
    if emulated:
        from dify.testing import Emulator, EmulatorRequest

        def answer(request: EmulatorRequest) -> str:
            seen = [f"{file.name} is an upload of the type {file.type}." for file in request.files]
            return " ".join([f"You asked: {request.query}", *seen])

        async with Emulator(answer, mode="chat") as emulator:
            yield emulator.client(user=user)
    else:
        async with AsyncDify(user=user) as client:
            yield client


async def main() -> bool:
    parser = argparse.ArgumentParser(description="Ask an app about files, in writing or by voice.")
    parser.add_argument("files", nargs="+", type=Path, help="what to ask about")
    parser.add_argument("--question", default="What is in these files?", help="what to ask (what is in these files)")
    parser.add_argument("--voice", type=Path, help="a question as audio: mp3, m4a, wav, amr or mpga")
    parser.add_argument("--into", type=Path, default=Path("answer"), help="the folder for what is kept (answer)")
    parser.add_argument("--user", default="files", help="Dify's user, for whom the files are stored")
    parser.add_argument("--emulator", action="store_true", help="answer in this process: no server, no key")
    asked = parser.parse_args()
    async with open_client(asked.emulator, asked.user) as client:
        return await run(client, asked.question, asked.voice, asked.files, asked.into)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
