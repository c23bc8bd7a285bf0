"""The Dify server."""

from ._base import Answer

__all__ = ["ServerInfo"]


class ServerInfo(Answer):
    """The reply of `client.server()`: the server's name and versions."""

    welcome: str | None = None
    """Greeting of the server, such as "Dify OpenAPI"."""
    api_version: str | None = None
    """Version of the Service API, "v1"."""
    server_version: str | None = None
    """Dify release that the server runs, such as "1.14.2"."""
