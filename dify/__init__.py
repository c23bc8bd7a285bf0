"""An async, typed client for Dify.

    from dify import AsyncDify

    async with AsyncDify(api_key="app-...", user="alice") as client:
        async for event in client.chat.stream("What is Dify?"):
            ...

The clients, their streams and events, every error, and the models that programs name most often. `dify.types` has all
models, `dify.streams` all streams and pagers of both faces. Modules load when one of their names is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

from ._lazy import lazy_module as _lazy_module
from ._mixed_install import warn_of_other_packages as _warn_of_other_packages
from ._version import __version__

if _TYPE_CHECKING:
    from . import errors as errors, streams as streams, types as types
    from ._aiohttp_client import (
        DefaultAioHttpClient as DefaultAioHttpClient,
    )
    from ._async.app_streams import (
        AsyncChatStream as AsyncChatStream,
        AsyncCompletionStream as AsyncCompletionStream,
        AsyncWorkflowStream as AsyncWorkflowStream,
    )
    from ._async.byte_stream import (
        AsyncByteStream as AsyncByteStream,
    )
    from ._async.client import (
        AsyncDify as AsyncDify,
    )
    from ._async.http_client import (
        DefaultAsyncHttpxClient as DefaultAsyncHttpxClient,
    )
    from ._async.pager import (
        AsyncPager as AsyncPager,
    )
    from ._config import (
        ClientSettings as ClientSettings,
        RequestOptions as RequestOptions,
        ResponseLimits as ResponseLimits,
    )
    from ._protocol.upload_sources import (
        Base64 as Base64,
    )
    from ._protocol.uploads import (
        FileSource as FileSource,
        UploadResult as UploadResult,
    )
    from ._streaming.text import (
        TextReplaced as TextReplaced,
    )
    from ._sync.app_streams import (
        ChatStream as ChatStream,
        CompletionStream as CompletionStream,
        WorkflowStream as WorkflowStream,
    )
    from ._sync.byte_stream import (
        ByteStream as ByteStream,
    )
    from ._sync.client import (
        Dify as Dify,
    )
    from ._sync.http_client import (
        DefaultHttpxClient as DefaultHttpxClient,
    )
    from ._sync.pager import (
        Pager as Pager,
    )
    from .errors import (
        AgentRunLimitError as AgentRunLimitError,
        APIConnectionError as APIConnectionError,
        APIStatusError as APIStatusError,
        APITimeoutError as APITimeoutError,
        AppUnavailableError as AppUnavailableError,
        AuthenticationError as AuthenticationError,
        BadRequestError as BadRequestError,
        CompletionRequestError as CompletionRequestError,
        ConfigurationError as ConfigurationError,
        ConflictError as ConflictError,
        ConversationNotFoundError as ConversationNotFoundError,
        DifyError as DifyError,
        DocumentExistsError as DocumentExistsError,
        FileTooLargeError as FileTooLargeError,
        IncompleteListError as IncompleteListError,
        IndexingFailedError as IndexingFailedError,
        IndexingTimeoutError as IndexingTimeoutError,
        InvalidArgumentError as InvalidArgumentError,
        MisuseError as MisuseError,
        ModelNotSupportedError as ModelNotSupportedError,
        NotFoundError as NotFoundError,
        NotThisAppTypeError as NotThisAppTypeError,
        PayloadTooLargeError as PayloadTooLargeError,
        PermissionDeniedError as PermissionDeniedError,
        PluginRuntimeError as PluginRuntimeError,
        ProviderNotInitializedError as ProviderNotInitializedError,
        ProviderQuotaExceededError as ProviderQuotaExceededError,
        RateLimitError as RateLimitError,
        ResponseValidationError as ResponseValidationError,
        ServerError as ServerError,
        ServiceUnavailableError as ServiceUnavailableError,
        StreamInterruptedError as StreamInterruptedError,
        StreamTimeoutError as StreamTimeoutError,
        UnsupportedFileTypeError as UnsupportedFileTypeError,
        UnsupportedMediaTypeError as UnsupportedMediaTypeError,
        WorkflowFailedError as WorkflowFailedError,
    )
    from .types.datasets import (
        RetrievalModel as RetrievalModel,
    )
    from .types.events import (
        ChatEvent as ChatEvent,
        CompletionEvent as CompletionEvent,
        UnknownEvent as UnknownEvent,
        WorkflowEvent as WorkflowEvent,
    )
    from .types.files import (
        FileObject as FileObject,
        InputFile as InputFile,
        UploadedFile as UploadedFile,
    )
    from .types.human_input import (
        FormAnswer as FormAnswer,
        FormInput as FormInput,
    )
    from .types.message_events import (
        AgentMessageEvent as AgentMessageEvent,
        AgentThoughtEvent as AgentThoughtEvent,
        MessageEndEvent as MessageEndEvent,
        MessageEvent as MessageEvent,
        MessageFileEvent as MessageFileEvent,
        MessageReplaceEvent as MessageReplaceEvent,
    )
    from .types.reasoning import (
        split_reasoning as split_reasoning,
    )
    from .types.replies import (
        ChatResponse as ChatResponse,
        CompletionResponse as CompletionResponse,
    )
    from .types.run_events import (
        HumanInputRequiredEvent as HumanInputRequiredEvent,
        NodeFinishedEvent as NodeFinishedEvent,
        NodeStartedEvent as NodeStartedEvent,
        TextChunkEvent as TextChunkEvent,
        WorkflowFinishedEvent as WorkflowFinishedEvent,
        WorkflowPausedEvent as WorkflowPausedEvent,
        WorkflowStartedEvent as WorkflowStartedEvent,
    )
    from .types.workflows import (
        WorkflowRun as WorkflowRun,
    )


__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AgentMessageEvent",
    "AgentRunLimitError",
    "AgentThoughtEvent",
    "AppUnavailableError",
    "AsyncByteStream",
    "AsyncChatStream",
    "AsyncCompletionStream",
    "AsyncDify",
    "AsyncPager",
    "AsyncWorkflowStream",
    "AuthenticationError",
    "BadRequestError",
    "Base64",
    "ByteStream",
    "ChatEvent",
    "ChatResponse",
    "ChatStream",
    "ClientSettings",
    "CompletionEvent",
    "CompletionRequestError",
    "CompletionResponse",
    "CompletionStream",
    "ConfigurationError",
    "ConflictError",
    "ConversationNotFoundError",
    "DefaultAioHttpClient",
    "DefaultAsyncHttpxClient",
    "DefaultHttpxClient",
    "Dify",
    "DifyError",
    "DocumentExistsError",
    "FileObject",
    "FileSource",
    "FileTooLargeError",
    "FormAnswer",
    "FormInput",
    "HumanInputRequiredEvent",
    "IncompleteListError",
    "IndexingFailedError",
    "IndexingTimeoutError",
    "InputFile",
    "InvalidArgumentError",
    "MessageEndEvent",
    "MessageEvent",
    "MessageFileEvent",
    "MessageReplaceEvent",
    "MisuseError",
    "ModelNotSupportedError",
    "NodeFinishedEvent",
    "NodeStartedEvent",
    "NotFoundError",
    "NotThisAppTypeError",
    "Pager",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "PluginRuntimeError",
    "ProviderNotInitializedError",
    "ProviderQuotaExceededError",
    "RateLimitError",
    "RequestOptions",
    "ResponseLimits",
    "ResponseValidationError",
    "RetrievalModel",
    "ServerError",
    "ServiceUnavailableError",
    "StreamInterruptedError",
    "StreamTimeoutError",
    "TextChunkEvent",
    "TextReplaced",
    "UnknownEvent",
    "UnsupportedFileTypeError",
    "UnsupportedMediaTypeError",
    "UploadResult",
    "UploadedFile",
    "WorkflowEvent",
    "WorkflowFailedError",
    "WorkflowFinishedEvent",
    "WorkflowPausedEvent",
    "WorkflowRun",
    "WorkflowStartedEvent",
    "WorkflowStream",
    "__version__",
    "split_reasoning",
]

__getattr__, __dir__ = _lazy_module(
    __name__,
    {
        "._aiohttp_client": "DefaultAioHttpClient",
        "._async.byte_stream": "AsyncByteStream",
        "._async.client": "AsyncDify",
        "._async.app_streams": "AsyncChatStream AsyncCompletionStream AsyncWorkflowStream",
        "._async.http_client": "DefaultAsyncHttpxClient",
        "._async.pager": "AsyncPager",
        "._config": "ClientSettings RequestOptions ResponseLimits",
        "._protocol.upload_sources": "Base64",
        "._protocol.uploads": "FileSource UploadResult",
        "._sync.byte_stream": "ByteStream",
        "._sync.client": "Dify",
        "._sync.app_streams": "ChatStream CompletionStream WorkflowStream",
        "._sync.http_client": "DefaultHttpxClient",
        "._sync.pager": "Pager",
        ".errors": """
            APIConnectionError APIStatusError APITimeoutError AgentRunLimitError AppUnavailableError
            AuthenticationError BadRequestError CompletionRequestError ConfigurationError ConflictError
            ConversationNotFoundError DifyError DocumentExistsError FileTooLargeError IncompleteListError
            IndexingFailedError IndexingTimeoutError InvalidArgumentError MisuseError ModelNotSupportedError
            NotFoundError NotThisAppTypeError PayloadTooLargeError PermissionDeniedError PluginRuntimeError
            ProviderNotInitializedError ProviderQuotaExceededError RateLimitError ResponseValidationError
            ServerError ServiceUnavailableError StreamInterruptedError StreamTimeoutError
            UnsupportedFileTypeError UnsupportedMediaTypeError WorkflowFailedError
        """,
        ".streams": "TextReplaced",
        ".types": """
            AgentMessageEvent AgentThoughtEvent ChatEvent ChatResponse CompletionEvent CompletionResponse
            FileObject FormAnswer FormInput HumanInputRequiredEvent InputFile MessageEndEvent MessageEvent
            MessageFileEvent MessageReplaceEvent NodeFinishedEvent NodeStartedEvent RetrievalModel
            TextChunkEvent UnknownEvent UploadedFile WorkflowEvent WorkflowFinishedEvent WorkflowPausedEvent
            WorkflowRun WorkflowStartedEvent split_reasoning
        """,
    },
    submodules=("errors", "streams", "types"),
)

_warn_of_other_packages(__path__[0])
