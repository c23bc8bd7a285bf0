"""End users of an app."""

from __future__ import annotations

from ..._config import RequestOptions
from ..._protocol.request import Call
from ...types.end_users import EndUser
from ._base import AsyncResource

__all__ = ["AsyncEndUsers"]


class AsyncEndUsers(AsyncResource):
    """End users of an app. Requires Dify 1.14 or later.

    Example:
        ```python
        uploaded = await client.files.upload("cat.png")
        end_user = await client.end_users.get(uploaded.created_by)
        ```
    """

    async def get(self, end_user_id: str, *, options: RequestOptions | None = None) -> EndUser:
        """Return an end user of the app (getEndUserChat).

        Args:
            end_user_id: Dify's id of the user, such as `UploadedFile.created_by`; not your own `user`.
            options: Options of this call.

        Raises:
            NotFoundError: The app has no such end user.

        Example:
            ```python
            end_user = await client.end_users.get(end_user_id)
            print(end_user.external_user_id)
            ```
        """
        call = Call.of("getEndUserChat", end_user_id=end_user_id)
        return await self._transport.fetch(call, EndUser, options)
