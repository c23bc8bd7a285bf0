"""Human input forms of paused runs."""

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
    """Human input forms of paused runs. Requires Dify 1.14 or later.

    Example:
        ```python
        run = await client.workflows.run({"q": "deploy?"})
        for form in run.forms:
            await client.human_input.submit(form.form_token, action="approve", inputs={"note": "go"})
        ```
    """

    async def get(self, form_token: str, *, options: RequestOptions | None = None) -> HumanInputForm:
        """Return a form: its text, fields and actions (getChatflowHumanInputForm).

        Args:
            form_token: Token of the form, from `run.forms` or a `human_input_required` event.
            options: Options of this call.

        Raises:
            NotFoundError: The app has no such form.
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
        """Submit a form; its run continues (submitChatflowHumanInputForm).

        Args:
            form_token: Token of the form.
            action: Id of the chosen action, from the actions of the form.
            inputs: Value of every field, by its `output_variable_name`; files as in `chat.send`.
            user: End user who answers; by default the client's user.
            options: Options of this call.

        Raises:
            BadRequestError: A field is missing, or the action does not exist.
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
