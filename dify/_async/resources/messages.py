"""Stored messages, suggested questions and feedback."""

from __future__ import annotations

import builtins

from ..._config import RequestOptions
from ..._protocol.paging import MESSAGES
from ..._protocol.request import Call, compact
from ...errors import InvalidArgumentError
from ...types.messages import Message, Rating, SuggestedQuestions
from ..pager import AsyncPager
from ._base import AsyncResource

__all__ = ["AsyncMessages"]


class AsyncMessages(AsyncResource):
    """Messages of conversations, and their feedback.

    Example:
        ```python
        async for message in client.messages.list(conversation_id):
            print(message.query, "->", message.answer)
        ```
    """

    def list(
        self,
        conversation_id: str,
        *,
        user: str | None = None,
        first_id: str | None = None,
        limit: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Message]:
        """List the messages of a conversation (getConversationHistory).

        The first page has the newest messages; within a page, messages are ordered from old to new.

        Args:
            conversation_id: Id of the conversation.
            user: End user who owns the conversation; by default the client's user.
            first_id: Id of the message to end before, the first one of an earlier page.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Options of this call.

        Raises:
            ConversationNotFoundError: The user has no such conversation.
            NotThisAppTypeError: The app has no conversations.
            IncompleteListError: 100 or more messages have the same time.

        Example:
            ```python
            page = await client.messages.list(conversation_id, limit=5)
            print(page.data[-1].answer)
            ```
        """
        call = Call.of(
            "getConversationHistory",
            query=compact(conversation_id=conversation_id, user=self._user(user), first_id=first_id, limit=limit),
        )
        return AsyncPager(self._transport, call, Message, order=MESSAGES, options=options)

    async def suggested_questions(
        self, message_id: str, *, user: str | None = None, options: RequestOptions | None = None
    ) -> builtins.list[str]:
        """Return suggestions for the next question (getSuggestedQuestions).

        The server generates them with a model. The app must have suggested questions enabled.

        Args:
            message_id: Id of the last message, from `reply.message_id`.
            user: End user who owns the message; by default the client's user.
            options: Options of this call.

        Raises:
            BadRequestError: Suggested questions are disabled in the app.
            NotThisAppTypeError: The app has no conversations.
            NotFoundError: The user has no such message.

        Example:
            ```python
            reply = await client.chat.send("What is Dify?")
            for question in await client.messages.suggested_questions(reply.message_id):
                print(question)
            ```
        """
        call = Call.of("getSuggestedQuestions", message_id=message_id, query={"user": self._user(user)})
        return (await self._transport.fetch(call, SuggestedQuestions, options)).data

    async def feedback(
        self,
        message_id: str,
        rating: Rating | None,
        *,
        content: str | None = None,
        user: str | None = None,
        options: RequestOptions | None = None,
    ) -> None:
        """Rate a reply, or remove a rating (postChatMessageFeedback).

        Args:
            message_id: Id of the message, from `reply.message_id`.
            rating: "like" or "dislike"; None removes the rating.
            content: Comment of the user; requires a rating.
            user: End user who owns the message; by default the client's user.
            options: Options of this call.

        Raises:
            BadRequestError: The message has no rating to remove.
            NotFoundError: The user has no such message.

        Example:
            ```python
            await client.messages.feedback(message_id, "like", content="Just what I needed")
            ```
        """
        # None is sent: it removes the rating.
        body = {"rating": rating, **compact(content=content), "user": self._user(user)}
        if rating is None and content is not None:
            raise InvalidArgumentError(
                "content goes with a rating: the server ignores it when a rating is taken back", param="content"
            )
        call = Call.of("postChatMessageFeedback", message_id=message_id, json=body)
        await self._transport.send(call, options)
