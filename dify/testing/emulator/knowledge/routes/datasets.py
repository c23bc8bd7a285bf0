"""Knowledge bases, and searches in them."""

from __future__ import annotations

from starlette.responses import Response

from ....script.ids import now
from ...requests import ApiRequest, record_id
from ...responses import ApiError, dump, json_response, no_content, page_body, unhandled_response
from ...routing import Router
from ..ai_models import DEFAULT_EMBEDDING
from ..lookup import check_models, find_dataset
from ..models import StoredDataset
from ..schemas import DatasetCreatePayload, DatasetListQuery, DatasetUpdatePayload, HitTestingPayload
from ..search import SearchError, search
from ..serializers import serialize_dataset, serialize_record

_DUPLICATE_NAME = "The dataset name already exists. Please modify your dataset name."
_DEFAULT_SEARCH = {"search_method": "semantic_search", "reranking_enable": False, "top_k": 4}


router = Router()


@router.operation("createDataset", body="json")
async def create_dataset(request: ApiRequest) -> Response:
    knowledge, payload = request.app.knowledge, request.payload(DatasetCreatePayload)
    check_models(payload.embedding_model_provider, payload.embedding_model, search=payload.retrieval_model)
    if any(dataset.name == payload.name for dataset in [*knowledge.datasets.values()]):
        raise ApiError(409, "dataset_name_duplicate", _DUPLICATE_NAME)
    if payload.provider == "external" and payload.external_knowledge_api_id:
        record_id(payload.external_knowledge_api_id)
        raise ApiError(400, "invalid_param", "External API template not found.")
    dataset = StoredDataset(
        name=payload.name,
        description=payload.description,
        provider=payload.provider,
        permission=payload.permission or "only_me",
        indexing_technique=payload.indexing_technique,
        retrieval_model=None if payload.retrieval_model is None else payload.retrieval_model.plain(),
        summary_index_setting=payload.summary_index_setting or {},
    )
    if dataset.embeds:
        set_embedding_model(dataset, payload.embedding_model_provider, payload.embedding_model)
    knowledge.datasets[dataset.id] = dataset
    return json_response(dump(serialize_dataset(knowledge, dataset, available=None)))


def set_embedding_model(dataset: StoredDataset, provider: str | None, model: str | None) -> None:
    """Set the embedding model of a knowledge base.

    It is the workspace's default, unless provider and name are set.
    """
    names = (provider, model) if provider and model else DEFAULT_EMBEDDING
    dataset.embedding_model_provider, dataset.embedding_model = names


@router.operation("listDatasets")
async def list_datasets(request: ApiRequest) -> Response:
    knowledge, query = request.app.knowledge, request.query(DatasetListQuery, repeated="tag_ids")
    keyword, tag_ids = (query.keyword or "").lower(), [record_id(tag_id) for tag_id in query.tag_ids]
    tags = [knowledge.tags.get(tag_id) for tag_id in tag_ids]
    matches = [
        dataset
        for dataset in reversed([*knowledge.datasets.values()])
        if keyword in dataset.name.lower()
        and all(tag is not None and dataset.id in tag.bound for tag in tags)
        and (query.include_all or _is_listed(dataset, knowledge.account_id))
    ]
    show = page_body(matches, query.page, query.limit, lambda dataset: dump(serialize_dataset(knowledge, dataset)))
    return json_response(show)


def _is_listed(dataset: StoredDataset, account_id: str) -> bool:
    """Return True if the list contains a knowledge base.

    The key's owner is not always one of its members.
    """
    return dataset.permission != "partial_members" or account_id in dataset.partial_member_list


@router.operation("getDatasetDetail")
async def get_dataset(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    body = dump(serialize_dataset(request.app.knowledge, dataset, detail=True))
    if dataset.permission == "partial_members":
        body["partial_member_list"] = dataset.partial_member_list
    return json_response(body)


@router.operation("updateDataset", body="json")
async def update_dataset(request: ApiRequest) -> Response:
    dataset, payload = find_dataset(request), request.payload(DatasetUpdatePayload)
    check_models(payload.embedding_model_provider, payload.embedding_model, search=payload.retrieval_model)
    others = (other for other in [*request.app.knowledge.datasets.values()] if other is not dataset)
    if payload.name and any(other.name == payload.name for other in others):
        raise ApiError(400, "invalid_param", "Dataset name already exists")
    needs_embedding = payload.indexing_technique == "high_quality" and not dataset.embeds
    if needs_embedding and not {"embedding_model", "embedding_model_provider"} <= payload.model_fields_set:
        return unhandled_response()  # the server reads both without a check
    _change(dataset, payload)
    if needs_embedding:
        set_embedding_model(dataset, payload.embedding_model_provider, payload.embedding_model)
        dataset.has_vectors = any(document.segments for document in dataset.documents.values())
    elif payload.indexing_technique == "economy":
        dataset.embedding_model_provider = dataset.embedding_model = None
        dataset.has_vectors = False
    _set_members(dataset, payload)
    dataset.updated_at = now()
    body = dump(serialize_dataset(request.app.knowledge, dataset, available=None))
    return json_response({**body, "partial_member_list": dataset.partial_member_list})


def _change(dataset: StoredDataset, payload: DatasetUpdatePayload) -> None:
    fields = ("name", "indexing_technique", "permission", "embedding_model", "embedding_model_provider")
    for name in fields:
        if (value := getattr(payload, name)) is not None:
            setattr(dataset, name, value)
    if "description" in payload.model_fields_set:
        dataset.description = payload.description
    if payload.retrieval_model is not None:
        dataset.retrieval_model = payload.retrieval_model.plain()


def _set_members(dataset: StoredDataset, payload: DatasetUpdatePayload) -> None:
    """Set the members with access.

    They are removed when the permission changes to another kind.
    """
    if payload.permission == "partial_members" and payload.partial_member_list:
        dataset.partial_member_list = [record_id(member.get("user_id")) for member in payload.partial_member_list]
    elif payload.permission in ("only_me", "all_team_members"):
        dataset.partial_member_list = []


@router.operation("deleteDataset")
async def delete_dataset(request: ApiRequest) -> Response:
    request.app.knowledge.remove(find_dataset(request))
    return no_content()


@router.operation("retrieveSegments", body="json")
async def retrieve_chunks(request: ApiRequest) -> Response:
    dataset, payload = find_dataset(request), request.payload(HitTestingPayload)
    if not payload.query and not payload.attachment_ids:
        raise ApiError(400, "invalid_param", "Query or attachment_ids is required")
    settings = None if payload.retrieval_model is None else payload.retrieval_model.plain()
    try:
        hits = search(dataset, payload.query, settings or dataset.retrieval_model or _DEFAULT_SEARCH)
    except SearchError as error:
        raise ApiError(400, "invalid_param", str(error)) from None
    records = [dump(serialize_record(request.app.knowledge, hit)) for hit in hits]
    return json_response({"query": {"content": payload.query}, "records": records})
