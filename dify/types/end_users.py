"""End users: the people on whose behalf an app is called."""

from typing import Literal

from ._base import IsoTime, ResponseModel

__all__ = ["EndUser"]


class EndUser(ResponseModel):
    """An end user of an app."""

    id: str
    """UUID of the end user, as in `UploadedFile.created_by` and `Feedback.from_end_user_id`."""
    tenant_id: str | None = None
    """UUID of the workspace."""
    app_id: str | None = None
    """UUID of the app. None if the end user belongs to no single app."""
    type: Literal["service-api"] | str | None = None
    """Channel through which the end user reached the app; "service-api" for this API."""
    external_user_id: str | None = None
    """The `user` argument of the calls that created the end user."""
    name: str | None = None
    """Display name. None for end users of this API."""
    is_anonymous: bool | None = None
    """True if the first call had no `user` (the shared user "DEFAULT-USER")."""
    session_id: str | None = None
    """Session of the end user; for this API, the same text as `external_user_id`."""
    created_at: IsoTime | None = None
    """Time of the first call with this `user`."""
    updated_at: IsoTime | None = None
    """Time of the last change."""
