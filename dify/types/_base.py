"""Base of every model: immutable, open to new fields, faithful when dumped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from ._wire_values import Epoch, IsoTime, Money, Timestamp
from .http import HTTPInfo

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

__all__ = ["Epoch", "IsoTime", "Model", "Money", "ResponseModel", "Text", "Timestamp"]


class Model(BaseModel):
    """Base of every model: frozen, keeps unknown fields, built on first use.

    Fields that the server sends and this version does not know are available as attributes and in `model_extra`.
    `model_dump(mode="json")` returns the wire form: times and prices as the server spelled them. In models built by hand they
    are epoch seconds and decimal text.
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

    def _wire_form(self) -> dict[str, Any]:
        """Return the JSON object that a request sends for this model."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        from ._descriptions import describe  # here, because few programs ask for a schema

        schema = handler(core_schema)
        describe(cls, handler.resolve_ref_schema(schema))
        return schema


class ResponseModel(Model):
    """Base of the models that calls return.

    `http` is the exchange that the model came from.
    """

    # A slot and not a field or private attribute: it takes no part in equality, dumps or validation.
    __slots__ = ("__dify_http__",)

    @property
    def http(self) -> HTTPInfo:
        """Exchange that the model came from.

        It has the status, headers, elapsed seconds and server version.

        Raises:
            RuntimeError: The model is nested in another, or was not returned by a call.
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


ResponseT = TypeVar("ResponseT", bound=ResponseModel)


def attach(response: ResponseT, info: HTTPInfo | None) -> ResponseT:
    """Attach the exchange to a model.

    The transport calls this, because the model is frozen.
    """
    if info is not None:
        object.__setattr__(response, "__dify_http__", info)
    return response


def _http_of(response: ResponseModel) -> HTTPInfo | None:
    try:
        return cast("HTTPInfo", object.__getattribute__(response, "__dify_http__"))
    except AttributeError:
        return None


Text = Annotated[str, Field(coerce_numbers_to_str=False)]
"""A `str` that people read. Numbers are rejected, unlike for ids: NaN would otherwise become an answer."""
