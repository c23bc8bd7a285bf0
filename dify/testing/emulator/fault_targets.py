"""Whether a fault can meet a request at all: whether the path that it is aimed at is one of the API's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache

__all__ = ["aimed"]

_PARAMETER = re.compile(r"{\w+(?::\w+)?}")
_ONE, _MORE = "\0", "\1"
"""What a parameter consists of: a character that is no slash, and any number of them. No path has these characters."""


def aimed(
    routes: Iterable[tuple[str, frozenset[str]]], times: object, path: str | None, method: str | None
) -> tuple[int, str | None, str | None]:
    """How often, and at what a fault is aimed.

    Args:
        routes: The paths of the API, with parameters in braces and without `/v1`, and their methods.
        times: How many requests it is to meet.
        path: The path, with `*` for any text.
        method: The method.

    Raises:
        ValueError: It would meet no request.
    """
    if not isinstance(times, int) or times < 1:
        raise ValueError(f"times counts requests: 1 or more, and not {times!r}")
    known = list(routes)
    fitting = known if path is None else [route for route in known if _fits(path, route[0])]
    if path is not None and not fitting:
        raise ValueError(_no_route(path, known))
    if method is not None and not any(method.upper() in methods for _, methods in fitting):
        having = ", ".join(sorted({one for _, methods in fitting for one in methods} - {"HEAD"}))
        raise ValueError(f"method={method!r} meets no request: {path or 'the API'} is called with {having}")
    return times, path, method


def _no_route(path: str, routes: Sequence[tuple[str, frozenset[str]]]) -> str:
    said = f"path={path!r} meets no request, for no path of the API fits it"
    if re.search(r"(^|/)v1(/|$)", path):
        below = "/" + re.sub(r"^.*?(^|/)v1(/|$)", "", path)
        return f'{said}: paths are told without "/v1", so path={below!r}'
    if "{" in path:
        return f"{said}: `*` stands for any text, so path={_PARAMETER.sub('*', path)!r}"
    if not path.startswith(("/", "*")):
        return f"{said}: paths begin with a slash"
    near = get_close_matches(path, sorted({_PARAMETER.sub("*", each) for each, _ in routes}), 3)
    return f"{said}: did you mean {' or '.join(near)}?" if near else f"{said} (`*` stands for any text)"


def _fits(path: str, route: str) -> bool:
    """Whether some text is a path of the route and fits what the fault is aimed at."""
    if "{" in path:
        return False  # a path as the API's description has it, which no request has
    return _meet(_glob(path), _PARAMETER.sub(_ONE + _MORE, route))


def _glob(path: str) -> list[str]:
    # A set of characters is taken for any.
    return ["?" if len(token) > 1 else token for token in re.findall(r"\[!?\]?[^\]]*\]|.", path, re.DOTALL)]


def _meet(glob: Sequence[str], route: str) -> bool:
    """Whether there is a text that both stand for."""

    @cache
    def rest(at: int, place: int) -> bool:
        if at == len(glob):
            return not route[place:].strip(_MORE)
        token = glob[at]
        if token == "*":
            return rest(at + 1, place) or (place < len(route) and rest(at, place + 1))
        if place == len(route):
            return False
        here = route[place]
        if here == _MORE:
            return rest(at, place + 1) or (token != "/" and rest(at + 1, place))
        same = token in ("?", here) or (here == _ONE and token != "/")
        return same and rest(at + 1, place + 1)

    return rest(0, 0)
