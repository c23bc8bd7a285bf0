"""`dify profile`: manage servers and keys in the config file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer

from ..config import Config, Profile, config_path, load_config, save_config
from ..exits import USAGE, CommandError
from ..groups import CONTEXT_SETTINGS, Command, group
from ..options import Yes, confirm
from ..terminal.screen import Screen, report, to_json

__all__ = ["profile"]

profile = group(
    "Manage profiles: servers and keys in a config file.\n\nThe file is $DIFY_CONFIG, or dify/config.toml in the user's "
    "config directory (~/.config). It is readable by its owner only; a file with keys that others can read is rejected."
)

Name = Annotated[str, typer.Argument(metavar="name", help="Name of the profile.")]


def _run(work: Callable[[], None]) -> None:
    try:
        work()
    except CommandError as error:
        report(str(error))
        raise typer.Exit(error.code) from None


def _mask(key: str | None, show: bool) -> str:
    if key is None or show:
        return key or ""
    kind, dash, _ = key.partition("-")
    return f"{kind}-…" if dash else "…"


@profile.command("list", cls=Command, context_settings=CONTEXT_SETTINGS)
def list_profiles(
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")] = False,
) -> None:
    """List the profiles, without keys; * marks the default."""

    def work() -> None:
        screen, config = Screen(), load_config(config_path())
        for name, entry in config.profiles.items():
            is_default = name == config.default
            if json:
                data = {"name": name, "default": is_default, "base_url": entry.base_url, "user": entry.user}
                screen.line(
                    to_json({**data, "app_key": bool(entry.api_key), "knowledge_key": bool(entry.knowledge_api_key)})
                )
            else:
                keys = [kind for kind, key in (("app", entry.api_key), ("knowledge", entry.knowledge_api_key)) if key]
                columns = ["*" if is_default else " ", name, entry.base_url or "Dify Cloud", "+".join(keys) or "no key"]
                screen.line("\t".join(columns))

    _run(work)


@profile.command(
    "set",
    cls=Command,
    context_settings=CONTEXT_SETTINGS,
    epilog="\b\nExamples:\n  dify profile set work --base-url dify.example.com --api-key\n"
    "  pass show dify | dify profile set work --api-key\n  dify profile set work --user alice --default",
)
def set_profile(
    name: Name,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="url", help="Address of the server's API.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="id", help="Id of the end user who owns conversations and files.")
    ] = None,
    api_key: Annotated[bool, typer.Option("--api-key", help="Prompt for the app key; in a pipe, read a line.")] = False,
    knowledge_api_key: Annotated[
        bool, typer.Option("--knowledge-api-key", help="Prompt for the knowledge key; in a pipe, read a line.")
    ] = False,
    default: Annotated[bool, typer.Option("--default", help="Make it the default profile.")] = False,
) -> None:
    """Create or update a profile. Omitted settings are not changed; the first profile becomes the default."""

    def work() -> None:
        from ..terminal.prompts import prompt_secret

        if not name.strip():
            raise CommandError("the profile name is empty", USAGE)
        path = config_path()
        config = load_config(path)
        entry = config.profiles.get(name, Profile())
        if base_url is not None:
            entry = replace(entry, base_url=base_url)
        if user is not None:
            entry = replace(entry, user=user)
        if api_key:
            entry = replace(entry, api_key=_required(prompt_secret("App key (app-…): "), "app key"))
        if knowledge_api_key:
            key = _required(prompt_secret("Knowledge key (dataset-…): "), "knowledge key")
            entry = replace(entry, knowledge_api_key=key)
        _validate(entry)
        default_name = name if default or config.default is None else config.default
        save_config(path, Config({**config.profiles, name: entry}, default_name))
        Screen().note(f"saved profile {name} in {path}")

    _run(work)


def _required(key: str, kind: str) -> str:
    if not key:
        raise CommandError(f"the {kind} is empty; type it at the prompt, or pipe it to standard input", USAGE)
    return key


def _validate(entry: Profile) -> None:
    """Check the settings by creating a client with them."""
    from dify import ConfigurationError, Dify

    try:
        Dify(
            entry.api_key or "app-none",
            knowledge_api_key=entry.knowledge_api_key or "dataset-none",
            base_url="https://api.dify.ai/v1" if entry.base_url is None else entry.base_url,
            user=entry.user,
        ).close()
    except ConfigurationError as error:
        raise CommandError(error.message, USAGE) from None


@profile.command("show", cls=Command, context_settings=CONTEXT_SETTINGS)
def show(
    name: Name, keys: Annotated[bool, typer.Option("--show-keys", help="Show the keys unmasked.")] = False
) -> None:
    """Show a profile, with masked keys."""

    def work() -> None:
        entry = _find(load_config(config_path()), name)
        screen = Screen()
        for label, value in (
            ("base_url", entry.base_url or ""),
            ("user", entry.user or ""),
            ("api_key", _mask(entry.api_key, keys)),
            ("knowledge_api_key", _mask(entry.knowledge_api_key, keys)),
        ):
            screen.line(f"{label}\t{value}")

    _run(work)


@profile.command("use", cls=Command, context_settings=CONTEXT_SETTINGS)
def use(name: Name) -> None:
    """Make a profile the default."""

    def work() -> None:
        path = config_path()
        config = load_config(path)
        _find(config, name)
        save_config(path, Config(config.profiles, name))

    _run(work)


@profile.command("delete", cls=Command, context_settings=CONTEXT_SETTINGS)
def delete(name: Name, yes: Yes = False) -> None:
    """Delete a profile and its keys."""

    def work() -> None:
        path = config_path()
        config = load_config(path)
        _find(config, name)
        confirm(f"Delete the profile {name}?", yes)
        profiles = {other: entry for other, entry in config.profiles.items() if other != name}
        save_config(path, Config(profiles, None if config.default == name else config.default))

    _run(work)


@profile.command("path", cls=Command, context_settings=CONTEXT_SETTINGS)
def path() -> None:
    """Print the path of the config file."""
    Screen().line(str(config_path()))


def _find(config: Config, name: str) -> Profile:
    if name not in config.profiles:
        known = ", ".join(sorted(config.profiles))
        raise CommandError(f"no profile {name!r} ({f'profiles: {known}' if known else 'there are no profiles'})", USAGE)
    return config.profiles[name]
