"""Documents from files: a form with the file and, as JSON text, the settings."""

from __future__ import annotations

import io

import httpx
import pytest

from dify import APIStatusError, BadRequestError, InvalidArgumentError, ServerError
from dify.types.documents import ProcessRule, ProcessRules, Segmentation
from dify.types.pipelines import LocalFile, PipelineFile
from tests.support.forms import form_of

from ..support import make_client

MADE = {"document": {"id": "d-1", "name": "leave.md"}, "batch": "b-1"}


def keeping(seen: list[httpx.Request], status: int = 200, body=MADE):
    def handler(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        return httpx.Response(status, json=body, headers={"Retry-After": "0"})

    return handler


async def test_the_settings_go_as_json_text_into_one_field():
    seen = []
    rule = ProcessRule(mode="custom", rules=ProcessRules(segmentation=Segmentation(max_tokens=500, separator="\n—\n")))
    made = await make_client(keeping(seen)).knowledge.documents.create_from_file(
        "k-1", ("leave.md", b"# Leave"), indexing_technique="economy", doc_language="Français", process_rule=rule
    )
    form = form_of(seen[0].content)
    assert form.fields == {
        "data": {
            "indexing_technique": "economy",
            "doc_language": "Français",
            "process_rule": {"mode": "custom", "rules": {"segmentation": {"max_tokens": 500, "separator": "\n—\n"}}},
        }
    }
    assert (form.filename, form.mime_type, form.content) == ("leave.md", "text/markdown", b"# Leave")
    assert (made.document.id, made.batch, made.http.status) == ("d-1", "b-1", 200)


async def test_without_settings_the_form_has_the_file_alone():
    seen = []
    await make_client(keeping(seen)).knowledge.documents.create_from_file("k-1", ("a.txt", b"x"))
    assert form_of(seen[0].content).fields == {}


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("replace_file", "PATCH", "/v1/datasets/k-1/documents/d-1"),
        ("update_from_file", "POST", "/v1/datasets/k-1/documents/d-1/update-by-file"),
    ],
)
async def test_a_documents_file_is_replaced_in_the_newer_and_in_the_older_way(name, method, path, tmp_path):
    file = tmp_path / "leave.md"
    file.write_bytes(b"# Leave")
    seen = []
    replace = getattr(make_client(keeping(seen)).knowledge.documents, name)
    await replace("k-1", "d-1", file, doc_form="text_model", embedding_model="m", embedding_model_provider="p")
    assert (seen[0].method, seen[0].url.path) == (method, path)
    form = form_of(seen[0].content)
    assert form.content == b"# Leave"
    assert form.fields["data"] == {"doc_form": "text_model", "embedding_model": "m", "embedding_model_provider": "p"}


async def test_a_file_object_is_sent_from_where_it_stands_under_the_name_given():
    seen = []
    file = io.BytesIO(b"skip30 days")
    file.seek(4)
    client = make_client(keeping(seen))
    await client.knowledge.documents.create_from_file("k-1", file, filename="a.bin", mime_type="text/plain")
    form = form_of(seen[0].content)
    assert (form.filename, form.mime_type, form.content) == ("a.bin", "text/plain", b"30 days")


@pytest.mark.parametrize(
    "call",
    [
        lambda knowledge: knowledge.documents.create_from_file("k-1", ("a.txt", b"x")),
        lambda knowledge: knowledge.documents.replace_file("k-1", "d-1", ("a.txt", b"x")),
        lambda knowledge: knowledge.documents.update_from_file("k-1", "d-1", ("a.txt", b"x")),
        lambda knowledge: knowledge.pipelines.upload_file(("a.txt", b"x")),
    ],
)
async def test_an_upload_that_a_gateway_gave_up_is_not_sent_again(call):
    seen = []
    client = make_client(keeping(seen, 502), max_retries=2)
    with pytest.raises(ServerError):
        await call(client.knowledge)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda knowledge: knowledge.documents.create_from_file("k-1", ("a.exe", b"x")),
        lambda knowledge: knowledge.pipelines.upload_file(("a.txt", b"x")),
    ],
)
async def test_a_refusal_without_a_word_says_what_it_may_mean(call):
    refusal = {"code": "invalid_param", "message": "", "status": 400}
    with pytest.raises(BadRequestError, match="too large or of an unsupported type"):
        await call(make_client(keeping([], 400, refusal)).knowledge)


@pytest.mark.parametrize(
    ("status", "refusal", "call"),
    [
        (
            400,
            {"code": "invalid_param", "message": "process_rule is required.", "status": 400},
            lambda knowledge: knowledge.documents.create_from_file("k-1", ("a.txt", b"x")),
        ),
        (
            500,
            {"code": "unknown", "message": "Internal Server Error", "status": 500},
            lambda knowledge: knowledge.documents.create_from_text("k-1", "a", "x"),
        ),
    ],
)
async def test_a_first_document_without_a_rule_is_told_what_it_lacks(status, refusal, call):
    with pytest.raises(APIStatusError, match="the first document of a knowledge base needs a process_rule"):
        await call(make_client(keeping([], status, refusal)).knowledge)


async def test_settings_that_json_cannot_hold_are_refused_before_anything_is_sent():
    seen = []
    client = make_client(keeping(seen))
    rule = {"mode": "custom", "rules": {"segmentation": {"max_tokens": float("nan")}}}
    with pytest.raises(InvalidArgumentError, match="JSON"):
        await client.knowledge.documents.create_from_file("k-1", ("a.txt", b"x"), process_rule=rule)
    with pytest.raises(InvalidArgumentError, match="name"):
        await client.knowledge.documents.create_from_file("k-1", b"x")
    assert seen == []


async def test_a_file_for_a_pipeline_becomes_input_for_its_run():
    seen = []
    stored = {"id": "f-1", "name": "a.txt", "size": 1, "extension": "txt", "created_at": "2026-11-22T10:30:18.123456"}
    uploaded = await make_client(keeping(seen, 201, stored)).knowledge.pipelines.upload_file(("a.txt", b"x"))
    assert seen[0].url.path == "/v1/datasets/pipeline/file-upload"
    assert isinstance(uploaded, PipelineFile)
    assert LocalFile.from_upload(uploaded) == LocalFile(reference="f-1", name="a.txt")
