"""Read by type checkers, never run: what calls return."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

from pydantic import BaseModel

from dify import (
    AsyncByteStream,
    AsyncDify,
    AsyncPager,
    ChatResponse,
    CompletionResponse,
    InputFile,
    RateLimitError,
    UploadedFile,
    WorkflowRun,
)
from dify.streams import AsyncPage
from dify.types import HTTPInfo, HumanInputForm, ServerInfo, WorkflowLog, WorkflowRunDetail


class Info(BaseModel):
    name: str


async def apps(client: AsyncDify) -> None:
    reply = await client.chat.send("Hi", files=[InputFile.from_url("https://example.com/a.png", type="image")])
    assert_type(reply, ChatResponse)
    assert_type(reply.answer, str)
    assert_type(reply.conversation_id, str)
    assert_type(reply.http, HTTPInfo)
    assert_type(await client.chat.stop("t"), None)
    assert_type(await client.completions.create({"a": 1}), CompletionResponse)
    run = await client.workflows.run({"a": 1})
    assert_type(run, WorkflowRun)
    assert_type(run.outputs, dict[str, Any])
    assert_type(await client.workflows.get("r"), WorkflowRunDetail)
    assert_type(await client.human_input.get("f"), HumanInputForm)


async def many(client: AsyncDify, rows: list[dict[str, str] | None]) -> None:
    async for result in client.workflows.map(rows):
        assert_type(result.inputs, Mapping[str, Any])
        assert_type(result.unwrap(), WorkflowRun)
    async for answer in client.completions.map(({"q": "tea"}, None)):
        assert_type(answer.unwrap(), CompletionResponse)


async def lists(client: AsyncDify) -> None:
    pager = client.workflows.logs(status="failed")
    assert_type(pager, AsyncPager[WorkflowLog])
    page = await pager.first()
    assert_type(page, AsyncPage[WorkflowLog])
    assert_type(page.data, list[WorkflowLog])
    assert_type(await page.next_page(), AsyncPage[WorkflowLog] | None)
    async for log in client.workflows.logs():
        assert_type(log, WorkflowLog)


async def files(client: AsyncDify) -> None:
    assert_type(await client.files.upload(Path("a")), UploadedFile)
    assert_type(await client.files.upload(("a.txt", b"x", "text/plain")), UploadedFile)
    download = client.files.download("f")
    assert_type(download, AsyncByteStream)
    assert_type(await download.read(), bytes)
    assert_type(await download.save("."), Path)


async def others(client: AsyncDify) -> None:
    assert_type(await client.server(), ServerInfo)
    assert_type(await client.request("GET", "/info", cast_to=Info), Info)
    assert_type(client.with_options(user="bob", timeout=3), AsyncDify)
    try:
        await client.chat.send("Hi", options={"timeout": 5, "max_retries": 0})
    except RateLimitError as error:
        assert_type(error.retry_after, float | None)
        assert_type(error.code, str | None)
