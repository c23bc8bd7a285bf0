"""Tests of the script: with the emulator, and with the mock for errors."""

from __future__ import annotations

import pytest
from sync_knowledge import sync

from dify import RetrievalModel
from dify.testing import replies

KEYWORDS = RetrievalModel(search_method="keyword_search", top_k=3)  # the search of a knowledge base without embeddings


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tea.md").write_text("Tea is made from leaves.")
    (tmp_path / "coffee.md").write_text("Coffee is made from beans.")
    (tmp_path / "notes.txt").write_text("not this one")
    return tmp_path


@pytest.fixture
def run(dify_sync_client, folder):
    return lambda: sync(dify_sync_client, "Drinks", folder, poll_interval=0.001)


def names(client):
    dataset = next(iter(client.knowledge.datasets.list(keyword="Drinks")))
    return sorted(document.name for document in client.knowledge.documents.list(dataset.id))


def test_the_first_run_adds_all_files(run, dify_sync_client):
    report = run()
    assert (report.added, report.changed, report.deleted) == (["coffee.md", "tea.md"], [], [])
    assert names(dify_sync_client) == ["coffee.md", "tea.md"]


def test_added_files_are_found(run, dify_sync_client):
    run()
    dataset = next(iter(dify_sync_client.knowledge.datasets.list(keyword="Drinks")))
    found = dify_sync_client.knowledge.datasets.retrieve(dataset.id, "leaves", retrieval_model=KEYWORDS)
    assert [record.text for record in found.records] == ["Tea is made from leaves."]


def test_the_second_run_uploads_nothing(run, dify_emulator):
    run()
    before = len(dify_emulator.requests)
    report = run()
    assert (report.added, report.changed, report.deleted) == ([], [], [])
    assert [request.method for request in dify_emulator.requests[before:]] == ["GET"]


def test_changed_files_are_updated_and_removed_files_deleted(run, dify_sync_client, folder):
    run()
    (folder / "tea.md").write_text("Tea is a drink.")
    (folder / "coffee.md").unlink()
    report = run()
    assert (report.added, report.changed, report.deleted) == ([], ["tea.md"], ["coffee.md"])
    assert names(dify_sync_client) == ["tea.md"]


def test_a_document_that_was_deleted_in_dify_is_ignored(run, dify_sync_client, folder):
    run()
    dataset = next(iter(dify_sync_client.knowledge.datasets.list(keyword="Drinks")))
    for document in dify_sync_client.knowledge.documents.list(dataset.id):
        dify_sync_client.knowledge.documents.delete(dataset.id, document.id)
    (folder / "tea.md").unlink()
    assert run().deleted == ["tea.md"]


def test_a_file_that_cannot_be_indexed_is_reported_and_deleted(run, dify_mock):
    documents = dify_mock.knowledge.documents
    dify_mock.knowledge.datasets.list.lists([replies.dataset("Drinks")])
    documents.create_from_file.returns(replies.document_batch("coffee.md"))
    documents.indexing(steps=2, error="no model")
    documents.delete.succeeds()
    report = run()
    assert report.added == []
    assert report.failed.keys() == {"coffee.md", "tea.md"}
    assert "no model" in str(report)
    uploads = [call.uploads[0].filename for call in documents.create_from_file.calls]
    assert uploads == ["coffee.md", "tea.md"]
    assert documents.delete.call_count == 2
