"""What every model shares: immutable, open to new fields, and faithful to the wire when dumped."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Self, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from .http import HTTPInfo

__all__ = ["Answer", "Epoch", "IsoTime", "Model", "Money", "Text", "Timestamp"]


class Model(BaseModel):
    """Base of every model: frozen, keeps unknown fields, built on first use.

    Fields that the server sends and this version does not know are kept and reachable by attribute or in `model_extra`.
    `model_dump(mode="json")` gives the wire form back: times as epoch seconds, money as decimal text.
    """

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        defer_build=True,
        protected_namespaces=(),
        # Some servers send ids and counts as numbers, others as text; both are taken.
        coerce_numbers_to_str=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Answer(Model):
    """A model that a call returns at top level; it also knows the exchange it came from."""

    # A slot and not a field or private attribute: it takes no part in equality, dumps or validation.
    __slots__ = ("__dify_http__",)

    @property
    def http(self) -> HTTPInfo:
        """The exchange this answer came from: status, headers, elapsed seconds, server version.

        Raises:
            RuntimeError: The model was built by hand or is nested in another, so no exchange belongs to it.
        """
        info = _http_of(self)
        if info is None:
            raise RuntimeError(f"this {type(self).__name__} was not returned by a call, so it has no .http")
        return info

    def __copy__(self) -> Self:
        return attach(super().__copy__(), _http_of(self))

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return attach(super().__deepcopy__(memo), _http_of(self))

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dify_http__"] = _http_of(self)
        return state

    def __setstate__(self, state: dict[Any, Any]) -> None:
        attach(self, state.pop("__dify_http__", None))
        super().__setstate__(state)


AnswerT = TypeVar("AnswerT", bound=Answer)


def attach(answer: AnswerT, info: HTTPInfo | None) -> AnswerT:
    """Tie an answer to its exchange (the transport does this; the model itself is frozen)."""
    if info is not None:
        object.__setattr__(answer, "__dify_http__", info)
    return answer


def _http_of(answer: Answer) -> HTTPInfo | None:
    try:
        return cast("HTTPInfo", object.__getattribute__(answer, "__dify_http__"))
    except AttributeError:
        return None


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _epoch(value: datetime) -> int | float:
    seconds = value.timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def _naive_iso(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat()


Epoch = Annotated[datetime, PlainSerializer(_epoch, return_type=int | float, when_used="json")]
"""An aware datetime from epoch seconds; the plain form for stream events, where every microsecond counts."""

Timestamp = Annotated[
    datetime, AfterValidator(_aware), PlainSerializer(_epoch, return_type=int | float, when_used="json")
]
"""An aware datetime from epoch seconds, or from ISO 8601 text (taken as UTC where it has no offset)."""

IsoTime = Annotated[datetime, AfterValidator(_aware), PlainSerializer(_naive_iso, return_type=str, when_used="json")]
"""An aware datetime from the ISO 8601 text without offset that a few routes send; it is UTC."""

Text = Annotated[str, Field(coerce_numbers_to_str=False)]
"""Text that a person reads; unlike an id, never made from a number (NaN would otherwise be an answer)."""

Money = Decimal
"""An amount of money or a unit price: exact, from decimal text such as "0.0000110" or "0E-7", or from a number."""
