"""Requests that meet a fault: what they get before anybody looks at them."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .answers import EmulatorError
from .fault_queue import Delay, Failure, Faults
from .reset_extension import RESET
from .wording import error_answer

__all__ = ["below", "met"]

_GATEWAY_PAGE = "<html>\n<head><title>{0}</title></head>\n<body>\n<center><h1>{0}</h1></center>\n</body>\n</html>\n"


class Reset(Response):
    """No answer: the connection is reset, by whichever door the request came in."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"][RESET]()


async def met(faults: Faults, request: Request) -> Response | None:
    """What goes wrong on purpose with a request, before anybody looks at it."""
    delay = faults.take(Delay, request.method, below(request))
    if delay is not None:
        await asyncio.sleep(delay.seconds)
    failure = faults.take(Failure, request.method, below(request))
    if failure is None:
        return None
    if failure.status is None:
        return Reset()
    headers = {} if failure.retry_after is None else {"Retry-After": failure.retry_after}
    if failure.html:
        reason = HTTPStatus(failure.status).phrase if failure.status in set(HTTPStatus) else "Error"
        page = _GATEWAY_PAGE.format(f"{failure.status} {reason}")
        return Response(page, failure.status, headers, media_type="text/html")
    return error_answer(EmulatorError(failure.status, failure.code, failure.message), headers)


def below(request: Request) -> str:
    """The path of a request without `/v1`."""
    return request.url.path.removeprefix("/v1")
