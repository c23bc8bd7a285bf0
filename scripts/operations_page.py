"""Write docs/operations.md from the table of operations.

python scripts/operations_page.py            write it
python scripts/operations_page.py --check    change nothing; fail if the committed file differs
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

from _generated import DOCS, write_or_check

from dify._operations import OPERATIONS, SERVER_ONLY, Operation

HEAD = """\
# Operations

All {count} operations of Dify's Service API, and the methods of `AsyncDify` that call them. `Dify` has the same methods
without `await`.

*Since* is the oldest of the releases 0.10, 1.9 and 1.14 that has the route; the route may have appeared in a release between
two of them. A server without a route responds with a web page and status 404; the `NotFoundError` then names the required
version and the version of the server.

The client supports servers from 1.9 to 1.19 ([Server versions](server-versions.md)). The knowledge routes are those of the
*Classic* Knowledge Base API; for the optional [Agent Knowledge Base](knowledge.md#the-agent-knowledge-base), use
`client.request`.
"""

BEYOND = """
## Routes that Dify does not document

| Route | Call | Reason |
|---|---|---|
"""


def noun(operation: Operation) -> str:
    """Return the resource of an operation, such as "knowledge.documents"."""
    return operation.calls[0].rpartition(".")[0]


def page() -> str:
    """Return the text of the page."""
    return "".join([HEAD.format(count=len(OPERATIONS)), *sections(), BEYOND, *beyond()])


def sections() -> Iterator[str]:
    nouns = list(dict.fromkeys(noun(one) for one in OPERATIONS.values()))
    ordered = sorted(OPERATIONS.values(), key=lambda one: nouns.index(noun(one)))
    for name, group in groupby(ordered, noun):
        yield f"\n## {name}\n\n| Call | Operation | Route | Since |\n|---|---|---|---|\n"
        for one in group:
            calls = "<br>".join(f"`{call}`" for call in one.calls)
            yield f"| {calls} | {one.id} | `{one.method} {one.path}` | {one.since} |\n"


def beyond() -> Iterator[str]:
    for route in SERVER_ONLY:
        call = f"`{route.call}`" if route.call else "no method"
        yield f"| `{route.method} {route.path}` | {call} | {route.reason} |\n"


if __name__ == "__main__":
    sys.exit(write_or_check({DOCS / "operations.md": page()}, sys.argv[1:], "operations_page.py", __doc__))
