"""Write docs/operations.md from the table of operations.

python scripts/operations_page.py            write it
python scripts/operations_page.py --check    change nothing; fail where what is committed differs
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

from _generated import DOCS, write_or_check

from dify._operations import OPERATIONS, SERVER_ONLY, Operation

HEAD = """\
# Operations

All {count} operations of Dify's Service API, and the calls that make them. Every call is there on `AsyncDify` and, without
`await`, on `Dify`.

*Since* is the oldest of the releases 0.10, 1.9 and 1.14 that has the route; it may have come in a release between
two of them. A server that lacks a route answers with a web page and status 404: the `NotFoundError` then names both versions.

Servers from 1.9 to 1.19 are covered ([Server versions](server-versions.md)). The routes of knowledge are those that Dify now
calls the *Classic* Knowledge Base API; the opt-in [Agent Knowledge Base](knowledge.md#the-agent-knowledge-base) has no methods
here yet.
"""

BEYOND = """
## Beyond Dify's own description

| Route | Call | Why |
|---|---|---|
"""


def noun(operation: Operation) -> str:
    """What a call belongs to, such as `knowledge.documents`."""
    return operation.calls[0].rpartition(".")[0]


def page() -> str:
    """The whole page."""
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
        call = f"`{route.call}`" if route.call else "left out"
        yield f"| `{route.method} {route.path}` | {call} | {route.reason} |\n"


if __name__ == "__main__":
    sys.exit(write_or_check({DOCS / "operations.md": page()}, sys.argv[1:], "operations_page.py", __doc__))
