"""Settings of clients and calls: arguments, environment variables, base URLs."""

from __future__ import annotations

import ipaddress
import os
import re
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypedDict, Unpack, cast
from urllib.parse import urlsplit

from pydantic import SecretStr

from ._net.exceptions import EnvironmentProblem
from ._net.http import (
    DEFAULT_CONNECTIONS,
    DEFAULT_KEEPALIVE_EXPIRY,
    DEFAULT_TIMEOUT,
    Timeout,
    TimeoutTypes,
    is_host,
    timeout_of,
)
from ._operations import OPERATIONS
from .errors import ConfigurationError, InvalidArgumentError

__all__ = [
    "BASE_URL_VARIABLES",
    "DEFAULT_BASE_URL",
    "ClientOptions",
    "ClientSettings",
    "RequestOptions",
    "ResponseLimits",
    "Settings",
    "connections_from",
    "environment_error",
    "keepalive_from",
    "missing_key",
    "parse_base_url",
    "settings_from",
    "trusted",
    "without_extras",
]

DEFAULT_BASE_URL = "https://api.dify.ai/v1"

BASE_URL_VARIABLES = ("DIFY_BASE_URL", "DIFY_API_BASE_URL", "DIFY_HOST")
"""Environment variables of the base URL, the first one that is set. Other clients of Dify read the second and third."""


class RequestOptions(TypedDict, total=False):
    """Settings of a single call: `options={"timeout": 5}`.

    Every method has them as its last parameter.
    """

    timeout: TimeoutTypes | None
    """Seconds, infinity for no limit, or an `httpx.Timeout`. None for the client's setting."""
    max_retries: int
    """Maximum number of retries; 0 for none. Only requests that are safe to repeat are retried."""
    headers: Mapping[str, str | None] | None
    """Additional request headers; they override the client's, and None removes one. `Authorization` is refused."""
    extra_body: Mapping[str, Any] | None
    """Additional members of the JSON body, or fields of the form, for what the method has no parameter for."""
    extra_query: Mapping[str, Any] | None
    """Additional query parameters."""


class ClientOptions(TypedDict, total=False):
    """Settings that `with_options` changes. None keeps the client's setting."""

    timeout: TimeoutTypes | None
    """Seconds, infinity for no limit, or an `httpx.Timeout`. None for the client's setting."""
    max_retries: int
    """Maximum number of retries; 0 for none. Only requests that are safe to repeat are retried."""
    headers: Mapping[str, str | None] | None
    """Additional request headers; they override the client's, and None removes one. `Authorization` is refused."""
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


_OPTIONS = "timeout, max_retries, headers, extra_body and extra_query"


def without_extras(options: RequestOptions | None) -> RequestOptions | None:
    """Return the options without additional members, for further requests of a call."""
    if not options or not isinstance(options, Mapping) or not {"extra_body", "extra_query"} & options.keys():  # pyright: ignore
        return options
    return (
        cast("RequestOptions", {name: value for name, value in options.items() if not name.startswith("extra_")})
        or None
    )


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """Limits on the size of responses held in memory, in bytes after decompression.

    Example:
        >>> ResponseLimits(frame=1 << 20).answer
        67108864
    """

    frame: int = 64 << 20
    """Maximum size of an event in a stream."""
    stream: int = 128 << 20
    """Maximum size of all events of a stream together."""
    answer: int = 64 << 20
    """Maximum size of a response body. Downloads are streamed and have no limit."""
    error: int = 64 << 10
    """Maximum size of an error body; the rest is not read."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The checked settings of a client or a call.

    Keys are wrapped so that they are never shown by repr.
    """

    base_url: str
    api_key: SecretStr | None = None
    knowledge_api_key: SecretStr | None = None
    user: str | None = None
    timeout: Timeout = field(default_factory=lambda: DEFAULT_TIMEOUT)
    max_retries: int = 2
    headers: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    limits: ResponseLimits = field(default_factory=ResponseLimits)

    def with_changes(
        self,
        *,
        api_key: str | None = None,
        knowledge_api_key: str | None = None,
        user: str | None = None,
        timeout: TimeoutTypes | None = None,
        max_retries: int | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Settings:
        """Return a copy with other settings.

        None keeps a setting; headers are added to the present ones.
        """
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
                f"options is of type {type(options).__name__}; pass a dict of {_OPTIONS}", param="options"
            )
        unknown = set(options) - RequestOptions.__optional_keys__
        if unknown:
            raise InvalidArgumentError(f"options has no {sorted(unknown)[0]!r}; it takes {_OPTIONS}", param="options")
        for name in ("extra_body", "extra_query"):
            value = options.get(name)
            if value is not None and not isinstance(value, Mapping):
                raise InvalidArgumentError(
                    f"options: {name} is of type {type(value).__name__}; pass a dict", param="options"
                )
        shared = without_extras(options)
        return self if shared is None else self.with_changes(**cast("ClientOptions", shared))

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
    """Return the settings of a new client.

    Arguments that are None are taken from the environment, where it has them.
    """
    env = os.environ if environ is None else environ
    _retries(options.get("max_retries", 0))
    for name in ("api_key", "knowledge_api_key"):
        variable = f"DIFY_{name.upper()}"
        if options.get(name) is None and env.get(variable):
            with _variable(variable):
                _key(env[variable], name)
            options[name] = env[variable]
    return Settings(_address(base_url, env), limits=_limits(limits)).with_changes(**options)


