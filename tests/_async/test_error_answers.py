"""An answer with an error status, whatever its body is, becomes the error that says it best."""

from __future__ import annotations

import gzip

import httpx
import pytest

from dify import (
    APIStatusError,
    AppUnavailableError,
    AsyncDify,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ConversationNotFoundError,
    FileTooLargeError,
    NotFoundError,
    NotThisAppTypeError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnsupportedFileTypeError,
    UnsupportedMediaTypeError,
)
from tests.support.expected import error_class
from tests.support.recordings import Recording, errors

from .support import Chunks, answered, make_client, make_http


def answer(status: int, body: object = None, **headers: str):
    if isinstance(body, (bytes, str)):
        content = body.encode() if isinstance(body, str) else body
        return lambda request: httpx.Response(status, headers=headers, stream=Chunks([content]))
    return lambda request: httpx.Response(status, json=body, headers=headers)


async def error_of(handler, **settings) -> APIStatusError:
    with pytest.raises(APIStatusError) as caught:
        await make_client(handler, **settings).workflows.get("run-1")
    return caught.value


GATEWAY_BODIES = [
    ({"detail": "Not authenticated"}, "Not authenticated"),
    (
        {"detail": [{"type": "missing", "loc": ["body", "query"], "msg": "Field required"}]},
        "body.query: Field required",
    ),
    ({"detail": {"message": "quota"}}, "quota"),
    ({"error": {"message": "No such model", "type": "invalid_request_error"}}, "No such model"),
    ({"error": "the chunk is invalid"}, "the chunk is invalid"),
    ({"error": "invalid_token", "error_description": "expired"}, "expired"),
    ({"errors": ["one", "two"]}, "one; two"),
    ({"errors": [{"field": "query", "message": "too long"}]}, "query: too long"),
    ({"errors": [{"source": {"pointer": "/data/x"}, "detail": "is odd"}]}, "/data/x: is odd"),
    ({"message": "invalid", "errors": {"name": ["too long", "odd"]}}, "invalid; name: too long; name: odd"),
    ({"type": "about:blank", "title": "Bad Request", "detail": "x is missing"}, "Bad Request; x is missing"),
    ({"code": 40301, "msg": "no access"}, "no access"),
    ({"fault": {"faultstring": "Rate limit quota violation"}}, "Rate limit quota violation"),
    ([{"error": {"code": 403, "message": "Forbidden by policy"}}], "Forbidden by policy"),
    ("<html><head><title>\n 403 &ndash; Forbidden </title></head></html>", "403 – Forbidden"),
    ("upstream request failed", "upstream request failed"),
    ({"trace": "0af7"}, '{"trace":"0af7"}'),
]


@pytest.mark.parametrize(("body", "words"), GATEWAY_BODIES, ids=[words for _, words in GATEWAY_BODIES])
async def test_the_words_of_a_gateway_reach_the_text_of_the_error(body, words):
    error = await error_of(answer(403, body))
    assert error.message == words
    assert str(error).startswith(f"403: {words}")


async def test_a_body_of_many_errors_is_cut():
    error = await error_of(answer(422, {"detail": [{"loc": [n], "msg": "bad"} for n in range(1000)]}))
    assert error.message.count("bad") == 20


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (400, {"code": "invalid_param", "message": "Invalid upload file"}, "the key and the user of this call"),
        (500, {"code": "internal_server_error", "message": "Invalid upload file"}, "the key and the user of this call"),
        (400, {"code": "invalid_param", "message": "doc in input form must be a file"}, "InputFile.from_url"),
        (400, {"code": "invalid_param", "message": "docs in input form must be a list of files"}, "a list of files"),
        (400, {"code": "invalid_param", "message": "indexing_technique is required."}, '"high_quality" or "economy"'),
        (415, {"code": "unsupported_audio_type", "message": "Audio type not allowed."}, "m4a"),
        (415, {"code": "unsupported_file_type", "message": ""}, "extension"),
        (413, {"code": "file_too_large", "message": ""}, "limit"),
        (429, {"code": "too_many_requests", "message": "Too many requests."}, "concurrent"),
        (
            400,
            {
                "code": "invalid_param",
                "message": "Too many requests. The current maximum concurrent requests allowed is 1.",
            },
            "concurrent",
        ),
        (
            403,
            {"code": "forbidden", "message": "You have reached the knowledge base request rate limit"},
            "wait a minute",
        ),
        (400, {"code": "provider_quota_exceeded", "message": "Your quota"}, "credentials"),
    ],
)
async def test_a_refusal_that_the_client_can_explain_has_a_hint(status, body, hint):
    error = await error_of(answer(status, body | {"status": status}))
    assert hint in (error.hint or "")
    assert hint in str(error)


async def test_a_missing_indexing_technique_is_a_reason():
    pydantic_text = "1 validation error for KnowledgeConfig\nindexing_technique\n  Field required [type=missing]"
    for message in ("indexing_technique is required.", pydantic_text):
        error = await error_of(answer(400, {"code": "invalid_param", "message": message, "status": 400}))
        assert error.reason == "indexing_technique_required"
    message = "1 validation error\nindexing_technique\n  Input should be 'high_quality' or 'economy'"
    error = await error_of(answer(400, {"code": "invalid_param", "message": message, "status": 400}))
    assert error.reason is None


