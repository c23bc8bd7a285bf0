"""`AsyncDify`: the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from .._config import (
    ClientOptions,
    RequestOptions,
    ResponseLimits,
    Settings,
    connections_from,
    keepalive_from,
    settings_from,
    trusted,
)
from .._log import configure
from .._net.http import AsyncHTTPClient, TimeoutTypes, kind_of_client
from .._protocol.request import Call, KeyKind, escape_path
from .._protocol.server_probe import INDEX, KEYLESS, is_final, not_dify, refuses_like_dify, server_from
from .._protocol.uploads import FileSource
from ..errors import APIStatusError, ConfigurationError, InvalidArgumentError
from ..types._base import attach
from ..types.server import ServerInfo
from .route_streams import is_stream, stream_of
from .shared_clients import AsyncSharedClients
from .transport import AsyncTransport
from .upload_source import prepare_upload

if TYPE_CHECKING:
    from .resources.annotations import AsyncAnnotations
    from .resources.app import AsyncApp
    from .resources.audio import AsyncAudio
    from .resources.chat import AsyncChat
    from .resources.completions import AsyncCompletions
    from .resources.conversations import AsyncConversations
    from .resources.end_users import AsyncEndUsers
    from .resources.files import AsyncFiles
    from .resources.human_input import AsyncHumanInput
    from .resources.knowledge import AsyncKnowledge
    from .resources.messages import AsyncMessages
    from .resources.workflows import AsyncWorkflows

__all__ = ["AsyncDify"]

T = TypeVar("T")


class AsyncDify:
    """A client of a Dify server, with an app key and a knowledge key.

    Use it as an async context manager, or call `aclose`. A client can be shared by any number of tasks.

    Example:
        ```python
        async with AsyncDify(api_key="app-...", user="alice") as client:
            reply = await client.chat.send("What is Dify?")
            print(reply.answer)
        ```
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        knowledge_api_key: str | None = None,
        base_url: str | None = None,
        user: str | None = None,
        timeout: TimeoutTypes | None = None,
        max_retries: int = 2,
        headers: Mapping[str, str | None] | None = None,
        http_client: AsyncHTTPClient | None = None,
        limits: ResponseLimits | None = None,
        max_connections: int | None = None,
        keepalive_expiry: float | None = None,
        trust_env: bool = True,
    ) -> None:
        """Create a client; nothing is sent.

        Args:
            api_key: API key of an app (`app-…`), required by app resources. Defaults to `DIFY_API_KEY`.
            knowledge_api_key: Knowledge API key (`dataset-…`). Defaults to `DIFY_KNOWLEDGE_API_KEY`.
            base_url: Base URL of the Service API, with or without scheme and `/v1`. Defaults to `DIFY_BASE_URL`, then to
                `DIFY_API_BASE_URL` and `DIFY_HOST`, which other clients read, then to Dify Cloud.
            user: End user of calls that do not pass `user`: your own id of the person.
            timeout: Seconds for each of connecting, a gap in the response and a gap in sending, or an `httpx.Timeout`. By
                default 10 s to connect and 60 s for gaps; infinity for no limits. Pings of a stream reset the gap.
            max_retries: Maximum number of retries of a call, as far as it is safe to repeat.
            headers: Additional headers of every request. None removes a default header, such as `User-Agent`.
            http_client: Your own `httpx.AsyncClient`. It is neither changed nor closed; redirects are not followed. A
                cancelled call can leak one of its connections, a defect of the library's pool.
            limits: Limits on the size of responses held in memory.
            max_connections: Maximum number of simultaneous calls and open streams, 1,000 by default. Further calls wait for
                the pool timeout of an `httpx.Timeout` (by default without limit).
            keepalive_expiry: Seconds for which an idle connection is kept for the next call, 4 by default. It should be shorter
                than the time after which the server or a gateway closes idle connections. A server that announces a shorter
                time (`Keep-Alive: timeout=5`) is respected. 0 uses a new connection for each call.
            trust_env: Use `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, and the certificates in `SSL_CERT_FILE`
                or `SSL_CERT_DIR`.

        Raises:
            ConfigurationError: The base URL, a key or a number is invalid.
        """
        configure()
        if http_client is not None and not isinstance(http_client, AsyncHTTPClient):  # pyright: ignore
            raise ConfigurationError(
                f"http_client is {kind_of_client(http_client)}: AsyncDify takes an httpx.AsyncClient",
                param="http_client",
            )
        self._settings = settings_from(
            api_key=api_key,
            knowledge_api_key=knowledge_api_key,
            base_url=base_url,
            user=user,
            timeout=timeout,
            max_retries=max_retries,
            headers=headers,
            limits=limits,
        )
        if http_client is not None and (max_connections is not None or keepalive_expiry is not None or not trust_env):
            raise ConfigurationError(
                "max_connections, keepalive_expiry and trust_env are settings of the http_client that you pass",
                param="http_client",
            )
        self._pool = AsyncSharedClients(
            http_client,
            most=connections_from(max_connections),
            keepalive_expiry=keepalive_from(keepalive_expiry),
            trust_env=trusted(trust_env),
        )
        self._copy = False

    # ---------------------------------------------------------------------------------------------------- resources
    @cached_property
    def chat(self) -> AsyncChat:
        """Chat apps, agents and chatflows."""
        from .resources.chat import AsyncChat

        return AsyncChat(self._transport)

    @cached_property
    def completions(self) -> AsyncCompletions:
        """Completion apps."""
        from .resources.completions import AsyncCompletions

        return AsyncCompletions(self._transport)

    @cached_property
    def workflows(self) -> AsyncWorkflows:
        """Workflow apps, runs and logs."""
        from .resources.workflows import AsyncWorkflows

        return AsyncWorkflows(self._transport)

    @cached_property
    def human_input(self) -> AsyncHumanInput:
        """Human input forms of paused runs."""
        from .resources.human_input import AsyncHumanInput

        return AsyncHumanInput(self._transport)

    @cached_property
    def conversations(self) -> AsyncConversations:
        """Conversations of end users and their variables."""
        from .resources.conversations import AsyncConversations

        return AsyncConversations(self._transport)

    @cached_property
    def messages(self) -> AsyncMessages:
        """Stored messages, suggested questions and feedback."""
        from .resources.messages import AsyncMessages

        return AsyncMessages(self._transport)

    @cached_property
    def files(self) -> AsyncFiles:
        """Files of end users."""
        from .resources.files import AsyncFiles

        return AsyncFiles(self._transport)

    @cached_property
    def audio(self) -> AsyncAudio:
        """Speech to text and text to speech."""
        from .resources.audio import AsyncAudio

        return AsyncAudio(self._transport)

    @cached_property
    def app(self) -> AsyncApp:
        """The app of the key."""
        from .resources.app import AsyncApp

        return AsyncApp(self._transport)

    @cached_property
    def annotations(self) -> AsyncAnnotations:
        """Fixed replies to known questions."""
        from .resources.annotations import AsyncAnnotations

        return AsyncAnnotations(self._transport)

    @cached_property
    def end_users(self) -> AsyncEndUsers:
        """End users of the app."""
        from .resources.end_users import AsyncEndUsers

        return AsyncEndUsers(self._transport)

    @cached_property
    def knowledge(self) -> AsyncKnowledge:
        """Resources that require the knowledge API key."""
        from .resources.knowledge import AsyncKnowledge

        return AsyncKnowledge(self._transport)

    # ------------------------------------------------------------------------------------------------------ settings
    @property
    def base_url(self) -> str:
        """Base URL of the Service API."""
        return self._settings.base_url

    @property
    def user(self) -> str | None:
        """End user of calls that do not pass `user`."""
        return self._settings.user

    def with_options(self, **changes: Unpack[ClientOptions]) -> Self:
        """Return a copy of the client with other settings and the same connections.

        Copies are cheap: use them for many apps or many users on one pool. Closing a copy closes nothing; the connections
        belong to the first client.

        Args:
            **changes: Settings to change: `api_key`, `knowledge_api_key`, `user`, `timeout`, `max_retries`, and `headers`,
                which are added to the client's. None keeps a setting.

        Example:
            ```python
            alice = client.with_options(user="alice", timeout=20)
            reply = await alice.chat.send("Hello")
            ```
        """
        return self._with_settings(self._settings.with_changes(**changes))

    def _with_settings(self, settings: Settings) -> Self:
        copy = self.__class__.__new__(self.__class__)
        copy._settings = settings
        copy._pool = self._pool
        copy._copy = True
        return copy

    @cached_property
    def _transport(self) -> AsyncTransport:
        return AsyncTransport(self._settings, self._pool)

    # --------------------------------------------------------------------------------------------------- other calls
    async def server(self, *, options: RequestOptions | None = None) -> ServerInfo:
        """Return the version of the server; requires no key.

        The version is read from the `X-Version` header of a response. If a gateway removes that header, the server is
        recognized by its response to a request without a key, and `server_version` is None.

        Args:
            options: Options of this call.

        Raises:
            ResponseValidationError: The base URL is not that of Dify's Service API.
            ServerError: A gateway responded instead of the server.
            APIConnectionError: No response was received.

        Example:
            ```python
            info = await client.server()
            print(info.server_version)
            ```
        """
        try:
            exchange = await self._transport.open(INDEX, options)
            found = server_from(exchange.info, (await exchange.read_start()).decode("utf-8", "replace"))
        except APIStatusError as error:
            found = None if error.http is None else server_from(error.http, error.body or "")
            if found is None and is_final(error):
                raise
        return found or await self._server_without_version(options)

    async def _server_without_version(self, options: RequestOptions | None) -> ServerInfo:
        try:
            exchange = await self._transport.open(KEYLESS, options)
        except APIStatusError as error:
            if error.http is None or is_final(error):
                raise
            if refuses_like_dify(error):
                return attach(ServerInfo(server_version=error.http.server_version), error.http)
            raise not_dify(self.base_url, error.http, error.body) from None
        body = (await exchange.read_start()).decode("utf-8", "replace")
        raise not_dify(self.base_url, exchange.info, body)

    async def request(
        self,
        method: str,
        path: str,
        *,
        cast_to: type[T],
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        file: FileSource | None = None,
        form: Mapping[str, str] | None = None,
        key: KeyKind = "app",
        options: RequestOptions | None = None,
    ) -> T:
        """Send a request to a route for which the client has no method.

        The key is sent only to the server of the client; other URLs are rejected. GET, HEAD, PUT and DELETE are retried like
        other repeatable calls, other methods are sent once.

        Args:
            method: HTTP method.
            path: Path below the base URL, such as "/info". Ids in it must be quoted.
            cast_to: A pydantic model, or any type that pydantic can validate, such as `dict[str, Any]`; `type(None)` for a
                response without content. `AsyncChatStream`, `AsyncCompletionStream` or `AsyncWorkflowStream` for a stream,
                `AsyncByteStream` for a download; these send the request when they are entered, iterated or read.
            query: Query parameters; None is omitted, lists repeat the name.
            json: JSON body.
            file: File to upload as a multipart form, as in `files.upload`.
            form: Other fields of that form.
            key: API key to send: "app", "knowledge" or "none".
            options: Options of this call.

        Raises:
            InvalidArgumentError: The path leads to another server or out of the API, or arguments exclude each other.

        Example:
            ```python
            info = await client.request("GET", "/info", cast_to=dict)
            print(info["name"])
            ```
        """
        if file is not None and json is not None:
            raise InvalidArgumentError(
                "a request has either json or file, not both: put fields into form", param="file"
            )
        if form is not None and file is None:
            raise InvalidArgumentError("form has the other fields of an upload: pass file, or json", param="form")
        method = method.upper()
        call = Call(
            f"{method} {path}",
            method,
            escape_path(path),
            key=key,
            query=query or {},
            json=json,
            form=form or {},
            repeatable=method in ("GET", "HEAD", "PUT", "DELETE"),
        )
        if is_stream(cast_to):
            if file is not None:
                raise InvalidArgumentError(
                    "an upload has no stream: cast_to must be a type of its response", param="cast_to"
                )
            return stream_of(self._transport, call, cast_to, options)
        if file is not None:
            call = replace(call, upload=await prepare_upload(file))
        return await self._transport.fetch(call, cast_to, options)

    # ------------------------------------------------------------------------------------------------------- closing
    async def aclose(self) -> None:
        """Close the connections. A copy made by `with_options` closes nothing.

        Example:
            ```python
            client = AsyncDify(api_key="app-...", user="alice")
            await client.aclose()
            ```
        """
        if not self._copy:
            await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        user = "" if self.user is None else f", user={self.user!r}"
        return f"{type(self).__name__}(base_url={self.base_url!r}{user})"

    def __copy__(self) -> Self:
        """Return a copy on the same connections, with the keys."""
        return self._with_settings(self._settings)

    def __deepcopy__(self, memo: object) -> Self:
        """Return a copy on the same connections, which copies share.

        Settings are immutable.
        """
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        """Return the settings without keys and headers.

        An unpickled client reads its keys from the environment.
        """
        settings = self._settings
        return {
            "base_url": settings.base_url,
            "user": settings.user,
            "timeout": settings.timeout,
            "limits": settings.limits,
            "max_retries": settings.max_retries,
            "max_connections": self._pool.most,
            "keepalive_expiry": self._pool.keepalive_expiry,
            "trust_env": self._pool.trust_env,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
