"""The app of the key: its kind, parameters, icons, web page and feedback."""

from __future__ import annotations

from ..._config import RequestOptions
from ..._protocol.paging import NUMBERED
from ..._protocol.request import Call, compact
from ...types.app import AppInfo, AppMeta, AppParameters, SiteSettings
from ...types.messages import Feedback
from ..pager import AsyncPager
from ._base import AsyncResource

__all__ = ["AsyncApp"]


class AsyncApp(AsyncResource):
    """The app that the key belongs to.

    Example:
        ```python
        info = await client.app.info()
        print(info.name, info.mode)
        ```
    """

    async def info(self, *, options: RequestOptions | None = None) -> AppInfo:
        """Return the name and kind of the app (getChatAppInfo).

        Args:
            options: Options of this call.

        Example:
            ```python
            info = await client.app.info()
            print(info.name, info.mode)
            ```
        """
        return await self._transport.fetch(Call.of("getChatAppInfo"), AppInfo, options)

    async def parameters(self, *, options: RequestOptions | None = None) -> AppParameters:
        """Return the input fields, features and limits of the app (getChatAppParameters).

        Args:
            options: Options of this call.

        Raises:
            AppUnavailableError: The app is not published.

        Example:
            ```python
            parameters = await client.app.parameters()
            for kind, control in parameters.controls:
                print(control.variable, kind, control.required)
            ```
        """
        return await self._transport.fetch(Call.of("getChatAppParameters"), AppParameters, options)

    async def meta(self, *, options: RequestOptions | None = None) -> AppMeta:
        """Return the icons of the tools that the app uses (getChatAppMeta).

        Args:
            options: Options of this call.

        Example:
            ```python
            meta = await client.app.meta()
            print(meta.tool_icons)
            ```
        """
        return await self._transport.fetch(Call.of("getChatAppMeta"), AppMeta, options)

    async def site(self, *, options: RequestOptions | None = None) -> SiteSettings:
        """Return the settings of the app's web page (getChatWebAppSettings).

        Requires Dify 1.9 or later.

        Args:
            options: Options of this call.

        Raises:
            PermissionDeniedError: The app has no web page.

        Example:
            ```python
            site = await client.app.site()
            print(site.title, site.default_language)
            ```
        """
        return await self._transport.fetch(Call.of("getChatWebAppSettings"), SiteSettings, options)

    def feedbacks(
        self, *, page: int | None = None, limit: int | None = None, options: RequestOptions | None = None
    ) -> AsyncPager[Feedback]:
        """List the feedback of all users on the app's replies (getChatAppFeedbacks).

        Requires Dify 1.9 or later.

        Args:
            page: Number of the first page, from 1.
            limit: Items per page, 1 to 101 (the server's default: 20).
            options: Options of this call.

        Example:
            ```python
            async for feedback in client.app.feedbacks():
                print(feedback.rating, feedback.content)
            ```
        """
        call = Call.of("getChatAppFeedbacks", query=compact(page=page, limit=limit))
        return AsyncPager(self._transport, call, Feedback, order=NUMBERED, options=options)
