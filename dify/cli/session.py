"""The settings of one call of the command: server, key and user; and the client that uses them."""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import typer

from .config import Profile, environment_address, overridden_default_profile, select_profile
from .error_messages import SettingsSource
from .exits import USAGE, CommandError

if TYPE_CHECKING:
    from dify import AsyncDify
    from dify.testing import Emulator

__all__ = ["KeyKind", "Session"]

KeyKind = Literal["app", "knowledge", "none"]
"""The kind of key that a command requires."""

_CLOUD = "https://api.dify.ai/v1"

_KEYS = {
    "app": ("DIFY_API_KEY", "--api-key", "an app key (app-…, from the app's API Access page)"),
    "knowledge": (
        "DIFY_KNOWLEDGE_API_KEY",
        "--knowledge-api-key",
        "a knowledge key (dataset-…, from Knowledge > Service API)",
    ),
}

_CHUNK_DELAY = 0.03
"""Seconds between the emulator's chunks, so that the answer appears to be typed."""


@dataclass(frozen=True, slots=True)
class Session:
    """The command's common options.

    Attributes:
        command: The command's name, such as "knowledge list".
        user: The end user from `--user` or `DIFY_USER`, or None.
        base_url: The server from `--base-url`, or None.
        emulator: Whether an emulator in this process answers.
        emulator_args: The arguments to suggest together with `--emulator`; None if the command has no such option.
        profile: The profile from `--profile`, or None.
        key: The kind of key that the command requires.
        options: The command's own parameters by name, and their names on the command line.
    """

    command: str
    user: str | None = None
    base_url: str | None = None
    emulator: bool = False
    emulator_args: Sequence[str] | None = ()
    profile: str | None = None
    key: KeyKind = "app"
    options: Mapping[str, str] = field(default_factory=dict[str, str])

    def settings(self) -> Profile:
        """Return server, keys and user: from options, then from the profile or the environment.

        Raises:
            CommandError: The profile does not exist, or the config file cannot be used.
        """
        _, profile = (None, None) if self.emulator else select_profile(self.profile)
        if profile is None:
            address = environment_address()
            profile = Profile(
                base_url=None if address is None else address[1],
                api_key=os.environ.get("DIFY_API_KEY", "").strip() or None,
                knowledge_api_key=os.environ.get("DIFY_KNOWLEDGE_API_KEY", "").strip() or None,
            )
        return Profile(
            base_url=self.base_url or profile.base_url or _CLOUD,
            api_key=profile.api_key,
            knowledge_api_key=profile.knowledge_api_key,
            user=self.user if self.user is not None else profile.user or "cli",
        )

    def validate(self) -> None:
        """Check the options and the key before the client is imported.

        Raises:
            CommandError: The key is missing and the emulator is not used.
            typer.BadParameter: Two options exclude each other, or a value is empty.
        """
        if self.emulator and self.base_url is not None:
            raise typer.BadParameter("--emulator and --base-url cannot be used together")
        # An unset shell variable. Ignoring the option would send the key to Dify Cloud.
        if self.base_url is not None and not self.base_url.strip():
            raise typer.BadParameter("--base-url is empty; pass the address of the server, or omit the option")
        if self.user is not None and not self.user.strip():
            raise typer.BadParameter("--user is empty; pass an id of the end user, or omit the option")
        if self.emulator or self.key == "none":
            return
        settings = self.settings()
        if (settings.api_key if self.key == "app" else settings.knowledge_api_key) is None:
            message = self._missing_key()
            if self.emulator_args is not None:
                suggestion = shlex.join(["dify", *self.command.split(), "--emulator", *self.emulator_args])
                message += f"\nTo try it without a server, run: {suggestion}"
            raise CommandError(message, USAGE)

    def _missing_key(self) -> str:
        """Return the message for a missing key, with the command or the variable that sets it."""
        variable, option, kind = _KEYS[self.key]
        name, _ = select_profile(self.profile)
        if name is None:
            message = f"no API key: set {variable} to {kind}, or store it in a profile (see `dify profile set --help`)."
            default = overridden_default_profile()
            if default is not None:
                option = f"--profile {shlex.quote(default)}"
                message += f" The DIFY_ variables override the default profile; pass {option} to use it."
            return message
        ignored = ""
        if os.environ.get(variable, "").strip():
            ignored = f"{variable} is ignored when a profile is used. "
        return (
            f"no API key: the profile {name!r} does not contain {kind}. "
            f"{ignored}To add it, run: dify profile set {shlex.quote(name)} {option}"
        )

    @property
    def source(self) -> SettingsSource:
        """The places that the key and the address were read from."""
        name, profile = (None, None) if self.emulator else select_profile(self.profile)
        key = _KEYS["app" if self.key == "none" else self.key][0]
        variable = environment_address()
        address_name = "DIFY_BASE_URL" if variable is None else variable[0]
        address = f"--base-url or {address_name}"
        if profile is not None:
            key, address_name = f"the profile {name!r}", f"base_url of the profile {name!r}"
            address = address_name
        if self.base_url is not None:
            address = address_name = "--base-url"
        return SettingsSource(key, address, None if profile is None else name, address_name, self.options)

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[AsyncDify]:
        """Open a client of the server, or of an emulator that runs until the block ends."""
        settings = self.settings()
        if self.emulator:
            async with _emulator() as emulator, emulator.client(user=settings.user) as client:
                yield client
        else:
            from dify import AsyncDify

            async with AsyncDify(
                settings.api_key,
                knowledge_api_key=settings.knowledge_api_key,
                user=settings.user,
                base_url=settings.base_url,
            ) as client:
                yield client


def _emulator() -> Emulator:
    try:
        from dify.testing import Emulator

        return Emulator(delay=_CHUNK_DELAY)
    except ImportError as error:  # its message names the extra to install
        raise CommandError(f"--emulator cannot start: {error}", USAGE) from None
