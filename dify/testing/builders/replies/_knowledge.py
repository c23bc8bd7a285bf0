"""Replies about knowledge bases: searches, tags, metadata, models, pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from dify.types import (
    BuiltInField,
    BuiltInFields,
    Dataset,
    DatasetIcon,
    DatasetTags,
    DatasourcePlugin,
    ExternalKnowledge,
    ExternalRetrievalModel,
    LocalizedText,
    MetadataField,
    MetadataFields,
    ModelProvider,
    ModelProviders,
    PipelineDataset,
    PipelineDocument,
    PipelineFile,
    PipelineRun,
    PipelineVariable,
    ProviderModel,
    RerankingModel,
    RetrievalSettings,
    RetrieveQuery,
    RetrieveRecord,
    RetrieveResult,
    SummaryIndexSetting,
    Tag,
)

from ._common import ACCOUNT, TENANT, WHEN, id_of
from ._documents import BATCH, retrieved

__all__ = [
    "built_in_fields",
    "dataset",
    "dataset_tags",
    "datasource_plugin",
    "metadata_field",
    "metadata_fields",
    "model_providers",
    "pipeline_file",
    "pipeline_run",
    "retrieve_record",
    "retrieve_result",
    "tag",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


def dataset(
    name: str = "Handbook",
    *,
    id: str | None = None,
    description: str = "",
    indexing_technique: Literal["high_quality", "economy"] | None = "economy",
    document_count: int = 0,
    word_count: int = 0,
    permission: Literal["only_me", "all_team_members"] = "only_me",
    tags: Sequence[Tag] = (),
) -> Dataset:
    """Build a knowledge base.

    Args:
        name: Name.
        id: UUID; by default derived from the name.
        description: Description.
        indexing_technique: "high_quality" (embeddings) or "economy" (keywords). None before the first document.
        document_count: Number of documents.
        word_count: Number of characters in all documents.
        permission: Users with access.
        tags: Tags.

    Example:
        >>> dataset("Handbook").provider
        'vendor'
    """
    search = "keyword_search" if indexing_technique == "economy" else "semantic_search"
    none = RerankingModel(reranking_provider_name="", reranking_model_name="")
    embeds = indexing_technique == "high_quality"
    return Dataset(
        id=id or id_of("dataset", name),
        name=name,
        description=description,
        provider="vendor",
        permission=permission,
        data_source_type="upload_file" if document_count else None,
        indexing_technique=indexing_technique,
        app_count=0,
        document_count=document_count,
        word_count=word_count,
        created_by=ACCOUNT,
        author_name="Admin",
        created_at=WHEN,
        updated_by=ACCOUNT,
        updated_at=WHEN,
        embedding_model="text-embedding-3-small" if embeds else None,
        embedding_model_provider="langgenius/openai/openai" if embeds else None,
        embedding_available=True,
        retrieval_model_dict=RetrievalSettings(
            search_method=search,
            reranking_enable=False,
            reranking_mode=None,
            reranking_model=none,
            weights=None,
            top_k=2,
            score_threshold_enabled=False,
            score_threshold=None,
        ),
        summary_index_setting=SummaryIndexSetting(
            enable=None, model_name=None, model_provider_name=None, summary_prompt=None
        ),
        tags=[_plain_tag(tag) for tag in tags],
        doc_form="text_model" if document_count else None,
        external_knowledge_info=ExternalKnowledge(
            external_knowledge_id=None,
            external_knowledge_api_id=None,
            external_knowledge_api_name=None,
            external_knowledge_api_endpoint=None,
        ),
        external_retrieval_model=ExternalRetrievalModel(top_k=2, score_threshold=0.0, score_threshold_enabled=None),
        doc_metadata=[],
        built_in_field_enabled=False,
        pipeline_id=None,
        runtime_mode="general",
        chunk_structure=None,
        icon_info=DatasetIcon(icon_type=None, icon=None, icon_background=None, icon_url=None),
        is_published=False,
        total_documents=document_count,
        total_available_documents=document_count,
        enable_api=True,
        is_multimodal=False,
    )


def _plain_tag(tag: Tag) -> Tag:
    return Tag(id=tag.id, name=tag.name, type=tag.type)


def retrieve_record(content: str, *, score: float = 0.9, document_name: str = "handbook.md") -> RetrieveRecord:
    """Build a result of a search.

    Example:
        >>> retrieve_record("Tea is made from leaves.").text
        'Tea is made from leaves.'
    """
    found: dict[str, Any] = {"segment": retrieved(content, document_name), "child_chunks": [], "score": score}
    return RetrieveRecord.model_validate(found | {"tsne_position": None, "files": [], "summary": None})


def retrieve_result(*found: str | RetrieveRecord, query: str = "tea") -> RetrieveResult:
    """Build the results of a search, best first.

    Args:
        found: Texts, or records from `retrieve_record(...)`.
        query: Query of the search.

    Example:
        >>> [record.text for record in retrieve_result("Tea.", "Coffee.").records]
        ['Tea.', 'Coffee.']
    """
    records = [
        one if isinstance(one, RetrieveRecord) else retrieve_record(one, score=round(0.9 - 0.1 * place, 2))
        for place, one in enumerate(found)
    ]
    return RetrieveResult(query=RetrieveQuery(content=query), records=records)


def tag(name: str = "drinks", *, id: str | None = None, binding_count: int = 0) -> Tag:
    """Build a tag of the workspace.

    Example:
        >>> tag("drinks").type
        'knowledge'
    """
    return Tag(id=id or id_of("tag", name), name=name, type="knowledge", binding_count=binding_count)


def dataset_tags(*tags: Tag) -> DatasetTags:
    """Build the tags of a knowledge base.

    Example:
        >>> dataset_tags(tag("drinks")).total
        1
    """
    return DatasetTags(data=[Tag(id=one.id, name=one.name) for one in tags], total=len(tags))


def metadata_field(
    name: str = "year", type: Literal["string", "number", "time"] = "number", *, id: str | None = None
) -> MetadataField:
    """Build a metadata field of a knowledge base.

    Example:
        >>> metadata_field("author", "string").type
        'string'
    """
    return MetadataField(id=id or id_of("field", name), name=name, type=type)


def metadata_fields(*fields: MetadataField, built_in: bool = False) -> MetadataFields:
    """Build the metadata fields of a knowledge base.

    `built_in` is True if the built-in fields are enabled.

    Example:
        >>> len(metadata_fields(metadata_field()).doc_metadata)
        1
    """
    told = [MetadataField(id=one.id, name=one.name, type=one.type, count=one.count or 0) for one in fields]
    return MetadataFields(doc_metadata=told, built_in_field_enabled=built_in)


def built_in_fields() -> BuiltInFields:
    """Build the built-in metadata fields.

    Example:
        >>> built_in_fields().fields[0].name
        'document_name'
    """
    kinds = {
        "document_name": "string",
        "uploader": "string",
        "upload_date": "time",
        "last_update_date": "time",
        "source": "string",
    }
    return BuiltInFields(fields=[BuiltInField(name=name, type=kind) for name, kind in kinds.items()])


def model_providers(
    model: str = "text-embedding-3-small",
    *,
    provider: str = "langgenius/openai/openai",
    model_type: str = "text-embedding",
) -> ModelProviders:
    """Build the model providers of the workspace, with one model.

    Example:
        >>> model_providers("gpt-4o", model_type="llm").data[0].models[0].model
        'gpt-4o'
    """
    known = ProviderModel(
        model=model,
        label=LocalizedText(zh_hans=model, en_us=model),
        model_type=model_type,
        features=[],
        fetch_from="predefined-model",
        model_properties={"context_size": 8192},
        deprecated=False,
        status="active",
        load_balancing_enabled=False,
        has_invalid_load_balancing_configs=False,
    )
    title = provider.rpartition("/")[2]
    icon = f"https://dify.test/icons/{title}"
    return ModelProviders(
        data=[
            ModelProvider(
                tenant_id=TENANT,
                provider=provider,
                label=LocalizedText(zh_hans=title, en_us=title),
                icon_small=LocalizedText(zh_hans=icon, en_us=icon),
                icon_small_dark=None,
                status="active",
                models=[known],
            )
        ]
    )


def pipeline_file(name: str = "notes.txt", *, id: str | None = None, size: int = 5) -> PipelineFile:
    """Build a file that was uploaded for a pipeline.

    Example:
        >>> pipeline_file("notes.txt").extension
        'txt'
    """
    return PipelineFile(
        id=id or id_of("pipeline-file", name),
        name=name,
        size=size,
        extension=name.rpartition(".")[2],
        mime_type="text/plain",
        created_by=ACCOUNT,
        created_at=WHEN,
    )


def datasource_plugin(
    node_id: str = "1711527000000",
    *,
    datasource_type: Literal["local_file", "online_document", "online_drive", "website_crawl"] = "local_file",
    title: str = "File",
    variables: Sequence[PipelineVariable] = (),
) -> DatasourcePlugin:
    """Build a datasource node of a pipeline.

    Example:
        >>> datasource_plugin(datasource_type="website_crawl").datasource_type
        'website_crawl'
    """
    return DatasourcePlugin(
        node_id=node_id,
        plugin_id="langgenius/file",
        provider_name="file",
        datasource_type=datasource_type,
        title=title,
        user_input_variables=list(variables),
        credentials=[],
    )


def pipeline_run(*names: str, batch: str = BATCH) -> PipelineRun:
    """Build the reply to a run of a published pipeline, with its new documents.

    Example:
        >>> pipeline_run("notes.txt").documents[0].indexing_status
        'waiting'
    """
    documents = [
        PipelineDocument(
            id=id_of("document", name),
            position=position,
            data_source_type="local_file",
            data_source_info={"reference": id_of("pipeline-file", name), "name": name},
            name=name,
            indexing_status="waiting",
            error=None,
            enabled=True,
        )
        for position, name in enumerate(names or ("notes.txt",), 1)
    ]
    home = PipelineDataset(
        id=id_of("dataset", "Handbook"), name="Handbook", description="", chunk_structure="text_model"
    )
    return PipelineRun(batch=batch, dataset=home, documents=documents)
