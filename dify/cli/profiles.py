"""The config file: profiles, each a server with its keys and user, readable by their owner alone."""

from __future__ import annotations

import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from .exits import USAGE, Failure

__all__ = ["Config", "Profile", "chosen_profile", "config_path", "displaced_profile", "load", "save"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One server, the keys for it, and the end user who asks."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    knowledge_api_key: str | None = field(default=None, repr=False)
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """What the file holds."""

    profiles: Mapping[str, Profile] = field(default_factory=dict[str, Profile])
    default: str | None = None


def config_path() -> Path:
    """Where the file is: `DIFY_CONFIG`, else `dify/config.toml` in the user's folder for settings."""
    named = os.environ.get("DIFY_CONFIG", "").strip()
    if named:
        return Path(named)
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or Path.home()) / "dify" / "config.toml"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "dify" / "config.toml"


def load(path: Path) -> Config:
    """Read the file; an empty config where there is none.

    Raises:
        Failure: It cannot be read, others may read the keys in it, or it holds what no profile has.
    """
    try:
        with path.open("rb") as file:
            text = file.read()
            state = os.fstat(file.fileno())
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror or error}", USAGE) from None
    try:
        config = _parsed(tomllib.loads(text.decode("utf-8-sig")))
    except (ValueError, TypeError) as error:  # what is wrong with TOML, and text that is no UTF-8, are ValueErrors
        raise Failure(f"{path} is no config file: {error}", USAGE) from None
    secret = any(profile.api_key or profile.knowledge_api_key for profile in config.profiles.values())
    if secret and os.name != "nt" and stat.S_IMODE(state.st_mode) & 0o077:
        raise Failure(
            f"{path} holds keys and others may read or change it (mode {stat.S_IMODE(state.st_mode):04o}): "
            f"chmod 600 {path}",
            USAGE,
        )
    return config


def _parsed(found: dict[str, Any]) -> Config:
    unknown = set(found) - {"default", "profiles"}
    if unknown:
        raise ValueError(f"it has {sorted(unknown)[0]!r}; only `default` and [profiles.NAME] are known")
    tables = found.get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):  # pyright: ignore
        raise ValueError("profiles are tables: [profiles.NAME]")
    known = {each.name for each in fields(Profile)}
    profiles: dict[str, Profile] = {}
    for name, table in cast("dict[str, dict[str, Any]]", tables).items():
        odd = [key for key, value in table.items() if key not in known or not isinstance(value, str)]
        if odd:
            raise ValueError(f"[profiles.{name}] has {odd[0]!r}; texts for {', '.join(sorted(known))} are known")
        profiles[name] = Profile(**table)
    default = found.get("default")
    if default is not None and not isinstance(default, str):
        raise ValueError("`default` is the name of a profile")
    return Config(profiles, default)


def save(path: Path, config: Config) -> None:
    """Write the file anew, for its owner alone; it is whole at any time, whatever happens meanwhile."""
    path = path.resolve()  # a link to it stays a link
    if path.exists() and not path.is_file():  # such as /dev/null, which would be replaced
        raise Failure(f"cannot write {path}: it is no file", USAGE)
    lines: list[str] = []
    if config.default is not None:
        lines += [f"default = {_quoted(config.default)}", ""]
    for name, profile in config.profiles.items():
        lines.append(f"[profiles.{_quoted(name)}]")
        lines += [f"{key} = {_quoted(value)}" for key, value in asdict(profile).items() if value is not None]
        lines.append("")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".config-", dir=path.parent)  # made with mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror or error}", USAGE) from None


def _quoted(text: str) -> str:
    # The escapes of JSON are those of TOML, but for DEL, which JSON leaves as it is.
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def chosen_profile(name: str | None) -> tuple[str | None, Profile | None]:
    """The profile to use and its name, or None for what the environment says.

    A profile is taken as a whole, and so is the environment: a key never goes to a server that it was not set up for.
    One that is named (`--profile`, `DIFY_PROFILE`) goes before the environment, and that before the default profile.

    Raises:
        Failure: There is no such profile, or the file cannot be used.
    """
    wanted = name or os.environ.get("DIFY_PROFILE", "").strip() or None
    if wanted is None and _environment_speaks():
        return None, None
    config = load(config_path())
    wanted = wanted or config.default
    if wanted is None:
        return None, None
    if wanted not in config.profiles:
        there = ", ".join(sorted(config.profiles)) or "there are none yet"
        raise Failure(
            f"there is no profile {wanted!r} in {config_path()} ({there}); see `dify profile set --help`", USAGE
        )
    return wanted, config.profiles[wanted]


def displaced_profile() -> str | None:
    """The default profile, where the environment names a key or a server and so goes before it."""
    with suppress(Failure):  # the file is not used, and whatever is wrong with it does not matter
        return load(config_path()).default if _environment_speaks() else None
    return None


def _environment_speaks() -> bool:
    return any(os.environ.get(each, "").strip() for each in ("DIFY_API_KEY", "DIFY_KNOWLEDGE_API_KEY", "DIFY_BASE_URL"))
