"""Synchronize a knowledge base with a folder: upload new files, update changed ones, delete removed ones.

    python sync_knowledge.py Handbook docs/

The state is stored in `.dify-sync.json` in that folder.
"""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dify import Dify, IndexingFailedError, NotFoundError, RetrievalModel
from dify.types import DocumentBatch

NOTES = ".dify-sync.json"
# Servers search a knowledge base without embeddings by keywords only.
KEYWORDS = RetrievalModel(search_method="keyword_search", top_k=3)


@dataclass
class Report:
    """The result of a run, by file name."""

    added: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])
    deleted: list[str] = field(default_factory=list[str])
    failed: dict[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        counted = f"{len(self.added)} added, {len(self.changed)} changed, {len(self.deleted)} deleted"
        return "\n".join([counted, *(f"{name}: {reason}" for name, reason in self.failed.items())])


def sync(client: Dify, name: str, folder: Path, *, pattern: str = "*.md", poll_interval: float = 2.0) -> Report:
    """Synchronize the knowledge base of this name with a folder.

    Args:
        client: A client with a knowledge key.
        name: Name of the knowledge base; it is created if it does not exist.
        folder: Folder with the files.
        pattern: Pattern of the files.
        poll_interval: Seconds between two requests for the indexing status.
    """
    dataset_id = dataset_named(client, name)
    documents = client.knowledge.documents
    notes_file = folder / NOTES
    notes: dict[str, dict[str, str]] = json.loads(notes_file.read_text()) if notes_file.is_file() else {}
    report = Report()
    files = {path.name: path for path in sorted(folder.glob(pattern))}

    for file_name, path in files.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        known = notes.get(file_name)
        if known is not None and known["digest"] == digest:
            continue
        if known is None:
            batch = documents.create_from_file(
                dataset_id, path, indexing_technique="economy", process_rule={"mode": "automatic"}
            )
        else:
            batch = documents.replace_file(dataset_id, known["id"], path)
        if indexed(client, dataset_id, batch, file_name, report, poll_interval):
            (report.added if known is None else report.changed).append(file_name)
            notes[file_name] = {"id": batch.document.id, "digest": digest}
            notes_file.write_text(json.dumps(notes, indent=2))

    for file_name in [name for name in notes if name not in files]:
        with suppress(NotFoundError):  # it may have been deleted in Dify
            documents.delete(dataset_id, notes[file_name]["id"])
        report.deleted.append(file_name)
        del notes[file_name]
        notes_file.write_text(json.dumps(notes, indent=2))
    return report


def dataset_named(client: Dify, name: str) -> str:
    """Return the id of a knowledge base; create it if it does not exist."""
    for dataset in client.knowledge.datasets.list(keyword=name):
        if dataset.name == name:
            return dataset.id
    return client.knowledge.datasets.create(name, indexing_technique="economy", retrieval_model=KEYWORDS).id


def indexed(
    client: Dify, dataset_id: str, batch: DocumentBatch, file_name: str, report: Report, poll_interval: float
) -> bool:
    """Wait until a document is indexed. A document that cannot be indexed is reported and deleted; the next run retries."""
    try:
        client.knowledge.documents.wait_indexed(dataset_id, batch.batch, poll_interval=poll_interval)
    except IndexingFailedError as error:
        report.failed[file_name] = str(error)
        client.knowledge.documents.delete(dataset_id, batch.document.id)
        return False
    return True


def main() -> None:
    """Run the command."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with Dify() as client:
        print(sync(client, sys.argv[1], Path(sys.argv[2])))


if __name__ == "__main__":
    main()
