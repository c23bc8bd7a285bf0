"""`dify request`: any route of the API."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

import typer

from .command import Job, command, examples, single
from .inputs import checked, parse_pairs, read_text
from .render import to_json

__all__ = ["request"]

request = single()


@command(
    request,
    "request",
    key="none",
    epilog=examples(
        "dify request GET /info",
        "dify request GET /datasets --key knowledge --query limit=5",
        """dify request POST /chat-messages '{"query": "Hi", "inputs": {}, "user": "me", "response_mode": "blocking"}'""",
        "dify request POST /workflows/run @body.json",
    ),
)
async def send_request(
    job: Job,
    method: Annotated[str, typer.Argument(metavar="METHOD")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="Below the base URL, such as /info.")],
    body: Annotated[
        str | None, typer.Argument(metavar="[BODY]", help="JSON; @PATH reads it from a file, @- from standard input.")
    ] = None,
    query: Annotated[
        list[str] | None, typer.Option("--query", "-q", metavar="KEY=VALUE", help="A query parameter; repeatable.")
    ] = None,
    key: Annotated[
        str, typer.Option("--key", metavar="KIND", help="Which key to send: app, knowledge or none.")
    ] = "app",
) -> None:
    """Call any route of the API, and print the JSON that it answers.

    The key goes only to the configured server. Streams are not read: ask for response_mode "blocking".
    """
    if key not in ("app", "knowledge", "none"):
        raise typer.BadParameter("--key is app, knowledge or none")
    replace(job.session, key=key).check()  # which key is needed was not known before
    parameters: dict[str, Any] = {}
    for pair in parse_pairs(query or []):
        if pair.is_file:
            raise typer.BadParameter("a query holds no files")
        if pair.many:
            parameters.setdefault(pair.key, []).append(pair.value)
        else:
            parameters[pair.key] = pair.value
    sent = None if body is None else _json(read_text(body[1:]) if body.startswith("@") else checked(body))
    # Any JSON is taken, not only objects: `object` stands for whatever comes.
    answer = await job.client.request(method, path, cast_to=object, query=parameters, json=sent, key=key)
    job.screen.line(to_json(answer, indent=None if job.as_json else 2))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"BODY is no JSON: {error}") from None
