"""`dify knowledge models`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Job, command, examples, single
from ..render import to_json
from .options import literal

__all__ = ["models"]

models = single()


@command(models, "models", key="knowledge", epilog=examples("dify knowledge models", "dify knowledge models rerank"))
async def list_models(
    job: Job,
    type: Annotated[str, typer.Argument(metavar="[TYPE]", help="text-embedding, rerank, llm …")] = "text-embedding",
) -> None:
    """List the models of a type, by provider."""
    known = ("llm", "text-embedding", "rerank", "speech2text", "moderation", "tts")
    found = await job.client.knowledge.models.list(literal(type, "TYPE", known))
    for provider in found.data:
        for model in provider.models or []:
            if job.as_json:
                job.screen.line(to_json({"provider": provider.provider, "model": model.model, "status": model.status}))
            else:
                job.out.text(f"{provider.provider}\t{model.model}\t{model.status or ''}")
