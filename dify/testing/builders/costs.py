"""What an answer cost, as replies tell it."""

from __future__ import annotations

from dify.types import Usage

from ..script import frames as _frames

__all__ = ["usage"]


def usage(prompt_tokens: int = 5, completion_tokens: int = 3, *, latency: float = 0.1, stopped: bool = False) -> Usage:
    """The cost of an answer, with prices that fit the tokens.

    Args:
        prompt_tokens: Tokens of what was asked.
        completion_tokens: Tokens of the answer.
        latency: Seconds that it took.
        stopped: Whether it was stopped: then it cost nothing, and has no times.

    Example:
        >>> usage(5, 3).total_tokens
        8
    """
    return _frames.usage(prompt_tokens, completion_tokens, latency=latency, stopped=stopped)
