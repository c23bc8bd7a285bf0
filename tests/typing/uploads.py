"""Read by type checkers, never run: files of other libraries are accepted as they are."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import anyio
import httpx
from aiohttp.web_request import FileField
from starlette.datastructures import UploadFile
from werkzeug.datastructures import FileStorage

from dify import AsyncDify, Base64, Dify, InputFile


async def chunks() -> AsyncIterator[bytes]:
    yield b""


async def files_of_other_libraries(
    client: AsyncDify,
    form: UploadFile,
    field: FileField,
    storage: FileStorage,
    opened: anyio.AsyncFile[bytes],
    response: httpx.Response,
) -> None:
    for file in (form, field, storage, opened):
        await client.files.upload(file)
        await client.files.upload(("cat.png", file, "image/png"))
    await client.files.upload(response)
    await client.files.upload(client.files.download("file-1"))
    await client.files.upload(("a.txt", chunks()))
    await client.files.upload_many([Path("a"), "b", ("c", b""), form])
    await client.chat.send("look", files=[InputFile.from_url("https://example.com/cat.png"), {"type": "image"}])


def plain_files(client: Dify, form: UploadFile, storage: FileStorage, file: BinaryIO) -> None:
    client.files.upload(form)
    client.files.upload(storage)
    client.files.upload(file)
    client.files.upload(("a", io.BytesIO()))
    client.files.upload(("a", Base64("")))
    client.files.upload(client.files.download("file-1"))
    client.files.upload(("a", [b"a", b"b"]))
