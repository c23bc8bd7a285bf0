"""`dify info` and its like: what the server and the app say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .command import Job, command, examples, single
from .output import plain
from .render import to_json

if TYPE_CHECKING:
    from dify import AppInfo, AppParameters, FormControl

__all__ = ["app", "end_user", "info", "meta", "parameters", "site"]

info, app, parameters, site, meta, end_user = single(), single(), single(), single(), single(), single()


@command(info, "info", key="none", epilog=examples("dify info", "dify info --profile work --json | jq .inputs"))
async def show_all(job: Job) -> None:
    """The server's version, and of the key's app the kind and the inputs it takes. Without a key, the server alone."""
    server = await job.client.server()
    found: AppInfo | None = None
    takes: AppParameters | None = None
    if job.session.target().api_key is not None:
        found = await job.client.app.info()
        takes = await job.client.app.parameters()
    controls = [] if takes is None else takes.controls
    if job.as_json:
        whole: dict[str, Any] = {"base_url": job.client.base_url, "server": plain(server)}
        if found is not None and takes is not None:
            whole |= {"app": plain(found), "parameters": plain(takes)}
            whole["inputs"] = [{**plain(control), "type": kind} for kind, control in controls]
        job.screen.line(to_json(whole))
        return
    lines: dict[str, Any] = {"server": job.client.base_url, "version": server.server_version or "unknown"}
    if found is None or takes is None:
        job.out.one(lines, list(lines))
        job.screen.note("no app key: nothing to say of an app")
        return
    lines |= {"app": found.name, "kind": found.mode, "description": found.description}
    job.out.one(lines, list(lines))
    for kind, control in controls:
        job.out.text(f"input  {_described(kind, control)}")
    upload = takes.file_upload
    if upload is not None and upload.enabled:
        job.out.text(f"files  {upload.number_limits or 'any number'} ({', '.join(upload.allowed_file_types or [])})")


def _described(kind: str, control: FormControl) -> str:
    """One input, as it is to be given on the command line."""
    how = {"number": ":=", "checkbox": ":=", "json_object": ":=", "file": "@", "file-list": "[]@"}.get(kind, "=")
    notes = [
        "needed" if control.required else "",
        f"one of {', '.join(control.options)}" if control.options else "",
        f"up to {control.max_length}" if control.max_length else "",
    ]
    label = f" {control.label}" if control.label and control.label != control.variable else ""
    return f"{control.variable}{how}…  {kind}{label}  {'; '.join(note for note in notes if note)}".rstrip()


@command(app, "app")
async def show_app(job: Job) -> None:
    """Show the app: name, kind, description, tags."""
    job.out.one(await job.client.app.info())


@command(parameters, "parameters")
async def show_parameters(job: Job) -> None:
    """Show the app's inputs, features and limits."""
    job.out.one(await job.client.app.parameters())


@command(site, "site")
async def show_site(job: Job) -> None:
    """Show how the app's own site looks."""
    job.out.one(await job.client.app.site())


@command(meta, "meta")
async def show_meta(job: Job) -> None:
    """Show the icons of the app's tools."""
    job.out.one(await job.client.app.meta())


@command(end_user, "end-user")
async def show_end_user(job: Job, end_user_id: Annotated[str, typer.Argument(metavar="END_USER_ID")]) -> None:
    """Show an end user of the app."""
    job.out.one(await job.client.end_users.get(end_user_id))
