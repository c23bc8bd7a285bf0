"""`dify messages` and `dify feedbacks`."""

from __future__ import annotations

from typing import Annotated

import typer

from .command import Job, command, examples, single
from .lazy import group
from .options import All, Limit

__all__ = ["feedbacks", "messages"]

messages = group("Messages of a conversation, questions to ask next, and ratings.")
messages.info.name = "messages"
feedbacks = single()

MessageId = Annotated[str, typer.Argument(metavar="MESSAGE_ID")]


@command(messages, "list", user=True, epilog=examples("dify messages list CONVERSATION_ID --json | jq -r .answer"))
async def list_all(
    job: Job,
    conversation_id: Annotated[str, typer.Argument(metavar="CONVERSATION_ID")],
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the messages of a conversation; the newest page comes first, and inside a page the oldest message."""
    found = job.client.messages.list(conversation_id, limit=100 if all else min(limit, 100))
    await job.out.pages(found, ("id", "created_at", "query", "answer", "feedback.rating"), limit=limit, all=all)


@command(messages, "suggested", user=True)
async def suggested(job: Job, message_id: MessageId) -> None:
    """What the user might ask next; the app has to have this switched on."""
    for question in await job.client.messages.suggested(message_id):
        job.out.text(question)


@command(
    messages,
    "rate",
    user=True,
    epilog=examples('dify messages rate MESSAGE_ID like --comment "Just right"', "dify messages rate MESSAGE_ID none"),
)
async def rate(
    job: Job,
    message_id: MessageId,
    rating: Annotated[str, typer.Argument(metavar="like|dislike|none")],
    comment: Annotated[
        str | None, typer.Option("--comment", metavar="TEXT", help="What the user says about it.")
    ] = None,
) -> None:
    """Rate an answer; none takes a rating back."""
    if rating not in ("like", "dislike", "none"):
        raise typer.BadParameter("a rating is like, dislike or none")
    given = None if rating == "none" else rating
    await job.client.messages.feedback(message_id, given, content=comment)
    job.out.done("rated" if given else "taken back")


@command(feedbacks, "feedbacks", epilog=examples("dify feedbacks --all --json > feedbacks.jsonl"))
async def list_feedbacks(job: Job, limit: Limit = 20, all: All = False) -> None:
    """List the ratings of the app's answers, whoever gave them."""
    found = job.client.app.feedbacks(limit=100 if all else min(limit + 1, 100))
    await job.out.pages(found, ("message_id", "rating", "content", "from_source", "created_at"), limit=limit, all=all)
