"""`dify conversations`."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from ..command import Context, command, examples
from ..groups import group
from ..inputs import parse_inputs
from ..options import All, Limit, Yes, confirm, literal

__all__ = ["conversations"]

conversations = group("Manage the conversations of an end user, and the variables that chatflows store in them.")
conversations.info.name = "conversations"

ConversationId = Annotated[str, typer.Argument(metavar="conversation-id", help="Id of the conversation.")]


@command(
    conversations,
    "list",
    user=True,
    epilog=examples("dify conversations list", "dify conversations list --sort -created_at"),
)
async def list_conversations(
    ctx: Context,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="field", help="Sort by created_at or updated_at; prefix - for newest first."),
    ] = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the user's conversations, most recently active first."""
    order = literal(sort, "--sort", ("created_at", "-created_at", "updated_at", "-updated_at"))
    pager = ctx.client.conversations.list(sort_by=order, limit=100 if all else min(limit + 1, 100))
    await ctx.output.pages(pager, ("id", "name", "updated_at"), limit=limit, all=all)


@command(conversations, "rename", user=True, epilog=examples('dify conversations rename ID "Trip to Rome"'))
async def rename(
    ctx: Context,
    conversation_id: ConversationId,
    name: Annotated[str | None, typer.Argument(metavar="name", help="New name.")] = None,
) -> None:
    """Rename a conversation. Without a name, the app's model generates one."""
    if name is not None and not name.strip():
        raise typer.BadParameter("the name is empty; pass a name, or omit it to have one generated")
    conversation = await ctx.client.conversations.rename(
        conversation_id, name, auto_generate=True if name is None else None
    )
    ctx.output.item(conversation, ("id", "name"))


@command(conversations, "delete", user=True)
async def delete(ctx: Context, conversation_id: ConversationId, yes: Yes = False) -> None:
    """Delete a conversation."""
    confirm(f"Delete the conversation {conversation_id}?", yes)
    await ctx.client.conversations.delete(conversation_id)
    ctx.output.status("deleted")


@command(conversations, "variables", user=True)
async def list_variables(ctx: Context, conversation_id: ConversationId, limit: Limit = 100, all: All = False) -> None:
    """List the variables that a chatflow stores in a conversation."""
    pager = ctx.client.conversations.variables(conversation_id, limit=min(limit + 1, 100))
    await ctx.output.pages(pager, ("id", "name", "value_type", "value"), limit=limit, all=all)


@command(
    conversations,
    "set-variable",
    user=True,
    epilog=examples(
        "dify conversations set-variable ID VARIABLE_ID value=milk",
        """dify conversations set-variable ID VARIABLE_ID 'value:=["tea", "milk"]'""",
    ),
)
async def set_variable(
    ctx: Context,
    conversation_id: ConversationId,
    variable_id: Annotated[str, typer.Argument(metavar="variable-id", help="Id of the variable, not its name.")],
    value: Annotated[str, typer.Argument(metavar="value=text|value:=json", help="New value.")],
) -> None:
    """Set a variable of a conversation."""
    inputs = parse_inputs([value])
    if len(inputs) != 1 or inputs[0].is_file or inputs[0].key != "value":
        raise typer.BadParameter("write the new value as value=text or value:=json")
    variable = await ctx.client.conversations.update_variable(
        conversation_id, variable_id, cast("object", inputs[0].value)
    )
    ctx.output.item(variable, ("id", "name", "value_type", "value"))
