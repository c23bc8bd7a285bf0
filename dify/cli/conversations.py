"""`dify conversations`."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from .command import Job, command, examples
from .inputs import parse_pairs
from .lazy import group
from .options import All, Limit, Yes, confirmed

__all__ = ["conversations"]

conversations = group("Conversations of an end user, and what chatflows remember in them.")
conversations.info.name = "conversations"

Id = Annotated[str, typer.Argument(metavar="CONVERSATION_ID")]


@command(
    conversations,
    "list",
    user=True,
    epilog=examples("dify conversations list", "dify conversations list --sort -created_at"),
)
async def list_all(
    job: Job,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="FIELD", help="created_at or updated_at; - in front for newest first."),
    ] = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the user's conversations, the one that was active last first."""
    found = job.client.conversations.list(sort_by=sort, limit=100 if all else min(limit + 1, 100))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await job.out.pages(found, ("id", "name", "updated_at"), limit=limit, all=all)


@command(conversations, "rename", user=True, epilog=examples('dify conversations rename ID "Trip to Rome"'))
async def rename(
    job: Job, conversation_id: Id, name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None
) -> None:
    """Give a conversation a name; without one the app's model finds one."""
    if name is not None and not name.strip():
        raise typer.BadParameter("NAME is empty; leave it out to have the app's model find one")
    renamed = await job.client.conversations.rename(conversation_id, name, auto_generate=True if name is None else None)
    job.out.one(renamed, ("id", "name"))


@command(conversations, "delete", user=True)
async def delete(job: Job, conversation_id: Id, yes: Yes = False) -> None:
    """Delete a conversation."""
    confirmed(f"Delete the conversation {conversation_id}?", yes)
    await job.client.conversations.delete(conversation_id)
    job.out.done("deleted")


@command(conversations, "variables", user=True)
async def variables(job: Job, conversation_id: Id, limit: Limit = 100, all: All = False) -> None:
    """List what a chatflow remembers in a conversation."""
    found = job.client.conversations.variables(conversation_id, limit=min(limit + 1, 100))
    await job.out.pages(found, ("id", "name", "value_type", "value"), limit=limit, all=all)


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
    job: Job,
    conversation_id: Id,
    variable_id: Annotated[str, typer.Argument(metavar="VARIABLE_ID", help="Its id, not its name.")],
    value: Annotated[str, typer.Argument(metavar="value=TEXT|value:=JSON")],
) -> None:
    """Change what a chatflow remembers."""
    pairs = parse_pairs([value])
    if len(pairs) != 1 or pairs[0].is_file or pairs[0].key != "value":
        raise typer.BadParameter("write value=TEXT or value:=JSON")
    given = cast("object", pairs[0].value)
    changed = await job.client.conversations.update_variable(conversation_id, variable_id, given)
    job.out.one(changed, ("id", "name", "value_type", "value"))
