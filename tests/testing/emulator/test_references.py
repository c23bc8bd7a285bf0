"""References of uploads name their id; other texts are ids."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from dify.testing.emulator.references import record_of, reference_of

UPLOAD = "3f5a51e4-9d0c-4a35-8fd8-000000000001"


def test_a_reference_names_the_upload_that_it_was_made_for() -> None:
    assert reference_of(UPLOAD).startswith("dify-file-ref:")
    assert record_of(reference_of(UPLOAD)) == UPLOAD


def encoded(text: str) -> str:
    return "dify-file-ref:" + urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text", [UPLOAD, "", "dify-file-ref:", "dify-file-ref:%", encoded("{"), encoded("{}"), encoded("[1]")]
)
def test_a_text_of_another_form_is_an_id(text) -> None:
    assert record_of(text) == text
