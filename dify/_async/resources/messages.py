"""Messages as stored, what may be asked next, and what people think of the answers."""

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
    """Read the messages of conversations, and rate them.

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
        """The messages of a conversation (getConversationHistory).

        The first page holds the newest messages and each further page older ones; inside a page the oldest comes first.

        Args:
            conversation_id: The conversation.
            user: Whose conversation it is; the client's default user where None.
            first_id: Begin before this message, the first one of a page seen before.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Settings for this call alone.

        Raises:
            ConversationNotFoundError: This user has no such conversation.
            NotThisAppTypeError: The key's app has no conversations.
            IncompleteListError: A hundred messages or more have the same time.

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
        """What the user might ask next (getSuggestedQuestions). The app has to have this switched on; it calls a model.

        Args:
            message_id: The message after which to ask, from `reply.message_id`.
            user: Whose message it is; the client's default user where None.
            options: Settings for this call alone.

        Raises:
            BadRequestError: The app does not suggest questions.
            NotThisAppTypeError: The key's app has no conversations.
            NotFoundError: This user has no such message.

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
        """Rate an answer, or take a rating back (postChatMessageFeedback).

        Args:
            message_id: The message, from `reply.message_id`.
            rating: "like" or "dislike"; None takes the rating back.
            content: What the user says about it; goes with a rating only.
            user: Whose message it is; the client's default user where None.
            options: Settings for this call alone.

        Raises:
            BadRequestError: There is no rating to take back.
            NotFoundError: This user has no such message.

        Example:
            ```python
            await client.messages.feedback(message_id, "like", content="Just what I needed")
            ```
        """
        # None stands in the body: it is how a rating is taken back.
        body = {"rating": rating, **compact(content=content), "user": self._user(user)}
        if rating is None and content is not None:
            raise InvalidArgumentError("content goes with a rating: the server ignores it when a rating is taken back")
        call = Call.of("postChatMessageFeedback", message_id=message_id, json=body)
        await self._transport.send(call, options)
