"""The titles that the build gives to search entries, so that guides come before the reference."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .blocks import ROOT

BUILT = {
    "config": {"lang": ["en"]},
    "items": [
        {"location": "streaming.html", "title": "Streaming", "text": "<p>Words.</p>", "path": ["In depth"]},
        {"location": "configuration.html", "title": "Configuration", "text": "", "path": []},
        {"location": "reference/streams.html", "title": "Streams", "text": ""},
        {"location": "reference/streams.html#streams", "title": "Streams", "text": "<p>The results of streams.</p>"},
        {
            "location": "reference/streams.html#dify.AsyncChatStream.http",
            "title": "http  <small><code>property</code></small>",
            "text": "<p>The exchange.</p>",
        },
        {
            "location": "reference/knowledge-resources.html#"
            "dify._async.resources.knowledge.documents.AsyncDocuments.wait_indexed",
            "title": "wait_indexed  <small><code>async</code></small>",
            "text": "",
        },
        {"location": "operations.html", "title": "Operations", "text": "<p>All.</p>"},
        {"location": "operations.html#audio", "title": "audio", "text": "<p>A table.</p>"},
        {"location": "full-api/chat.html#clientchat", "title": "client.chat", "text": "<p>Calls.</p>"},
    ],
}


@pytest.fixture
def docs(monkeypatch: pytest.MonkeyPatch) -> Any:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import docs

    yield docs
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(ROOT / "scripts") in str(sys.modules[name].__file__):
            del sys.modules[name]


def test_entries_of_generated_pages_get_full_names_and_guides_keep_their_titles(docs, tmp_path: Path):
    index = tmp_path / "search.json"
    index.write_text(json.dumps(BUILT), encoding="utf-8")
    docs.title_search_entries(index)
    ordered = json.loads(index.read_text(encoding="utf-8"))
    assert ordered["config"] == BUILT["config"]
    assert [(item["location"].rpartition(".")[2], item["title"]) for item in ordered["items"]] == [
        ("html", "Streaming"),
        ("html", "Configuration"),  # the page has no other entry
        ("html#streams", "Reference: Streams"),
        ("http", "Reference: dify.AsyncChatStream.http"),
        ("wait_indexed", "Reference: client.knowledge.documents.wait_indexed"),
        ("html", "Operations"),
        ("html#audio", "Operations of the Service API: audio"),
        ("html#clientchat", "Full API: client.chat"),
    ]
    assert [item["text"] for item in ordered["items"]] == [
        item["text"] for item in BUILT["items"] if item["location"] != "reference/streams.html"
    ]


def test_titles_do_not_change_when_they_are_set_again(docs, tmp_path: Path):
    index = tmp_path / "search.json"
    index.write_text(json.dumps(BUILT), encoding="utf-8")
    docs.title_search_entries(index)
    once = index.read_bytes()
    docs.title_search_entries(index)
    assert index.read_bytes() == once
