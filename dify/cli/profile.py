"""`dify profile`: servers and keys, kept in a config file that its owner alone can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer

from .exits import USAGE, Failure
from .lazy import HELP_NAMES, group
from .options import Yes, confirmed
from .profiles import Config, Profile, config_path, load, save
from .render import Screen, complain, to_json

__all__ = ["profile"]

profile = group(
    "Servers and keys, kept in a config file.\n\nThe file is DIFY_CONFIG, else dify/config.toml in the folder for settings "
    "(~/.config). It is written so that its owner alone can read it, and not used where others can."
)

Name = Annotated[str, typer.Argument(metavar="NAME")]


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except Failure as error:
        complain(str(error))
        raise typer.Exit(error.code) from None


def _masked(key: str | None, show: bool) -> str:
    if key is None or show:
        return key or ""
    kind, dash, _ = key.partition("-")
    return f"{kind}-…" if dash else "…"


@profile.command("list", context_settings=HELP_NAMES)
def list_all(json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """List the profiles; the default one has a star. Keys are not shown."""

    def work() -> None:
        screen, config = Screen(), load(config_path())
        for name, found in config.profiles.items():
            star = name == config.default
            if json:
                about = {"name": name, "default": star, "base_url": found.base_url, "user": found.user}
                screen.line(
                    to_json({**about, "app_key": bool(found.api_key), "knowledge_key": bool(found.knowledge_api_key)})
                )
            else:
                keys = [kind for kind, key in (("app", found.api_key), ("knowledge", found.knowledge_api_key)) if key]
                screen.line(
                    "\t".join(["*" if star else " ", name, found.base_url or "Dify Cloud", "+".join(keys) or "no key"])
                )

    _guarded(work)


@profile.command(
    "set",
    context_settings=HELP_NAMES,
    epilog="\b\nExamples:\n  dify profile set work --base-url dify.example.com --api-key\n"
    "  pass show dify | dify profile set work --api-key\n  dify profile set work --user alice --default",
)
def set_profile(
    name: Name,
    base_url: Annotated[str | None, typer.Option("--base-url", metavar="URL", help="The server's API address.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="The end user who asks.")] = None,
    api_key: Annotated[
        bool, typer.Option("--api-key", help="Ask for the app's key; from a pipe, read its line.")
    ] = False,
    knowledge_api_key: Annotated[
        bool, typer.Option("--knowledge-api-key", help="Ask for the knowledge key; likewise.")
    ] = False,
    default: Annotated[bool, typer.Option("--default", help="Use it where nothing else is said.")] = False,
) -> None:
    """Make a profile or change it; what is not named stays. The first one is the default."""

    def work() -> None:
        from .prompts import secret

        if not name.strip():
            raise Failure("a profile needs a name", USAGE)
        path = config_path()
        config = load(path)
        found = config.profiles.get(name, Profile())
        if base_url is not None:
            found = replace(found, base_url=base_url)
        if user is not None:
            found = replace(found, user=user)
        if api_key:
            found = replace(found, api_key=_key(secret("API key of the app (app-…): ")))
        if knowledge_api_key:
            found = replace(found, knowledge_api_key=_key(secret("Knowledge key (dataset-…): ")))
        _check(found)
        chosen = name if default or config.default is None else config.default
        save(path, Config({**config.profiles, name: found}, chosen))
        Screen().note(f"profile {name} is in {path}")

    _guarded(work)


def _key(typed: str) -> str:
    if not typed:
        raise Failure("no key was given", USAGE)
    return typed


def _check(found: Profile) -> None:
    """Have the client look at it, which knows what it takes."""
    from dify import ConfigurationError, Dify

    try:
        Dify(
            found.api_key or "app-none",
            knowledge_api_key=found.knowledge_api_key or "dataset-none",
            base_url="https://api.dify.ai/v1" if found.base_url is None else found.base_url,
            user=found.user,
        ).close()
    except ConfigurationError as error:
        raise Failure(str(error), USAGE) from None


@profile.command("show", context_settings=HELP_NAMES)
def show(
    name: Name, keys: Annotated[bool, typer.Option("--show-keys", help="Show the keys, which are hidden else.")] = False
) -> None:
    """Show a profile."""

    def work() -> None:
        found = _named(load(config_path()), name)
        screen = Screen()
        for label, value in (
            ("base_url", found.base_url or ""),
            ("user", found.user or ""),
            ("api_key", _masked(found.api_key, keys)),
            ("knowledge_api_key", _masked(found.knowledge_api_key, keys)),
        ):
            screen.line(f"{label}\t{value}")

    _guarded(work)


@profile.command("use", context_settings=HELP_NAMES)
def use(name: Name) -> None:
    """Make a profile the default."""

    def work() -> None:
        path = config_path()
        config = load(path)
        _named(config, name)
        save(path, Config(config.profiles, name))

    _guarded(work)


@profile.command("delete", context_settings=HELP_NAMES)
def delete(name: Name, yes: Yes = False) -> None:
    """Delete a profile with its keys."""

    def work() -> None:
        path = config_path()
        config = load(path)
        _named(config, name)
        confirmed(f"Delete the profile {name}?", yes)
        rest = {other: found for other, found in config.profiles.items() if other != name}
        save(path, Config(rest, None if config.default == name else config.default))

    _guarded(work)


@profile.command("path", context_settings=HELP_NAMES)
def path() -> None:
    """Print where the config file is."""
    Screen().line(str(config_path()))


def _named(config: Config, name: str) -> Profile:
    if name not in config.profiles:
        raise Failure(f"there is no profile {name!r} ({', '.join(sorted(config.profiles)) or 'there are none'})", USAGE)
    return config.profiles[name]
