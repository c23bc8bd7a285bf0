"""Settings of clients and calls: arguments, environment variables and base URLs, checked."""

from __future__ import annotations

import ipaddress
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypedDict, Unpack
from urllib.parse import urlsplit

from pydantic import SecretStr

from ._net.http import DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT, Timeout, TimeoutTypes, is_host, timeout_of
from ._operations import OPERATIONS
from .errors import ConfigurationError, InvalidArgumentError

__all__ = [
    "DEFAULT_BASE_URL",
    "ClientOptions",
    "ClientSettings",
    "RequestOptions",
    "ResponseLimits",
    "Settings",
    "connections_from",
    "missing_key",
    "parse_base_url",
    "settings_from",
    "trusted",
]

DEFAULT_BASE_URL = "https://api.dify.ai/v1"


class RequestOptions(TypedDict, total=False):
    """Settings of a single call, the last parameter of every method: `options={"timeout": 5}`."""

    timeout: TimeoutTypes | None
    """Seconds, infinity for no limit, or an `httpx.Timeout`. None for the client's setting."""
    max_retries: int
    """Maximum number of retries; 0 for none. Only requests that are safe to repeat are retried."""
    headers: Mapping[str, str] | None
    """Additional request headers; they override the client's. `Authorization` is refused."""


class ClientOptions(RequestOptions, total=False):
    """Settings that `with_options` changes. None keeps the client's setting."""

    api_key: str | None
    """API key of an app (`app-...`)."""
    knowledge_api_key: str | None
    """Knowledge API key (`dataset-...`)."""
    user: str | None
    """End user of calls that do not pass `user`."""


