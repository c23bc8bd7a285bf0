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
        AsyncPager as AsyncPager,
    )
    from ._async.streams import (
        AsyncChatStream as AsyncChatStream,
        AsyncCompletionStream as AsyncCompletionStream,
        AsyncDatasourceStream as AsyncDatasourceStream,
        AsyncEventStream as AsyncEventStream,
        AsyncWorkflowStream as AsyncWorkflowStream,
    )
    from ._config import (
        RequestOptions as RequestOptions,
    )
    from ._files import (
        FileSource as FileSource,
        UploadResult as UploadResult,
    )
    from ._fold import (
        TextReplaced as TextReplaced,
    )
    from ._sync.byte_stream import (
        ByteStream as ByteStream,
    )
    from ._sync.client import (
        Dify as Dify,
    )
    from ._sync.pager import (
        Page as Page,
        Pager as Pager,
    )
    from ._sync.streams import (
        ChatStream as ChatStream,
        CompletionStream as CompletionStream,
        DatasourceStream as DatasourceStream,
        EventStream as EventStream,
        WorkflowStream as WorkflowStream,
    )
    from .errors import (
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
        FileTooLargeError as FileTooLargeError,
        IndexingFailed as IndexingFailed,
        IndexingTimeout as IndexingTimeout,
        InvalidArgumentError as InvalidArgumentError,
        ModelNotSupportedError as ModelNotSupportedError,
        NotFoundError as NotFoundError,
        NotThisAppTypeError as NotThisAppTypeError,
        PayloadTooLargeError as PayloadTooLargeError,
        PermissionDeniedError as PermissionDeniedError,
        ProviderNotInitializedError as ProviderNotInitializedError,
        ProviderQuotaExceededError as ProviderQuotaExceededError,
        RateLimitError as RateLimitError,
        ResponseValidationError as ResponseValidationError,
        ServerError as ServerError,
        StreamInterruptedError as StreamInterruptedError,
        StreamTimeoutError as StreamTimeoutError,
        UnsupportedFileTypeError as UnsupportedFileTypeError,
        UnsupportedMediaTypeError as UnsupportedMediaTypeError,
        UsageError as UsageError,
        WorkflowFailedError as WorkflowFailedError,
    )
    from .types.annotations import (
        Annotation as Annotation,
        AnnotationAction as AnnotationAction,
        AnnotationJobStatus as AnnotationJobStatus,
        AnnotationReplyJob as AnnotationReplyJob,
    )
    from .types.app import (
        AnnotationReplySettings as AnnotationReplySettings,
        AppInfo as AppInfo,
        AppMeta as AppMeta,
        AppParameters as AppParameters,
        ControlKind as ControlKind,
        EmbeddingModelRef as EmbeddingModelRef,
        Feature as Feature,
        FileUploadSettings as FileUploadSettings,
        FormControl as FormControl,
        ImageUploadSettings as ImageUploadSettings,
        ModerationSettings as ModerationSettings,
        SiteSettings as SiteSettings,
        SystemParameters as SystemParameters,
        TextToSpeechSettings as TextToSpeechSettings,
        ToolIcon as ToolIcon,
        UploadMethod as UploadMethod,
    )
    from .types.audio import (
        Transcription as Transcription,
    )
    from .types.conversations import (
        Conversation as Conversation,
        ConversationOrder as ConversationOrder,
        ConversationVariable as ConversationVariable,
        VariableType as VariableType,
    )
    from .types.datasets import (
        ChildChunkHit as ChildChunkHit,
        ComparisonOperator as ComparisonOperator,
        Dataset as Dataset,
        DatasetIcon as DatasetIcon,
        ExternalKnowledge as ExternalKnowledge,
        ExternalRetrievalModel as ExternalRetrievalModel,
        IndexingTechnique as IndexingTechnique,
        KeywordSetting as KeywordSetting,
        MetadataCondition as MetadataCondition,
        MetadataFilter as MetadataFilter,
        Permission as Permission,
        RerankingMode as RerankingMode,
        RerankingModel as RerankingModel,
        RetrievalModel as RetrievalModel,
        RetrievalSettings as RetrievalSettings,
        RetrievalWeights as RetrievalWeights,
        RetrieveQuery as RetrieveQuery,
        RetrieveRecord as RetrieveRecord,
        RetrieveResult as RetrieveResult,
        SearchMethod as SearchMethod,
        StoredKeywordSetting as StoredKeywordSetting,
        StoredVectorSetting as StoredVectorSetting,
        StoredWeights as StoredWeights,
        SummaryIndexSetting as SummaryIndexSetting,
        VectorSetting as VectorSetting,
        WeightType as WeightType,
    )
    from .types.documents import (
        DataSourceDetail as DataSourceDetail,
        DisplayStatus as DisplayStatus,
        Document as Document,
        DocumentBatch as DocumentBatch,
        DocumentDetail as DocumentDetail,
        DocumentFile as DocumentFile,
        DocumentIndexing as DocumentIndexing,
        DownloadURL as DownloadURL,
        IndexingState as IndexingState,
        IndexingStatus as IndexingStatus,
        PreProcessingRule as PreProcessingRule,
        ProcessRule as ProcessRule,
        ProcessRules as ProcessRules,
        Segmentation as Segmentation,
        StoredProcessRule as StoredProcessRule,
    )
    from .types.end_users import (
        EndUser as EndUser,
    )
    from .types.event_data import (
        AgentLog as AgentLog,
        ContainerExecution as ContainerExecution,
        FormFilled as FormFilled,
        FormTimeout as FormTimeout,
        HumanInputRequest as HumanInputRequest,
        ParallelBranch as ParallelBranch,
        ReasoningChunk as ReasoningChunk,
        RunPause as RunPause,
        RunStart as RunStart,
        TextChunk as TextChunk,
    )
    from .types.events import (
        AgentLogEvent as AgentLogEvent,
        AgentMessageEvent as AgentMessageEvent,
        AgentThoughtEvent as AgentThoughtEvent,
        ChatEvent as ChatEvent,
        CompletionEvent as CompletionEvent,
        DatasourceCompletedEvent as DatasourceCompletedEvent,
        DatasourceErrorEvent as DatasourceErrorEvent,
        DatasourceEvent as DatasourceEvent,
        DatasourceProcessingEvent as DatasourceProcessingEvent,
        ErrorEvent as ErrorEvent,
        HumanInputFormFilledEvent as HumanInputFormFilledEvent,
        HumanInputFormTimeoutEvent as HumanInputFormTimeoutEvent,
        HumanInputRequiredEvent as HumanInputRequiredEvent,
        IterationCompletedEvent as IterationCompletedEvent,
        IterationNextEvent as IterationNextEvent,
        IterationStartedEvent as IterationStartedEvent,
        LoopCompletedEvent as LoopCompletedEvent,
        LoopNextEvent as LoopNextEvent,
        LoopStartedEvent as LoopStartedEvent,
        MessageEndEvent as MessageEndEvent,
        MessageEvent as MessageEvent,
        MessageFileEvent as MessageFileEvent,
        MessageReplaceEvent as MessageReplaceEvent,
        NodeFinishedEvent as NodeFinishedEvent,
        NodeRetryEvent as NodeRetryEvent,
        NodeStartedEvent as NodeStartedEvent,
        ParallelBranchFinishedEvent as ParallelBranchFinishedEvent,
        ParallelBranchStartedEvent as ParallelBranchStartedEvent,
        PingEvent as PingEvent,
        ReasoningChunkEvent as ReasoningChunkEvent,
        TextChunkEvent as TextChunkEvent,
        TextReplaceEvent as TextReplaceEvent,
        TTSMessageEndEvent as TTSMessageEndEvent,
        TTSMessageEvent as TTSMessageEvent,
        UnknownEvent as UnknownEvent,
        WorkflowEvent as WorkflowEvent,
        WorkflowFinishedEvent as WorkflowFinishedEvent,
        WorkflowPausedEvent as WorkflowPausedEvent,
        WorkflowStartedEvent as WorkflowStartedEvent,
    )
    from .types.files import (
        FileKind as FileKind,
        FileObject as FileObject,
        InputFile as InputFile,
        MessageFileSummary as MessageFileSummary,
        UploadedFile as UploadedFile,
    )
    from .types.http import (
        HTTPInfo as HTTPInfo,
    )
    from .types.human_input import (
        FormInput as FormInput,
        FormSource as FormSource,
        HumanInputForm as HumanInputForm,
        PauseReason as PauseReason,
        UserAction as UserAction,
    )
    from .types.messages import (
        Feedback as Feedback,
        HumanInputContent as HumanInputContent,
        Message as Message,
        MessageCitation as MessageCitation,
        MessageFeedback as MessageFeedback,
        MessageFile as MessageFile,
        MessageThought as MessageThought,
        Rating as Rating,
        SuggestedQuestions as SuggestedQuestions,
    )
    from .types.metadata import (
        BuiltInField as BuiltInField,
        BuiltInFields as BuiltInFields,
        MetadataField as MetadataField,
        MetadataFields as MetadataFields,
        MetadataInput as MetadataInput,
        MetadataOperation as MetadataOperation,
        MetadataType as MetadataType,
        MetadataValue as MetadataValue,
    )
    from .types.models import (
        LocalizedText as LocalizedText,
        ModelProvider as ModelProvider,
        ModelProviders as ModelProviders,
        ModelType as ModelType,
        ProviderModel as ProviderModel,
    )
    from .types.pipelines import (
        DatasourceCredential as DatasourceCredential,
        DatasourceInfo as DatasourceInfo,
        DatasourcePlugin as DatasourcePlugin,
        DatasourceType as DatasourceType,
        LocalFile as LocalFile,
        OnlineDocument as OnlineDocument,
        OnlineDocumentPage as OnlineDocumentPage,
        OnlineDriveFile as OnlineDriveFile,
        PipelineDataset as PipelineDataset,
        PipelineDocument as PipelineDocument,
        PipelineFile as PipelineFile,
        PipelineRun as PipelineRun,
        PipelineVariable as PipelineVariable,
        WebPage as WebPage,
    )
    from .types.replies import (
        AgentThought as AgentThought,
        AnnotationReply as AnnotationReply,
        AppMode as AppMode,
        ChatPause as ChatPause,
        ChatResponse as ChatResponse,
        CitationResource as CitationResource,
        CompletionResponse as CompletionResponse,
        ReplyFile as ReplyFile,
        ReplyMetadata as ReplyMetadata,
        Usage as Usage,
    )
    from .types.segments import (
        ChildChunk as ChildChunk,
        ChildChunkDetail as ChildChunkDetail,
        DocForm as DocForm,
        RetrievedDocument as RetrievedDocument,
        RetrievedSegment as RetrievedSegment,
        Segment as Segment,
        SegmentAttachment as SegmentAttachment,
        SegmentDetail as SegmentDetail,
        SegmentInput as SegmentInput,
        SegmentList as SegmentList,
        SegmentUpdate as SegmentUpdate,
    )
    from .types.server import (
        ServerInfo as ServerInfo,
    )
    from .types.tags import (
        DatasetTags as DatasetTags,
        Tag as Tag,
    )
    from .types.workflows import (
        EndUserRef as EndUserRef,
        NodeExecution as NodeExecution,
        RunCreator as RunCreator,
        RunStatus as RunStatus,
        WorkflowLog as WorkflowLog,
        WorkflowLogRun as WorkflowLogRun,
        WorkflowRun as WorkflowRun,
        WorkflowRunData as WorkflowRunData,
        WorkflowRunDetail as WorkflowRunDetail,
    )

