"""The fields of a request to Dify, by the names of the client's arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol, cast

from dify import InputFile

__all__ = ["RequestFields"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


class _Request(Protocol):
    @property
    def json(self) -> Any: ...
    @property
    def form(self) -> Mapping[str, str] | None: ...
    @property
    def params(self) -> Mapping[str, str]: ...
    @property
    def path_params(self) -> Mapping[str, str]: ...


class RequestFields:
    """Base class of received requests, with the fields of their bodies."""

    __slots__ = ()

    @property
    def body(self) -> dict[str, Any]:
        """Fields of the JSON body, or of the `data` part of a multipart body.

        Empty if there are none.
        """
        request = cast("_Request", self)
        sent: Any = request.json
        if isinstance(sent, dict):
            return cast("dict[str, Any]", sent)
        form = request.form or {}
        return cast("dict[str, Any]", json.loads(form["data"])) if "data" in form else {}

    @property
    def query(self) -> str | None:
        """The user's message, or the query of a search."""
        value = self.body.get("query")
        return value if isinstance(value, str) else None

    @property
    def inputs(self) -> dict[str, Any]:
        """Inputs of the app; empty if there are none."""
        return dict(cast("dict[str, Any]", self.body.get("inputs") or {}))

    @property
    def files(self) -> list[InputFile]:
        """Files in `files`; files in `inputs` are not included."""
        sent = cast("list[Any]", self.body.get("files") or [])
        return [InputFile.model_validate(file) for file in sent]

    @property
    def conversation_id(self) -> str | None:
        """UUID of the conversation. None for a new one."""
        request = cast("_Request", self)
        return (
            request.path_params.get("conversation_id")
            or self.body.get("conversation_id")
            or request.params.get("conversation_id")
        )

    @property
    def response_mode(self) -> str | None:
        """Response mode: "streaming" or "blocking"."""
        return self.body.get("response_mode")
