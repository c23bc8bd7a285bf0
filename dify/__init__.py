"""An async, typed client for Dify.

    from dify import AsyncDify

    async with AsyncDify(api_key="app-...", user="alice") as client:
        async for event in client.chat.stream("What is Dify?"):
            ...

Every public name is here. Modules load when one of their names is first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._async.byte_stream import (
        AsyncByteStream as AsyncByteStream,
    )
    from ._async.client import (
        AsyncDify as AsyncDify,
    )
    from ._async.pager import (
        AsyncPage as AsyncPage,
    )
    from ._async.pager import (
        AsyncPager as AsyncPager,
    )
    from ._async.streams import (
        AsyncChatStream as AsyncChatStream,
    )
    from ._async.streams import (
        AsyncCompletionStream as AsyncCompletionStream,
    )
    from ._async.streams import (
        AsyncDatasourceStream as AsyncDatasourceStream,
    )
    from ._async.streams import (
        AsyncEventStream as AsyncEventStream,
    )
    from ._async.streams import (
        AsyncWorkflowStream as AsyncWorkflowStream,
    )
    from ._config import (
        RequestOptions as RequestOptions,
    )
    from ._files import (
        FileSource as FileSource,
    )
    from ._fold import (
        TextReplaced as TextReplaced,
    )
    from .errors import (
        APIConnectionError as APIConnectionError,
    )
    from .errors import (
        APIStatusError as APIStatusError,
    )
    from .errors import (
        APITimeoutError as APITimeoutError,
    )
    from .errors import (
        AppUnavailableError as AppUnavailableError,
    )
    from .errors import (
        AuthenticationError as AuthenticationError,
    )
    from .errors import (
        BadRequestError as BadRequestError,
    )
    from .errors import (
        CompletionRequestError as CompletionRequestError,
    )
    from .errors import (
        ConfigurationError as ConfigurationError,
    )
    from .errors import (
        ConflictError as ConflictError,
    )
    from .errors import (
        ConversationNotFoundError as ConversationNotFoundError,
    )
    from .errors import (
        DifyError as DifyError,
    )
    from .errors import (
        FileTooLargeError as FileTooLargeError,
    )
    from .errors import (
        IndexingFailed as IndexingFailed,
    )
    from .errors import (
        IndexingTimeout as IndexingTimeout,
    )
    from .errors import (
        InvalidArgumentError as InvalidArgumentError,
    )
    from .errors import (
        ModelNotSupportedError as ModelNotSupportedError,
    )
    from .errors import (
        NotFoundError as NotFoundError,
    )
    from .errors import (
        NotThisAppTypeError as NotThisAppTypeError,
    )
    from .errors import (
        PayloadTooLargeError as PayloadTooLargeError,
    )
    from .errors import (
        PermissionDeniedError as PermissionDeniedError,
    )
    from .errors import (
        ProviderNotInitializedError as ProviderNotInitializedError,
    )
    from .errors import (
        ProviderQuotaExceededError as ProviderQuotaExceededError,
    )
    from .errors import (
        RateLimitError as RateLimitError,
    )
    from .errors import (
        ResponseValidationError as ResponseValidationError,
    )
    from .errors import (
        ServerError as ServerError,
    )
    from .errors import (
        StreamInterruptedError as StreamInterruptedError,
    )
    from .errors import (
        StreamTimeoutError as StreamTimeoutError,
    )
    from .errors import (
        UnsupportedFileTypeError as UnsupportedFileTypeError,
    )
    from .errors import (
        UnsupportedMediaTypeError as UnsupportedMediaTypeError,
    )
    from .errors import (
        UsageError as UsageError,
    )
    from .errors import (
        WorkflowFailedError as WorkflowFailedError,
    )
    from .types.event_data import (
        AgentLog as AgentLog,
    )
    from .types.event_data import (
        ContainerExecution as ContainerExecution,
    )
    from .types.event_data import (
        FormFilled as FormFilled,
    )
    from .types.event_data import (
        FormTimeout as FormTimeout,
    )
    from .types.event_data import (
        HumanInputRequest as HumanInputRequest,
    )
    from .types.event_data import (
        ParallelBranch as ParallelBranch,
    )
    from .types.event_data import (
        ReasoningChunk as ReasoningChunk,
    )
    from .types.event_data import (
        RunPause as RunPause,
    )
    from .types.event_data import (
        RunStart as RunStart,
    )
    from .types.event_data import (
        TextChunk as TextChunk,
    )
    from .types.events import (
        AgentLogEvent as AgentLogEvent,
    )
    from .types.events import (
        AgentMessageEvent as AgentMessageEvent,
    )
    from .types.events import (
        AgentThoughtEvent as AgentThoughtEvent,
    )
    from .types.events import (
        ChatEvent as ChatEvent,
    )
    from .types.events import (
        CompletionEvent as CompletionEvent,
    )
    from .types.events import (
        DatasourceCompletedEvent as DatasourceCompletedEvent,
    )
    from .types.events import (
        DatasourceErrorEvent as DatasourceErrorEvent,
    )
    from .types.events import (
        DatasourceEvent as DatasourceEvent,
    )
    from .types.events import (
        DatasourceProcessingEvent as DatasourceProcessingEvent,
    )
    from .types.events import (
        ErrorEvent as ErrorEvent,
    )
    from .types.events import (
        HumanInputFormFilledEvent as HumanInputFormFilledEvent,
    )
    from .types.events import (
        HumanInputFormTimeoutEvent as HumanInputFormTimeoutEvent,
    )
    from .types.events import (
        HumanInputRequiredEvent as HumanInputRequiredEvent,
    )
    from .types.events import (
        IterationCompletedEvent as IterationCompletedEvent,
    )
    from .types.events import (
        IterationNextEvent as IterationNextEvent,
    )
    from .types.events import (
        IterationStartedEvent as IterationStartedEvent,
    )
    from .types.events import (
        LoopCompletedEvent as LoopCompletedEvent,
    )
    from .types.events import (
        LoopNextEvent as LoopNextEvent,
    )
    from .types.events import (
        LoopStartedEvent as LoopStartedEvent,
    )
    from .types.events import (
        MessageEndEvent as MessageEndEvent,
    )
    from .types.events import (
        MessageEvent as MessageEvent,
    )
    from .types.events import (
        MessageFileEvent as MessageFileEvent,
    )
    from .types.events import (
        MessageReplaceEvent as MessageReplaceEvent,
    )
    from .types.events import (
        NodeFinishedEvent as NodeFinishedEvent,
    )
    from .types.events import (
        NodeRetryEvent as NodeRetryEvent,
    )
    from .types.events import (
        NodeStartedEvent as NodeStartedEvent,
    )
    from .types.events import (
        ParallelBranchFinishedEvent as ParallelBranchFinishedEvent,
    )
    from .types.events import (
        ParallelBranchStartedEvent as ParallelBranchStartedEvent,
    )
    from .types.events import (
        PingEvent as PingEvent,
    )
    from .types.events import (
        ReasoningChunkEvent as ReasoningChunkEvent,
    )
    from .types.events import (
        TextChunkEvent as TextChunkEvent,
    )
    from .types.events import (
        TextReplaceEvent as TextReplaceEvent,
    )
    from .types.events import (
        TTSMessageEndEvent as TTSMessageEndEvent,
    )
    from .types.events import (
        TTSMessageEvent as TTSMessageEvent,
    )
    from .types.events import (
        UnknownEvent as UnknownEvent,
    )
    from .types.events import (
        WorkflowEvent as WorkflowEvent,
    )
    from .types.events import (
        WorkflowFinishedEvent as WorkflowFinishedEvent,
    )
    from .types.events import (
        WorkflowPausedEvent as WorkflowPausedEvent,
    )
    from .types.events import (
        WorkflowStartedEvent as WorkflowStartedEvent,
    )
    from .types.files import (
        FileKind as FileKind,
    )
    from .types.files import (
        FileObject as FileObject,
    )
    from .types.files import (
        InputFile as InputFile,
    )
    from .types.files import (
        MessageFileSummary as MessageFileSummary,
    )
    from .types.files import (
        UploadedFile as UploadedFile,
    )
    from .types.http import (
        HTTPInfo as HTTPInfo,
    )
    from .types.human_input import (
        FormInput as FormInput,
    )
    from .types.human_input import (
        FormSource as FormSource,
    )
    from .types.human_input import (
        HumanInputForm as HumanInputForm,
    )
    from .types.human_input import (
        PauseReason as PauseReason,
    )
    from .types.human_input import (
        UserAction as UserAction,
    )
    from .types.replies import (
        AgentThought as AgentThought,
    )
    from .types.replies import (
        AnnotationReply as AnnotationReply,
    )
    from .types.replies import (
        AppMode as AppMode,
    )
    from .types.replies import (
        ChatPause as ChatPause,
    )
    from .types.replies import (
        ChatResponse as ChatResponse,
    )
    from .types.replies import (
        CitationResource as CitationResource,
    )
    from .types.replies import (
        CompletionResponse as CompletionResponse,
    )
    from .types.replies import (
        ReplyFile as ReplyFile,
    )
    from .types.replies import (
        ReplyMetadata as ReplyMetadata,
    )
    from .types.replies import (
        Usage as Usage,
    )
    from .types.server import (
        ServerInfo as ServerInfo,
    )
    from .types.workflows import (
        EndUserRef as EndUserRef,
    )
    from .types.workflows import (
        NodeExecution as NodeExecution,
    )
    from .types.workflows import (
        RunCreator as RunCreator,
    )
    from .types.workflows import (
        RunStatus as RunStatus,
    )
    from .types.workflows import (
        WorkflowLog as WorkflowLog,
    )
    from .types.workflows import (
        WorkflowLogRun as WorkflowLogRun,
    )
    from .types.workflows import (
        WorkflowRun as WorkflowRun,
    )
    from .types.workflows import (
        WorkflowRunData as WorkflowRunData,
    )
    from .types.workflows import (
        WorkflowRunDetail as WorkflowRunDetail,
    )

__version__ = "0.1.0"

_NAMES: dict[str, str] = {
    **dict.fromkeys(
        [
            "AsyncByteStream",
        ],
        "._async.byte_stream",
    ),
    **dict.fromkeys(
        [
            "AsyncDify",
        ],
        "._async.client",
    ),
    **dict.fromkeys(
        [
            "AsyncPage",
            "AsyncPager",
        ],
        "._async.pager",
    ),
    **dict.fromkeys(
        [
            "AsyncChatStream",
            "AsyncCompletionStream",
            "AsyncDatasourceStream",
            "AsyncEventStream",
            "AsyncWorkflowStream",
        ],
        "._async.streams",
    ),
    **dict.fromkeys(
        [
            "RequestOptions",
        ],
        "._config",
    ),
    **dict.fromkeys(
        [
            "FileSource",
        ],
        "._files",
    ),
    **dict.fromkeys(
        [
            "TextReplaced",
        ],
        "._fold",
    ),
    **dict.fromkeys(
        [
            "APIConnectionError",
            "APIStatusError",
            "APITimeoutError",
            "AppUnavailableError",
            "AuthenticationError",
            "BadRequestError",
            "CompletionRequestError",
            "ConfigurationError",
            "ConflictError",
            "ConversationNotFoundError",
            "DifyError",
            "FileTooLargeError",
            "IndexingFailed",
            "IndexingTimeout",
            "InvalidArgumentError",
            "ModelNotSupportedError",
            "NotFoundError",
            "NotThisAppTypeError",
            "PayloadTooLargeError",
            "PermissionDeniedError",
            "ProviderNotInitializedError",
            "ProviderQuotaExceededError",
            "RateLimitError",
            "ResponseValidationError",
            "ServerError",
            "StreamInterruptedError",
            "StreamTimeoutError",
            "UnsupportedFileTypeError",
            "UnsupportedMediaTypeError",
            "UsageError",
            "WorkflowFailedError",
        ],
        ".errors",
    ),
    **dict.fromkeys(
        [
            "AgentLog",
            "ContainerExecution",
            "FormFilled",
            "FormTimeout",
            "HumanInputRequest",
            "ParallelBranch",
            "ReasoningChunk",
            "RunPause",
            "RunStart",
            "TextChunk",
        ],
        ".types.event_data",
    ),
    **dict.fromkeys(
        [
            "AgentLogEvent",
            "AgentMessageEvent",
            "AgentThoughtEvent",
            "ChatEvent",
            "CompletionEvent",
            "DatasourceCompletedEvent",
            "DatasourceErrorEvent",
            "DatasourceEvent",
            "DatasourceProcessingEvent",
            "ErrorEvent",
            "HumanInputFormFilledEvent",
            "HumanInputFormTimeoutEvent",
            "HumanInputRequiredEvent",
            "IterationCompletedEvent",
            "IterationNextEvent",
            "IterationStartedEvent",
            "LoopCompletedEvent",
            "LoopNextEvent",
            "LoopStartedEvent",
            "MessageEndEvent",
            "MessageEvent",
            "MessageFileEvent",
            "MessageReplaceEvent",
            "NodeFinishedEvent",
            "NodeRetryEvent",
            "NodeStartedEvent",
            "ParallelBranchFinishedEvent",
            "ParallelBranchStartedEvent",
            "PingEvent",
            "ReasoningChunkEvent",
            "TTSMessageEndEvent",
            "TTSMessageEvent",
            "TextChunkEvent",
            "TextReplaceEvent",
            "UnknownEvent",
            "WorkflowEvent",
            "WorkflowFinishedEvent",
            "WorkflowPausedEvent",
            "WorkflowStartedEvent",
        ],
        ".types.events",
    ),
    **dict.fromkeys(
        [
            "FileKind",
            "FileObject",
            "InputFile",
            "MessageFileSummary",
            "UploadedFile",
        ],
        ".types.files",
    ),
    **dict.fromkeys(
        [
            "HTTPInfo",
        ],
        ".types.http",
    ),
    **dict.fromkeys(
        [
            "FormInput",
            "FormSource",
            "HumanInputForm",
            "PauseReason",
            "UserAction",
        ],
        ".types.human_input",
    ),
    **dict.fromkeys(
        [
            "AgentThought",
            "AnnotationReply",
            "AppMode",
            "ChatPause",
            "ChatResponse",
            "CitationResource",
            "CompletionResponse",
            "ReplyFile",
            "ReplyMetadata",
            "Usage",
        ],
        ".types.replies",
    ),
    **dict.fromkeys(
        [
            "ServerInfo",
        ],
        ".types.server",
    ),
    **dict.fromkeys(
        [
            "EndUserRef",
            "NodeExecution",
            "RunCreator",
            "RunStatus",
            "WorkflowLog",
            "WorkflowLogRun",
            "WorkflowRun",
            "WorkflowRunData",
            "WorkflowRunDetail",
        ],
        ".types.workflows",
    ),
}

__all__ = ["__version__", *sorted(_NAMES)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    module = _NAMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module, __name__), name)
    if isinstance(value, type) and value.__module__.startswith("dify."):
        value.__module__ = "dify"  # so that names print, and pickle, as people import them
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
