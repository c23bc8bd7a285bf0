"""Conversations of chat apps, agents and chatflows, and the variables that chatflows keep in them."""

from __future__ import annotations

from typing import Any

from ..._config import RequestOptions
from ..._protocol.paging import VARIABLES, conversations_order
from ..._protocol.request import Call, compact
from ...errors import InvalidArgumentError
from ...types.conversations import Conversation, ConversationOrder, ConversationVariable
from ..pager import AsyncPager
from ._base import AsyncResource

__all__ = ["AsyncConversations"]


class AsyncConversations(AsyncResource):
    """List, name and delete the conversations of a user.

    Example:
        ```python
        async for conversation in client.conversations.list():
            print(conversation.id, conversation.name)
        ```
    """

    def list(
        self,
        *,
        user: str | None = None,
        last_id: str | None = None,
        limit: int | None = None,
        sort_by: ConversationOrder | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Conversation]:
        """The user's conversations, the one that was active last first (getConversationsList).

        A walk gives every conversation once, also when one moves to the front meanwhile.

        Args:
            user: Whose conversations; the client's default user where None.
            last_id: Begin after this conversation, the last one of a page seen before.
            limit: Items per page, 1 to 100 (the server's default: 20).
            sort_by: By which time to order (the server's default: "-updated_at").
            options: Settings for this call alone.

        Raises:
            NotThisAppTypeError: The key's app has no conversations.
            NotFoundError: There is no conversation `last_id`.
            IncompleteListError: A hundred conversations or more have the same time.

        Example:
            ```python
            page = await client.conversations.list(limit=5)
            for conversation in page.data:
                print(conversation.name, conversation.updated_at)
            ```
        """
        call = Call.of(
            "getConversationsList", query=compact(user=self._user(user), last_id=last_id, limit=limit, sort_by=sort_by)
        )
        return AsyncPager(self._transport, call, Conversation, order=conversations_order(sort_by), options=options)

    async def rename(
        self,
        conversation_id: str,
        name: str | None = None,
        *,
        auto_generate: bool | None = None,
        user: str | None = None,
        options: RequestOptions | None = None,
    ) -> Conversation:
        """Give a conversation a name, or let the app's model find one (renameConversation).

        Args:
            conversation_id: The conversation.
            name: Its new name; needed unless `auto_generate`.
            auto_generate: Have a name made from the conversation; this calls a model and takes as long.
            user: Whose conversation it is; the client's default user where None.
            options: Settings for this call alone.

        Raises:
            InvalidArgumentError: There is neither a name nor `auto_generate`, or both.
            BadRequestError: There is nothing in the conversation to make a name from.
            ConversationNotFoundError: This user has no such conversation.

        Example:
            ```python
            conversation = await client.conversations.rename(conversation_id, "Trip to Rome")
            print(conversation.name)
            ```
        """
        body = compact(name=name, auto_generate=auto_generate, user=self._user(user))
        if not auto_generate and (name is None or not name.strip()):
            raise InvalidArgumentError("name is empty: pass a name, or auto_generate=True")
        if auto_generate and name is not None:
            raise InvalidArgumentError("name and auto_generate=True exclude each other: the server ignores the name")
        call = Call.of("renameConversation", conversation_id=conversation_id, json=body)
        return await self._transport.fetch(call, Conversation, options)

    async def delete(
        self, conversation_id: str, *, user: str | None = None, options: RequestOptions | None = None
    ) -> None:
        """Delete a conversation (deleteConversation).

        Args:
            conversation_id: The conversation.
            user: Whose conversation it is; the client's default user where None.
            options: Settings for this call alone.

        Raises:
            ConversationNotFoundError: This user has no such conversation (any more).

        Example:
            ```python
            await client.conversations.delete(conversation_id)
            ```
        """
        await self._transport.send(
            Call.of("deleteConversation", conversation_id=conversation_id, json={"user": self._user(user)}),
            options,
        )

    def variables(
        self,
        conversation_id: str,
        *,
        user: str | None = None,
        last_id: str | None = None,
        limit: int | None = None,
        variable_name: str | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[ConversationVariable]:
        """What a chatflow remembers in a conversation (getConversationVariables). Needs a server from 1.9 on.

        All variables of a conversation are created at the same time, and servers cannot give more than 100 of these.

        Args:
            conversation_id: The conversation.
            user: Whose conversation it is; the client's default user where None.
            last_id: Begin after this variable, the last one of a page seen before.
            limit: Items per page, 1 to 100 (the server's default: 20).
            variable_name: Only variables with this text in their name: letters, digits, `-`, `_` and `.`. Servers on
                PostgreSQL, 1.14.2 among them, answer it with HTTP 500.
            options: Settings for this call alone.

        Raises:
            ConversationNotFoundError: This user has no such conversation.
            NotThisAppTypeError: The key's app has no conversations.
            IncompleteListError: More than 100 variables were created at the same time.

        Example:
            ```python
            async for variable in client.conversations.variables(conversation_id):
                print(variable.name, variable.value)
            ```
        """
        call = Call.of(
            "getConversationVariables",
            conversation_id=conversation_id,
            query=compact(user=self._user(user), last_id=last_id, limit=limit, variable_name=variable_name),
        )
        return AsyncPager(self._transport, call, ConversationVariable, order=VARIABLES, options=options)

    async def update_variable(
        self,
        conversation_id: str,
        variable_id: str,
        value: Any,
        *,
        user: str | None = None,
        options: RequestOptions | None = None,
    ) -> ConversationVariable:
        """Change what a chatflow remembers (updateChatConversationVariable). Needs a server from 1.9 on.

        Args:
            conversation_id: The conversation.
            variable_id: The variable, from `variables`; not its name.
            value: The new value as such, a list for an array and so on; only the answer has it as text.
            user: Whose conversation it is; the client's default user where None.
            options: Settings for this call alone.

        Raises:
            BadRequestError: The value is not of the variable's type.
            NotFoundError: There is no such conversation of this user, or no such variable in it.

        Example:
            ```python
            variable = await client.conversations.update_variable(conversation_id, variable_id, ["tea", "milk"])
            print(variable.value)
            ```
        """
        call = Call.of(
            "updateChatConversationVariable",
            conversation_id=conversation_id,
            variable_id=variable_id,
            json={"value": value, "user": self._user(user)},
        )
        return await self._transport.fetch(call, ConversationVariable, options)
