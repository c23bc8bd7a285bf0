"""Metadata values that Dify has, and those that it stores as something else."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from dify.types import MetadataInput


@pytest.mark.parametrize("value", ["x", "", 7, 1.5, None])
def test_texts_and_numbers_are_metadata(value):
    assert MetadataInput(id="f", name="n", value=value).model_dump()["value"] == value


@pytest.mark.parametrize("value", [True, datetime(2026, 1, 2, tzinfo=UTC), date(2026, 1, 2), ["x"], {}, b"x"])
def test_other_values_are_refused_with_what_to_pass(value):
    with pytest.raises(ValidationError, match=f"value\n.*is a {type(value).__name__}: pass "):
        MetadataInput(id="f", name="n", value=value)
