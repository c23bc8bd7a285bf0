"""`AsyncDify`: the client."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from .._config import ClientOptions, RequestOptions, ResponseLimits, Settings, connections_from, settings_from, trusted
from .._log import configure
from .._net.http import AsyncHTTPClient, TimeoutTypes
from .._protocol.request import Call, KeyKind, escape_path
from .._protocol.server_probe import INDEX, KEYLESS, is_final, not_dify, refuses_like_dify, server_from
from ..errors import APIStatusError, ConfigurationError
from ..types._base import attach
from ..types.server import ServerInfo
from ._io import AsyncWrongFaceGuard
from .pool import AsyncPool
from .transport import AsyncTransport

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


class AsyncDify(AsyncWrongFaceGuard):
    """A client of one Dify server, for one app key and one knowledge key.

    Use it as an async context manager, or call `aclose` when done. One client serves any number of tasks.

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
        headers: Mapping[str, str] | None = None,
        http_client: AsyncHTTPClient | None = None,
        limits: ResponseLimits | None = None,
        max_connections: int | None = None,
        trust_env: bool = True,
    ) -> None:
        """Set up a client; nothing is sent.

        Args:
            api_key: An app's key (`app-…`); from `DIFY_API_KEY` where None. App resources need it.
            knowledge_api_key: A knowledge key (`dataset-…`); from `DIFY_KNOWLEDGE_API_KEY` where None.
            base_url: The Service API's address, with or without scheme and `/v1`; from `DIFY_BASE_URL` where None, else
                Dify Cloud.
            user: The end user of calls that name none: your own id for the person who asks.
            timeout: Seconds for each of connecting, a gap in the answer and a gap in sending, or an `httpx.Timeout`. By
                default 10 s to connect and 60 s for gaps; infinity for no limits. The pings of a stream count as bytes.
            max_retries: How often to try again where that is safe.
            headers: More headers for every request.
            http_client: Your own `httpx.AsyncClient`; it is neither changed nor closed. Redirects stay off.
                Cancelling can cost one of its connections for good (a fault of the library's pool that ours has not).
            limits: How much of an answer may be held in memory.
            max_connections: How many calls may be under way at once, 1,000 by default; more wait for one to end, for as long
                as the pool timeout of an `httpx.Timeout` says (by default without end). An open stream is such a call.
            trust_env: Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` are followed, and the certificates
                that `SSL_CERT_FILE` or `SSL_CERT_DIR` names are trusted.

        Raises:
            ConfigurationError: The address, a key or a number cannot be used.
        """
        configure()
        if http_client is not None and not isinstance(http_client, AsyncHTTPClient):  # pyright: ignore
            raise ConfigurationError(
                f"http_client is a {type(http_client).__name__}: AsyncDify takes an httpx.AsyncClient"
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
        if http_client is not None and (max_connections is not None or not trust_env):
            raise ConfigurationError("max_connections and trust_env are settings of the http_client that you pass")
        self._pool = AsyncPool(
            http_client,
            server=self._settings.base_url,
            most=connections_from(max_connections),
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
        """Workflow runs, their events, details and logs."""
        from .resources.workflows import AsyncWorkflows

        return AsyncWorkflows(self._transport)

    @cached_property
    def human_input(self) -> AsyncHumanInput:
        """Forms with which runs ask a person."""
        from .resources.human_input import AsyncHumanInput

        return AsyncHumanInput(self._transport)

    @cached_property
    def conversations(self) -> AsyncConversations:
        """Conversations of end users, and the variables in them."""
        from .resources.conversations import AsyncConversations

        return AsyncConversations(self._transport)

    @cached_property
    def messages(self) -> AsyncMessages:
        """Messages as stored, questions to ask next, and feedback."""
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
        """The app behind the key."""
        from .resources.app import AsyncApp

        return AsyncApp(self._transport)

    @cached_property
    def annotations(self) -> AsyncAnnotations:
        """Fixed answers to known questions."""
        from .resources.annotations import AsyncAnnotations

        return AsyncAnnotations(self._transport)

    @cached_property
    def end_users(self) -> AsyncEndUsers:
        """The people on whose behalf the app is called."""
        from .resources.end_users import AsyncEndUsers

        return AsyncEndUsers(self._transport)

    @cached_property
    def knowledge(self) -> AsyncKnowledge:
        """Everything that takes the knowledge key."""
        from .resources.knowledge import AsyncKnowledge

        return AsyncKnowledge(self._transport)

    # ------------------------------------------------------------------------------------------------------ settings
    @property
    def base_url(self) -> str:
        """The address that calls go to."""
        return self._settings.base_url

    @property
    def user(self) -> str | None:
        """The end user of calls that name none."""
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
        """Return the server's version; needs no key.

        The version is read from the `X-Version` header, which Dify sends with every answer. Where a gateway removes that
        header, the server is recognized by its answer to a request without a key, and `server_version` is None.

        Args:
            options: Settings for this call alone.

        Raises:
            ResponseValidationError: The address does not belong to Dify's Service API.
            ServerError: A gateway answered in place of the server.
            APIConnectionError: No answer arrived.

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
        key: KeyKind = "app",
        options: RequestOptions | None = None,
    ) -> T:
        """Call a route that this client has no method for.

        The key goes only to the client's own server; another address is refused. GET, HEAD, PUT and DELETE are tried again
        as such calls are, everything else is sent once.

        Args:
            method: HTTP method.
            path: Path below the base URL, such as "/info"; ids in it are yours to quote.
            cast_to: A pydantic model, or any type that pydantic can validate, such as `dict[str, Any]`; `type(None)` for a
                call whose answer has no content.
            query: Query parameters; None is left out, lists repeat the name.
            json: JSON body.
            key: Which key to send: "app", "knowledge" or "none".
            options: Settings for this call alone.

        Raises:
            InvalidArgumentError: The path names another server, or steps out of the API.

        Example:
            ```python
            info = await client.request("GET", "/info", cast_to=dict)
            print(info["name"])
            ```
        """
        method = method.upper()
        call = Call(
            f"{method} {path}",
            method,
            escape_path(path),
            key=key,
            query=query or {},
            json=json,
            repeatable=method in ("GET", "HEAD", "PUT", "DELETE"),
        )
        return await self._transport.fetch(call, cast_to, options)

    # ------------------------------------------------------------------------------------------------------- closing
    async def aclose(self) -> None:
        """Close the connections. A client made by `with_options` has none of its own and closes nothing.

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
        """Another one on the same connections; it keeps the keys, which a pickled one would not."""
        return self._with_settings(self._settings)

    def __deepcopy__(self, memo: object) -> Self:
        """The same: connections are shared, settings never change."""
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        """Everything but keys, headers and connections: a client that is unpickled asks the environment for its keys."""
        settings = self._settings
        return {
            "base_url": settings.base_url,
            "user": settings.user,
            "timeout": settings.timeout,
            "limits": settings.limits,
            "max_retries": settings.max_retries,
            "max_connections": self._pool.most,
            "trust_env": self._pool.trust_env,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
