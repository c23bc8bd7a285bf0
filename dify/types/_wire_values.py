"""Prices and times that keep the spelling of the wire when dumped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import GetCoreSchemaHandler, PlainSerializer, WrapValidator
from pydantic_core import CoreSchema, core_schema

__all__ = ["Epoch", "IsoTime", "Money", "Timestamp"]

Wire: TypeAlias = str | int | float
_SECONDS = 20_000_000_000
"""Numbers beyond this are read as milliseconds."""


class _WireDecimal(Decimal):
    """A decimal that the wire spelled otherwise than `str` does.

    Arithmetic gives plain decimals.
    """

    wire: Wire
    """The number or text of the wire."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _decimal, (Decimal(self), self.wire)

    def __copy__(self) -> _WireDecimal:
        return self

    def __deepcopy__(self, memo: Any) -> _WireDecimal:
        return self


class _WireTime(datetime):
    """A time that the wire spelled otherwise than a dump would."""

    wire: Wire | None = None
    """The number or text of the wire. None in a time that was computed from another."""

    def _plain(self) -> datetime:
        return datetime.combine(self.date(), self.timetz())

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _time, (self._plain(), self.wire)

    def __repr__(self) -> str:
        return repr(self._plain())


def _decimal(value: Decimal, wire: Wire) -> Decimal:
    exact = _WireDecimal(value)
    exact.wire = wire
    return exact


def _time(value: datetime, wire: Wire | None) -> datetime:
    exact = _WireTime.combine(value.date(), value.timetz())
    exact.wire = wire
    return exact


# ---------------------------------------------------------------------------------------------------------------- money
def _money(value: Any, handler: Callable[[Any], Decimal]) -> Decimal:
    if isinstance(value, Decimal):
        return value if value.is_finite() else handler(value)
    amount = handler(value)
    return amount if str(amount) == value else _decimal(amount, value)


def _money_on_the_wire(value: Decimal) -> Wire:
    return value.wire if isinstance(value, _WireDecimal) else str(value)


Money = Annotated[
    Decimal, WrapValidator(_money), PlainSerializer(_money_on_the_wire, return_type=Wire, when_used="json")
]
"""A `Decimal` amount or unit price; decimal text on the wire, such as "0.0000110" or "0E-7", or a number."""


# ---------------------------------------------------------------------------------------------------------------- times
def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _epoch(value: datetime) -> Any:
    if isinstance(value, _WireTime) and value.wire is not None:
        return value.wire
    seconds = value.timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def _iso(value: datetime) -> Wire:
    if isinstance(value, _WireTime) and value.wire is not None:
        return value.wire
    return value.astimezone(UTC).replace(tzinfo=None).isoformat()


class _Time:
    """The schema of a time that keeps its spelling.

    Whole seconds take a path without Python code.
    """

    def __init__(self, dump: Callable[[datetime], Any]) -> None:
        self._dump = dump

    def _validate(self, value: Any, handler: Callable[[Any], datetime]) -> datetime:
        if isinstance(value, datetime):
            return value if value.tzinfo else _aware(value)
        time = _aware(handler(value))
        return time if self._dump(time) == value else _time(time, value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        time = core_schema.datetime_schema()
        schema = core_schema.no_info_wrap_validator_function(self._validate, time)
        if self._dump is _epoch:
            seconds = core_schema.int_schema(strict=True, ge=-_SECONDS, le=_SECONDS)
            schema = core_schema.union_schema([core_schema.chain_schema([seconds, time]), schema], mode="left_to_right")
        schema["serialization"] = core_schema.plain_serializer_function_ser_schema(
            self._dump,
            return_schema=core_schema.union_schema(
                [core_schema.str_schema(), core_schema.int_schema(), core_schema.float_schema()]
            ),
            when_used="json",
        )
        return schema


Epoch = Annotated[datetime, PlainSerializer(_epoch, return_type=int | float, when_used="json")]
"""A `datetime` in UTC; epoch seconds on the wire. For stream events, whose validation must be fast."""

Timestamp = Annotated[datetime, _Time(_epoch)]
"""A `datetime`; epoch seconds on the wire. ISO 8601 text is accepted too; without an offset it is UTC."""

IsoTime = Annotated[datetime, _Time(_iso)]
"""A `datetime` in UTC; ISO 8601 text without an offset on the wire, as a few routes send it."""
