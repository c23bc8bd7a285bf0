"""Command groups whose modules are imported when a command is called, so that help and completion stay fast."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["CONTEXT_SETTINGS", "Command", "LazyGroup", "Sections", "group", "lazy"]

CONTEXT_SETTINGS = {"help_option_names": ["--help", "-h"]}


Sections = Mapping[str, Mapping[str, tuple[str, str]]]
"""Heading to command name to the command's module, relative to this package, and its line of help. The module holds the
command's typer app in a variable of the command's name."""


_HYPHEN = "\u2011"
"""A hyphen at which no line is broken, in place of the ones in names."""

_RANGES = ((re.compile(r"x>=(\d+)"), r"at least \1"), (re.compile(r"(\d+)<=x<=(\d+)"), r"\1 to \2"))


class Command(TyperCommand):
    """A command with the same help in every release of typer: the usage is `dify upload [OPTIONS] file...`.

    The list of arguments has no types, and ranges are in words.
    """

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line, which is wrapped between arguments only."""
        words = " ".join(self.collect_usage_pieces(ctx)).replace("-", _HYPHEN)
        formatter.write_usage(ctx.command_path, words)
        formatter.buffer[:] = [text.replace(_HYPHEN, "-") for text in formatter.buffer]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the lists of arguments and options."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record: tuple[str, str] | None = parameter.get_help_record(ctx)
            if record is None:
                continue
            name, text = record
            for pattern, words in _RANGES:
                text = pattern.sub(words, text)
            if parameter.param_type_name == "argument":
                # An argument without brackets in the usage line is required.
                sections["Arguments"].append((parameter.metavar or name, text.removesuffix("[required]").rstrip()))
            else:
                sections["Options"].append((name, text))
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line; optional arguments are in brackets."""
        pieces = ["[OPTIONS]"]
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument":
                name = f"{parameter.metavar or parameter.name}{'...' if parameter.nargs == -1 else ''}"
                pieces.append(name if parameter.required else f"[{name}]")
        return pieces


class LazyGroup(TyperGroup):
    """A group that knows the names and help lines of its commands, and imports a command when it is called."""

    sections: ClassVar[Sections] = {}
    _as_json = False
    lazy_commands: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Parse the arguments; `--help` prints here."""
        words = list(args[1] if len(args) > 1 else settings.get("args", ()))
        self._as_json = "--json" in words[: words.index("--") if "--" in words else None]
        with self._handle_errors():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Call the command."""
        with self._handle_errors():
            return super().invoke(ctx)

    @contextmanager
    def _handle_errors(self) -> Generator[None]:
        """Print errors of usage as JSON if `--json` is set; exit with a message if output cannot be written."""
        try:
            yield
        except OSError as error:  # a full disk, or a closed pipe
            from .runner import exit_with_error

            exit_with_error(error, "")
        except _USAGE_ERRORS as error:
            if not self._as_json:
                raise
            from .terminal.screen import report_json

            param = getattr(getattr(error, "param", None), "name", None) or getattr(error, "option_name", None)
            facts = {"code": "usage", "message": error.format_message(), "exit_code": error.exit_code}
            report_json(facts if param is None else {**facts, "param": param})
            raise typer.Exit(error.exit_code) from None

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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments name, and the remaining arguments.

        Raises:
            typer.BadParameter: The name is unknown; the message suggests similar names.
        """
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            similar = ", ".join(repr(match) for match in get_close_matches(name, self.list_commands(ctx)))
            raise UnknownCommand(f"No such command {name!r}.{f' Did you mean {similar}?' if similar else ''}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing them."""
        width = max(len(name) for name in self.lazy_commands)
        for heading, commands in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), line) for name, (_, line) in commands.items()])


# typer's releases differ in where their errors come from.
_USAGE_ERRORS: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


class UnknownCommand(typer.BadParameter):
    """The name of a command that does not exist."""

    def format_message(self) -> str:
        """Return the message without the prefix "Invalid value"."""
        return self.message


def lazy(sections: Sections) -> type[LazyGroup]:
    """Return a group class with these commands."""
    commands = {name: entry for section in sections.values() for name, entry in section.items()}
    return type("Commands", (LazyGroup,), {"sections": sections, "lazy_commands": commands})


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
