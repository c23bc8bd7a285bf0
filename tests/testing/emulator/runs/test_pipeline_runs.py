"""Knowledge pipelines against recorded ones."""

from __future__ import annotations

from typing import Any

import pytest

from dify.testing import Emulator

from ..real import names, real, real_frames

OPEN = frozenset({"inputs", "outputs", "process_data", "execution_metadata", "extras", "files"})


class Pipeline:
    """A knowledge base with a pipeline, and a file to feed it with."""

    def __init__(self, client, emulator: Emulator, **settings: Any) -> None:
        self.client = client
        self.key = {"Authorization": f"Bearer {emulator.knowledge_api_key}"}
        self.id = emulator.add_pipeline("Pipe", node_id="ds", **settings)

    async def call(self, method: str, path: str, **more: Any) -> Any:
        return await self.client.request(method, f"/datasets/{path}", headers=self.key, **more)

    async def run(self, reference: str | None = None, **changes: Any) -> Any:
        if reference is None:
            text = "Apples are red.\n\nBananas are yellow."
            upload = {"files": {"file": ("note.txt", text.encode(), "text/plain")}}
            reference = (await self.call("POST", "pipeline/file-upload", **upload)).json()["id"]
        body = {
            "inputs": {"tag": "x"},
            "datasource_type": "local_file",
            "datasource_info_list": [{"reference": reference, "name": "note.txt"}],
            "start_node_id": "ds",
            "is_published": True,
            "response_mode": "streaming",
        }
        return await self.call("POST", f"{self.id}/pipeline/run", json=body | changes)


@pytest.fixture
def pipeline(connect):
    def make(**settings: Any) -> Pipeline:
        emulator = Emulator(index_at_once=True)
        return Pipeline(connect(emulator), emulator, **settings)

    return make


@pytest.mark.parametrize(("kind", "name"), [("local_file", "plugins_draft"), ("website_crawl", "plugins_crawl")])
async def test_the_datasource_is_listed_as_recorded(kind, name, pipeline, shape) -> None:
    variables = [{"variable": "url", "label": "URL", "required": True}] if kind == "website_crawl" else []
    pipe = pipeline(datasource_type=kind, variables=variables)
    reply = await pipe.call("GET", f"{pipe.id}/pipeline/datasource-plugins")
    assert shape(reply.json()) == shape(real(f"pipeline/{name}").body)
    assert (await pipe.call("GET", pipe.id)).json()["runtime_mode"] == "rag_pipeline"


@pytest.mark.parametrize("mode", ["streaming", "blocking"])
async def test_a_published_run_answers_json_whatever_was_asked_for(mode, pipeline, shape) -> None:
    pipe = pipeline()
    reply = await pipe.run(response_mode=mode)
    theirs = real("pipeline/run_file_streaming_published")
    assert (reply.status_code, reply.headers["content-type"]) == (200, theirs.headers["content-type"])
    assert shape(reply.json()) == shape(theirs.body)
    found = await pipe.call("POST", f"{pipe.id}/retrieve", json={"query": "apples red"})
    assert found.json()["records"][0]["segment"]["content"] == "Apples are red."


async def test_a_draft_streams_a_run_as_recorded(pipeline, frames_of, shape) -> None:
    mine = frames_of((await pipeline().run(is_published=False)).text)
    theirs = real_frames("pipeline/run_file_streaming_draft")
    assert names(mine) == names(theirs)
    assert [one["data"].get("node_type") for one in mine] == [one["data"].get("node_type") for one in theirs]
    assert [shape(one, open_members=OPEN) for one in mine] == [shape(one, open_members=OPEN) for one in theirs]
    assert mine[-1]["data"]["outputs"].keys() == theirs[-1]["data"]["outputs"].keys()


async def test_a_draft_answers_a_blocking_call_as_a_workflow_does(pipeline, shape) -> None:
    pipe = pipeline()
    reply = (await pipe.run(is_published=False, response_mode="blocking")).json()
    assert reply["data"]["outputs"]["preview"] == [{"content": "Apples are red."}, {"content": "Bananas are yellow."}]
    nobody = "00000000-0000-4000-8000-00000000dead"
    mine = (await pipe.run(nobody, is_published=False, response_mode="blocking")).json()
    theirs = real("pipeline/run_bad_file").body
    assert shape(mine) == shape(theirs)
    assert mine["data"]["error"].partition(", tenant")[0] == theirs["data"]["error"].partition(", tenant")[0]


