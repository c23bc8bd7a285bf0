"""`dify info`, `app`, `parameters`, `site`, `meta` and `end-user`: show the server and the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..command import Context, command, examples, single
from ..output import plain
from ..terminal.screen import to_json

if TYPE_CHECKING:
    from dify.types import AppInfo, AppParameters, FormControl

__all__ = ["app", "end_user", "info", "meta", "parameters", "site"]

info, app, parameters, site, meta, end_user = single(), single(), single(), single(), single(), single()


@command(info, "info", key="none", epilog=examples("dify info", "dify info --profile work --json | jq .inputs"))
async def show_all(ctx: Context) -> None:
    """Show the server's version, the app's name and kind, and the inputs that it takes.

    Without a key, show the server only.
    """
    server = await ctx.client.server()
    app_info: AppInfo | None = None
    parameters: AppParameters | None = None
    if ctx.session.settings().api_key is not None:
        app_info = await ctx.client.app.info()
        parameters = await ctx.client.app.parameters()
    controls = [] if parameters is None else parameters.controls
    if ctx.as_json:
        document: dict[str, Any] = {"base_url": ctx.client.base_url, "server": plain(server)}
        if app_info is not None and parameters is not None:
            document |= {"app": plain(app_info), "parameters": plain(parameters)}
            document["inputs"] = [{**plain(control), "type": kind} for kind, control in controls]
        ctx.screen.line(to_json(document))
        return
    lines: dict[str, Any] = {"server": ctx.client.base_url, "version": server.server_version or "unknown"}
    if app_info is None or parameters is None:
        ctx.output.item(lines, list(lines))
        ctx.screen.note("no app key is set, so no app is shown")
        return
    lines |= {"app": app_info.name, "kind": app_info.mode, "description": app_info.description}
    ctx.output.item(lines, list(lines))
    for kind, control in controls:
        ctx.output.text(f"input  {_describe_input(kind, control)}")
    upload = parameters.file_upload
    if upload is not None and upload.enabled:
        types = ", ".join(upload.allowed_file_types or [])
        ctx.output.text(f"files  {upload.number_limits or 'any number'} ({types})")


def _describe_input(kind: str, control: FormControl) -> str:
    """Describe one input in the syntax of the command line."""
    separators = {"number": ":=", "checkbox": ":=", "json_object": ":=", "file": "@", "file-list": "[]@"}
    notes = [
        "required" if control.required else "",
        f"one of {', '.join(control.options)}" if control.options else "",
        f"up to {control.max_length}" if control.max_length else "",
    ]
    label = f" {control.label}" if control.label and control.label != control.variable else ""
    syntax = f"{control.variable}{separators.get(kind, '=')}…"
    return f"{syntax}  {kind}{label}  {'; '.join(note for note in notes if note)}".rstrip()


@command(app, "app")
async def show_app(ctx: Context) -> None:
    """Show the app's name, kind, description and tags."""
    ctx.output.item(await ctx.client.app.info())


@command(parameters, "parameters")
async def show_parameters(ctx: Context) -> None:
    """Show the app's inputs, features and limits."""
    ctx.output.item(await ctx.client.app.parameters())


@command(site, "site")
async def show_site(ctx: Context) -> None:
    """Show the settings of the app's web page."""
    ctx.output.item(await ctx.client.app.site())


@command(meta, "meta")
async def show_meta(ctx: Context) -> None:
    """Show the icons of the app's tools."""
    ctx.output.item(await ctx.client.app.meta())


@command(end_user, "end-user")
async def show_end_user(
    ctx: Context,
    end_user_id: Annotated[
        str, typer.Argument(metavar="end-user-id", help="Id of the end user, such as created_by of an uploaded file.")
    ],
) -> None:
    """Show an end user of the app."""
    ctx.output.item(await ctx.client.end_users.get(end_user_id))
