"""A dump gives prices and times back as the wire spelled them, in every field of every model that holds one."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
import pkgutil
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, create_model

import dify.types
from dify.types._base import Model
from dify.types.usage import Usage
from dify.types.workflows import WorkflowRunDetail


def models() -> list[type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {}
    for module in pkgutil.iter_modules(dify.types.__path__):
        for value in vars(importlib.import_module(f"dify.types.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Model):
                found[value.__name__] = value
    return [found[name] for name in sorted(found)]


def plain_types(annotation: Any) -> Iterator[Any]:
    arguments = typing.get_args(annotation)
    if not arguments:
        yield annotation
    for one in arguments:
        yield from plain_types(one)


def fields(kind: type) -> list[Any]:
    return [
        pytest.param(field.rebuild_annotation(), id=f"{model.__name__}.{name}")
        for model in models()
        for name, field in model.model_fields.items()
        if kind in list(plain_types(field.annotation))
    ]


MONEY, TIMES = fields(Decimal), fields(datetime)
PRICES = ["0.0000000", "0E-7", "0.0000110", "0.001", "1", "1.50", "0.00", "+1", "1E+3", "1e-7", 0, 3, 0.5, 1e-07]
SECONDS = [0, 1795343840, -1, 1795343691.520736]
SPELLINGS = [
    *SECONDS,
    "2026-11-22T10:30:18",
    "2026-11-22T10:30:18.374150",
    "2026-11-22T10:30:18Z",
    "2026-11-22T10:30:18+00:00",
    "2026-11-22T18:30:18+08:00",
    "2026-11-22T10:30:18.374",
    "2026-11-22 10:30:18",
    "1795343659",
    1795343840000,
]


def through(annotation: Any, wire: Any) -> Any:
    one = create_model("One", __base__=Model, value=(annotation, ...))
    text = json.dumps({"value": wire})
    value = one.model_validate_json(text)
    assert value == one.model_validate({"value": wire}) == copy.deepcopy(value) == pickle_free(value)
    dumped = value.model_dump(mode="json")["value"]
    assert json.loads(value.model_dump_json())["value"] == dumped
    assert copy.deepcopy(value).model_dump(mode="json")["value"] == dumped
    assert value.model_copy().model_dump(mode="json")["value"] == dumped
    assert one.model_validate(value.model_dump()).model_dump(mode="json")["value"] == dumped
    return dumped


def pickle_free(value: Any) -> Any:
    """The value with its field rebuilt from a pickle; the class itself was made here and cannot be pickled."""
    return type(value).model_validate({"value": pickle.loads(pickle.dumps(value.value))})


def test_the_models_have_fields_of_both_kinds():
    assert len(MONEY) >= 8
    assert len(TIMES) >= 50


@pytest.mark.parametrize("annotation", MONEY)
@pytest.mark.parametrize("wire", PRICES)
def test_a_price_is_dumped_as_it_came(annotation, wire):
    dumped = through(annotation, wire)
    assert (dumped, type(dumped)) == (wire, type(wire))


@pytest.mark.parametrize("annotation", TIMES)
@pytest.mark.parametrize("wire", SECONDS)
def test_a_time_in_seconds_is_dumped_as_it_came(annotation, wire):
    dumped = through(annotation, wire)
    assert (dumped, type(dumped)) == (wire, type(wire))


# Around an event the server sends whole seconds only, and every piece of text has that time: it takes the shortest path.
EVENT_TIMES = [
    one for one in TIMES if str(one.id).endswith(("Event.created_at", "Envelope.created_at", "Ids.created_at"))
]


@pytest.mark.parametrize("annotation", [one for one in TIMES if one not in EVENT_TIMES])
@pytest.mark.parametrize("wire", SPELLINGS)
def test_a_time_in_any_spelling_is_dumped_as_it_came(annotation, wire):
    dumped = through(annotation, wire)
    assert (dumped, type(dumped)) == (wire, type(wire))


def test_a_price_is_a_decimal_whatever_its_spelling():
    usage = Usage.model_validate({"total_price": "0.0000000", "prompt_price": 0.5})
    assert usage.total_price == 0
    assert usage.total_price + Decimal("0.1") == Decimal("0.1")
    assert type(usage.total_price + 1) is Decimal
    assert repr(usage.total_price) == "Decimal('0E-7')"
    assert hash(usage.prompt_price) == hash(Decimal("0.5"))
    assert usage == Usage(total_price=Decimal("0E-7"), prompt_price=Decimal("0.5"))
    for again in (pickle.loads(pickle.dumps(usage)), copy.copy(usage), copy.deepcopy(usage)):
        assert again == usage
        assert again.model_dump(mode="json", exclude_unset=True) == {"total_price": "0.0000000", "prompt_price": 0.5}
    assert usage.model_dump()["total_price"] == Decimal(0)


def test_a_price_made_by_hand_is_dumped_as_decimal_text():
    assert Usage(total_price=Decimal("0.10")).model_dump(mode="json")["total_price"] == "0.10"
    with pytest.raises(ValueError, match="finite"):
        Usage(total_price=Decimal("NaN"))
    with pytest.raises(ValueError, match="finite"):
        Usage.model_validate({"total_price": "Infinity"})


def test_a_time_is_aware_whatever_its_spelling_and_computing_with_it_forgets_the_spelling():
    detail = WorkflowRunDetail.model_validate({"id": "r", "status": "s", "created_at": "2026-11-22T18:30:18+08:00"})
    expected = datetime(2026, 11, 22, 10, 30, 18, tzinfo=UTC)
    assert detail.created_at == expected
    assert detail.created_at.utcoffset() == timedelta(hours=8)
    assert repr(detail.created_at).startswith("datetime.datetime(2026, 11, 22, 18, 30, 18")
    later = detail.model_copy(update={"created_at": detail.created_at + timedelta(seconds=1)})
    assert later.model_dump(mode="json")["created_at"] == int(expected.timestamp()) + 1
    moved = detail.model_copy(update={"created_at": detail.created_at.astimezone(UTC)})
    assert moved.model_dump(mode="json")["created_at"] == int(expected.timestamp())
    for again in (pickle.loads(pickle.dumps(detail)), copy.deepcopy(detail)):
        assert again == detail
        assert again.model_dump(mode="json")["created_at"] == "2026-11-22T18:30:18+08:00"


def test_a_time_made_by_hand_is_dumped_as_seconds_and_may_lack_an_offset():
    for time in (datetime(2026, 11, 22, 10, 30, 18), datetime(2026, 11, 22, 10, 30, 18, tzinfo=UTC)):
        detail = WorkflowRunDetail(id="r", status="s", created_at=time)
        assert detail.model_dump(mode="json")["created_at"] == 1795343418
        assert detail.created_at.tzinfo is not None


def test_a_copy_of_a_price_keeps_the_spelling_of_the_wire():
    usage = Usage.model_validate({"total_price": "0E-7"})
    for price in (copy.copy(usage.total_price), copy.deepcopy(usage.total_price)):
        assert Usage(total_price=price).model_dump(mode="json", exclude_unset=True) == {"total_price": "0E-7"}