async def test_an_unknown_start_node_is_an_error_as_recorded(pipeline, frames_of) -> None:
    pipe = pipeline()
    mine = frames_of((await pipe.run(is_published=False, start_node_id="zzz")).text)
    assert mine == real_frames("pipeline/run_bad_start_node")
    blocking = await pipe.run(is_published=False, response_mode="blocking", start_node_id="zzz")
    assert (blocking.status_code, blocking.json()["message"]) == (400, "Root node id zzz not found in the graph")
    published = await pipe.run(start_node_id="zzz")
    assert (published.status_code, published.json()["code"]) == (500, "pipeline_run_error")


@pytest.mark.parametrize(
    ("kind", "node", "name"),
    [
        ("website_crawl", "ds", "node_run_crawl"),
        ("website_crawl", "zzz", "node_run_unknown_node"),
        ("local_file", "ds", "node_run_local_file"),
    ],
)
async def test_a_datasource_is_run_as_recorded(kind, node, name, pipeline, frames_of, shape) -> None:
    def collect(inputs: Any) -> list[dict[str, Any]]:
        pages = [{"source_url": f"{inputs['url']}/{page}", "title": page.upper()} for page in "ab"]
        return [{**page, "content": "# Page", "description": "page"} for page in pages]

    pipe = pipeline(datasource_type=kind, collect=collect)
    body = {"inputs": {"url": "http://example.invalid"}, "datasource_type": kind, "is_published": True}
    reply = await pipe.call("POST", f"{pipe.id}/pipeline/datasource/nodes/{node}/run", json=body)
    mine, theirs = frames_of(reply.text), real_frames(f"pipeline/{name}")
    assert reply.status_code == 200
    assert [shape(one) for one in mine] == [shape(one) for one in theirs]
    if node == "zzz":
        assert mine == theirs


async def test_a_datasource_that_fails_says_so_in_its_stream(pipeline, frames_of) -> None:
    def collect(inputs: Any) -> list[dict[str, Any]]:
        raise OSError("no network")

    pipe = pipeline(datasource_type="website_crawl", collect=collect)
    body = {"inputs": {}, "datasource_type": "website_crawl", "is_published": True}
    reply = await pipe.call("POST", f"{pipe.id}/pipeline/datasource/nodes/ds/run", json=body)
    assert frames_of(reply.text) == [{"event": "datasource_error", "error": "no network"}]


async def test_a_published_run_shows_the_error_of_a_document_whose_file_is_unknown(pipeline) -> None:
    pipe = pipeline()
    unknown = "00000000-0000-4000-8000-00000000dead"
    made = (await pipe.run(unknown)).json()
    shown = (await pipe.call("GET", f"{pipe.id}/documents/{made['batch']}/indexing-status")).json()["data"][0]
    assert shown["indexing_status"] == "error"
    assert shown["error"].startswith(f"UploadFile not found for file_id={unknown}")


async def test_a_datasource_other_than_a_website_names_no_number_of_pages_in_progress(pipeline, frames_of) -> None:
    pipe = pipeline(datasource_type="online_document", collect=lambda inputs: [{"page": inputs["page"]}])
    body = {"inputs": {"page": "a"}, "datasource_type": "online_document", "is_published": True}
    frames = frames_of((await pipe.call("POST", f"{pipe.id}/pipeline/datasource/nodes/ds/run", json=body)).text)
    assert frames[0] == {"event": "datasource_processing", "total": None, "completed": None}
    assert (frames[1]["data"], frames[1]["total"]) == ([{"page": "a"}], 1)


async def test_a_file_for_a_pipeline_has_a_name(pipeline) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\nTea.\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    pipe = pipeline()
    reply = await pipe.client.post("/datasets/pipeline/file-upload", content=body, headers=pipe.key | headers)
    assert (reply.status_code, reply.json()["message"]) == (400, "The specified filename does not exist.")
