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
    from ._aiohttp import *
    from ._async.byte_stream import *
    from ._async.client import *
    from ._async.forms import (
        AsyncFormHandler as AsyncFormHandler,
    )
    from ._async.http_client import *
    from ._async.mapping import *
    from ._async.pager import *
    from ._async.streams import *
    from ._config import (
        Limits as Limits,
        RequestOptions as RequestOptions,
    )
    from ._files import (
        FileSource as FileSource,
        UploadResult as UploadResult,
    )
    from ._mapping import (
        MapResult as MapResult,
    )
    from ._sync.byte_stream import *
    from ._sync.client import *
    from ._sync.forms import (
        FormHandler as FormHandler,
    )
    from ._sync.http_client import *
    from ._sync.mapping import *
    from ._sync.pager import *
    from ._sync.streams import *
    from ._text import (
        TextReplaced as TextReplaced,
    )
    from .errors import *
    from .types.annotations import *
    from .types.app import *
    from .types.audio import *
    from .types.conversations import *
    from .types.datasets import *
    from .types.documents import *
    from .types.end_users import *
    from .types.event_data import *
    from .types.events import *
    from .types.files import *
    from .types.http import *
    from .types.human_input import *
    from .types.messages import *
    from .types.metadata import *
    from .types.models import *
    from .types.pipelines import *
    from .types.replies import *
    from .types.segments import *
    from .types.server import *
    from .types.tags import *
    from .types.workflows import *

__version__ = "0.1.0"

_MODULES: dict[str, str] = {
    "._aiohttp": "DefaultAioHttpClient",
    "._async.byte_stream": "AsyncByteStream",
    "._async.client": "AsyncDify",
    "._async.forms": "AsyncFormHandler",
    "._async.http_client": "DefaultAsyncHttpxClient",
    "._async.mapping": "AsyncMapStream",
    "._async.pager": "AsyncPage AsyncPager",
    "._async.streams": "AsyncChatStream AsyncCompletionStream AsyncDatasourceStream AsyncEventStream AsyncWorkflowStream",
    "._config": "Limits RequestOptions",
    "._files": "FileSource UploadResult",
    "._mapping": "MapResult",
    "._sync.byte_stream": "ByteStream",
    "._sync.client": "Dify",
    "._sync.forms": "FormHandler",
    "._sync.http_client": "DefaultHttpxClient",
    "._sync.mapping": "MapStream",
    "._sync.pager": "Page Pager",
    "._sync.streams": "ChatStream CompletionStream DatasourceStream EventStream WorkflowStream",
    "._text": "TextReplaced",
    ".errors": """
        APIConnectionError APIStatusError APITimeoutError AgentRunLimitError AppUnavailableError AuthenticationError
        BadRequestError CompletionRequestError ConfigurationError ConflictError
        ConversationNotFoundError DifyError DocumentExistsError FileTooLargeError IncompleteListError
        IndexingFailed IndexingTimeout InvalidArgumentError ModelNotSupportedError NotFoundError NotThisAppTypeError
        PayloadTooLargeError PermissionDeniedError PluginRuntimeError ProviderNotInitializedError
        ProviderQuotaExceededError RateLimitError ResponseValidationError ServerError
        ServiceUnavailableError StreamInterruptedError StreamTimeoutError UnsupportedFileTypeError UnsupportedMediaTypeError
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
        DocumentIndexing DownloadURL IfExists IndexingState IndexingStatus PreProcessingRule ProcessRule
        ProcessRules Segmentation StoredProcessRule
    """,
    ".types.end_users": "EndUser",
    ".types.event_data": """
        AgentLog ContainerExecution FormFilled FormTimeout HumanInputRequest ParallelBranch
        ReasoningChunk RunPause RunStart TextChunk
    """,
    ".types.events": """
        ChatEvent CompletionEvent DatasourceCompletedEvent DatasourceErrorEvent DatasourceEvent
        DatasourceProcessingEvent ErrorEvent PingEvent UnknownEvent WorkflowEvent
    """,
    ".types.files": "FileKind FileObject InputFile MessageFileSummary UploadedFile",
    ".types.http": "HTTPInfo",
    ".types.human_input": "FormAnswer FormInput FormSource HumanInputForm PauseReason UserAction",
    ".types.message_events": """
        AgentMessageEvent AgentThoughtEvent MessageEndEvent MessageEvent MessageFileEvent
        MessageReplaceEvent TTSMessageEndEvent TTSMessageEvent
    """,
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
    ".types.run_events": """
        AgentLogEvent HumanInputFormFilledEvent HumanInputFormTimeoutEvent HumanInputRequiredEvent
        IterationCompletedEvent IterationNextEvent IterationStartedEvent LoopCompletedEvent
        LoopNextEvent LoopStartedEvent NodeFinishedEvent NodeRetryEvent NodeStartedEvent
        ParallelBranchFinishedEvent ParallelBranchStartedEvent ReasoningChunkEvent TextChunkEvent
        TextReplaceEvent WorkflowFinishedEvent WorkflowPausedEvent WorkflowStartedEvent
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
    if isinstance(value, type) and not module.startswith(("._async", "._sync")):
        # So that models and errors print, and pickle, as people import them. The clients keep their own module: it is where
        # notebooks look for their source, to complete what a call returns before it has run.
        value.__module__ = "dify"
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
