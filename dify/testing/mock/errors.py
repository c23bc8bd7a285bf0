"""What a mock raises to tell that a test and the code under it do not agree."""

from __future__ import annotations

from respx.models import AllMockedAssertionError

__all__ = ["UnmockedCall", "UnusedAnswer"]


class UnmockedCall(AllMockedAssertionError):
    """The code under test made a call that the test gave no answer for."""

    __module__ = "dify.testing"  # where one imports it from, as tracebacks show it


class UnusedAnswer(AssertionError):
    """The test gave an answer that no call asked for."""

    __module__ = "dify.testing.mock"
