"""The pieces of text of a stream, and what they say to those who read them the wrong way."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from ._io import AsyncWalk

__all__ = ["AsyncTextPieces"]


class AsyncTextPieces(AsyncWalk):
    """What `.text_stream` gives: an iterator of the pieces."""

    def __init__(self, pieces: AsyncGenerator[str]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncGenerator[str]:
        return self._pieces  # a loop reads from the source itself, at no cost

    async def __anext__(self) -> str:
        return await self._pieces.__anext__()

    async def aclose(self) -> None:
        """Read no more, and close the stream's connection."""
        await self._pieces.aclose()
