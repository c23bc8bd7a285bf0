"""Errors by code: the status and body that a server sends, and the exception that the client makes of them."""

from __future__ import annotations

import json

import pytest

import dify
from dify.testing import DifyMock, Emulator, error_replies, responses

from ...support.recordings import errors as recorded_errors

# The same code may stand for several things; these texts or statuses are of another than the usual one.
RECORDED = [
    one for one in recorded_errors() if isinstance(one.body, dict) and one.body.get("code") in error_replies.CODES
]


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.name)
def test_a_recorded_code_has_the_status_and_the_names_that_were_recorded(one):
    known = error_replies.error_reply(one.body["code"])
    assert known.status == one.status
    assert json.loads(known.body).keys() == one.body.keys()


TEXTS = [
    "app_unavailable",
    "not_chat_app",
    "not_workflow_app",
    "file_access_denied",
    "end_user_not_found",
    "file_not_found",
    "dataset_name_duplicate",
    "audio_too_large",
    "file_too_large",
    "unsupported_file_type",
    "unsupported_audio_type",
    "unsupported_media_type",
    "too_many_files",
    "no_file_uploaded",
    "method_not_allowed",
    "internal_server_error",
]


@pytest.mark.parametrize("code", TEXTS)
def test_texts_that_do_not_depend_on_the_call_are_word_for_word(code):
    said = {one.body["message"].partition(" You have requested")[0] for one in RECORDED if one.body["code"] == code}
    assert error_replies.error_reply(code).message in said


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("unauthorized", dify.AuthenticationError),
        ("provider_quota_exceeded", dify.ProviderQuotaExceededError),
        ("provider_not_initialize", dify.ProviderNotInitializedError),
        ("model_currently_not_support", dify.ModelNotSupportedError),
        ("completion_request_error", dify.CompletionRequestError),
        ("not_chat_app", dify.NotThisAppTypeError),
        ("app_unavailable", dify.AppUnavailableError),
        ("forbidden", dify.PermissionDeniedError),
        ("dataset_in_use", dify.ConflictError),
        ("file_too_large", dify.FileTooLargeError),
        ("unsupported_file_type", dify.UnsupportedFileTypeError),
        ("rate_limit_error", dify.RateLimitError),
        ("internal_server_error", dify.ServerError),
        (error_replies.too_many_requests(), dify.RateLimitError),
        (error_replies.knowledge_rate_limit(), dify.RateLimitError),
        (error_replies.conversation_not_found(), dify.ConversationNotFoundError),
        (error_replies.missing_user(), dify.BadRequestError),
        (error_replies.invalid_segment(), dify.BadRequestError),
        (error_replies.unhandled(), dify.ServerError),
        (error_replies.missing_route(), dify.NotFoundError),
        (error_replies.bad_gateway(), dify.ServerError),
        (error_replies.gateway_timeout(), dify.ServerError),
    ],
)
def test_the_client_raises_what_belongs_to_it(error, kind):
    mock = DifyMock()
    mock.chat.refuses(error)
    with pytest.raises(kind) as caught:
        mock.sync_client().chat.send("Hi")
    assert type(caught.value) is kind


def test_an_error_can_have_another_text_status_and_a_time_to_wait():
    known = error_replies.error_reply("not_found", message="Document not found.", status=410, retry_after=2.0)
    assert (known.status, known.headers["retry-after"]) == (410, "2")
    assert json.loads(known.body) == {"code": "not_found", "message": "Document not found.", "status": 410}


def test_a_code_that_is_not_known_needs_a_status():
    with pytest.raises(ValueError, match="is not a known code of Dify: pass its status as well; the codes are "):
        error_replies.error_reply("brand_new")
    assert error_replies.error_reply("brand_new", status=418).status == 418


def test_a_refused_key_says_how_to_authenticate():
    assert responses.error("unauthorized").headers["www-authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("provider_quota_exceded", "provider_quota_exceeded"),
        ("Rate-Limit-Error", "rate_limit_error"),
        ("unauthorised", "unauthorized"),
    ],
)
def test_a_misspelled_code_is_refused_with_the_one_that_was_meant(code, meant):
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'"):
        error_replies.error_reply(code)
    with Emulator() as emulator, pytest.raises(ValueError, match=f"Did you mean '{meant}'"):
        emulator.fail_next(code=code)


def test_a_misspelled_operation_is_refused_with_the_one_that_was_meant():
    with pytest.raises(ValueError, match=r"did you mean .*'getConversationsList'"):
        DifyMock().operation("getConversationList")
