"""The server itself."""

from ._base import Answer

__all__ = ["ServerInfo"]


class ServerInfo(Answer):
    """What `client.server()` answers; `server_version` is the Dify release, such as "1.14.2"."""

    welcome: str | None = None
    api_version: str | None = None
    server_version: str | None = None
