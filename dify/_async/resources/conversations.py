"""Conversations of end users and their variables."""

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
    """Conversations of chat apps, agents and chatflows.

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
        """List the conversations of a user, latest activity first (getConversationsList).

        Iterating yields every conversation once, even if one moves to the front meanwhile.

        Args:
            user: End user who owns the conversations; by default the client's user.
            last_id: Id of the conversation to start after, the last one of an earlier page.
            limit: Items per page, 1 to 100 (the server's default: 20).
            sort_by: Order of the list (the server's default: "-updated_at").
            options: Options of this call.

        Raises:
            NotThisAppTypeError: The app has no conversations.
            NotFoundError: The conversation `last_id` does not exist.
            IncompleteListError: 100 or more conversations have the same time.

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
        """Rename a conversation, or generate a name (renameConversation).

        Args:
            conversation_id: Id of the conversation.
            name: New name; required without `auto_generate`.
            auto_generate: Generate a name from the conversation, which calls a model.
            user: End user who owns the conversation; by default the client's user.
            options: Options of this call.

        Raises:
            InvalidArgumentError: Neither a name nor `auto_generate` was passed, or both.
            BadRequestError: The conversation has no messages to generate a name from.
            ConversationNotFoundError: The user has no such conversation.

        Example:
            ```python
            conversation = await client.conversations.rename(conversation_id, "Trip to Rome")
            print(conversation.name)
            ```
        """
        body = compact(name=name, auto_generate=auto_generate, user=self._user(user))
        if not auto_generate and (name is None or not name.strip()):
            raise InvalidArgumentError("name is empty: pass a name, or auto_generate=True", param="name")
        if auto_generate and name is not None:
            raise InvalidArgumentError(
                "name and auto_generate=True exclude each other: the server ignores the name", param="name"
            )
        call = Call.of("renameConversation", conversation_id=conversation_id, json=body)
        return await self._transport.fetch(call, Conversation, options)

    async def delete(
        self, conversation_id: str, *, user: str | None = None, options: RequestOptions | None = None
    ) -> None:
        """Delete a conversation (deleteConversation).

        Args:
            conversation_id: Id of the conversation.
            user: End user who owns the conversation; by default the client's user.
            options: Options of this call.

        Raises:
            ConversationNotFoundError: The user has no such conversation.

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
        """List the variables of a chatflow's conversation (getConversationVariables).

        Requires Dify 1.9 or later. Servers cannot list more than 100 variables, all of which are created at the same time.

        Args:
            conversation_id: Id of the conversation.
            user: End user who owns the conversation; by default the client's user.
            last_id: Id of the variable to start after, the last one of an earlier page.
            limit: Items per page, 1 to 100 (the server's default: 20).
            variable_name: Only variables whose name contains this text: letters, digits, `-`, `_` and `.`. Servers on
                PostgreSQL, 1.14.2 among them, fail with HTTP 500.
            options: Options of this call.

        Raises:
            ConversationNotFoundError: The user has no such conversation.
            NotThisAppTypeError: The app has no conversations.
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
        """Change a conversation variable (updateChatConversationVariable).

        Requires Dify 1.9 or later.

        Args:
            conversation_id: Id of the conversation.
            variable_id: Id of the variable, from `variables`; not its name.
            value: New value in its own type, such as a list for an array; the response has it as text.
            user: End user who owns the conversation; by default the client's user.
            options: Options of this call.

        Raises:
            BadRequestError: The value has another type than the variable.
            NotFoundError: The user has no such conversation, or it has no such variable.

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