async def test_a_key_that_dify_cloud_refuses_may_belong_to_another_server():
    refused = answer(401, {"code": "unauthorized", "message": "Access token is invalid", "status": 401})
    assert "DIFY_BASE_URL" not in str(await error_of(refused))
    own = make_client(refused)
    cloud = AsyncDify("app-test-key", base_url="https://api.dify.ai/v1", http_client=make_http(refused), user="alice")
    assert own.base_url != cloud.base_url
    with pytest.raises(AuthenticationError, match=r"Dify Cloud.*DIFY_BASE_URL"):
        await cloud.workflows.get("run-1")


async def test_the_version_of_the_server_is_in_the_error():
    body = {"code": "not_found", "message": "Conversation Not Exists.", "status": 404}
    error = await error_of(answer(404, body, **{"x-version": "1.14.2"}))
    assert error.server_version == "1.14.2"
    assert str(error).endswith("[Dify 1.14.2]")
    assert "1.14.2" not in error.summary
    error = await error_of(answer(404, body))
    assert error.server_version is None
    assert "[Dify" not in str(error)


RECORDED = errors()


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.name)
async def test_a_recorded_refusal_is_its_class(one: Recording):
    body = one.body if isinstance(one.body, dict) else {}
    error = await error_of(lambda request: httpx.Response(one.status, headers=one.headers, content=one.content))
    assert type(error) is error_class(one.status, body.get("code"), body.get("message") or "")
    assert error.status_code == one.status == error.http.status
    assert error.code == body.get("code")
    assert error.http.server_version == one.headers.get("x-version")
    if body:
        assert error.message == (body.get("message") or body.get("error") or "")
        assert error.body == one.content.decode()
    if one.status == 404 and not body:
        assert "check the base URL" in error.hint


async def test_recorded_refusals_are_the_same_for_a_stream():
    for one in RECORDED:
        client = make_client(answer(one.status, one.content))
        with pytest.raises(APIStatusError) as caught:
            async for _ in client.chat.stream("hi"):
                pass
        assert type(caught.value) is type(await error_of(answer(one.status, one.content)))


CODES = [
    (400, "invalid_param", BadRequestError),
    (400, "brand_new_code", BadRequestError),
    (400, "app_unavailable", AppUnavailableError),
    (400, "not_chat_app", NotThisAppTypeError),
    (400, "not_workflow_app", NotThisAppTypeError),
    (400, "not_completion_app", NotThisAppTypeError),
    (401, "unauthorized", AuthenticationError),
    (402, "payment", APIStatusError),
    (403, "forbidden", PermissionDeniedError),
    (403, "file_access_denied", PermissionDeniedError),
    (404, "not_found", NotFoundError),
    (405, "method_not_allowed", APIStatusError),
    (409, "dataset_in_use", ConflictError),
    (412, "human_input_form_expired", APIStatusError),
    (413, "file_too_large", FileTooLargeError),
    (413, "request_entity_too_large", PayloadTooLargeError),
    (415, "unsupported_file_type", UnsupportedFileTypeError),
    (415, "unsupported_media_type", UnsupportedMediaTypeError),
    (429, "too_many_requests", RateLimitError),
    (429, "rate_limit_error", RateLimitError),
    (418, "teapot", APIStatusError),
    (500, "internal_server_error", ServerError),
    (500, "pipeline_run_error", ServerError),
    (524, None, ServerError),
    (599, None, ServerError),
]


@pytest.mark.parametrize(("status", "code", "cls"), CODES)
async def test_status_and_code_choose_the_class(status, code, cls):
    error = await error_of(answer(status, {"code": code, "message": "words", "status": status}))
    assert type(error) is cls
    assert (error.status_code, error.code, error.message) == (status, code, "words")
    assert str(status) in str(error)
    assert "words" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "cls"),
    [
        (400, {"code": "invalid_param", "message": "Too many requests. Please try later.", "status": 400}, RateLimitError),
        (403, {"code": "forbidden", "message": "You have reached the knowledge base request rate limit"}, RateLimitError),
        (404, {"code": "not_found", "message": "Conversation Not Exists. You have requested"}, ConversationNotFoundError),
        (400, {"code": "invalid_param", "message": "The text says Too many requests"}, BadRequestError),
        (404, {"code": "not_found", "message": "Last Conversation Not Exists."}, NotFoundError),
    ],
)  # fmt: skip
async def test_what_only_the_words_tell_is_told_by_the_words(status, body, cls):
    assert type(await error_of(answer(status, body))) is cls


async def test_the_params_of_old_servers_are_kept():
    error = await error_of(answer(400, {"code": "invalid_param", "message": "bad", "params": "user"}))
    assert (error.params, error.code, error.message) == ("user", "invalid_param", "bad")


