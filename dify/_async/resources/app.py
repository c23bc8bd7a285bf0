"""The app behind the key: what it is, what it takes, how it looks, and what people think of it."""

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
    """Look at the app that the key belongs to.

    Example:
        ```python
        info = await client.app.info()
        print(info.name, info.mode)
        ```
    """

    async def info(self, *, options: RequestOptions | None = None) -> AppInfo:
        """The app's name and kind (getChatAppInfo).

        Args:
            options: Settings for this call alone.

        Example:
            ```python
            info = await client.app.info()
            print(info.name, info.mode)
            ```
        """
        return await self._transport.fetch(Call.of("getChatAppInfo"), AppInfo, options)

    async def parameters(self, *, options: RequestOptions | None = None) -> AppParameters:
        """Which inputs the app takes, which features it has and which limits there are (getChatAppParameters).

        Args:
            options: Settings for this call alone.

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
        """The icons of the tools that the app uses (getChatAppMeta).

        Args:
            options: Settings for this call alone.

        Example:
            ```python
            meta = await client.app.meta()
            print(meta.tool_icons)
            ```
        """
        return await self._transport.fetch(Call.of("getChatAppMeta"), AppMeta, options)

    async def site(self, *, options: RequestOptions | None = None) -> SiteSettings:
        """How the app's own web page looks (getChatWebAppSettings). Needs a server from 1.9 on.

        Args:
            options: Settings for this call alone.

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
        """Every rating of the app's answers, whoever gave it (getChatAppFeedbacks). Needs a server from 1.9 on.

        Args:
            page: The page to begin with, from 1.
            limit: Items per page, 1 to 101 (the server's default: 20).
            options: Settings for this call alone.

        Example:
            ```python
            async for feedback in client.app.feedbacks():
                print(feedback.rating, feedback.content)
            ```
        """
        call = Call.of("getChatAppFeedbacks", query=compact(page=page, limit=limit))
        return AsyncPager(self._transport, call, Feedback, order=NUMBERED, options=options)
