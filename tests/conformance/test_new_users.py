"""Calls at once of an end user whom the server does not know yet: they belong to one user, and nothing is lost.

A server creates an end user with the first call of that user; calls that arrive together create one each.
"""

from __future__ import annotations

import asyncio

from .conftest import inputs_of


async def test_conversations_begun_at_once_are_all_listed(open_app):
    client = open_app("chat")
    inputs = await inputs_of(client)
    replies = await asyncio.gather(*(client.chat.send(f"Question {n}", inputs=inputs) for n in range(6)))
    begun = [reply.conversation_id for reply in replies]
    assert sorted([one.id async for one in client.conversations.list()]) == sorted(begun)
    for conversation_id in begun:
        assert len((await client.messages.list(conversation_id)).data) == 1


async def test_files_uploaded_at_once_can_be_sent_with_a_message(open_app):
    client = open_app("chat")
    inputs = await inputs_of(client)
    sources = [(f"tea{n}.txt", f"Cup {n} of tea.".encode(), "text/plain") for n in range(3)]
    results = await client.files.upload_many(sources, concurrency=3)
    uploaded = [result.uploaded for result in results]
    assert len({file.created_by for file in uploaded}) == 1
    reply = await client.chat.send("What are these?", inputs=inputs, files=uploaded)
    assert reply.answer


async def test_runs_begun_at_once_can_be_followed(open_app, since):
    since((1, 14))
    client = open_app("workflow")
    rows = [await inputs_of(client)] * 6
    runs = []
    async with client.workflows.map(rows, concurrency=6) as results:
        async for result in results:
            runs.append(result.unwrap())
    for run in runs:
        events = [event.event async for event in client.workflows.events(run.workflow_run_id)]
        assert events == ["workflow_finished"]
