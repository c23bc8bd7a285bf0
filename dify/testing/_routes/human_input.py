"""Forms that runs wait for."""

from __future__ import annotations

from typing import Any, cast

from starlette.responses import Response
from starlette.routing import Route

from dify.types.human_input import FormAnswer, FormInput

from .._core import Core
from .._frames import file_object
from .._links import link_to
from .._payloads import HumanInputFormSubmitPayload
from .._runs import Run, StoredForm
from .._scoped import hint
from .._taking import take_files
from .._wire import Call, WireError, endpoint, json_answer

_PATH = "/form/human_input/{form_token}"
_LIKELY = [f"/{face}/form/human_input/<string:form_token>" for face in ("v1", "api")]


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return [
        endpoint(core, "GET", _PATH, _get),
        endpoint(core, "POST", _PATH, _submit, body="json", user_required=True),
    ]


def _find(call: Call) -> tuple[Run, StoredForm]:
    token = call.path("form_token")
    for run in [*call.core.runs.values()]:
        for form in [*run.forms]:
            if form.token == token:
                _refuse_closed(form)
                return run, form
    more = hint(call.request.url.path, *_LIKELY, f"{_LIKELY[1]}/upload-token")
    raise WireError(404, "not_found", f"Form not found.{more}")


def _refuse_closed(form: StoredForm) -> None:
    if form.answer is not None:
        text = f"This form has already been submitted by another user, form_id={form.id}"
        raise WireError(412, "human_input_form_submitted", text)
    if form.expired:
        raise WireError(412, "human_input_form_expired", f"This form has expired, form_id={form.id}")


async def _get(call: Call) -> Response:
    _, form = _find(call)
    shown = form.request().model_dump(mode="json", exclude_unset=True)
    body = {name: shown[name] for name in ("form_content", "inputs", "resolved_default_values")}
    return json_answer({**body, "user_actions": shown["actions"], "expiration_time": shown["expiration_time"]})


async def _submit(call: Call) -> Response:
    sent = call.payload(HumanInputFormSubmitPayload)
    run, form = _find(call)
    if sent.action not in {action.id for action in form.form.buttons}:
        raise WireError(400, "invalid_form_data", f"Invalid action: {sent.action}")
    fields = form.form.fields
    missing = [field.output_variable_name for field in fields if field.output_variable_name not in sent.inputs]
    if missing:
        raise WireError(400, "invalid_form_data", f"Missing required inputs: {', '.join(missing)}")
    shown = {each.output_variable_name: _value(call, each, sent.inputs[each.output_variable_name]) for each in fields}
    if run.finished_at is None:
        run.status = "running"  # it goes on at once, whoever looks first
    form.submit(FormAnswer(action=sent.action, inputs=sent.inputs), shown)
    return json_answer({})


def _value(call: Call, field: FormInput, value: Any) -> Any:
    """What was submitted for a field; files are looked up."""
    name = field.output_variable_name
    if field.type == "file":
        if not isinstance(value, dict):
            raise WireError(400, "invalid_form_data", f"Invalid value for file input '{name}': expected mapping")
        return _files(call, [cast("dict[str, Any]", value)])[0]
    if field.type == "file-list":
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in cast("list[Any]", value)):
            raise WireError(400, "invalid_form_data", f"Invalid value for file list input '{name}'")
        return _files(call, cast("list[dict[str, Any]]", value))
    return value


def _files(call: Call, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    taken = take_files(call.core, call.user, sent)
    links = [link_to(call.core, call.origin, file.upload_file_id) if file.upload_file_id else "" for file in taken]
    objects = [file_object(file, url=link) for file, link in zip(taken, links, strict=True)]
    return [each.model_dump(mode="json", exclude_unset=True) for each in objects]
