"""Tokens and prices: the usage of an answer, as replies and events have it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from dify.types.usage import Usage

__all__ = ["NO_USAGE", "tokens", "total", "usage"]

_UNIT = Decimal("0.001")
_INPUT_PRICE, _OUTPUT_PRICE = Decimal("0.001"), Decimal("0.002")
_STEP = Decimal("0.0000001")
_ZERO = Decimal("0.0")

NO_USAGE = Usage(
    prompt_tokens=0,
    prompt_unit_price=_ZERO,
    prompt_price_unit=_ZERO,
    prompt_price=_ZERO,
    completion_tokens=0,
    completion_unit_price=_ZERO,
    completion_price_unit=_ZERO,
    completion_price=_ZERO,
    total_tokens=0,
    total_price=_ZERO,
    currency="USD",
    latency=0.0,
    time_to_first_token=None,
    time_to_generate=None,
)
"""Usage of an answer without a model."""


def tokens(text: str) -> int:
    """Return the number of tokens of a text: its words."""
    return len(text.split())


def usage(prompt_tokens: int = 5, completion_tokens: int = 3, *, latency: float = 0.1, stopped: bool = False) -> Usage:
    """Build the usage of an answer, with prices that fit the tokens.

    Args:
        prompt_tokens: Number of tokens of the prompt.
        completion_tokens: Number of tokens of the answer.
        latency: Duration in seconds.
        stopped: True for a stopped answer, which has no tokens and no times.

    Example:
        >>> usage(5, 3).total_tokens
        8
    """
    if stopped:
        prompt_tokens = completion_tokens = 0
    prompt_price = (prompt_tokens * _INPUT_PRICE * _UNIT).quantize(_STEP)
    completion_price = (completion_tokens * _OUTPUT_PRICE * _UNIT).quantize(_STEP)
    return Usage(
        prompt_tokens=prompt_tokens,
        prompt_unit_price=_INPUT_PRICE,
        prompt_price_unit=_UNIT,
        prompt_price=prompt_price,
        completion_tokens=completion_tokens,
        completion_unit_price=_OUTPUT_PRICE,
        completion_price_unit=_UNIT,
        completion_price=completion_price,
        total_tokens=prompt_tokens + completion_tokens,
        total_price=prompt_price + completion_price,
        currency="USD",
        latency=latency,
        time_to_first_token=None if stopped else 0.01,
        time_to_generate=None if stopped else latency,
    )


def total(costs: Sequence[Usage]) -> Usage:
    """Return the usage of several models together."""
    if len(costs) < 2:
        return costs[0] if costs else NO_USAGE
    prompt, completion = (sum(getattr(cost, f"{kind}_tokens") for cost in costs) for kind in ("prompt", "completion"))
    return usage(prompt, completion, latency=round(sum(cost.latency or 0.0 for cost in costs), 3))
