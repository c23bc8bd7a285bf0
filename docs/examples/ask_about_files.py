"""Ask an app about files, by text or by voice, and save the answer as text and as speech.

    DIFY_API_KEY=app-... DIFY_BASE_URL=https://dify.example.com python ask_about_files.py photo.jpg plan.png
    python ask_about_files.py --voice question.mp3 photo.jpg
    python ask_about_files.py --emulator photo.jpg      # with an emulator: no server, no key

The answer is printed while it arrives, and saved to a folder (--into) as answer.txt and answer.mp3, with the server's copies of
the files. Requires a chatbot, agent or chatflow that accepts files and has speech to text and text to speech enabled.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from dify import AsyncDify, ChatResponse, DifyError, UploadedFile


async def upload(client: AsyncDify, files: list[Path]) -> list[UploadedFile]:
    """Upload the files. Files that are rejected are reported and left out."""
    stored: list[UploadedFile] = []
    for result in await client.files.upload_many(files, concurrency=4):
        if result.uploaded is None:
            print(f"left out {result.file}: {result.error}")
        else:
            print(f"uploaded {result.uploaded.name}, {result.uploaded.size} bytes")
            stored.append(result.uploaded)
    return stored


async def ask(client: AsyncDify, question: str, files: list[UploadedFile]) -> ChatResponse:
    """Ask the question and print the answer while it arrives."""
    async with client.chat.stream(question, files=files) as stream:
        async for text in stream.text_stream:
            print(text, end="", flush=True)
        print()
        return await stream.final()


def write_down(answer: str, folder: Path) -> None:
    """Save the text to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answer.txt").write_text(answer, encoding="utf-8")


async def keep(client: AsyncDify, reply: ChatResponse, files: list[UploadedFile], folder: Path) -> None:
    """Save the answer as text and speech, and download the files. Failures are reported and do not affect the others."""
    write_down(reply.answer, folder)
    wanted = [("answer.mp3", client.audio.synthesize(message_id=reply.message_id))]
    # Files can be downloaded after a message has used them. The number keeps names unique.
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
    """Upload, ask and save. Return False if no file was uploaded."""
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
    """Open a client of the server in the environment, or of an emulator that lists the files."""
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
    parser = argparse.ArgumentParser(description="Ask an app about files, by text or by voice.")
    parser.add_argument("files", nargs="+", type=Path, help="files to ask about")
    parser.add_argument(
        "--question", default="What is in these files?", help="question (default: What is in these files?)"
    )
    parser.add_argument("--voice", type=Path, help="a question as audio: mp3, m4a, wav, amr or mpga")
    parser.add_argument("--into", type=Path, default=Path("answer"), help="folder for the results (default: answer)")
    parser.add_argument("--user", default="files", help="Dify's user, who owns the files")
    parser.add_argument("--emulator", action="store_true", help="use an emulator: no server, no key")
    arguments = parser.parse_args()
    async with open_client(arguments.emulator, arguments.user) as client:
        return await run(client, arguments.question, arguments.voice, arguments.files, arguments.into)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
