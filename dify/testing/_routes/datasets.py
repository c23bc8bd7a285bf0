"""Knowledge bases, and searching them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.responses import Response
from starlette.routing import Route

from .._core import Core
from .._ids import now
from .._knowledge.models import DEFAULT_EMBEDDING
from .._knowledge.payloads import DatasetCreatePayload, DatasetUpdatePayload, HitTestingPayload
from .._knowledge.searching import search
from .._knowledge.shown import dataset_shown, record_shown, retrieval_settings
from .._knowledge.state import StoredDataset
from .._scoped import DATASET, dataset_of, knowledge_routes, page
from .._wire import Call, WireError, json_answer, no_content, shown

_TAKEN = "The dataset name already exists. Please modify your dataset name."


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return knowledge_routes(
        core,
        ("POST", "/datasets", _create, "json"),
        ("GET", "/datasets", _list),
        ("GET", DATASET, _get),
        ("PATCH", DATASET, _update, "json"),
        ("DELETE", DATASET, _delete),
        ("POST", f"{DATASET}/retrieve", _retrieve, "json"),
        ("POST", f"{DATASET}/hit-testing", _retrieve, "json"),
    )


def _plain(model: BaseModel | None) -> dict[str, Any] | None:
    return None if model is None else model.model_dump(mode="json")


async def _create(call: Call) -> Response:
    knowledge, sent = call.core.knowledge, call.payload(DatasetCreatePayload)
    if any(dataset.name == sent.name for dataset in [*knowledge.datasets.values()]):
        raise WireError(409, "dataset_name_duplicate", _TAKEN)
    dataset = StoredDataset(
        name=sent.name,
        description=sent.description,
        provider=sent.provider,
        permission=sent.permission or "only_me",
        indexing_technique=sent.indexing_technique,
        embedding_model=sent.embedding_model,
        embedding_model_provider=sent.embedding_model_provider,
        retrieval_model=_plain(sent.retrieval_model),
        summary_index_setting=sent.summary_index_setting or {},
    )
    embed(dataset)
    knowledge.datasets[dataset.id] = dataset
    return json_answer(shown(dataset_shown(knowledge, dataset, available=None)))


def embed(dataset: StoredDataset) -> None:
    """A knowledge base that wants embeddings and names no model gets the workspace's default one."""
    if dataset.indexing_technique == "high_quality" and dataset.embedding_model is None:
        dataset.embedding_model_provider, dataset.embedding_model = DEFAULT_EMBEDDING


async def _list(call: Call) -> Response:
    knowledge, keyword, tag_ids = call.core.knowledge, call.text("keyword").lower(), call.several("tag_ids")
    # One that has any of the tags will do.
    tagged = {bound for tag_id in tag_ids if (tag := knowledge.tags.get(tag_id)) for bound in tag.bound}
    rows = [
        dataset
        for dataset in reversed([*knowledge.datasets.values()])
        if keyword in dataset.name.lower() and (not tag_ids or dataset.id in tagged)
    ]
    return json_answer(page(call, rows, lambda dataset: shown(dataset_shown(knowledge, dataset))))


async def _get(call: Call) -> Response:
    dataset = dataset_of(call)
    body = shown(dataset_shown(call.core.knowledge, dataset, detail=True))
    if dataset.permission == "partial_members":
        body["partial_member_list"] = dataset.partial_member_list
    return json_answer(body)


async def _update(call: Call) -> Response:
    dataset, sent = dataset_of(call), call.payload(DatasetUpdatePayload)
    names = ("name", "description", "indexing_technique", "permission", "embedding_model", "embedding_model_provider")
    for name in names:
        if (value := getattr(sent, name)) is not None:
            setattr(dataset, name, value)
    if sent.retrieval_model is not None:
        dataset.retrieval_model = _plain(sent.retrieval_model)
    if sent.partial_member_list is not None:
        dataset.partial_member_list = [member["user_id"] for member in sent.partial_member_list if "user_id" in member]
    embed(dataset)
    dataset.updated_at = now()
    body = shown(dataset_shown(call.core.knowledge, dataset, available=None))
    return json_answer({**body, "partial_member_list": dataset.partial_member_list})


async def _delete(call: Call) -> Response:
    call.core.knowledge.remove(dataset_of(call))
    return no_content()


async def _retrieve(call: Call) -> Response:
    dataset, sent = dataset_of(call), call.payload(HitTestingPayload)
    if not sent.query and not sent.attachment_ids:
        raise WireError(400, "invalid_param", "Query or attachment_ids is required")
    hits = search(dataset, sent.query, _plain(sent.retrieval_model) or retrieval_settings(dataset))
    records = [shown(record_shown(call.core.knowledge, dataset, hit)) for hit in hits]
    return json_answer({"query": {"content": sent.query}, "records": records})
