"""`dify knowledge models`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Context, command, examples, single
from ..terminal.screen import to_json
from .options import literal

__all__ = ["models"]

models = single()


@command(models, "models", key="knowledge", epilog=examples("dify knowledge models", "dify knowledge models rerank"))
async def list_models(
    ctx: Context,
    type: Annotated[
        str,
        typer.Argument(metavar="type", help="Type: text-embedding, rerank, llm, speech2text, moderation or tts."),
    ] = "text-embedding",
) -> None:
    """List the models of a type by provider."""
    types = ("llm", "text-embedding", "rerank", "speech2text", "moderation", "tts")
    response = await ctx.client.knowledge.models.list(literal(type, "the type", types))
    for provider in response.data:
        for model in provider.models or []:
            if ctx.as_json:
                ctx.screen.line(to_json({"provider": provider.provider, "model": model.model, "status": model.status}))
            else:
                ctx.output.text(f"{provider.provider}\t{model.model}\t{model.status or ''}")
