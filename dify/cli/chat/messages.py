"""`dify messages` and `dify feedbacks`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Context, command, examples, single
from ..groups import group
from ..options import All, Limit, literal

__all__ = ["feedbacks", "messages"]

messages = group("List the messages of a conversation, show suggested questions, and rate answers.")
messages.info.name = "messages"
feedbacks = single()

MessageId = Annotated[str, typer.Argument(metavar="message-id", help="Id of the message.")]


@command(messages, "list", user=True, epilog=examples("dify messages list CONVERSATION_ID --json | jq -r .answer"))
async def list_messages(
    ctx: Context,
    conversation_id: Annotated[str, typer.Argument(metavar="conversation-id", help="Id of the conversation.")],
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the messages of a conversation. The newest page is first; inside a page, the oldest message is first."""
    pager = ctx.client.messages.list(conversation_id, limit=100 if all else min(limit, 100))
    await ctx.output.pages(pager, ("id", "created_at", "query", "answer", "feedback.rating"), limit=limit, all=all)


@command(messages, "suggested", user=True)
async def suggested(ctx: Context, message_id: MessageId) -> None:
    """Show suggested follow-up questions. The app must have this feature enabled."""
    for question in await ctx.client.messages.suggested_questions(message_id):
        ctx.output.text(question)


@command(
    messages,
    "rate",
    user=True,
    epilog=examples('dify messages rate MESSAGE_ID like --comment "Just right"', "dify messages rate MESSAGE_ID none"),
)
async def rate(
    ctx: Context,
    message_id: MessageId,
    rating: Annotated[str, typer.Argument(metavar="like|dislike|none", help="Rating; none removes the user's rating.")],
    comment: Annotated[str | None, typer.Option("--comment", metavar="text", help="Comment of the user.")] = None,
) -> None:
    """Rate an answer."""
    value = literal(rating, "the rating", ("like", "dislike", "none"))
    await ctx.client.messages.feedback(message_id, None if value == "none" else value, content=comment)
    ctx.output.status("rating removed" if value == "none" else "rating saved")


@command(feedbacks, "feedbacks", epilog=examples("dify feedbacks --all --json > feedbacks.jsonl"))
async def list_feedbacks(ctx: Context, limit: Limit = 20, all: All = False) -> None:
    """List the ratings of the app's answers by all users."""
    pager = ctx.client.app.feedbacks(limit=100 if all else min(limit + 1, 100))
    await ctx.output.pages(
        pager, ("message_id", "rating", "content", "from_source", "created_at"), limit=limit, all=all
    )
