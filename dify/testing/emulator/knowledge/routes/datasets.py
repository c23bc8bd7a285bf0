"""Knowledge bases, and searching them."""

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

_TAKEN = "The dataset name already exists. Please modify your dataset name."
_DEFAULT_SEARCH = {"search_method": "semantic_search", "reranking_enable": False, "top_k": 4}


router = Router()


@router.operation("createDataset", body="json")
async def create_dataset(request: ApiRequest) -> Response:
    knowledge, sent = request.app.knowledge, request.payload(DatasetCreatePayload)
    check_models(sent.embedding_model_provider, sent.embedding_model, search=sent.retrieval_model)
    if any(dataset.name == sent.name for dataset in [*knowledge.datasets.values()]):
        raise ApiError(409, "dataset_name_duplicate", _TAKEN)
    if sent.provider == "external" and sent.external_knowledge_api_id:
        record_id(sent.external_knowledge_api_id)
        raise ApiError(400, "invalid_param", "External API template not found.")
    dataset = StoredDataset(
        name=sent.name,
        description=sent.description,
        provider=sent.provider,
        permission=sent.permission or "only_me",
        indexing_technique=sent.indexing_technique,
        retrieval_model=None if sent.retrieval_model is None else sent.retrieval_model.plain(),
        summary_index_setting=sent.summary_index_setting or {},
    )
    if dataset.embeds:
        embed(dataset, sent.embedding_model_provider, sent.embedding_model)
    knowledge.datasets[dataset.id] = dataset
    return json_response(dump(serialize_dataset(knowledge, dataset, available=None)))


def embed(dataset: StoredDataset, provider: str | None, model: str | None) -> None:
    """Give a knowledge base an embedding model: the workspace's default one unless both names are given."""
    names = (provider, model) if provider and model else DEFAULT_EMBEDDING
    dataset.embedding_model_provider, dataset.embedding_model = names


@router.operation("listDatasets")
async def list_datasets(request: ApiRequest) -> Response:
    knowledge, query = request.app.knowledge, request.query(DatasetListQuery, repeated="tag_ids")
    keyword, tag_ids = (query.keyword or "").lower(), [record_id(tag_id) for tag_id in query.tag_ids]
    tags = [knowledge.tags.get(tag_id) for tag_id in tag_ids]
    rows = [
        dataset
        for dataset in reversed([*knowledge.datasets.values()])
        if keyword in dataset.name.lower()
        and all(tag is not None and dataset.id in tag.bound for tag in tags)
        and (query.include_all or _seen(dataset, knowledge.account_id))
    ]
    show = page_body(rows, query.page, query.limit, lambda dataset: dump(serialize_dataset(knowledge, dataset)))
    return json_response(show)


def _seen(dataset: StoredDataset, account_id: str) -> bool:
    """Return True if the list shows a knowledge base to the key's owner, who is not always one of its members."""
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
    dataset, sent = find_dataset(request), request.payload(DatasetUpdatePayload)
    check_models(sent.embedding_model_provider, sent.embedding_model, search=sent.retrieval_model)
    others = (other for other in [*request.app.knowledge.datasets.values()] if other is not dataset)
    if sent.name and any(other.name == sent.name for other in others):
        raise ApiError(400, "invalid_param", "Dataset name already exists")
    to_embed = sent.indexing_technique == "high_quality" and not dataset.embeds
    if to_embed and not {"embedding_model", "embedding_model_provider"} <= sent.model_fields_set:
        return unhandled_response()  # the server looks up both without asking whether they were sent
    _change(dataset, sent)
    if to_embed:
        embed(dataset, sent.embedding_model_provider, sent.embedding_model)
        dataset.has_vectors = any(document.segments for document in dataset.documents.values())
    elif sent.indexing_technique == "economy":
        dataset.embedding_model_provider = dataset.embedding_model = None
        dataset.has_vectors = False
    _share(dataset, sent)
    dataset.updated_at = now()
    body = dump(serialize_dataset(request.app.knowledge, dataset, available=None))
    return json_response({**body, "partial_member_list": dataset.partial_member_list})


def _change(dataset: StoredDataset, sent: DatasetUpdatePayload) -> None:
    names = ("name", "indexing_technique", "permission", "embedding_model", "embedding_model_provider")
    for name in names:
        if (value := getattr(sent, name)) is not None:
            setattr(dataset, name, value)
    if "description" in sent.model_fields_set:
        dataset.description = sent.description
    if sent.retrieval_model is not None:
        dataset.retrieval_model = sent.retrieval_model.plain()


def _share(dataset: StoredDataset, sent: DatasetUpdatePayload) -> None:
    """Keep the members that a knowledge base is for; they are forgotten once it is for others."""
    if sent.permission == "partial_members" and sent.partial_member_list:
        dataset.partial_member_list = [record_id(member.get("user_id")) for member in sent.partial_member_list]
    elif sent.permission in ("only_me", "all_team_members"):
        dataset.partial_member_list = []


@router.operation("deleteDataset")
async def delete_dataset(request: ApiRequest) -> Response:
    request.app.knowledge.remove(find_dataset(request))
    return no_content()


@router.operation("retrieveSegments", body="json")
async def retrieve_chunks(request: ApiRequest) -> Response:
    dataset, sent = find_dataset(request), request.payload(HitTestingPayload)
    if not sent.query and not sent.attachment_ids:
        raise ApiError(400, "invalid_param", "Query or attachment_ids is required")
    own = None if sent.retrieval_model is None else sent.retrieval_model.plain()
    try:
        hits = search(dataset, sent.query, own or dataset.retrieval_model or _DEFAULT_SEARCH)
    except SearchError as error:
        raise ApiError(400, "invalid_param", str(error)) from None
    records = [dump(serialize_record(request.app.knowledge, hit)) for hit in hits]
    return json_response({"query": {"content": sent.query}, "records": records})
