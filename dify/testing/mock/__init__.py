"""`DifyMock`: mocked responses per call, and the calls of the code under test."""

from .calls import Calls, MockCall, SentFile
from .dify_mock import DifyMock
from .errors import UnmockedCall, UnusedResponse
from .planned_responses import Route
from .routes import BytesRoute, EmptyRoute, ItemsRoute, JSONRoute, PageRoute, StreamRoute, UploadRoute

__all__ = [
    "BytesRoute",
    "Calls",
    "DifyMock",
    "EmptyRoute",
    "ItemsRoute",
    "JSONRoute",
    "MockCall",
    "PageRoute",
    "Route",
    "SentFile",
    "StreamRoute",
    "UnmockedCall",
    "UnusedResponse",
    "UploadRoute",
]