def _address(base_url: str | None, env: Mapping[str, str]) -> str:
    """Return the base URL of an argument, or of the first variable that is set.

    The variables are `BASE_URL_VARIABLES`.
    """
    if base_url is not None:
        return parse_base_url(base_url)
    for variable in BASE_URL_VARIABLES:
        if env.get(variable):
            with _variable(variable):
                return parse_base_url(env[variable])
    return DEFAULT_BASE_URL


@contextmanager
def _variable(name: str) -> Generator[None]:
    """Name the environment variable in the error for a setting that it holds."""
    try:
        yield
    except ConfigurationError as error:
        error.hint = "; ".join(part for part in (error.hint, f"the value is that of the variable {name}") if part)
        raise


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
    if wrapper := _wrapper(text):
        raise ConfigurationError(f"base_url {wrapper}", param="base_url")
    has_scheme = "://" in text
    scheme_typo = None if has_scheme else _NO_SCHEME.match(text)
    if scheme_typo:
        raise ConfigurationError(
            f"base_url begins with {scheme_typo.group()!r}; write 'https://' or 'http://'", param="base_url"
        )
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
    if path.startswith("//"):
        raise ConfigurationError("base_url has two schemes", param="base_url", hint="write it once, as 'https://'")
    if _ROUTE.search(path):
        raise ConfigurationError(
            "base_url is the address of a single route", param="base_url", hint="leave out what follows /v1"
        )
    if path.rpartition("/")[2] != "v1":
        path += "/v1"
    return f"{scheme}://{shown}{'' if port is None else f':{port}'}{path}"


_NO_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/|h?t{1,3}ps?:|https?(?=/)", re.IGNORECASE)
"""The start of an address whose scheme is misspelled: `htp:/host`, `https:host`, `https//host`; not `host:5001`."""

_ROUTE = re.compile(rf"/v1/({'|'.join(sorted({known.path.split('/')[1] for known in OPERATIONS.values()}))})(/|$)")
"""The path of an operation below `/v1`."""


def is_private(host: str) -> bool:
    """Return True for this machine and private networks.

    A name without a dot counts as private.
    """
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


_warned: set[str] = set()


def _warn_plain(host: str) -> None:
    if host not in _warned:
        _warned.add(host)
        warnings.warn(f"plain http to {host}: the API key travels unencrypted; use https", UserWarning, stacklevel=6)


_AUTHORIZATION = re.compile(r"((?:authorization\s*[:=]\s*)?bearer)\b|(authorization\s*[:=])", re.IGNORECASE)
_NOT_IN_KEYS = " \"'`{}<>$,;\\"


def _wrapper(text: str) -> str | None:
    """Return the complaint about a placeholder or quoted text, or None.

    Brackets around the text count as quotes.
    """
    if re.fullmatch(r"\$\{?\w+\}?|%\w+%|\{\{\s*[\w.]+\s*\}\}", text):
        return f"is the placeholder {text[:80]!r}; the variable was not replaced by its value"
    if text[0] in "\"'`" or text[-1] in "\"'`":
        return "has a quotation mark at its start or end; remove it (Docker's --env-file keeps quotation marks)"
    if text[0] in "{<" or text[-1] in "}>" or text.startswith("${"):
        return "has brackets around it; remove them, as they are not a part of it"
    return None


