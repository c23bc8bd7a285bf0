"""respx routers that respond to calls of Dify, and pass other requests through."""

from __future__ import annotations

from collections.abc import Callable

import respx
from respx.models import AllMockedAssertionError, PassThrough, Route

from ..builders.responses import Request, Response
from .errors import UnmockedCall
from .planned_responses import CALLER_AWAITS

__all__ = ["CallInterceptor", "PatchingRouter"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class CallInterceptor:
    """Selects the requests for a mock, and explains calls without a response."""

    def __init__(self, base_url: str, files_host: str, explain: Callable[[Request], UnmockedCall]) -> None:
        self._base_url = base_url if "://" in base_url else f"https://{base_url}"
        self._files_host = files_host
        self._explain = explain

    def wants(self, request: Request) -> bool:
        """Return True if a request is for the mocked Dify, by its host or by its key.

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
        """Return the response of a router."""
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
        """Return the response of a router whose responses may be coroutines."""
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
    """A router that patches every httpx client while it is started.

    It responds to calls of Dify.
    """

    def __init__(self, interceptor: CallInterceptor) -> None:
        # "httpx" and not respx's default, which is below: the client of this package has connections of its own there.
        super().__init__(assert_all_called=False, using="httpx")
        self._interceptor = interceptor

    def handler(self, request: Request) -> Response:
        self._let_pass(request)
        return self._interceptor.handle(self, request)

    async def async_handler(self, request: Request) -> Response:
        self._let_pass(request)
        return await self._interceptor.handle_async(self, request)

    def _let_pass(self, request: Request) -> None:
        if not self._interceptor.wants(request):
            raise PassThrough(f"not for Dify: {request!r}", request=request, origin=Route())
