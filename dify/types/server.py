"""The Dify server."""

from ._base import ResponseModel

__all__ = ["ServerInfo"]


class ServerInfo(ResponseModel):
    """The reply of `client.server()`: the server's name and versions."""

    welcome: str | None = None
    """Greeting of the server, such as "Dify OpenAPI"; None from servers without an index route, which is most of them."""
    api_version: str | None = None
    """Version of the Service API, "v1"; None likewise."""
    server_version: str | None = None
    """Dify release that the server runs, such as "1.14.2"; None where a gateway removes the header that names it."""
