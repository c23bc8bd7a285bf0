"""Command groups whose modules are imported when a command is called, so that help and completion stay fast."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["CONTEXT_SETTINGS", "LazyGroup", "group", "lazy"]

CONTEXT_SETTINGS = {"help_option_names": ["--help", "-h"]}


class LazyGroup(TyperGroup):
    """A group that knows the names and help lines of its commands, and imports a command when it is called."""

    lazy_commands: Mapping[str, tuple[str, str]] = {}
    """Command name to its module, relative to this package, and its line of help. The module holds the command's typer app
    in a variable of the command's name."""

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Parse the arguments; `--help` prints here."""
        with _handle_output_errors():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Call the command."""
        with _handle_output_errors():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return [*super().list_commands(ctx), *self.lazy_commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return a command, or return None if the name is unknown."""
        entry = self.lazy_commands.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        module, line = entry
        app = import_module(f".{module}", __package__).__dict__[cmd_name.replace("-", "_")]
        command = typer.main.get_command(app)
        command.name = cmd_name
        command.short_help = line
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.lazy_commands.items()])


@contextmanager
def _handle_output_errors() -> Generator[None]:
    """Exit with a message, not a traceback, if output cannot be written (full disk, closed pipe)."""
    try:
        yield
    except OSError as error:
        from .runner import exit_with_error

        exit_with_error(error, "")


def lazy(commands: Mapping[str, tuple[str, str]]) -> type[LazyGroup]:
    """Return a group class with these commands."""
    return type("Commands", (LazyGroup,), {"lazy_commands": commands})


def group(help: str, *, cls: type[TyperGroup] | None = None, epilog: str | None = None) -> typer.Typer:
    """Return a typer app for a group of commands, with the settings that all groups share."""
    return typer.Typer(
        cls=cls,
        help=help,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        # Markup would remove the brackets of dify[emulator], and would make help differ between a pipe and a terminal.
        rich_markup_mode=None,
        # Pretty tracebacks can show local variables, and so keys.
        pretty_exceptions_enable=False,
        context_settings=CONTEXT_SETTINGS,
    )
