"""Synchronize a knowledge base with a folder: upload new files, replace changed ones, delete removed ones.

    DIFY_KNOWLEDGE_API_KEY=dataset-... DIFY_BASE_URL=https://dify.example.com python knowledge_nightly.py docs/ Handbook
    python knowledge_nightly.py --emulator docs/ Handbook       # with an emulator: no server, no key

For cron: prints a summary, and exits with 1 if a file could not be uploaded or indexed. The digest of each file is stored in
the metadata of its document (field "sha256"), so that no local state is needed. Requires a server from 1.14.
"""

import argparse
import asyncio
import hashlib
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dify import AsyncDify, DifyError, IndexingFailedError, IndexingTimeoutError
from dify.types import (
    Dataset,
    Document,
    DocumentBatch,
    IndexingTechnique,
    MetadataField,
    MetadataInput,
    MetadataOperation,
    ProcessRule,
)

KINDS = {".md", ".txt", ".pdf", ".html", ".docx", ".csv"}
FIELD = "sha256"
AUTOMATIC = ProcessRule(mode="automatic")  # required for the first document of a knowledge base


@dataclass
class Night:
    """Counts for the summary."""

    uploaded: int = 0
    replaced: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{count} {state}" for state, count in vars(self).items())


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files by the names of their documents: the path without slashes, which Dify rejects in names."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in KINDS)
    return {"__".join(path.relative_to(folder).parts): path for path in paths}


def digest(path: Path) -> str:
    """Return the SHA-256 digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def open_dataset(client: AsyncDify, name: str, technique: IndexingTechnique) -> tuple[Dataset, MetadataField]:
    """Return the knowledge base of that name and its field for digests; create them if they do not exist."""
    knowledge = client.knowledge
    found = [dataset async for dataset in knowledge.datasets.list(keyword=name) if dataset.name == name]
    dataset = found[0] if found else await knowledge.datasets.create(name, indexing_technique=technique)
    fields = (await knowledge.metadata.list(dataset.id)).doc_metadata
    field = next((field for field in fields if field.name == FIELD), None)
    return dataset, field or await knowledge.metadata.create(dataset.id, FIELD, type="string")


def stored_digest(document: Document) -> str | None:
    """Return the digest of the file of a document."""
    return next((str(value.value) for value in document.doc_metadata or [] if value.name == FIELD), None)


async def put(
    client: AsyncDify, dataset: Dataset, path: Path, name: str, old: Document | None, technique: IndexingTechnique
) -> DocumentBatch:
    """Upload a file as a new document, or replace the file of an existing one."""
    documents = client.knowledge.documents
    if old is not None and old.display_status != "available":
        # Servers do not replace documents that are disabled or whose indexing failed.
        await documents.delete(dataset.id, old.id)
        old = None
    if old is None:
        return await documents.create_from_file(
            dataset.id, path, filename=name, indexing_technique=technique, process_rule=AUTOMATIC
        )
    return await documents.replace_file(dataset.id, old.id, path, filename=name)


async def sync(
    client: AsyncDify, folder: Path, dataset_name: str, technique: IndexingTechnique, poll_interval: float
) -> Night:
    """Synchronize once and return the counts."""
    night = Night()
    documents = client.knowledge.documents
    dataset, field = await open_dataset(client, dataset_name, technique)
    existing = {document.name: document async for document in documents.list(dataset.id, limit=100)}
    wanted = files_of(folder)

    waiting: list[tuple[str, str, DocumentBatch]] = []
    for name, path in wanted.items():
        old, now = existing.get(name), digest(path)
        if old is not None and stored_digest(old) == now:
            night.unchanged += 1
            continue
        try:
            waiting.append((name, now, await put(client, dataset, path, name, old, technique)))
        except DifyError as error:
            night.failed += 1
            print(f"{name}: {error}")
            continue
        if old is None:
            night.uploaded += 1
        else:
            night.replaced += 1

    for name, now, batch in waiting:  # the server has been indexing since the first upload
        try:
            await documents.wait_indexed(dataset.id, batch.batch, timeout=1800, poll_interval=poll_interval)
        except (IndexingFailedError, IndexingTimeoutError) as error:
            night.failed += 1
            print(f"{name}: {error}")
            continue  # without a digest, the next run retries
        value = MetadataInput(id=field.id, name=FIELD, value=now)
        change = MetadataOperation(document_id=batch.document.id, metadata_list=[value], partial_update=True)
        await client.knowledge.metadata.update_documents(dataset.id, [change])

    for name, document in existing.items():
        if name not in wanted:
            await documents.delete(dataset.id, document.id)
            night.deleted += 1
    return night


@asynccontextmanager
async def open_client(emulated: bool) -> AsyncGenerator[AsyncDify]:
    """Open a client of the server in the environment, or of an emulator."""
    if emulated:
        from dify.testing import Emulator

        async with Emulator() as emulator:
            yield emulator.client()
    else:
        async with AsyncDify(max_retries=5) as client:
            yield client


async def main() -> bool:
    parser = argparse.ArgumentParser(description="Synchronize a knowledge base with a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("dataset", help="name of the knowledge base; created if it does not exist")
    parser.add_argument("--technique", choices=["economy", "high_quality"], default="economy")
    parser.add_argument("--poll", type=float, default=2.0, help="seconds between two requests for the indexing status")
    parser.add_argument("--emulator", action="store_true", help="use an emulator: no server, no key")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.error(f"{arguments.folder} is not a folder")
    async with open_client(arguments.emulator) as client:
        night = await sync(
            client,
            arguments.folder,
            arguments.dataset,
            arguments.technique,
            0.01 if arguments.emulator else arguments.poll,
        )
    print(f"{arguments.dataset}: {night}")
    return not night.failed


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
