"""How a command is made: an async function of its own arguments; what all commands have in common comes from here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast, get_type_hints

import typer

from . import session as s
from .lazy import HELP_NAMES
from .output import Output
from .render import Screen

if TYPE_CHECKING:
    from dify import AsyncDify

__all__ = ["Job", "command", "examples", "single"]


@dataclass(frozen=True, slots=True)
class Job:
    """What a command works with.

    Attributes:
        session: Whom it talks to.
        client: The open client.
        screen: Where notes go.
        out: Where results go.
        as_json: Whether a program reads them.
        verbose: Whether to say more.
    """

    session: s.Session
    client: AsyncDify
    screen: Screen
    out: Output
    as_json: bool
    verbose: bool


_COMMON: dict[str, tuple[Any, Any]] = {
    "user": (
        Annotated[
            str | None,
            typer.Option(
                "--user",
                "-u",
                envvar="DIFY_USER",
                metavar="ID",
                help="The end user who asks; conversations and files are theirs.  [default: the profile's, or cli]",
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
                metavar="NAME",
                help="Server and keys from the config file; else DIFY_PROFILE.",
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
                metavar="URL",
                help="The server's API address; else the profile's or DIFY_BASE_URL, else Dify Cloud.",
                show_default=False,
            ),
        ],
        None,
    ),
    "json": (Annotated[bool, typer.Option("--json", help="Print JSON for programs, one object per line.")], False),
    "verbose": (
        Annotated[bool, typer.Option("--verbose", "-v", help="Say more on standard error, also in a pipe.")],
        False,
    ),
    "emulator": (
        Annotated[
            bool, typer.Option("--emulator", help="Answer in this process with an app that echoes: no server, no key.")
        ],
        False,
    ),
}


def _profile_names() -> list[str]:
    from .exits import Failure
    from .profiles import config_path, load

    try:
        return sorted(load(config_path()).profiles)
    except Failure:
        return []


def command(
    app: typer.Typer,
    name: str,
    *,
    key: s.KeyName = "app",
    user: bool = False,
    emulator: str | None = None,
    help: str | None = None,
    epilog: str | None = None,
) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Callable[..., Any]]:
    """Make a command of an async function: its first parameter is the job, the others are the command's own.

    Args:
        app: Where it belongs.
        name: How it is called.
        key: Which key it needs.
        user: Whether it asks for an end user.
        emulator: The argument to show with `--emulator`, which the command then has.
        help: What it is for; its docstring where None.
        epilog: Examples.
    """

    def add(work: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Any]:
        own = list(inspect.signature(work).parameters.values())[1:]
        hints = get_type_hints(work, include_extras=True)
        shared = [each for each in _COMMON if (each != "user" or user) and (each != "emulator" or emulator)]
        path = f"{app.info.name} {name}" if isinstance(app.info.name, str) else name

        def call(**values: Any) -> None:
            common = {each: values.pop(each) for each in shared}
            first = values.get(emulator or "")
            again = [str(word) for word in cast("list[object]", first)] if isinstance(first, list) else []
            again += [str(first)] if first is not None and not isinstance(first, list) else []
            session = s.Session(
                path,
                common.get("user"),
                common["base_url"],
                common.get("emulator", False),
                again if emulator else None,
                common["profile"],
                key,
            )
            screen = Screen(verbose=common["verbose"], as_json=common["json"])

            async def run() -> None:
                async with session.client() as client:
                    out = Output(screen, as_json=common["json"])
                    job = Job(session, client, screen, out, common["json"], common["verbose"])
                    await work(job, **values)

            s.perform(session, run)

        parameters = [each.replace(annotation=hints[each.name]) for each in own]
        parameters += [
            inspect.Parameter(
                each, inspect.Parameter.KEYWORD_ONLY, default=_COMMON[each][1], annotation=_COMMON[each][0]
            )
            for each in shared
        ]
        by_keyword = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
        call.__signature__ = inspect.Signature(by_keyword)  # type: ignore[attr-defined]
        call.__annotations__ = {each.name: each.annotation for each in by_keyword}
        call.__name__ = work.__name__
        text = help or inspect.getdoc(work) or ""
        app.command(name, help=text, epilog=epilog, context_settings=HELP_NAMES)(call)
        return call

    return add


def single() -> typer.Typer:
    """A typer app for a command that stands by itself."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def examples(*lines: str, more: Sequence[str] = ()) -> str:
    """The end of a help text."""
    return "\b\nExamples:\n" + "\n".join([*(f"  {line}" for line in lines), *(["", "\b", *more] if more else [])])
