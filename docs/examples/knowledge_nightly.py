"""Keep a knowledge base equal to a folder: upload what is new, replace what has changed, delete what is gone.

    DIFY_KNOWLEDGE_API_KEY=dataset-... DIFY_BASE_URL=https://dify.example.com python knowledge_nightly.py docs/ Handbook
    python knowledge_nightly.py --emulator docs/ Handbook       # no server and no key: a Dify in this process

Made for cron: it prints what it did, and exits with 1 when a file could not be uploaded or indexed. What a document was made
from is noted in its metadata (a field "sha256"), so nothing has to be kept here between two nights. Needs a server from 1.14.
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
AUTOMATIC = ProcessRule(mode="automatic")  # the first document of a knowledge base needs a rule


@dataclass
class Night:
    """What has been done."""

    uploaded: int = 0
    replaced: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in vars(self).items())


def files_of(folder: Path) -> dict[str, Path]:
    """The files, by the names of their documents: the path, without slashes, for Dify refuses them in names."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in KINDS)
    return {"__".join(path.relative_to(folder).parts): path for path in paths}


def digest(path: Path) -> str:
    """What tells one content from another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def open_dataset(client: AsyncDify, name: str, technique: IndexingTechnique) -> tuple[Dataset, MetadataField]:
    """The knowledge base of that name and its field for digests, made where they are not there yet."""
    knowledge = client.knowledge
    found = [each async for each in knowledge.datasets.list(keyword=name) if each.name == name]
    dataset = found[0] if found else await knowledge.datasets.create(name, indexing_technique=technique)
    fields = (await knowledge.metadata.list(dataset.id)).doc_metadata
    field = next((each for each in fields if each.name == FIELD), None)
    return dataset, field or await knowledge.metadata.create(dataset.id, FIELD, type="string")


def noted(document: Document) -> str | None:
    """The digest of what a document was made from."""
    return next((str(each.value) for each in document.doc_metadata or [] if each.name == FIELD), None)


async def put(
    client: AsyncDify, dataset: Dataset, path: Path, name: str, old: Document | None, technique: IndexingTechnique
) -> DocumentBatch:
    """Upload a file as a new document, or in the place of an old one."""
    documents = client.knowledge.documents
    if old is not None and old.display_status != "available":
        # Its indexing failed, or it is switched off: servers refuse to replace it.
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
    """One night's work."""
    night = Night()
    documents = client.knowledge.documents
    dataset, field = await open_dataset(client, dataset_name, technique)
    there = {document.name: document async for document in documents.list(dataset.id, limit=100)}
    wanted = files_of(folder)

    waiting: list[tuple[str, str, DocumentBatch]] = []
    for name, path in wanted.items():
        old, now = there.get(name), digest(path)
        if old is not None and noted(old) == now:
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

    for name, now, made in waiting:  # the server has been indexing all the while
        try:
            await documents.wait_indexed(dataset.id, made.batch, timeout=1800, poll_interval=poll_interval)
        except (IndexingFailedError, IndexingTimeoutError) as error:
            night.failed += 1
            print(f"{name}: {error}")
            continue  # without a digest it is tried again tomorrow
        value = MetadataInput(id=field.id, name=FIELD, value=now)
        change = MetadataOperation(document_id=made.document.id, metadata_list=[value], partial_update=True)
        await client.knowledge.metadata.update_documents(dataset.id, [change])

    for name, document in there.items():
        if name not in wanted:
            await documents.delete(dataset.id, document.id)
            night.deleted += 1
    return night


@asynccontextmanager
async def open_client(emulated: bool) -> AsyncGenerator[AsyncDify]:
    """A client of the server that the environment names, or of an emulator."""
    if emulated:
        from dify.testing import Emulator

        async with Emulator() as emulator:
            yield emulator.client()
    else:
        async with AsyncDify(max_retries=5) as client:
            yield client


async def main() -> bool:
    parser = argparse.ArgumentParser(description="Keep a knowledge base equal to a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("dataset", help="the knowledge base's name; it is made where it is not there")
    parser.add_argument("--technique", choices=["economy", "high_quality"], default="economy")
    parser.add_argument("--poll", type=float, default=2.0, help="seconds between two looks at what is being indexed")
    parser.add_argument("--emulator", action="store_true", help="answer in this process: no server, no key")
    asked = parser.parse_args()
    if not asked.folder.is_dir():
        parser.error(f"{asked.folder} is no folder")
    async with open_client(asked.emulator) as client:
        night = await sync(client, asked.folder, asked.dataset, asked.technique, 0.01 if asked.emulator else asked.poll)
    print(f"{asked.dataset}: {night}")
    return not night.failed


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
