"""The HTTP clients that a client and its copies share."""

from __future__ import annotations

from pydantic import SecretStr

from .._net import http as _http
from .._net._async.proxy_router import new_async_transport
from .._net.forks import forget_connections, keep_inherited, start_anew_after_fork
from .._net.http import AsyncHTTPClient, CookielessAsyncClient
from .._net.proxies import proxy_passwords, proxy_urls
from .._net.synchronization import async_shield, sync_lock
from ..errors import ConfigurationError
from ._io import begin, current_loop, is_gone
from .first_calls import AsyncFirstCalls

__all__ = ["AsyncSharedClients"]


class AsyncSharedClients:
    """The HTTP clients of a client and its copies.

    There is one per event loop, created on first use.
    """

    def __init__(
        self,
        given: AsyncHTTPClient | None = None,
        *,
        most: int = _http.DEFAULT_CONNECTIONS,
        keepalive_expiry: float = _http.DEFAULT_KEEPALIVE_EXPIRY,
        trust_env: bool = True,
    ) -> None:
        self.most = most
        self.keepalive_expiry = keepalive_expiry
        self.trust_env = trust_env
        self._given = given
        self._own: dict[object, AsyncHTTPClient] = {}
        self._closed = False
        self._proxy_passwords: tuple[SecretStr, ...] = getattr(given, "proxy_passwords", ())
        self._making = sync_lock()
        self.first_calls = AsyncFirstCalls()
        start_anew_after_fork(self)

    def start_anew(self) -> None:
        """Forget the connections of the parent process. Called in a child process."""
        self._making = sync_lock()
        keep_inherited(self._own)
        self._own = {}
        if self._given is not None:
            forget_connections(self._given)

    @property
    def closed(self) -> bool:
        """True after `aclose`, or after the user has closed the HTTP client."""
        return self._closed or (self._given is not None and self._given.is_closed)

    def secrets(self) -> tuple[str, ...]:
        """Return the passwords of proxies in plain text, for redaction."""
        return tuple(password.get_secret_value() for password in self._proxy_passwords)

    def closed_error(self) -> ConfigurationError:
        """Return the error for a call after the client was closed."""
        return ConfigurationError(
            "the client is closed: create a new one, or stay inside its `with` block", reason="closed"
        )

    def http(self) -> AsyncHTTPClient:
        """Return the HTTP client of the running event loop."""
        if self.closed:
            raise self.closed_error()
        if self._given is not None:
            return self._given
        loop = current_loop()
        own = self._own.get(loop)
        return own if own is not None else self._made_for(loop)

    def _made_for(self, loop: object) -> AsyncHTTPClient:
        with self._making:
            if self._closed:
                raise self.closed_error()
            # Connections of an event loop that has ended can neither be used nor closed.
            self._own = {known: own for known, own in self._own.items() if not is_gone(known)}
            if loop not in self._own:
                self._proxy_passwords = proxy_passwords(proxy_urls(self.trust_env))
                transport = new_async_transport(
                    max_connections=self.most, keepalive_expiry=self.keepalive_expiry, trust_env=self.trust_env
                )
                self._own[loop] = CookielessAsyncClient(**_http.client_settings(transport))
            return self._own[loop]

    async def aclose(self) -> None:
        """Close the HTTP clients that were created here.

        The user closes an HTTP client of their own.
        """
        with self._making:
            self._closed = True
            own, self._own = self._own, {}
        here = own.pop(current_loop(), None)
        for loop, there in own.items():
            begin(loop, there.aclose)
        if here is not None:
            with async_shield():
                await here.aclose()
