"""Every example in Dify's description of the API, replayed: the client returns a model, or raises the error of its class."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from dify import APIStatusError, Dify
from dify._operations import OPERATIONS
from dify.types._base import ResponseModel
from tests.support.expected import error_class
from tests.support.operations import operations as methods

from .openapi import FILE, documented, needs_contract, resolve


@dataclass(frozen=True)
class Example:
    """An example response of an operation."""

    operation: str
    status: int
    media_type: str
    name: str
    value: Any

    @property
    def content(self) -> bytes:
        """The body: JSON, or text. The description folds a stream into one line, without its blank lines."""
        if not isinstance(self.value, str):
            return json.dumps(self.value).encode()
        return self.value.replace("} data: {", "}\n\ndata: {").encode()


def examples() -> Iterator[Example]:
    if not FILE.is_file():
        return
    for one in documented().values():
        for status, response in one.described["responses"].items():
            for media_type, content in resolve(response).get("content", {}).items():
                known = dict(content.get("examples", {}))
                if "example" in content:
                    known["example"] = {"value": content["example"]}
                for name, example in known.items():
                    yield Example(one.id, int(status), media_type, name, resolve(example)["value"])


EXAMPLES = list(examples())
STREAMING = ("workflows.events", "chat.events", "knowledge.pipelines.run_datasource_node")
"""Methods that return a stream and not a reply."""


def client_for(example: Example) -> Dify:
    """Return a client to which the server responds with an example."""

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(example.status, headers={"Content-Type": example.media_type}, content=example.content)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    return Dify(
        "app-x",
        knowledge_api_key="dataset-x",
        base_url="https://dify.test/v1",
        user="a",
        http_client=http,
        max_retries=0,
    )


def call(example: Example) -> Any:
    """Return the result of the client's method; a stream is read to its end."""
    path = OPERATIONS[example.operation].calls[0]
    client = client_for(example)
    [method] = [one for one in methods(client) if one.path == path]
    arguments: dict[str, Any] = {"response_mode": "blocking"} if example.media_type == "application/json" else {}
    if example.operation == "runPipeline":  # the description has the response for a draft
        arguments["is_published"] = False
    result = method.call(client, **{name: value for name, value in arguments.items() if name in method.names})
    if hasattr(result, "first"):  # a pager
        return result.data
    if hasattr(result, "read"):  # a download
        return result.read()
    return list(result) if path in STREAMING else result


@needs_contract
def test_the_description_has_examples_of_every_kind():
    assert len(EXAMPLES) > 400
    assert {example.media_type for example in EXAMPLES} >= {"application/json", "text/event-stream"}


@needs_contract
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.operation}-{one.status}-{one.name}")
def test_an_example_of_the_description_is_read(example: Example):
    if example.status < 300:
        result = call(example)
        if isinstance(result, ResponseModel):
            assert result.http.status == example.status
        else:
            assert result is None or isinstance(result, (list, tuple, bytes))
        return
    body = example.value
    with pytest.raises(APIStatusError) as caught:
        call(example)
    assert type(caught.value) is error_class(example.status, body.get("code"), body.get("message") or "")
    assert (caught.value.status_code, caught.value.code) == (example.status, body.get("code"))
