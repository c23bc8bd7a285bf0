"""Tokens, prices and times of replies and runs."""

from ._base import Model, Money

__all__ = ["Usage"]


class Usage(Model):
    """Tokens, prices and times of a reply. Each price is an exact decimal."""

    prompt_tokens: int | None = None
    """Number of tokens in the prompt."""
    completion_tokens: int | None = None
    """Number of tokens in the answer."""
    total_tokens: int | None = None
    """Sum of `prompt_tokens` and `completion_tokens`."""
    prompt_unit_price: Money | None = None
    """Price of one unit of prompt tokens, in `currency`; `prompt_price_unit` is the size of the unit."""
    prompt_price_unit: Money | None = None
    """Factor per token for `prompt_unit_price`: 0.001 if that is the price of 1,000 tokens."""
    prompt_price: Money | None = None
    """Price of the prompt, in `currency`."""
    completion_unit_price: Money | None = None
    """Price of one unit of answer tokens; `completion_price_unit` is the size of the unit."""
    completion_price_unit: Money | None = None
    """Factor per token for `completion_unit_price`: 0.001 if that is the price of 1,000 tokens."""
    completion_price: Money | None = None
    """Price of the answer, in `currency`."""
    total_price: Money | None = None
    """Sum of `prompt_price` and `completion_price`, in `currency`."""
    currency: str | None = None
    """Currency of the prices, such as "USD"."""
    latency: float | None = None
    """Duration of the whole reply in seconds."""
    time_to_first_token: float | None = None
    """Seconds until the model's first token. None if it was not measured or on older servers."""
    time_to_generate: float | None = None
    """Seconds between the first and the last token. None if it was not measured or on older servers."""
