"""Tags of knowledge bases."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer

from ._base import ResponseModel

__all__ = ["DatasetTags", "Tag"]


def _empty_is_unknown(value: Any) -> Any:
    return None if value == "" else value


# Servers send the count as text ("0"), older ones as a number.
_CountText = Annotated[int, PlainSerializer(str, return_type=str, when_used="json")]


class Tag(ResponseModel):
    """A tag of the workspace, for grouping knowledge bases."""

    id: str
    """UUID of the tag; pass it to `tags.bind`, `tags.unbind`, `tags.update` and `tags.delete`."""
    name: str
    """Name of the tag, unique in the workspace, 1 to 50 characters."""
    type: Literal["knowledge"] | str | None = None
    """Kind of tag, always "knowledge". None in the tags of one knowledge base."""
    binding_count: Annotated[_CountText | None, BeforeValidator(_empty_is_unknown)] = None
    """Number of knowledge bases that have the tag. None for tags shown with a knowledge base."""


class DatasetTags(ResponseModel):
    """The tags of one knowledge base."""

    data: list[Tag]
    """Tags of the knowledge base, with `id` and `name` only."""
    total: int | None = None
    """Number of tags in `data`."""