class ClientSettings(ClientOptions, total=False):
    """Settings of a client, for functions that pass them on to `AsyncDify` or `Dify`.

    Example:
        >>> settings: ClientSettings = {"base_url": "dify.example.com", "user": "alice", "max_retries": 0}
    """

    base_url: str | None
    """Base URL of the Service API, with or without scheme and `/v1`."""
    limits: ResponseLimits | None
    """Limits on the size of responses held in memory."""


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """Limits on the size of responses held in memory, in bytes after decompression.

    Example:
        >>> ResponseLimits(frame=1 << 20).answer
        67108864
    """

    frame: int = 64 << 20
    """Maximum size of an event in a stream."""
    answer: int = 64 << 20
    """Maximum size of a response body. Downloads are streamed and have no limit."""
    error: int = 64 << 10
    """Maximum size of an error body; the rest is not read."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The checked settings of a client or a call. Keys are wrapped so that they are never shown by repr."""

    base_url: str
    api_key: SecretStr | None = None
    knowledge_api_key: SecretStr | None = None
    user: str | None = None
    timeout: Timeout = field(default_factory=lambda: DEFAULT_TIMEOUT)
    max_retries: int = 2
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    limits: ResponseLimits = field(default_factory=ResponseLimits)

    def with_changes(
        self,
        *,
        api_key: str | None = None,
        knowledge_api_key: str | None = None,
        user: str | None = None,
        timeout: TimeoutTypes | None = None,
        max_retries: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Settings:
        """Return a copy with other settings. None keeps a setting; headers are added to the present ones."""
        return replace(
            self,
            api_key=_key(api_key, "api_key") or self.api_key,
            knowledge_api_key=_key(knowledge_api_key, "knowledge_api_key") or self.knowledge_api_key,
            user=self.user if user is None else _user(user),
            timeout=self.timeout if timeout is None else _timeout(timeout),
            max_retries=self.max_retries if max_retries is None else _retries(max_retries),
            headers=merged(self.headers, check_headers(headers)),
        )

    def with_options(self, options: RequestOptions | None) -> Settings:
        """Return a copy with the options of one call."""
        if not options:
            return self
        if not isinstance(options, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                f"options is of type {type(options).__name__}; pass a dict of timeout, max_retries and headers"
            )
        unknown = set(options) - {"timeout", "max_retries", "headers"}
        if unknown:
            raise InvalidArgumentError(
                f"options has no {sorted(unknown)[0]!r}; it takes timeout, max_retries and headers"
            )
        return self.with_changes(**options)

    def secrets(self) -> tuple[str, ...]:
        """Return the keys in plain text, for redaction."""
        return tuple(k.get_secret_value() for k in (self.api_key, self.knowledge_api_key) if k is not None)


def settings_from(
    *,
    base_url: str | None = None,
    limits: ResponseLimits | None = None,
    environ: Mapping[str, str] | None = None,
    **options: Unpack[ClientOptions],
) -> Settings:
    """Return the settings of a new client. Arguments that are None are taken from the environment, where it has them."""
    env = os.environ if environ is None else environ
    _retries(options.get("max_retries", 0))
    for name in ("api_key", "knowledge_api_key"):
        if options.get(name) is None:
            options[name] = env.get(f"DIFY_{name.upper()}") or None
    if base_url is None:
        base_url = env.get("DIFY_BASE_URL") or DEFAULT_BASE_URL
    return Settings(parse_base_url(base_url), limits=_limits(limits)).with_changes(**options)


def parse_base_url(text: str) -> str:
    """Return a base URL with scheme and `/v1`, without a trailing slash.

    All three are optional in the argument. The default scheme is https, or http for loopback and private hosts.

    Example:
        >>> parse_base_url("https://api.dify.ai/v1")
        'https://api.dify.ai/v1'
        >>> parse_base_url("https://api.dify.ai/v1/")
        'https://api.dify.ai/v1'
        >>> parse_base_url("https://api.dify.ai")
        'https://api.dify.ai/v1'
        >>> parse_base_url("api.dify.ai")
        'https://api.dify.ai/v1'
        >>> parse_base_url("api.dify.ai/v1/")
        'https://api.dify.ai/v1'
        >>> parse_base_url("  HTTPS://Dify.Example.com ")
        'https://dify.example.com/v1'
        >>> parse_base_url("localhost")
        'http://localhost/v1'
        >>> parse_base_url("localhost:5001")
        'http://localhost:5001/v1'
        >>> parse_base_url("127.0.0.1:5001/v1")
        'http://127.0.0.1:5001/v1'
        >>> parse_base_url("[::1]:5001")
        'http://[::1]:5001/v1'
        >>> parse_base_url("192.168.1.7")
        'http://192.168.1.7/v1'
        >>> parse_base_url("https://example.com/dify")
        'https://example.com/dify/v1'
        >>> parse_base_url("https://example.com/dify/v1")
        'https://example.com/dify/v1'
        >>> parse_base_url("https://example.com:8443/v1")
        'https://example.com:8443/v1'
        >>> parse_base_url("ftp://example.com")
        Traceback (most recent call last):
        ...
        dify.errors.ConfigurationError: base_url: 'ftp' is not http or https
        >>> parse_base_url("https://me:secret@example.com")
        Traceback (most recent call last):
        ...
        dify.errors.ConfigurationError: base_url must not hold a user name or password
        >>> parse_base_url("https://example.com/v1?x=1")
        Traceback (most recent call last):
        ...
        dify.errors.ConfigurationError: base_url must not have a query or a fragment
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"base_url is of type {type(text).__name__}: give text, such as str(...)", param="base_url"
        )
    text = text.strip()
    if not text:
        raise ConfigurationError(
            "base_url is empty; leave it out for Dify Cloud, or give your server's address", param="base_url"
        )
    if any(c.isspace() or not c.isprintable() for c in text) or "\\" in text:
        raise ConfigurationError("base_url holds a space, a backslash or a control character", param="base_url")
    has_scheme = "://" in text
    try:
        parts = urlsplit(text if has_scheme else f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(
            "base_url is not an address: its host or port cannot be read", param="base_url"
        ) from None
    if has_scheme and parts.scheme not in ("http", "https"):
        raise ConfigurationError(f"base_url: {parts.scheme!r} is not http or https", param="base_url")
    if "@" in parts.netloc:
        raise ConfigurationError("base_url must not hold a user name or password", param="base_url")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ConfigurationError("base_url must not have a query or a fragment", param="base_url")
    if not host:
        raise ConfigurationError("base_url names no host", param="base_url")
    scheme = parts.scheme or ("http" if is_private(host) else "https")
    if scheme == "http" and not is_private(host):
        _warn_plain(host)
    shown = f"[{host}]" if ":" in host else host
    if not is_host(shown):
        raise ConfigurationError(f"base_url: {host!r} is no name of a host", param="base_url")
    path = parts.path.rstrip("/")
    if path.rpartition("/")[2] != "v1":
        path += "/v1"
    return f"{scheme}://{shown}{'' if port is None else f':{port}'}{path}"


def is_private(host: str) -> bool:
    """Return True for this machine and private networks; a name without a dot counts as private."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


_warned: set[str] = set()


def _warn_plain(host: str) -> None:
    if host not in _warned:
        _warned.add(host)
        warnings.warn(f"plain http to {host}: the API key travels unencrypted; use https", UserWarning, stacklevel=5)


def _key(value: str | None, name: str) -> SecretStr | None:
    if value is None:
        return None
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        # Not "str(...)", which of a SecretStr gives asterisks.
        what = "its .get_secret_value()" if isinstance(value, SecretStr) else "the key itself"
        raise ConfigurationError(f"{name} is of type {type(value).__name__}: give text, {what}", param=name)
    key = value.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(f"{name} is empty or holds characters that no Dify key has", param=name)
    if name == "api_key" and key.startswith("dataset-"):
        raise ConfigurationError(
            "api_key is a knowledge key (dataset-…)", param=name, hint="pass it as knowledge_api_key"
        )
    if name == "knowledge_api_key" and key.startswith("app-"):
        raise ConfigurationError("knowledge_api_key is an app key (app-…)", param=name, hint="pass it as api_key")
    return SecretStr(key)


def missing_key(operation: str, name: Literal["api_key", "knowledge_api_key"]) -> ConfigurationError:
    """Return the error for a call whose key the client does not have.

    Args:
        operation: Id of the operation, or the request line of `client.request`.
        name: Argument of the client for the key.

    Example:
        >>> print(missing_key("getChatAppInfo", "api_key"))
        client.app.info needs an app's key: pass api_key= to the client, or set the environment variable DIFY_API_KEY
    """
    known = OPERATIONS.get(operation)
    call = operation if known is None else " or ".join(f"client.{one}" for one in known.calls)
    kind = "an app's key" if name == "api_key" else "a knowledge key"
    return ConfigurationError(
        f"{call} needs {kind}: pass {name}= to the client, or set the environment variable DIFY_{name.upper()}",
        param=name,
    )


def _limits(value: object) -> ResponseLimits:
    if value is None:
        return ResponseLimits()
    if not isinstance(value, ResponseLimits):
        raise ConfigurationError(f"limits is of type {type(value).__name__}: give a dify.ResponseLimits(...)")
    return value


def _user(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError("user must be a non-empty string: your own id for the person who asks", param="user")
    return value


def _timeout(value: TimeoutTypes) -> Timeout:
    if not isinstance(value, (int, float, Timeout)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"timeout must be seconds or an httpx.Timeout, not a {type(value).__name__}")
    if isinstance(value, (int, float)) and not value > 0:
        raise ConfigurationError("timeout must be more than 0 seconds; infinity switches it off")
    return timeout_of(value)


def _retries(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigurationError("max_retries must be a whole number from 0 up")
    return value


def connections_from(value: object) -> int:
    """Return the maximum number of simultaneous calls, checked."""
    if value is None:
        return DEFAULT_CONNECTIONS
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError("max_connections must be a whole number from 1 up")
    return value


def trusted(value: object) -> bool:
    """Return `trust_env`, checked: a text such as "no" would count as True."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"trust_env is of type {type(value).__name__}: give True or False")
    return value


def merged(headers: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return headers updated with others; names are compared without case.

    Example:
        >>> merged({"Accept": "*/*", "X-A": "1"}, {"x-a": "2"})
        {'Accept': '*/*', 'x-a': '2'}
    """
    if not more:
        return dict(headers)
    names = {name.lower() for name in more}
    return {**{name: value for name, value in headers.items() if name.lower() not in names}, **more}


def check_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return headers, checked: no control characters and no `Authorization`, which is set from the key."""
    if headers is not None and not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"headers are of type {type(headers).__name__}: give a dict of names and values")
    for name, value in (headers or {}).items():
        if not isinstance(name, str) or not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(f"headers are texts, and {name!r} is not: {type(value).__name__}")
        if name.lower() == "authorization":
            raise ConfigurationError(
                "headers must not hold Authorization: pass the key as api_key or knowledge_api_key"
            )
        if not name or not (name + value).isascii() or not (name + value).isprintable() or ":" in name or " " in name:
            raise InvalidArgumentError(f"header {name!r} holds a character that no header may have")
    return dict(headers or {})
