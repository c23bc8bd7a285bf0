"""The config file: profiles, each with a server, its keys and a user."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from .exits import USAGE, CommandError
from .state import replace_file

__all__ = [
    "ADDRESS_VARIABLES",
    "Config",
    "Profile",
    "config_path",
    "environment_address",
    "load_config",
    "overridden_default_profile",
    "save_config",
    "select_profile",
]


@dataclass(frozen=True, slots=True)
class Profile:
    """One server, the keys for it, and the end user of requests."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    knowledge_api_key: str | None = field(default=None, repr=False)
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The content of the config file."""

    profiles: Mapping[str, Profile] = field(default_factory=dict[str, Profile])
    default: str | None = None


def config_path() -> Path:
    """Return the path of the file: `DIFY_CONFIG`, else `dify/config.toml` in the user's config directory."""
    path = os.environ.get("DIFY_CONFIG", "").strip()
    if path:
        return Path(path)
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or Path.home()) / "dify" / "config.toml"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "dify" / "config.toml"


def load_config(path: Path) -> Config:
    """Read the file; return an empty config if there is none.

    Raises:
        CommandError: The file cannot be read, contains keys that other users can read, or is invalid.
    """
    try:
        with path.open("rb") as file:
            content = file.read()
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}", USAGE) from None
    try:
        config = _parse(tomllib.loads(content.decode("utf-8-sig")))
    except (ValueError, TypeError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise CommandError(f"{path} is not a valid config file: {error}", USAGE) from None
    has_keys = any(profile.api_key or profile.knowledge_api_key for profile in config.profiles.values())
    mode = stat.S_IMODE(status.st_mode)
    if has_keys and os.name != "nt" and mode & 0o077:
        raise CommandError(
            f"{path} contains keys, and its permissions ({mode:04o}) let other users read or change it; "
            f"run: chmod 600 {path}",
            USAGE,
        )
    return config


def _parse(document: dict[str, Any]) -> Config:
    unknown = set(document) - {"default", "profiles"}
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r}; use `default` and [profiles.NAME]")
    tables = document.get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):  # pyright: ignore
        raise ValueError("write each profile as a table: [profiles.NAME]")
    known = {item.name for item in fields(Profile)}
    profiles: dict[str, Profile] = {}
    for name, table in cast("dict[str, dict[str, Any]]", tables).items():
        invalid = [key for key, value in table.items() if key not in known or not isinstance(value, str)]
        if invalid:
            raise ValueError(f"invalid {invalid[0]!r} in [profiles.{name}]; set strings for {', '.join(sorted(known))}")
        profiles[name] = Profile(**table)
    default = document.get("default")
    if default is not None and not isinstance(default, str):
        raise ValueError("`default` must be the name of a profile")
    return Config(profiles, default)


def save_config(path: Path, config: Config) -> None:
    """Replace the file atomically by one that only its owner can read."""
    path = path.resolve()  # write through a symbolic link, do not replace it
    if path.exists() and not path.is_file():  # such as /dev/null, which os.replace would replace
        raise CommandError(f"cannot write {path}: not a regular file", USAGE)
    lines: list[str] = []
    if config.default is not None:
        lines += [f"default = {_quote(config.default)}", ""]
    for name, profile in config.profiles.items():
        lines.append(f"[profiles.{_quote(name)}]")
        lines += [f"{key} = {_quote(value)}" for key, value in asdict(profile).items() if value is not None]
        lines.append("")
    try:
        replace_file(path, "\n".join(lines))
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}", USAGE) from None


def _quote(text: str) -> str:
    # JSON and TOML share their escapes, except that JSON leaves DEL unescaped.
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


ADDRESS_VARIABLES = ("DIFY_BASE_URL", "DIFY_API_BASE_URL", "DIFY_HOST")
"""Variables with the address of the server, as the client reads them. Only the first takes precedence over a profile."""


def select_profile(name: str | None) -> tuple[str | None, Profile | None]:
    """Return the profile to use and its name, or `(None, None)` to use the environment variables.

    Settings of a profile and of the environment are never mixed, so that a key is sent only to the server it was set up for.
    A profile named by `--profile` or `DIFY_PROFILE` takes precedence over the environment, and the environment over the
    default profile.

    Raises:
        CommandError: No such profile exists, or the file cannot be used.
    """
    selected = name or os.environ.get("DIFY_PROFILE", "").strip() or None
    if selected is None and _environment_has_settings():
        return None, None
    config = load_config(config_path())
    selected = selected or config.default
    if selected is None:
        return None, None
    if selected not in config.profiles:
        known = ", ".join(sorted(config.profiles))
        choices = f"profiles: {known}" if known else "there are no profiles; create one with `dify profile set`"
        raise CommandError(f"no profile {selected!r} in {config_path()} ({choices})", USAGE)
    return selected, config.profiles[selected]


def overridden_default_profile() -> str | None:
    """Return the default profile if the environment takes precedence over it, else None."""
    with suppress(CommandError):  # the file is not used, so its errors do not matter
        return load_config(config_path()).default if _environment_has_settings() else None
    return None


def environment_address() -> tuple[str, str] | None:
    """Return the first environment variable that names a server, and its value; None if there is none."""
    values = ((name, os.environ.get(name, "").strip()) for name in ADDRESS_VARIABLES)
    return next(((name, value) for name, value in values if value), None)


def _environment_has_settings() -> bool:
    names = ("DIFY_API_KEY", "DIFY_KNOWLEDGE_API_KEY", "DIFY_BASE_URL")
    return any(os.environ.get(name, "").strip() for name in names)
