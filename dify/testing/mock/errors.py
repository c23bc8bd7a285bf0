"""Errors of a mock."""

from __future__ import annotations

from respx.models import AllMockedAssertionError

__all__ = ["UnmockedCall", "UnusedResponse"]


class UnmockedCall(AllMockedAssertionError):
    """The code under test made a call without a mocked response."""

    __module__ = "dify.testing"  # where one imports it from, as tracebacks show it


class UnusedResponse(AssertionError):
    """A mocked response was never requested."""

    __module__ = "dify.testing.mock"
