"""The people on whose behalf an app is called."""

from typing import Literal

from ._base import Answer, IsoTime

__all__ = ["EndUser"]


class EndUser(Answer):
    """An end user of an app. `external_user_id` and `session_id` are the `user` of the calls that made it known."""

    id: str
    tenant_id: str | None = None
    app_id: str | None = None
    type: Literal["service-api"] | str | None = None
    external_user_id: str | None = None
    name: str | None = None
    is_anonymous: bool | None = None
    session_id: str | None = None
    created_at: IsoTime | None = None
    updated_at: IsoTime | None = None
