"""The pydantic models of everything that goes over the wire, one module per noun.

    from dify.types import Document, NodeExecution

Modules load when one of their names is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .._lazy import lazy_module as _lazy_module

if _TYPE_CHECKING:
    from .annotations import (
        Annotation as Annotation,
        AnnotationAction as AnnotationAction,
        AnnotationJobStatus as AnnotationJobStatus,
        AnnotationReplyJob as AnnotationReplyJob,
    )
    from .app import (
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
    from .audio import (
        Transcription as Transcription,
    )
    from .conversations import (
        Conversation as Conversation,
        ConversationOrder as ConversationOrder,
        ConversationVariable as ConversationVariable,
        VariableType as VariableType,
    )
    from .datasets import (
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
    from .documents import (
        DataSourceDetail as DataSourceDetail,
        DisplayStatus as DisplayStatus,
        Document as Document,
        DocumentBatch as DocumentBatch,
        DocumentDetail as DocumentDetail,
        DocumentFile as DocumentFile,
        DocumentIndexing as DocumentIndexing,
        DocumentSettings as DocumentSettings,
        DownloadURL as DownloadURL,
        IfExists as IfExists,
        IndexingState as IndexingState,
        IndexingStatus as IndexingStatus,
        NewDocumentSettings as NewDocumentSettings,
        PreProcessingRule as PreProcessingRule,
        ProcessRule as ProcessRule,
        ProcessRules as ProcessRules,
        Segmentation as Segmentation,
        StoredProcessRule as StoredProcessRule,
    )
    from .end_users import (
        EndUser as EndUser,
    )
    from .event_data import (
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
    from .events import (
        ChatEvent as ChatEvent,
        CompletionEvent as CompletionEvent,
        DatasourceCompletedEvent as DatasourceCompletedEvent,
        DatasourceErrorEvent as DatasourceErrorEvent,
        DatasourceEvent as DatasourceEvent,
        DatasourceProcessingEvent as DatasourceProcessingEvent,
        ErrorEvent as ErrorEvent,
        PingEvent as PingEvent,
        UnknownEvent as UnknownEvent,
        WorkflowEvent as WorkflowEvent,
    )
    from .files import (
        FileKind as FileKind,
        FileObject as FileObject,
        InputFile as InputFile,
        MessageFileSummary as MessageFileSummary,
        UploadedFile as UploadedFile,
    )
    from .http import (
        HTTPInfo as HTTPInfo,
    )
    from .human_input import (
        FormAnswer as FormAnswer,
        FormInput as FormInput,
        FormSource as FormSource,
        HumanInputForm as HumanInputForm,
        PauseReason as PauseReason,
        UserAction as UserAction,
    )
    from .message_events import (
        AgentMessageEvent as AgentMessageEvent,
        AgentThoughtEvent as AgentThoughtEvent,
        MessageEndEvent as MessageEndEvent,
        MessageEvent as MessageEvent,
        MessageFileEvent as MessageFileEvent,
        MessageReplaceEvent as MessageReplaceEvent,
        TTSMessageEndEvent as TTSMessageEndEvent,
        TTSMessageEvent as TTSMessageEvent,
    )
    from .messages import (
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
    from .metadata import (
        BuiltInField as BuiltInField,
        BuiltInFields as BuiltInFields,
        MetadataField as MetadataField,
        MetadataFields as MetadataFields,
        MetadataInput as MetadataInput,
        MetadataOperation as MetadataOperation,
        MetadataType as MetadataType,
        MetadataValue as MetadataValue,
    )
    from .models import (
        LocalizedText as LocalizedText,
        ModelProvider as ModelProvider,
        ModelProviders as ModelProviders,
        ModelType as ModelType,
        ProviderModel as ProviderModel,
    )
    from .pipelines import (
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
    from .reasoning import (
        ContentPart as ContentPart,
        ReasoningSplitter as ReasoningSplitter,
        SplitAnswer as SplitAnswer,
        split_reasoning as split_reasoning,
    )
    from .replies import (
        AgentThought as AgentThought,
        AnnotationReply as AnnotationReply,
        AppMode as AppMode,
        ChatPause as ChatPause,
        ChatResponse as ChatResponse,
        CitationResource as CitationResource,
        CompletionResponse as CompletionResponse,
        ReplyFile as ReplyFile,
        ReplyMetadata as ReplyMetadata,
    )
    from .run_events import (
        AgentLogEvent as AgentLogEvent,
        HumanInputFormFilledEvent as HumanInputFormFilledEvent,
        HumanInputFormTimeoutEvent as HumanInputFormTimeoutEvent,
        HumanInputRequiredEvent as HumanInputRequiredEvent,
        IterationCompletedEvent as IterationCompletedEvent,
        IterationNextEvent as IterationNextEvent,
        IterationStartedEvent as IterationStartedEvent,
        LoopCompletedEvent as LoopCompletedEvent,
        LoopNextEvent as LoopNextEvent,
        LoopStartedEvent as LoopStartedEvent,
        NodeFinishedEvent as NodeFinishedEvent,
        NodeRetryEvent as NodeRetryEvent,
        NodeStartedEvent as NodeStartedEvent,
        ParallelBranchFinishedEvent as ParallelBranchFinishedEvent,
        ParallelBranchStartedEvent as ParallelBranchStartedEvent,
        ReasoningChunkEvent as ReasoningChunkEvent,
        TextChunkEvent as TextChunkEvent,
        TextReplaceEvent as TextReplaceEvent,
        WorkflowFinishedEvent as WorkflowFinishedEvent,
        WorkflowPausedEvent as WorkflowPausedEvent,
        WorkflowStartedEvent as WorkflowStartedEvent,
    )
    from .segments import (
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
    from .server import (
        ServerInfo as ServerInfo,
    )
    from .tags import (
        DatasetTags as DatasetTags,
        Tag as Tag,
    )
    from .usage import (
        Usage as Usage,
    )
    from .workflows import (
        EndUserRef as EndUserRef,
        ExecutionMetadata as ExecutionMetadata,
        NodeExecution as NodeExecution,
        RunCreator as RunCreator,
        RunStatus as RunStatus,
        WorkflowLog as WorkflowLog,
        WorkflowLogRun as WorkflowLogRun,
        WorkflowRun as WorkflowRun,
        WorkflowRunData as WorkflowRunData,
        WorkflowRunDetail as WorkflowRunDetail,
    )

__all__ = [
    "AgentLog",
    "AgentLogEvent",
    "AgentMessageEvent",
    "AgentThought",
    "AgentThoughtEvent",
    "Annotation",
    "AnnotationAction",
    "AnnotationJobStatus",
    "AnnotationReply",
    "AnnotationReplyJob",
    "AnnotationReplySettings",
    "AppInfo",
    "AppMeta",
    "AppMode",
    "AppParameters",
    "BuiltInField",
    "BuiltInFields",
    "ChatEvent",
    "ChatPause",
    "ChatResponse",
    "ChildChunk",
    "ChildChunkDetail",
    "ChildChunkHit",
    "CitationResource",
    "ComparisonOperator",
    "CompletionEvent",
    "CompletionResponse",
    "ContainerExecution",
    "ContentPart",
    "ControlKind",
    "Conversation",
    "ConversationOrder",
    "ConversationVariable",
    "DataSourceDetail",
    "Dataset",
    "DatasetIcon",
    "DatasetTags",
    "DatasourceCompletedEvent",
    "DatasourceCredential",
    "DatasourceErrorEvent",
    "DatasourceEvent",
    "DatasourceInfo",
    "DatasourcePlugin",
    "DatasourceProcessingEvent",
    "DatasourceType",
    "DisplayStatus",
    "DocForm",
    "Document",
    "DocumentBatch",
    "DocumentDetail",
    "DocumentFile",
    "DocumentIndexing",
    "DocumentSettings",
    "DownloadURL",
    "EmbeddingModelRef",
    "EndUser",
    "EndUserRef",
    "ErrorEvent",
    "ExecutionMetadata",
    "ExternalKnowledge",
    "ExternalRetrievalModel",
    "Feature",
    "Feedback",
    "FileKind",
    "FileObject",
    "FileUploadSettings",
    "FormAnswer",
    "FormControl",
    "FormFilled",
    "FormInput",
    "FormSource",
    "FormTimeout",
    "HTTPInfo",
    "HumanInputContent",
    "HumanInputForm",
    "HumanInputFormFilledEvent",
    "HumanInputFormTimeoutEvent",
    "HumanInputRequest",
    "HumanInputRequiredEvent",
    "IfExists",
    "ImageUploadSettings",
    "IndexingState",
    "IndexingStatus",
    "IndexingTechnique",
    "InputFile",
    "IterationCompletedEvent",
    "IterationNextEvent",
    "IterationStartedEvent",
    "KeywordSetting",
    "LocalFile",
    "LocalizedText",
    "LoopCompletedEvent",
    "LoopNextEvent",
    "LoopStartedEvent",
    "Message",
    "MessageCitation",
    "MessageEndEvent",
    "MessageEvent",
    "MessageFeedback",
    "MessageFile",
    "MessageFileEvent",
    "MessageFileSummary",
    "MessageReplaceEvent",
    "MessageThought",
    "MetadataCondition",
    "MetadataField",
    "MetadataFields",
    "MetadataFilter",
    "MetadataInput",
    "MetadataOperation",
    "MetadataType",
    "MetadataValue",
    "ModelProvider",
    "ModelProviders",
    "ModelType",
    "ModerationSettings",
    "NewDocumentSettings",
    "NodeExecution",
    "NodeFinishedEvent",
    "NodeRetryEvent",
    "NodeStartedEvent",
    "OnlineDocument",
    "OnlineDocumentPage",
    "OnlineDriveFile",
    "ParallelBranch",
    "ParallelBranchFinishedEvent",
    "ParallelBranchStartedEvent",
    "PauseReason",
    "Permission",
    "PingEvent",
    "PipelineDataset",
    "PipelineDocument",
    "PipelineFile",
    "PipelineRun",
    "PipelineVariable",
    "PreProcessingRule",
    "ProcessRule",
    "ProcessRules",
    "ProviderModel",
    "Rating",
    "ReasoningChunk",
    "ReasoningChunkEvent",
    "ReasoningSplitter",
    "ReplyFile",
    "ReplyMetadata",
    "RerankingMode",
    "RerankingModel",
    "RetrievalModel",
    "RetrievalSettings",
    "RetrievalWeights",
    "RetrieveQuery",
    "RetrieveRecord",
    "RetrieveResult",
    "RetrievedDocument",
    "RetrievedSegment",
    "RunCreator",
    "RunPause",
    "RunStart",
    "RunStatus",
    "SearchMethod",
    "Segment",
    "SegmentAttachment",
    "SegmentDetail",
    "SegmentInput",
    "SegmentList",
    "SegmentUpdate",
    "Segmentation",
    "ServerInfo",
    "SiteSettings",
    "SplitAnswer",
    "StoredKeywordSetting",
    "StoredProcessRule",
    "StoredVectorSetting",
    "StoredWeights",
    "SuggestedQuestions",
    "SummaryIndexSetting",
    "SystemParameters",
    "TTSMessageEndEvent",
    "TTSMessageEvent",
    "Tag",
    "TextChunk",
    "TextChunkEvent",
    "TextReplaceEvent",
    "TextToSpeechSettings",
    "ToolIcon",
    "Transcription",
    "UnknownEvent",
    "UploadMethod",
    "UploadedFile",
    "Usage",
    "UserAction",
    "VariableType",
    "VectorSetting",
    "WebPage",
    "WeightType",
    "WorkflowEvent",
    "WorkflowFinishedEvent",
    "WorkflowLog",
    "WorkflowLogRun",
    "WorkflowPausedEvent",
    "WorkflowRun",
    "WorkflowRunData",
    "WorkflowRunDetail",
    "WorkflowStartedEvent",
    "split_reasoning",
]

__getattr__, __dir__ = _lazy_module(
    __name__,
    {
        ".annotations": "Annotation AnnotationAction AnnotationJobStatus AnnotationReplyJob",
        ".app": """
            AnnotationReplySettings AppInfo AppMeta AppParameters ControlKind EmbeddingModelRef Feature
            FileUploadSettings FormControl ImageUploadSettings ModerationSettings SiteSettings SystemParameters
            TextToSpeechSettings ToolIcon UploadMethod
        """,
        ".audio": "Transcription",
        ".conversations": "Conversation ConversationOrder ConversationVariable VariableType",
        ".datasets": """
            ChildChunkHit ComparisonOperator Dataset DatasetIcon ExternalKnowledge ExternalRetrievalModel
            IndexingTechnique KeywordSetting MetadataCondition MetadataFilter Permission RerankingMode
            RerankingModel RetrievalModel RetrievalSettings RetrievalWeights RetrieveQuery RetrieveRecord
            RetrieveResult SearchMethod StoredKeywordSetting StoredVectorSetting StoredWeights
            SummaryIndexSetting VectorSetting WeightType
        """,
        ".documents": """
            DataSourceDetail DisplayStatus Document DocumentBatch DocumentDetail DocumentFile DocumentIndexing DocumentSettings
            DownloadURL IfExists IndexingState IndexingStatus NewDocumentSettings PreProcessingRule
            ProcessRule ProcessRules Segmentation StoredProcessRule
        """,
        ".end_users": "EndUser",
        ".event_data": """
            AgentLog ContainerExecution FormFilled FormTimeout HumanInputRequest ParallelBranch ReasoningChunk
            RunPause RunStart TextChunk
        """,
        ".events": """
            ChatEvent CompletionEvent DatasourceCompletedEvent DatasourceErrorEvent DatasourceEvent
            DatasourceProcessingEvent ErrorEvent PingEvent UnknownEvent WorkflowEvent
        """,
        ".files": "FileKind FileObject InputFile MessageFileSummary UploadedFile",
        ".http": "HTTPInfo",
        ".human_input": "FormAnswer FormInput FormSource HumanInputForm PauseReason UserAction",
        ".message_events": """
            AgentMessageEvent AgentThoughtEvent MessageEndEvent MessageEvent MessageFileEvent
            MessageReplaceEvent TTSMessageEndEvent TTSMessageEvent
        """,
        ".messages": """
            Feedback HumanInputContent Message MessageCitation MessageFeedback MessageFile MessageThought Rating
            SuggestedQuestions
        """,
        ".metadata": """
            BuiltInField BuiltInFields MetadataField MetadataFields MetadataInput MetadataOperation MetadataType
            MetadataValue
        """,
        ".models": "LocalizedText ModelProvider ModelProviders ModelType ProviderModel",
        ".pipelines": """
            DatasourceCredential DatasourceInfo DatasourcePlugin DatasourceType LocalFile OnlineDocument
            OnlineDocumentPage OnlineDriveFile PipelineDataset PipelineDocument PipelineFile PipelineRun
            PipelineVariable WebPage
        """,
        ".reasoning": "ContentPart ReasoningSplitter SplitAnswer split_reasoning",
        ".replies": """
            AgentThought AnnotationReply AppMode ChatPause ChatResponse CitationResource CompletionResponse
            ReplyFile ReplyMetadata
        """,
        ".run_events": """
            AgentLogEvent HumanInputFormFilledEvent HumanInputFormTimeoutEvent HumanInputRequiredEvent
            IterationCompletedEvent IterationNextEvent IterationStartedEvent LoopCompletedEvent LoopNextEvent
            LoopStartedEvent NodeFinishedEvent NodeRetryEvent NodeStartedEvent ParallelBranchFinishedEvent
            ParallelBranchStartedEvent ReasoningChunkEvent TextChunkEvent TextReplaceEvent WorkflowFinishedEvent
            WorkflowPausedEvent WorkflowStartedEvent
        """,
        ".segments": """
            ChildChunk ChildChunkDetail DocForm RetrievedDocument RetrievedSegment Segment SegmentAttachment
            SegmentDetail SegmentInput SegmentList SegmentUpdate
        """,
        ".server": "ServerInfo",
        ".tags": "DatasetTags Tag",
        ".usage": "Usage",
        ".workflows": """
            EndUserRef ExecutionMetadata NodeExecution RunCreator RunStatus WorkflowLog WorkflowLogRun WorkflowRun
            WorkflowRunData WorkflowRunDetail
        """,
    },
)
