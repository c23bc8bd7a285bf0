"""Forms with which a run asks a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._config import RequestOptions
from ..._protocol.arguments import inputs_of
from ..._protocol.request import Call
from ...types.human_input import HumanInputForm
from ._base import AsyncResource

__all__ = ["AsyncHumanInput"]


class AsyncHumanInput(AsyncResource):
    """Show and answer the forms that paused runs wait for. Needs a server from 1.14 on.

    Example:
        ```python
        run = await client.workflows.run({"q": "deploy?"})
        for form in run.forms:
            await client.human_input.submit(form.form_token, action="approve", inputs={"note": "go"})
        ```
    """

    async def get(self, form_token: str, *, options: RequestOptions | None = None) -> HumanInputForm:
        """The form: its text, fields and buttons (getChatflowHumanInputForm).

        Args:
            form_token: The form's token, from `run.forms` or a `human_input_required` event.
            options: Settings for this call alone.

        Raises:
            NotFoundError: This app has no such form.
            APIStatusError: 412 with code human_input_form_submitted or human_input_form_expired.

        Example:
            ```python
            form = await client.human_input.get(form_token)
            print(form.form_content)
            ```
        """
        call = Call.of("getChatflowHumanInputForm", form_token=form_token)
        return await self._transport.fetch(call, HumanInputForm, options)

    async def submit(
        self,
        form_token: str,
        *,
        action: str,
        inputs: Mapping[str, Any] | None = None,
        user: str | None = None,
        options: RequestOptions | None = None,
    ) -> None:
        """Answer a form; its run goes on (submitChatflowHumanInputForm).

        Args:
            form_token: The form's token.
            action: Id of the button, from the form's actions.
            inputs: A value for every field of the form, by its `output_variable_name`; files as in `chat.send`.
            user: Your id for the person who answers; the client's default user where None.
            options: Settings for this call alone.

        Raises:
            BadRequestError: A field is missing, or there is no such button.
            APIStatusError: 412 with code human_input_form_submitted or human_input_form_expired.

        Example:
            ```python
            await client.human_input.submit(form_token, action="approve", inputs={"note": "go"})
            ```
        """
        await self._transport.send(
            Call.of(
                "submitChatflowHumanInputForm",
                form_token=form_token,
                json={"inputs": inputs_of(inputs), "action": action, "user": self._user(user)},
            ),
            options,
        )
