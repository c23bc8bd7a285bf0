"""`dify request`: send a request to any API route."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

import typer

from ..command import Context, command, examples, single
from ..inputs import parse_inputs, read_text, valid_text
from ..options import literal
from ..terminal.screen import to_json

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
    ctx: Context,
    method: Annotated[str, typer.Argument(metavar="method", help="HTTP method.")],
    path: Annotated[str, typer.Argument(metavar="path", help="Path below the base URL, such as /info.")],
    body: Annotated[
        str | None,
        typer.Argument(metavar="body", help="JSON body; @path reads a file, @- reads standard input."),
    ] = None,
    query: Annotated[
        list[str] | None, typer.Option("--query", "-q", metavar="key=value", help="Query parameter; repeatable.")
    ] = None,
    key: Annotated[str, typer.Option("--key", metavar="kind", help="Key to send: app, knowledge or none.")] = "app",
) -> None:
    """Send a request to any API route and print the JSON of the response.

    The key is sent to the configured server only. Streams are not supported: set response_mode to "blocking".
    """
    kind = literal(key, "--key", ("app", "knowledge", "none"))
    replace(ctx.session, key=kind).validate()  # the decorator cannot know which key this request needs
    parameters: dict[str, Any] = {}
    for item in parse_inputs(query or []):
        if item.is_file:
            raise typer.BadParameter("--query does not accept files")
        if item.many:
            parameters.setdefault(item.key, []).append(item.value)
        else:
            parameters[item.key] = item.value
    data = None if body is None else _parse_body(read_text(body[1:]) if body.startswith("@") else valid_text(body))
    # cast_to=object accepts any JSON value, not only objects.
    response = await ctx.client.request(method, path, cast_to=object, query=parameters, json=data, key=kind)
    ctx.screen.line(to_json(response, indent=None if ctx.as_json else 2))


def _parse_body(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"the body is not valid JSON: {error}") from None
