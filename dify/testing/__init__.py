"""Tools for tests of code that calls Dify.

- `Emulator`: a stateful Dify server in this process. `pip install "dify[emulator]"`.
- `serve_forever`: an emulator for other processes, until Ctrl-C.
- `DifyMock`: mocked responses per call, and a record of the calls. `pip install "dify[testing]"`.
- `replies`, `events`, `error_replies` and the `..._stream` functions: valid responses, built from the client's models.
- `Wire` and `responses`: the same as bytes and as httpx responses, for your own mocks.
- `no_waits`: skips the client's delays before retries and between polls.
- `dify.testing.pytest`: fixtures, and a network guard.

Example:
    >>> from dify.testing import Emulator
    >>> emulator = Emulator(lambda request: f"You said: {request.query}")
    >>> emulator.base_url
    'http://localhost/v1'
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .._lazy import lazy_module as _lazy_module

if _TYPE_CHECKING:
    from .builders import error_replies, events, replies, responses
    from .builders.error_replies import ErrorReply
    from .builders.streams import (
        agent_stream,
        chat_stream,
        chatflow_stream,
        completion_stream,
        finished_stream,
        paused_chatflow_stream,
        paused_workflow_stream,
        resumed_stream,
        workflow_stream,
    )
    from .builders.wire import Wire
    from .delays import no_waits
    from .emulator.answers import (
        Answer,
        EmulatorError,
        EmulatorFile,
        EmulatorRequest,
        EmulatorTurn,
        RecordedRequest,
        RunFailed,
    )
    from .emulator.apps.features import Mode
    from .emulator.command import serve_forever
    from .emulator.connections import EmulatorApp
    from .emulator.emulator import Emulator
    from .mock import DifyMock, MockCall
    from .mock.errors import UnmockedCall
    from .script.blocks import (
        AgentStep,
        Block,
        EmulatorForm,
        InputBlocked,
        Iteration,
        Loop,
        Node,
        OutputBlocked,
        Parallel,
        Part,
        ToolCall,
        ToolFile,
    )
    from .script.frames import Frame
    from .script.ids import AppKind, Ids

__all__ = [
    "AgentStep",
    "Answer",
    "AppKind",
    "Block",
    "DifyMock",
    "Emulator",
    "EmulatorApp",
    "EmulatorError",
    "EmulatorFile",
    "EmulatorForm",
    "EmulatorRequest",
    "EmulatorTurn",
    "ErrorReply",
    "Frame",
    "Ids",
    "InputBlocked",
    "Iteration",
    "Loop",
    "MockCall",
    "Mode",
    "Node",
    "OutputBlocked",
    "Parallel",
    "Part",
    "RecordedRequest",
    "RunFailed",
    "ToolCall",
    "ToolFile",
    "UnmockedCall",
    "Wire",
    "agent_stream",
    "chat_stream",
    "chatflow_stream",
    "completion_stream",
    "error_replies",
    "events",
    "finished_stream",
    "no_waits",
    "paused_chatflow_stream",
    "paused_workflow_stream",
    "replies",
    "responses",
    "resumed_stream",
    "serve_forever",
    "workflow_stream",
]

# Imported on first use, so that the builders do not need the emulator's web framework, nor the emulator respx.
__getattr__, __dir__ = _lazy_module(
    __name__,
    {
        ".emulator.answers": "Answer EmulatorError EmulatorFile EmulatorRequest EmulatorTurn RecordedRequest RunFailed",
        ".emulator.connections": "EmulatorApp",
        ".emulator.apps.features": "Mode",
        ".emulator.emulator": "Emulator",
        ".delays": "no_waits",
        ".script.blocks": """
            AgentStep Block EmulatorForm InputBlocked Iteration Loop Node OutputBlocked Parallel Part ToolCall ToolFile
        """,
        ".emulator.command": "serve_forever",
        ".builders.error_replies": "ErrorReply",
        ".mock": "DifyMock MockCall",
        ".mock.errors": "UnmockedCall",
        ".builders.streams": """
            agent_stream chat_stream chatflow_stream completion_stream finished_stream paused_chatflow_stream
            paused_workflow_stream resumed_stream workflow_stream
        """,
        ".builders.wire": "Wire",
        ".script.ids": "AppKind Ids",
        ".script.frames": "Frame",
    },
    submodules=("builders.error_replies", "builders.events", "builders.replies", "builders.responses"),
    rename=False,
)
