"""A bot for the browser: streams the answers of a Dify app as its own server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, Field

from dify import (
    AsyncDify,
    ConversationNotFoundError,
    DifyError,
    InputFile,
    RateLimitError,
    StreamInterruptedError,
    TextReplaced,
)

PAGE = """<!doctype html>
<title>Bot</title>
<form><input name=question autofocus> <input name=file type=file> <button>Ask</button></form>
<p id=answer></p>
<script>
let conversation = null;
document.forms[0].onsubmit = async (event) => {
  event.preventDefault();
  const answer = document.getElementById("answer");
  answer.textContent = "";
  const files = [];
  if (event.target.file.value) {
    const form = new FormData(event.target);
    form.append("user", "browser");
    files.push(await (await fetch("/files", {method: "POST", body: form})).json());
  }
  const question = {question: event.target.question.value, user: "browser", conversation_id: conversation, files};
  const body = JSON.stringify(question);
  const reply = await fetch("/ask", {method: "POST", headers: {"content-type": "application/json"}, body});
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let piece; !(piece = await reader.read()).done; ) {
    const events = (rest + piece.value).split("\\n\\n");
    rest = events.pop();
    for (const event of events) {
      const data = JSON.parse(event.slice(6));
      if ("text" in data) answer.textContent += data.text;
      if ("instead" in data) answer.textContent = data.instead;
      if ("error" in data) answer.textContent += " [" + data.error + "]";
      if ("conversation_id" in data) conversation = data.conversation_id;
    }
  }
};
</script>
"""


class Question(BaseModel):
    """A question from the browser."""

    question: Annotated[str, Field(min_length=1, max_length=2000)]
    user: Annotated[str, Field(min_length=1)]
    conversation_id: str | None = None
    files: list[InputFile] = []


class Verdict(BaseModel):
    """A rating of an answer."""

    user: str
    rating: Literal["like", "dislike"] | None


def dify_of(request: Request) -> AsyncDify:
    """Return the client that all requests share."""
    return request.app.state.dify


Client = Annotated[AsyncDify, Depends(dify_of)]


def make_app(client: AsyncDify | None = None) -> FastAPI:
    """Create the app. Without a client, it creates one from `DIFY_API_KEY` on startup."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if client is not None:
            yield
            return
        async with AsyncDify() as app.state.dify:
            yield

    app = FastAPI(lifespan=lifespan)
    app.state.dify = client

    @app.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE)

    @app.post("/ask")
    async def ask(question: Question, client: Client) -> StreamingResponse:
        return StreamingResponse(answer_events(client, question), media_type="text/event-stream")

    @app.post("/files")
    async def upload(file: UploadFile, user: Annotated[str, Form()], client: Client) -> InputFile:
        uploaded = await client.files.upload((file.filename, file.file, file.content_type), user=user)
        return InputFile.from_upload(uploaded)  # the browser sends it with its question

    @app.post("/messages/{message_id}/rating", status_code=204)
    async def rate(message_id: str, verdict: Verdict, client: Client) -> None:
        await client.messages.feedback(message_id, verdict.rating, user=verdict.user)

    return app


async def answer_events(client: AsyncDify, question: Question) -> AsyncIterator[str]:
    """Yield the events for a question: pieces of text, and at the end the ids or an error."""
    stream = client.chat.stream(
        question.question,
        user=question.user,
        conversation_id=question.conversation_id,
        files=question.files,
        auto_generate_name=False,
    )
    try:
        async with stream:
            try:
                async for text in stream.text_stream:
                    yield event(instead=str(text)) if isinstance(text, TextReplaced) else event(text=text)
                reply = await stream.final()
            except (asyncio.CancelledError, GeneratorExit):  # the browser has disconnected
                if stream.task_id is not None:
                    await stream.stop()  # otherwise the server would write, and bill, the rest of the answer
                raise
        yield event(conversation_id=reply.conversation_id, message_id=reply.message_id)
    except ConversationNotFoundError:
        yield event(error="This conversation is over. Please start a new one.", conversation_id=None)
    except RateLimitError:
        yield event(error="Many people are asking right now. Please try again in a moment.")
    except StreamInterruptedError:
        yield event(error="The answer was interrupted. Please ask again.")
    except DifyError:
        yield event(error="Something went wrong.")


def event(**data: Any) -> str:
    """Return an event for the browser."""
    return f"data: {json.dumps(data)}\n\n"


app = make_app()
