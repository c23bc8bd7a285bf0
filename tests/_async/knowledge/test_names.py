"""Documents of one name: what `if_exists` looks up, sends and raises, and the names under which servers keep documents."""

from __future__ import annotations

import json

import httpx
import pytest

from dify import DocumentExistsError, InvalidArgumentError

from ..support import make_client


class KnowledgeBase:
    """A knowledge base that searches names with LIKE, as servers do, and keeps what it is asked."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.method == "GET":
            keyword = request.url.params.get("keyword", "")
            # In LIKE a backslash escapes what follows it.
            found = [name for name in self.names if keyword.replace("\\", "") in name]
            data = [{"id": f"d-{n}", "name": name} for n, name in enumerate(found)]
            return httpx.Response(
                200, json={"data": data, "has_more": False, "total": len(data), "page": 1, "limit": 100}
            )
        return httpx.Response(200, json={"document": {"id": "d-new", "name": "x"}, "batch": "b-1"})

    @property
    def sent(self) -> list[str]:
        return [f"{request.method} {request.url.path.rpartition('/')[2]}" for request in self.requests]


def text(base: KnowledgeBase, name: str, **options):
    return make_client(base).knowledge.documents.create_from_text("k-1", name, "30 days", **options)


def file(base: KnowledgeBase, name: str, **options):
    return make_client(base).knowledge.documents.create_from_file("k-1", (name, b"30 days"), **options)


@pytest.mark.parametrize("create", [text, file])
async def test_a_single_call_looks_nothing_up_and_the_server_replaces(create):
    base = KnowledgeBase("leave.md")
    assert (await create(base, "leave.md")).batch == "b-1"
    assert (await create(base, "leave.md", if_exists="replace")).batch == "b-1"
    assert [request.method for request in base.requests] == ["POST", "POST"]
    assert b"if_exists" not in base.requests[1].content


@pytest.mark.parametrize("create", [text, file])
async def test_error_raises_with_the_documents_and_sends_nothing(create):
    base = KnowledgeBase("leave.md", "leave.md.old")
    with pytest.raises(DocumentExistsError, match=r"'leave.md'.*if_exists='replace' or 'skip'") as caught:
        await create(base, "leave.md", if_exists="error")
    assert (caught.value.name, [document.id for document in caught.value.documents]) == ("leave.md", ["d-0"])
    assert base.sent == ["GET documents"]
    assert base.requests[0].url.params["limit"] == "100"


@pytest.mark.parametrize("create", [text, file])
async def test_skip_gives_none_where_there_is_such_a_document_and_creates_it_elsewhere(create):
    base = KnowledgeBase("leave.md")
    assert await create(base, "leave.md", if_exists="skip") is None
    assert (await create(base, "eave.md", if_exists="skip")).batch == "b-1"  # names compare whole
    assert (await create(base, "Leave.md", if_exists="error")).batch == "b-1"  # and with their case
    assert [request.method for request in base.requests] == ["GET", "GET", "POST", "GET", "POST"]


@pytest.mark.parametrize(
    ("create", "name", "stored"),
    [
        (text, "a/index.md", "a/index.md"),
        (text, "a\\b", "a\\b"),
        (text, "x" * 300, "x" * 200),
        (file, "v1." + "x" * 200 + ".MD", "v1.md"),
        (file, "x" * 300 + ".md", "x" * 200 + ".md"),
        (file, "x" * 300, "x" * 200 + "."),
        (file, "a%22b.md", 'a"b.md'),
        (file, "50%_off.md", "50%_off.md"),
    ],
)
async def test_the_name_that_is_looked_up_is_the_one_that_the_server_would_store(create, name, stored):
    with pytest.raises(DocumentExistsError):
        await create(KnowledgeBase("other", stored), name, if_exists="error")


async def test_another_word_for_if_exists_is_refused():
    base = KnowledgeBase()
    with pytest.raises(InvalidArgumentError, match="if_exists is 'overwrite': pass 'error', 'replace' or 'skip'"):
        await text(base, "x", if_exists="overwrite")
    assert base.requests == []


async def test_a_new_text_without_a_name_keeps_the_documents_name():
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        document = {"id": "d-1", "name": "Leave"}
        return httpx.Response(200, json=document if request.method == "GET" else {"document": document, "batch": "b-1"})

    await make_client(handler).knowledge.documents.update_from_text("k-1", "d-1", text="32 days")
    assert [(request.method, request.url.path) for request in requests] == [
        ("GET", "/v1/datasets/k-1/documents/d-1"),
        ("POST", "/v1/datasets/k-1/documents/d-1/update-by-text"),
    ]
    assert json.loads(requests[1].content) == {"name": "Leave", "text": "32 days"}
