"""For tests of code that talks to Dify: an emulator, a whole Dify server in this process.

Needs the extra: `pip install "dify[emulator]"`.

Example:
    >>> from dify.testing import Emulator
    >>> emulator = Emulator(lambda request: f"You said: {request.query}")
    >>> emulator.base_url
    'http://localhost/v1'
"""

from ._answers import (
    Answer,
    EmulatorError,
    EmulatorFile,
    EmulatorRequest,
    EmulatorTurn,
    RecordedRequest,
    RunFailed,
)
from ._core import Mode
from ._emulator import Emulator

__all__ = [
    "Answer",
    "Emulator",
    "EmulatorError",
    "EmulatorFile",
    "EmulatorRequest",
    "EmulatorTurn",
    "Mode",
    "RecordedRequest",
    "RunFailed",
]