async def test_the_field_errors_of_old_parsers_are_in_the_message():
    body = {"errors": {"limit": "must be int", "page": "no"}, "message": "Input payload validation failed"}
    error = await error_of(answer(400, body))
    assert (type(error), error.code) == (BadRequestError, None)
    assert error.message == "Input payload validation failed; limit: must be int; page: no"


async def test_the_validation_text_of_segments_is_the_message():
    error = await error_of(answer(400, {"error": "1 validation error\nsegments\n  Field required"}))
    assert error.message.startswith("1 validation error")
    assert "\n" not in str(error)


async def test_an_unhandled_exception_of_the_server_is_a_server_error():
    error = await error_of(answer(500, {"message": "Internal Server Error", "code": "unknown", "status": 500}))
    assert (type(error), error.code) == (ServerError, "unknown")


async def test_a_web_page_is_told_by_its_title():
    page = "<html><head><title>504 Gateway Time-out</title></head><body>…</body></html>"
    error = await error_of(answer(504, page, **{"content-type": "text/html"}))
    assert (type(error), error.message, error.code) == (ServerError, "504 Gateway Time-out", None)
    assert "gateway" in error.hint
    assert error.body == page


ODD = {
    "nothing": b"",
    "spaces": b"   ",
    "garbage": b"\x00\x01\x02",
    "text": b"upstream connect error",
    "a list": b'[{"code": "x"}]',
    "a number": b"42",
    "null": b"null",
    "an empty object": b"{}",
    "cut off": b'{"code": "invalid_par',
    "wrong types": b'{"code": 7, "message": ["x"], "status": "no", "params": {}, "errors": [1]}',
    "nulls": b'{"code": null, "message": null, "status": null}',
    "invalid UTF-8": b'{"code": "invalid_param", "message": "\xff\xfe"}',
    "NaN": b'{"code": NaN, "message": "x"}',
    "a lone surrogate": b'{"code": "c", "message": "\\ud83d"}',
    "absurd nesting": b"[" * 100_000,
    "absurd nesting in an object": b'{"message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a huge number": b'{"message": ' + b"9" * 5000 + b"}",
    "very long": b'{"message": "' + b"x" * 200_000 + b'"}',
}


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
async def test_no_body_is_so_odd_that_the_status_is_not_told(body, status):
    error = await error_of(answer(status, body, **{"content-type": "application/json"}))
    assert type(error) is error_class(status, None) or (status == 503 and type(error) is ServerError)
    assert error.status_code == status
    assert isinstance(error.message, str)
    assert error.code is None or isinstance(error.code, str)
    assert len(error.body) <= 64 << 10
    assert len(str(error)) < 3000
    str(error).encode()
    repr(error)


async def test_a_body_that_lies_about_gzip_does_not_hide_the_status():
    for body in (b"plain text", gzip.compress(b'{"message": "x"}')[:12], b""):
        error = await error_of(answer(502, body, **{"content-encoding": "gzip"}))
        assert type(error) is ServerError


async def test_a_compressed_body_is_opened():
    body = gzip.compress(b'{"code": "not_found", "message": "words", "status": 404}')
    error = await error_of(answer(404, body, **{"content-encoding": "gzip"}))
    assert (error.code, error.message) == ("not_found", "words")


async def test_a_compressed_bomb_is_opened_only_at_its_start():
    bomb = gzip.compress(b"x" * (64 << 20))
    error = await error_of(answer(500, bomb, **{"content-encoding": "gzip"}))
    assert len(error.body) <= 64 << 10


async def test_a_body_that_breaks_off_does_not_hide_the_status():
    body = Chunks([b'{"code": "not_found"'], httpx.ReadError("reset"))
    error = await error_of(lambda request: answered(body, status=404, content_type="application/json"))
    assert type(error) is NotFoundError
    assert body.closed


async def test_the_wait_that_the_server_asks_for_is_kept():
    error = await error_of(answer(429, {"code": "too_many_requests", "message": ""}, **{"retry-after": "86400"}))
    assert error.retry_after == 86400
    assert (await error_of(answer(429, {}, **{"retry-after": "soon"}))).retry_after is None


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, {"code": "invalid_param", "message": "Agent Chat App does not support blocking mode"}, "response_mode"),
        (401, {"code": "unauthorized", "message": "Access token is invalid"}, "knowledge key"),
        (404, {"code": "not_found", "message": "Conversation Not Exists."}, "only the user"),
        (400, {"code": "invalid_param", "message": "Arg user must be provided."}, "user="),
        (400, {"code": "not_chat_app", "message": ""}, "client.workflows"),
        (400, {"code": "provider_not_initialize", "message": ""}, "credentials"),
    ],
)
async def test_an_error_says_what_to_do_next_where_that_is_known(status, body, words):
    error = await error_of(answer(status, body))
    assert words in error.hint
    assert error.hint in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_names_its_target(status):
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, headers={"location": "https://other.test/v1/"})

    error = await error_of(handler)
    assert "other.test" in str(error)
    assert "set the base URL" in error.hint
    assert len(seen) == 1


@pytest.mark.parametrize("status", [100, 101, 199, 304, 600])
async def test_a_status_that_is_no_answer_at_all_is_an_error(status):
    assert (await error_of(answer(status, b""))).status_code == status
