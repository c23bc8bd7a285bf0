"""Requests: the frozen description of a call, its URL, key and JSON body. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote, unquote, urlencode, urlsplit
from uuid import UUID

from pydantic import BaseModel, SecretStr

from .._config import RequestOptions, Settings, missing_key
from .._operations import OPERATIONS, KeyKind, ResponseKind
from ..errors import ConfigurationError, InvalidArgumentError
from ..types._base import Model
from ..types.files import InputFile, UploadedFile
from .unsendable import unsendable_value
from .uploads import Upload

__all__ = [
    "Call",
    "check_ids",
    "check_text",
    "compact",
    "encode_json",
    "escape_path",
    "query_string",
    "segment",
    "user_of",
]

# Servers ignore the user in requests of these paths.
_NO_END_USER = re.compile(r"/(info|parameters|meta|site|app/feedbacks|apps/.*|end-users/.*|workflows/(logs|run/.+))$")


@dataclass(frozen=True, slots=True)
class Call:
    """A request to send, before the client's settings are applied.

    Calls of documented operations are made by `of`.

    Attributes:
        operation: Id of the operation; used in logs and errors.
        method: HTTP method.
        path: Path below the base URL, with checked and quoted parameters.
        key: The API key to send.
        query: Query parameters. None is left out, a list repeats the name.
        json: JSON body, or None.
        upload: File to send as a multipart form, or None.
        form: Other fields of that form.
        repeatable: Sending the request twice is harmless.
        accept: Kind of response to ask for.
        address: Signed link to fetch instead of a path below the base URL; no key is sent to it.
    """

    operation: str
    method: str
    path: str
    key: KeyKind = "app"
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    json: Any = None
    upload: Upload | None = None
    form: Mapping[str, str] = field(default_factory=dict[str, str])
    repeatable: bool = False
    accept: ResponseKind = "json"
    address: str | None = None

    @classmethod
    def of(
        cls,
        operation: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        upload: Upload | None = None,
        form: Mapping[str, str] | None = None,
        accept: ResponseKind | None = None,
        **path: str,
    ) -> Call:
        """Return the call of a documented operation.

        Its route, key and retry rule come from the table of operations.

        Args:
            operation: Id of the operation.
            query: Query parameters.
            json: JSON body.
            upload: File to send as a multipart form.
            form: Other fields of that form.
            accept: Kind of response to ask for, if not the one in the table.
            **path: Path parameters. Each must be a single path segment.

        Raises:
            InvalidArgumentError: A path parameter is empty or not a single path segment, or an id is not text.

        Example:
            >>> call = Call.of("stopGenerate", task_id="t 1", json={"user": "alice"})
            >>> call.method, call.path, call.key, call.repeatable
            ('POST', '/completion-messages/t%201/stop', 'app', True)
        """
        known = OPERATIONS[operation]
        for fields in (query, json):
            if isinstance(fields, Mapping):
                check_ids(cast("Mapping[str, Any]", fields))
        return cls(
            operation,
            known.method,
            known.path.format(**{name: segment(value, name) for name, value in path.items()}) if path else known.path,
            known.key,
            query or {},
            json,
            upload,
            form or {},
            known.repeatable,
            accept or known.response,
        )

    def with_extras(self, options: RequestOptions | None) -> Call:
        """Return the call with the additional members and parameters of its options.

        Raises:
            InvalidArgumentError: The request has no body, or its body is not an object.
        """
        if not options or not isinstance(options, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            return self
        call = self
        if query := options.get("extra_query"):
            call = replace(call, query={**call.query, **query})
        if not (body := options.get("extra_body")):
            return call
        if call.upload is not None:
            fields = {
                name: value if isinstance(value, str) else encode_json(value).decode() for name, value in body.items()
            }
            return replace(call, form={**call.form, **fields})
        if call.json is None and call.method in ("GET", "HEAD"):
            raise InvalidArgumentError(
                f"{call.operation} is a {call.method} request and has no body for extra_body",
                param="options",
                hint="use extra_query",
            )
        members: Any = call.json._wire_form() if isinstance(call.json, Model) else call.json  # pyright: ignore
        if members is not None and not isinstance(members, Mapping):
            raise InvalidArgumentError(
                f"the body of {call.operation} is not an object: omit extra_body", param="options"
            )
        return replace(call, json={**cast("Mapping[str, Any]", members or {}), **body})

    def url(self, base_url: str) -> str:
        """Return the complete URL."""
        if self.address is not None:
            query = query_string(self.query)
            return f"{self.address}{'&' if '?' in self.address else '?'}{query}" if query else self.address
        query = query_string(self.query)
        return f"{base_url}{self.path}?{query}" if query else f"{base_url}{self.path}"

    def server(self, base_url: str) -> str:
        """Return scheme, host and port for messages; a signed link is a secret."""
        if self.address is None:
            return base_url
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def user(self) -> str | None:
        """End user in the body, query or form. None for calls that create no end user."""
        if self.key != "app" or self.address is not None or _NO_END_USER.match(self.path):
            return None
        for fields in (self.json, self.query, self.form):
            user = fields.get("user") if isinstance(fields, Mapping) else getattr(fields, "user", None)  # pyright: ignore
            if isinstance(user, str) and user:
                return user
        return None

    def headers_for(self, settings: Settings) -> Mapping[str, str | None]:
        """Return the client's headers.

        None for a signed link to another server, since they may hold a gateway's secret.
        """
        home = self.address is None or f"{settings.base_url}/".startswith(f"{self.server(settings.base_url)}/")
        return settings.headers if home else {}

    def key_for(self, settings: Settings) -> SecretStr | None:
        """Return the key to send.

        Raise `ConfigurationError` if the client does not have it.
        """
        if self.key == "none" or self.address is not None:
            return None
        key = settings.api_key if self.key == "app" else settings.knowledge_api_key
        if key is None:
            raise missing_key(self.operation, "api_key" if self.key == "app" else "knowledge_api_key")
        return key


_FOLDED = re.compile(r"[\\/]|^\.{1,2}$")


def segment(value: str, name: str) -> str:
    """Return an id as one quoted path segment.

    Raise if it could select another resource.

    Quoting alone is not enough: `..` is folded away by URL libraries and proxies even when it is quoted, and deleting a
    document would then delete its dataset.

    Example:
        >>> segment("a b", "task_id")
        'a%20b'
        >>> segment("%2e%2e", "task_id")
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: task_id must be one path segment, not '%2e%2e'
    """
    if value is None or (isinstance(value, str) and not value.strip()):  # pyright: ignore
        raise InvalidArgumentError(f"{name} is empty: give the id of the object", param=name)
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _not_text(value, name)
    check_text(value, name)
    plain = value
    for _ in range(4):  # proxies and servers may each decode it once
        if _FOLDED.search(plain):
            raise InvalidArgumentError(f"{name} must be one path segment, not {value[:80]!r}", param=name)
        plain = unquote(plain)
    if len(value) > 512:
        raise InvalidArgumentError(f"{name} is {len(value)} characters long; no id is", param=name)
    return quote(value, safe="")


def check_ids(fields: Mapping[str, Any]) -> None:
    """Raise if a field for one or several ids has an object in place of the text.

    Example:
        >>> check_ids({"conversation_id": {"id": "c-1"}})
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: conversation_id is of type dict: give text, its id
    """
    for name, value in fields.items():
        if name.endswith("_id"):
            _check_id(value, name)
        elif name.endswith("_ids") and isinstance(value, (list, tuple)):
            for item in cast("list[Any]", value):
                _check_id(item, name)


def _check_id(value: object, name: str) -> None:
    if not (value is None or isinstance(value, (str, UUID))):
        raise _not_text(value, name)


def _not_text(value: object, name: str) -> InvalidArgumentError:
    what = "its id" if isinstance(value, (BaseModel, Mapping)) else "such as str(...)"
    return InvalidArgumentError(
        f"{name} is of type {type(cast(object, value)).__name__}: give text, {what}", param=name
    )


def escape_path(path: str) -> str:
    """Return a path of `client.request`, checked: it must lie below the base URL.

    Example:
        >>> escape_path("info")
        '/info'
        >>> escape_path("https://elsewhere.example/info")
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: path must lie below the base URL, such as '/info'
    """
    plain = path
    for _ in range(4):
        parts = plain.partition("?")[0].split("/")
        if "://" in plain or plain.startswith("//") or "\\" in plain or any(part in (".", "..") for part in parts):
            raise InvalidArgumentError("path must lie below the base URL, such as '/info'", param="path")
        plain = unquote(plain)
    if "?" in path or "#" in path:
        raise InvalidArgumentError("path must not hold a query or a fragment: pass query=", param="path")
    check_text(plain, "path")
    return quote(path if path.startswith("/") else f"/{path}", safe="/%:@!$&'()*+,;=-._~")


def check_text(value: str, name: str) -> str:
    """Return a text; raise if it contains a control character.

    Such a character could end a header or a line.
    """
    if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in value):
        raise InvalidArgumentError(f"{name} holds a control character", param=name)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} holds a lone surrogate, which cannot be sent", param=name) from None
    return value


def user_of(user: str | None, settings: Settings) -> str:
    """Return the end user of a call: its argument, or the client's user."""
    chosen = settings.user if user is None else user
    if chosen is not None and not isinstance(chosen, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(
            f"user is of type {type(chosen).__name__}: give text, such as user=str(...)", param="user"
        )
    if not chosen or not chosen.strip():
        raise ConfigurationError(
            "no user: pass user= to the call or to the client. Dify files conversations, messages and files under it, "
            "and under one shared user where it is missing",
            param="user",
        )
    return chosen


def compact(**members: Any) -> dict[str, Any]:
    """Return the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def _plain(value: object) -> Any:
    """Return the wire form of a value that `json` cannot serialize."""
    match value:
        case UploadedFile():
            return InputFile.from_upload(value).model_dump(mode="json", exclude_none=True)
        case Model():
            return value._wire_form()  # pyright: ignore[reportPrivateUsage]
        case BaseModel():
            return value.model_dump(mode="json")  # a model of the caller: None is data
        case datetime() | date():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case Mapping():
            return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be sent as JSON")


def encode_json(body: Any) -> bytes:
    """Return a JSON body as UTF-8.

    Raise for NaN, lone surrogates and values that JSON does not have.

    Example:
        >>> encode_json({"query": "Hi", "inputs": {"rows": [{"price": float("inf")}]}})
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: inputs['rows'][0]['price'] is inf, a number that JSON does not have
    """
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain).encode()
    except (TypeError, ValueError, RecursionError) as error:
        value = unsendable_value(body, _plain)
        if value is None:
            raise InvalidArgumentError(f"the request cannot be written as JSON: {error}", param="json") from None
        raise InvalidArgumentError(str(value), param=value.argument or "json") from None


def query_string(query: Mapping[str, Any]) -> str:
    """Return a query string.

    None is omitted, lists repeat the name, booleans and times have the server's format.

    Example:
        >>> query_string({"page": 2, "tag_ids": ["a", "b"], "keyword": None, "include_all": True})
        'page=2&tag_ids=a&tag_ids=b&include_all=true'
    """
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        values = cast("Iterable[Any]", value if isinstance(value, (list, tuple)) else (value,))
        pairs += [(name, _query_text(v, name)) for v in values if v is not None]
    return urlencode(pairs)


def _query_text(value: object, name: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime() | date():
            return value.isoformat()
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise InvalidArgumentError(f"{name} holds a lone surrogate, which cannot be sent", param=name) from None
            return value
        case _:
            return str(value)
