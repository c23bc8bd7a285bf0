"""Forms for which runs wait."""

from __future__ import annotations

from typing import Any, cast

from starlette.responses import Response

from dify.types.human_input import FormAnswer, FormInput

from ....script.events import form_request
from ...apps.input_validation import resolve_files
from ...apps.schemas import HumanInputFormSubmitPayload
from ...file_links import signed_url
from ...requests import ApiRequest
from ...responses import ApiError, json_response
from ...routing import Router
from ..file_objects import file_object
from ..models import StoredForm

_PATH = "/form/human_input/{form_token}"


router = Router()


def _find(call: ApiRequest) -> StoredForm:
    token = call.path("form_token")
    for run in [*call.app.runs.values()]:
        for form in [*run.forms]:
            if form.token == token:
                _refuse_closed(form)
                return form
    raise ApiError(404, "not_found", "Form not found")


def _refuse_closed(form: StoredForm) -> None:
    if form.answer is not None:
        text = f"This form has already been submitted by another user, form_id={form.reason.form_id}"
        raise ApiError(412, "human_input_form_submitted", text)
    if form.expired:
        raise ApiError(412, "human_input_form_expired", f"This form has expired, form_id={form.reason.form_id}")


@router.operation("getChatflowHumanInputForm", user="ignored")
async def get_form(call: ApiRequest) -> Response:
    form = _find(call)
    shown = form_request(form.reason).model_dump(mode="json", exclude_unset=True)
    body = {name: shown[name] for name in ("form_content", "inputs", "resolved_default_values")}
    return json_response({**body, "user_actions": shown["actions"], "expiration_time": shown["expiration_time"]})


@router.operation("submitChatflowHumanInputForm", body="json", user="required")
async def submit_form(call: ApiRequest) -> Response:
    sent = call.payload(HumanInputFormSubmitPayload)
    form = _find(call)
    fields = form.form.fields
    inputs = {
        each.output_variable_name: await _value(call, each, sent.inputs[each.output_variable_name])
        for each in fields
        if each.output_variable_name in sent.inputs
    }
    if sent.action not in {action.id for action in form.form.buttons}:
        raise _refusal(f"Invalid action: {sent.action}")
    missing = [each.output_variable_name for each in fields if each.output_variable_name not in inputs]
    if missing:
        raise _refusal(f"Missing required inputs: {', '.join(missing)}")
    form.submit(FormAnswer(action=sent.action, inputs=sent.inputs), inputs)
    return json_response({})


def _refusal(message: str) -> ApiError:
    return ApiError(400, "invalid_form_data", message)


async def _value(call: ApiRequest, field: FormInput, value: Any) -> Any:
    """Return what was submitted for a field, with the files looked up.

    Raises:
        ApiError: The field does not take the value. A text field takes any value, and its run fails later.
    """
    name = field.output_variable_name
    match field.type:
        case "select":
            if not isinstance(value, str):
                raise _refusal(f"Invalid value for select input '{name}': expected string")
            source = field.option_source
            if source is not None and source.type == "constant" and value not in (source.value or []):
                raise _refusal(f"Invalid value for select input '{name}': {value}")
        case "file":
            if not isinstance(value, dict):
                raise _refusal(f"Invalid value for file input '{name}': expected mapping")
            return (await _files(call, field, "file input", [cast("dict[str, Any]", value)], 1))[0]
        case "file-list":
            if not isinstance(value, list) or not all(isinstance(each, dict) for each in cast("list[Any]", value)):
                raise _refusal(f"Invalid value for file list input '{name}': expected list of mappings")
            files = cast("list[dict[str, Any]]", value)
            return await _files(call, field, "file list input", files, field.number_limits or 0)
        case _:
            pass
    return value


async def _files(
    call: ApiRequest, field: FormInput, what: str, sent: list[dict[str, Any]], limit: int
) -> list[dict[str, Any]]:
    upload = {**field.model_dump(exclude_none=True), "number_limits": limit or None}
    try:
        taken = await resolve_files(call.app, None, sent, upload=upload, exact_types=True)
        if what == "file input" and not taken:
            raise ApiError(400, "invalid_param", "transfer_method is required in file mapping")
    except ApiError as error:
        raise _refusal(f"Invalid value for {what} '{field.output_variable_name}': {error.message}") from None
    links = [signed_url(call.app, call.origin, file.upload_file_id) if file.upload_file_id else "" for file in taken]
    objects = [file_object(file, url=link) for file, link in zip(taken, links, strict=True)]
    return [each.model_dump(mode="json", exclude_unset=True) for each in objects]
