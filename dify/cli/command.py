"""The decorator that makes a command of an async function, and adds the options that all commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast, get_type_hints

import typer

from .groups import CONTEXT_SETTINGS, Command
from .output import Output
from .runner import run_command
from .session import KeyKind, Session
from .terminal.screen import Screen

if TYPE_CHECKING:
    from dify import AsyncDify

__all__ = ["Context", "command", "examples", "single"]


@dataclass(frozen=True, slots=True)
class Context:
    """The objects that a command works with.

    Attributes:
        session: Server, keys and user.
        client: An open client.
        screen: The writer of answers and notes.
        output: The writer of results.
        as_json: Whether `--json` is set.
        verbose: Whether `--verbose` is set.
    """

    session: Session
    client: AsyncDify
    screen: Screen
    output: Output
    as_json: bool
    verbose: bool


_SHARED_OPTIONS: dict[str, tuple[Any, Any]] = {
    "user": (
        Annotated[
            str | None,
            typer.Option(
                "--user",
                "-u",
                envvar="DIFY_USER",
                metavar="id",
                help="Id of the end user who owns conversations and files.  [default: the profile's, or cli]",
            ),
        ],
        None,
    ),
    "profile": (
        Annotated[
            str | None,
            typer.Option(
                "--profile",
                "-p",
                metavar="name",
                help="Use the server and keys of this profile.  [default: $DIFY_PROFILE]",
                autocompletion=lambda: _profile_names(),
            ),
        ],
        None,
    ),
    "base_url": (
        Annotated[
            str | None,
            typer.Option(
                "--base-url",
                metavar="url",
                help="Address of the server's API.  [default: the profile's, $DIFY_BASE_URL, or Dify Cloud]",
                show_default=False,
            ),
        ],
        None,
    ),
    "json": (Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")], False),
    "verbose": (
        Annotated[bool, typer.Option("--verbose", "-v", help="Print notes on standard error, also in a pipe.")],
        False,
    ),
    "emulator": (
        Annotated[bool, typer.Option("--emulator", help="Use a built-in echo app; requires no server and no key.")],
        False,
    ),
}


def _profile_names() -> list[str]:
    from .config import config_path, load_config
    from .exits import CommandError

    try:
        return sorted(load_config(config_path()).profiles)
    except CommandError:
        return []


def command(
    app: typer.Typer,
    name: str,
    *,
    key: KeyKind = "app",
    user: bool = False,
    emulator: str | None = None,
    help: str | None = None,
    epilog: str | None = None,
) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Callable[..., Any]]:
    """Return a decorator that adds an async function to a typer app as a command.

    The function's first parameter receives the `Context`; the others are the command's own arguments and options.

    Args:
        app: The typer app or group that the command belongs to.
        name: The command's name.
        key: The kind of key that the command requires.
        user: Whether the command has the option `--user`.
        emulator: The parameter whose value is repeated in the suggestion to use `--emulator`; None for a command without
            that option.
        help: The help text. Defaults to the function's docstring.
        epilog: The end of the help text; see `examples`.
    """

    def decorate(function: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Any]:
        own_parameters = list(inspect.signature(function).parameters.values())[1:]
        hints = get_type_hints(function, include_extras=True)
        shared = [
            option for option in _SHARED_OPTIONS if (option != "user" or user) and (option != "emulator" or emulator)
        ]
        names = {parameter.name: _shown_name(parameter.name, hints[parameter.name]) for parameter in own_parameters}
        path = f"{app.info.name} {name}" if isinstance(app.info.name, str) else name

        def call(**values: Any) -> None:
            options = {option: values.pop(option) for option in shared}
            session = Session(
                path,
                options.get("user"),
                options["base_url"],
                options.get("emulator", False),
                _as_arguments(values.get(emulator)) if emulator else None,
                options["profile"],
                key,
                names,
            )
            screen = Screen(verbose=options["verbose"], as_json=options["json"])

            async def work() -> None:
                async with session.client() as client:
                    output = Output(screen, as_json=options["json"])
                    await function(
                        Context(session, client, screen, output, options["json"], options["verbose"]), **values
                    )

            run_command(session, work, as_json=options["json"])

        parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in own_parameters]
        parameters += [
            inspect.Parameter(
                option,
                inspect.Parameter.KEYWORD_ONLY,
                default=_SHARED_OPTIONS[option][1],
                annotation=_SHARED_OPTIONS[option][0],
            )
            for option in shared
        ]
        keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        # typer reads the signature and the annotations of the function.
        call.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
        call.__annotations__ = {parameter.name: parameter.annotation for parameter in keyword_only}
        call.__name__ = function.__name__
        text = help or inspect.getdoc(function) or ""
        app.command(name, cls=Command, help=text, epilog=epilog, context_settings=CONTEXT_SETTINGS)(call)
        return call

    return decorate


def _shown_name(name: str, annotation: Any) -> str:
    """Return the name of a parameter on the command line: of an option "--name", of an argument its metavar."""
    for info in getattr(annotation, "__metadata__", ()):
        if isinstance(info, typer.models.OptionInfo):
            first = next(iter(info.param_decls or ()), None) if info.default is ... else info.default
            return str(first).partition("/")[0]  # in Annotated, typer keeps the first declaration as the default
        if isinstance(info, typer.models.ArgumentInfo) and isinstance(info.metavar, str):
            return info.metavar
    return name.replace("_", "-")


def _as_arguments(value: object) -> list[str]:
    """Return a parameter's value as the arguments that it was parsed from."""
    if isinstance(value, list):
        return [str(item) for item in cast("list[object]", value)]
    return [] if value is None else [str(value)]


def single() -> typer.Typer:
    """Return a typer app for a command that belongs to no group."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def examples(*lines: str, more: Sequence[str] = ()) -> str:
    """Return the end of a help text: examples, then further lines."""
    return "\b\nExamples:\n" + "\n".join([*(f"  {line}" for line in lines), *(["", "\b", *more] if more else [])])
