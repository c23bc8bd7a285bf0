"""Tags of knowledge bases."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer

from ._base import Answer

__all__ = ["DatasetTags", "Tag"]


def _empty_is_unknown(value: Any) -> Any:
    return None if value == "" else value


# The wire counts in text ("0"), and older servers in numbers; a count is a number to whoever reads it.
_CountText = Annotated[int, PlainSerializer(str, return_type=str, when_used="json")]


class Tag(Answer):
    """A tag of the workspace. `binding_count` says on how many knowledge bases it is, where the server tells."""

    id: str
    name: str
    type: Literal["knowledge"] | str | None = None
    binding_count: Annotated[_CountText | None, BeforeValidator(_empty_is_unknown)] = None


class DatasetTags(Answer):
    """The tags of one knowledge base (`id` and `name` only), and how many they are."""

    data: list[Tag]
    total: int | None = None
