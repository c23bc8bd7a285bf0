"""A group of commands whose modules load when one of them is called: help and completion of the rest cost nothing."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["HELP_NAMES", "LazyGroup", "group", "lazy"]

HELP_NAMES = {"help_option_names": ["--help", "-h"]}


class LazyGroup(TyperGroup):
    """Knows its commands by name and one line of help; `commands_of` says where each is."""

    commands_of: Mapping[str, tuple[str, str]] = {}
    """Name of a command to the module that has it as `app` (relative to this package), and its line of help."""

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """What the words say; help is written meanwhile."""
        with _told():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Do what they say."""
        with _told():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order in which help shows them."""
        return [*super().list_commands(ctx), *self.commands_of]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, loaded now; None where there is none of that name."""
        found = self.commands_of.get(cmd_name)
        if found is None:
            return super().get_command(ctx, cmd_name)
        module, line = found
        command = typer.main.get_command(import_module(f".{module}", __package__).__dict__[cmd_name.replace("-", "_")])
        command.name = cmd_name
        command.short_help = line
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands of the help, from the lines that are known without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.commands_of.items()])


@contextmanager
def _told() -> Generator[None]:
    """An output that cannot be written, because the disk is full or its reader has left, is no traceback."""
    try:
        yield
    except OSError as error:
        from .session import end_with

        end_with(error, "")


def lazy(commands: Mapping[str, tuple[str, str]]) -> type[LazyGroup]:
    """A class of group with these commands."""
    return type("Commands", (LazyGroup,), {"commands_of": commands})


def group(help: str, *, cls: type[TyperGroup] | None = None, epilog: str | None = None) -> typer.Typer:
    """A typer app set up as all of this command are."""
    return typer.Typer(
        cls=cls,
        help=help,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        # Markup would eat the brackets of dify[emulator], and help is the same words in a pipe as on a terminal.
        rich_markup_mode=None,
        # Plain tracebacks: the pretty ones can show local variables, among them keys.
        pretty_exceptions_enable=False,
        context_settings=HELP_NAMES,
    )
