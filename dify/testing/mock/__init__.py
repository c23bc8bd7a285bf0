"""`DifyMock`: answers that a test sets, call by call, and the calls that were made."""

from ._calls import Calls, MockCall, SentFile
from ._errors import UnmockedCall, UnusedAnswer
from ._mock import DifyMock
from ._plans import Route
from ._routes import BytesRoute, EmptyRoute, ItemsRoute, JSONRoute, PageRoute, StreamRoute, UploadRoute

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
    "UnusedAnswer",
    "UploadRoute",
]
