"""Runs of pipelines: published ones answer at once, drafts are workflow runs."""

from __future__ import annotations

import json

import httpx
import pytest

from dify import MisuseError
from dify.types.pipelines import LocalFile
from tests.support.recordings import recording

from ..support import make_client

RUN = {
    "inputs": {"tag": "x"},
    "datasource_type": "local_file",
    "datasource_info_list": [LocalFile(reference="f-1", name="a.txt")],
    "start_node_id": "ds",
}


@pytest.mark.parametrize("mode", ["streaming", "blocking"])
async def test_a_published_run_is_json_whatever_was_asked_for(mode):
    seen = []
    body = recording("pipeline/run_file_streaming_published").body

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=body)

    run = await make_client(handler).knowledge.pipelines.run("k-1", **RUN, response_mode=mode)
    assert run.batch == body["batch"]
    assert json.loads(seen[0].content) == {
        "inputs": {"tag": "x"},
        "datasource_type": "local_file",
        "datasource_info_list": [{"reference": "f-1", "name": "a.txt"}],
        "start_node_id": "ds",
        "is_published": True,
        "response_mode": mode,
    }
    assert seen[0].headers["accept"] == "application/json"


async def test_a_draft_can_be_watched_and_cannot_be_stopped():
    one = recording("pipeline/run_file_streaming_draft")
    headers = {"content-type": "text/event-stream"}
    client = make_client(lambda request: httpx.Response(200, headers=headers, content=one.content))
    async with client.knowledge.pipelines.stream("k-1", **RUN) as stream:
        events = [event.event async for event in stream]
        assert (await stream.final()).status == "succeeded"
        with pytest.raises(MisuseError, match="cannot stop a pipeline"):
            await stream.stop()
    assert events == [frame["event"] for frame in one.frames]