def _key(value: str | None, name: str) -> SecretStr | None:
    if value is None:
        return None
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        # Not "str(...)", which of a SecretStr gives asterisks.
        what = "its .get_secret_value()" if isinstance(value, SecretStr) else "the key itself"
        raise ConfigurationError(f"{name} is of type {type(value).__name__}: give text, {what}", param=name)
    key = value.strip()
    if not key:
        raise ConfigurationError(f"{name} is empty", param=name)
    scheme = _AUTHORIZATION.match(key)
    if scheme:
        raise ConfigurationError(
            f"{name} begins with {scheme.group(1)!r}",
            param=name,
            hint="pass the key alone, without the header around it",
        )
    if wrapper := _wrapper(key):
        raise ConfigurationError(f"{name} {wrapper}", param=name)
    if not key.isascii() or not key.isprintable() or any(c in _NOT_IN_KEYS for c in key):
        raise ConfigurationError(f"{name} holds characters that no Dify key has", param=name)
    if name == "api_key" and key.startswith("dataset-"):
        raise ConfigurationError(
            "api_key is a knowledge key (dataset-…)", param=name, hint="pass it as knowledge_api_key"
        )
    if name == "knowledge_api_key" and key.startswith("app-"):
        raise ConfigurationError("knowledge_api_key is an app key (app-…)", param=name, hint="pass it as api_key")
    return SecretStr(key)


def environment_error(problem: EnvironmentProblem) -> ConfigurationError:
    """Return the error for an unusable proxy or certificates of the environment."""
    return ConfigurationError(
        str(problem), param="trust_env", hint="correct or unset the variable, or pass trust_env=False to ignore it"
    )


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
        raise ConfigurationError(
            f"limits is of type {type(value).__name__}: give a dify.ResponseLimits(...)", param="limits"
        )
    return value


def _user(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError("user must be a non-empty string: your own id for the person who asks", param="user")
    return value


def _timeout(value: TimeoutTypes) -> Timeout:
    if isinstance(value, bool) or not isinstance(value, (int, float, Timeout)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"timeout must be seconds or an httpx.Timeout, not a {type(value).__name__}", param="timeout"
        )
    if isinstance(value, (int, float)) and not value > 0:
        raise ConfigurationError("timeout must be more than 0 seconds; infinity switches it off", param="timeout")
    return timeout_of(value)


def _retries(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigurationError("max_retries must be a whole number from 0 up", param="max_retries")
    return value


def connections_from(value: object) -> int:
    """Return the maximum number of simultaneous calls, checked."""
    if value is None:
        return DEFAULT_CONNECTIONS
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError("max_connections must be a whole number from 1 up", param="max_connections")
    return value


def keepalive_from(value: object) -> float:
    """Return the seconds for which an idle connection is kept, checked."""
    if value is None:
        return DEFAULT_KEEPALIVE_EXPIRY
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 0:
        raise ConfigurationError(
            "keepalive_expiry must be a number of seconds from 0 up; 0 closes each connection after use",
            param="keepalive_expiry",
        )
    return float(value)


def trusted(value: object) -> bool:
    """Return `trust_env`, checked: a text such as "no" would count as True."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"trust_env is of type {type(value).__name__}: give True or False", param="trust_env")
    return value


def merged(headers: Mapping[str, str | None], more: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return headers updated with others; names are compared without case.

    None stands for a header that is not sent.

    Example:
        >>> merged({"Accept": "*/*", "X-A": "1"}, {"x-a": "2"})
        {'Accept': '*/*', 'x-a': '2'}
    """
    if not more:
        return dict(headers)
    names = {name.lower() for name in more}
    return {**{name: value for name, value in headers.items() if name.lower() not in names}, **more}


def check_headers(headers: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Return checked headers.

    They contain no control characters and no `Authorization`, which is set from the key.
    """
    if headers is not None and not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(
            f"headers are of type {type(headers).__name__}: give a dict of names and values", param="headers"
        )
    for name, value in (headers or {}).items():
        if not isinstance(name, str) or not isinstance(value, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                f"headers are texts, and {name!r} is not: {type(value).__name__}", param="headers"
            )
        if name.lower() == "authorization":
            raise ConfigurationError(
                "headers must not hold Authorization: pass the key as api_key or knowledge_api_key", param="headers"
            )
        text = name + (value or "")
        if not name or not text.isascii() or not text.isprintable() or ":" in name or " " in name:
            raise InvalidArgumentError(f"header {name!r} holds a character that no header may have", param="headers")
    return dict(headers or {})