__version__ = "0.1.0"

_MODULES: dict[str, str] = {
    "._async.byte_stream": "AsyncByteStream",
    "._async.client": "AsyncDify",
    "._async.pager": "AsyncPage AsyncPager",
    "._async.streams": "AsyncChatStream AsyncCompletionStream AsyncDatasourceStream AsyncEventStream AsyncWorkflowStream",
    "._config": "RequestOptions",
    "._files": "FileSource UploadResult",
    "._fold": "TextReplaced",
    "._sync.byte_stream": "ByteStream",
    "._sync.client": "Dify",
    "._sync.pager": "Page Pager",
    "._sync.streams": "ChatStream CompletionStream DatasourceStream EventStream WorkflowStream",
    ".errors": """
        APIConnectionError APIStatusError APITimeoutError AppUnavailableError AuthenticationError
        BadRequestError CompletionRequestError ConfigurationError ConflictError
        ConversationNotFoundError DifyError FileTooLargeError IndexingFailed IndexingTimeout
        InvalidArgumentError ModelNotSupportedError NotFoundError NotThisAppTypeError
        PayloadTooLargeError PermissionDeniedError ProviderNotInitializedError
        ProviderQuotaExceededError RateLimitError ResponseValidationError ServerError
        StreamInterruptedError StreamTimeoutError UnsupportedFileTypeError UnsupportedMediaTypeError
        UsageError WorkflowFailedError
    """,
    ".types.annotations": "Annotation AnnotationAction AnnotationJobStatus AnnotationReplyJob",
    ".types.app": """
        AnnotationReplySettings AppInfo AppMeta AppParameters ControlKind EmbeddingModelRef Feature
        FileUploadSettings FormControl ImageUploadSettings ModerationSettings SiteSettings
        SystemParameters TextToSpeechSettings ToolIcon UploadMethod
    """,
    ".types.audio": "Transcription",
    ".types.conversations": "Conversation ConversationOrder ConversationVariable VariableType",
    ".types.datasets": """
        ChildChunkHit ComparisonOperator Dataset DatasetIcon ExternalKnowledge ExternalRetrievalModel
        IndexingTechnique KeywordSetting MetadataCondition MetadataFilter Permission RerankingMode
        RerankingModel RetrievalModel RetrievalSettings RetrievalWeights RetrieveQuery RetrieveRecord
        RetrieveResult SearchMethod StoredKeywordSetting StoredVectorSetting StoredWeights
        SummaryIndexSetting VectorSetting WeightType
    """,
    ".types.documents": """
        DataSourceDetail DisplayStatus Document DocumentBatch DocumentDetail DocumentFile
        DocumentIndexing DownloadURL IndexingState IndexingStatus PreProcessingRule ProcessRule
        ProcessRules Segmentation StoredProcessRule
    """,
    ".types.end_users": "EndUser",
    ".types.event_data": """
        AgentLog ContainerExecution FormFilled FormTimeout HumanInputRequest ParallelBranch
        ReasoningChunk RunPause RunStart TextChunk
    """,
    ".types.events": """
        AgentLogEvent AgentMessageEvent AgentThoughtEvent ChatEvent CompletionEvent
        DatasourceCompletedEvent DatasourceErrorEvent DatasourceEvent DatasourceProcessingEvent
        ErrorEvent HumanInputFormFilledEvent HumanInputFormTimeoutEvent HumanInputRequiredEvent
        IterationCompletedEvent IterationNextEvent IterationStartedEvent LoopCompletedEvent
        LoopNextEvent LoopStartedEvent MessageEndEvent MessageEvent MessageFileEvent MessageReplaceEvent
        NodeFinishedEvent NodeRetryEvent NodeStartedEvent ParallelBranchFinishedEvent
        ParallelBranchStartedEvent PingEvent ReasoningChunkEvent TTSMessageEndEvent TTSMessageEvent
        TextChunkEvent TextReplaceEvent UnknownEvent WorkflowEvent WorkflowFinishedEvent
        WorkflowPausedEvent WorkflowStartedEvent
    """,
    ".types.files": "FileKind FileObject InputFile MessageFileSummary UploadedFile",
    ".types.http": "HTTPInfo",
    ".types.human_input": "FormInput FormSource HumanInputForm PauseReason UserAction",
    ".types.messages": """
        Feedback HumanInputContent Message MessageCitation MessageFeedback MessageFile MessageThought
        Rating SuggestedQuestions
    """,
    ".types.metadata": """
        BuiltInField BuiltInFields MetadataField MetadataFields MetadataInput MetadataOperation
        MetadataType MetadataValue
    """,
    ".types.models": "LocalizedText ModelProvider ModelProviders ModelType ProviderModel",
    ".types.pipelines": """
        DatasourceCredential DatasourceInfo DatasourcePlugin DatasourceType LocalFile OnlineDocument
        OnlineDocumentPage OnlineDriveFile PipelineDataset PipelineDocument PipelineFile PipelineRun
        PipelineVariable WebPage
    """,
    ".types.replies": """
        AgentThought AnnotationReply AppMode ChatPause ChatResponse CitationResource CompletionResponse
        ReplyFile ReplyMetadata Usage
    """,
    ".types.segments": """
        ChildChunk ChildChunkDetail DocForm RetrievedDocument RetrievedSegment Segment SegmentAttachment
        SegmentDetail SegmentInput SegmentList SegmentUpdate
    """,
    ".types.server": "ServerInfo",
    ".types.tags": "DatasetTags Tag",
    ".types.workflows": """
        EndUserRef NodeExecution RunCreator RunStatus WorkflowLog WorkflowLogRun WorkflowRun
        WorkflowRunData WorkflowRunDetail
    """,
}
_NAMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = ["__version__", *sorted(_NAMES)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    module = _NAMES.get(name)
    if module is None:
        if name in ("errors", "types"):
            return import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module, __name__), name)
    if isinstance(value, type) and value.__module__.startswith("dify."):
        value.__module__ = "dify"  # so that names print, and pickle, as people import them
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
