"""respx routers that answer what is Dify's, say what was unexpected, and let all else pass."""

from __future__ import annotations

from collections.abc import Callable

import respx
from respx.models import AllMockedAssertionError, PassThrough, Route

from ..builders.responses import Request, Response
from .answers import CALLER_AWAITS
from .errors import UnmockedCall

__all__ = ["Catcher", "PatchingRouter"]

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class Catcher:
    """Which requests a mock answers, and what it says of those that it has no answer for."""

    def __init__(self, base_url: str, files_host: str, explain: Callable[[Request], UnmockedCall]) -> None:
        self._base_url = base_url if "://" in base_url else f"https://{base_url}"
        self._files_host = files_host
        self._explain = explain

    def wants(self, request: Request) -> bool:
        """Whether a request is meant for the Dify that is mocked: by where it goes, or by the key that it carries.

        Servers on this machine are others: emulators, and the tests' own.
        """
        url = str(request.url)
        if url.startswith(self._base_url.removesuffix("/").removesuffix("/v1") + "/"):
            return True
        if request.url.host == self._files_host:
            return True
        key = request.headers.get("authorization", "").partition(" ")[2]
        return key.startswith(("app-", "dataset-")) and request.url.host not in _THIS_MACHINE

    def handle(self, router: respx.Router, request: Request) -> Response:
        """A router's answer."""
        before = CALLER_AWAITS.set(False)
        try:
            return respx.Router.handler(router, request)
        except UnmockedCall:
            raise
        except AllMockedAssertionError:
            raise self._explain(request) from None
        finally:
            CALLER_AWAITS.reset(before)

    async def handle_async(self, router: respx.Router, request: Request) -> Response:
        """A router's answer, where answers may be coroutines."""
        before = CALLER_AWAITS.set(True)
        try:
            return await respx.Router.async_handler(router, request)
        except UnmockedCall:
            raise
        except AllMockedAssertionError:
            raise self._explain(request) from None
        finally:
            CALLER_AWAITS.reset(before)


class PatchingRouter(respx.MockRouter):
    """A router that, once started, stands before every httpx client, and takes from them what is Dify's."""

    def __init__(self, catcher: Catcher) -> None:
        # "httpx" and not respx's default, which is below: the client of this package has connections of its own there.
        super().__init__(assert_all_called=False, using="httpx")
        self._catcher = catcher

    def handler(self, request: Request) -> Response:
        self._let_pass(request)
        return self._catcher.handle(self, request)

    async def async_handler(self, request: Request) -> Response:
        self._let_pass(request)
        return await self._catcher.handle_async(self, request)

    def _let_pass(self, request: Request) -> None:
        if not self._catcher.wants(request):
            raise PassThrough(f"not for Dify: {request!r}", request=request, origin=Route())
