"""Create a knowledge base, upload files, search, list the chunks, tag it, and delete it.

    DIFY_KNOWLEDGE_API_KEY=dataset-... DIFY_BASE_URL=https://dify.example.com python knowledge.py [FILE ...]
    python knowledge.py --emulator          # with an emulator: no server, no key

Without files, it uploads three small samples. It deletes everything that it creates.
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from dify import AsyncDify, RetrievalModel
from dify.types import DocumentBatch, IndexingStatus, PreProcessingRule, ProcessRule, ProcessRules, Segmentation

SAMPLES = {
    "leave.md": "# Leave\n\nEveryone has 30 days of leave a year.\n\nAsk your lead two weeks before.\n",
    "travel.txt": "Trains are booked in second class.\n\nFlights need the consent of your lead.\n",
    "office.txt": "The office opens at seven and closes at nine.\n\nThe keys are at the front desk.\n",
}
# Split at empty lines, so that every paragraph becomes a chunk.
PARAGRAPHS = ProcessRule(
    mode="custom",
    rules=ProcessRules(
        pre_processing_rules=[PreProcessingRule(id="remove_extra_spaces", enabled=True)],
        segmentation=Segmentation(separator="\n\n", max_tokens=200),
    ),
)


async def fill(client: AsyncDify, dataset_id: str, files: list[Path], poll_interval: float) -> list[str]:
    """Upload the files, wait until they are indexed, and report the progress. Return the ids of the documents."""
    batches: list[DocumentBatch] = []
    for number, file in enumerate(files, 1):
        batches.append(
            await client.knowledge.documents.create_from_file(
                dataset_id, file, indexing_technique="economy", process_rule=PARAGRAPHS
            )
        )
        print(f"uploaded {number}/{len(files)}: {file.name}")

    for batch in batches:

        def report(status: IndexingStatus, name: str = batch.document.name) -> None:
            for document in status.data:
                done = f"{document.completed_segments or 0}/{document.total_segments or 0}"
                print(f"indexing {name}: {document.indexing_status} {done}")

        await client.knowledge.documents.wait_indexed(
            dataset_id, batch.batch, timeout=300, poll_interval=poll_interval, on_progress=report
        )
    return [batch.document.id for batch in batches]


async def show(client: AsyncDify, dataset_id: str, document_ids: list[str]) -> None:
    """Search, then list the chunks of every document page by page."""
    retrieval = RetrievalModel(search_method="keyword_search", top_k=2)
    found = await client.knowledge.datasets.retrieve(dataset_id, "How many days of leave?", retrieval_model=retrieval)
    for record in found.records:
        print(f"found {record.score or 0:.2f}: {record.text}")

    for document_id in document_ids:
        async for page in client.knowledge.segments.list(dataset_id, document_id, limit=1).pages():
            for chunk in page.data:
                print(f"chunk {chunk.position}/{page.total}: {chunk.content}")


async def run(client: AsyncDify, files: list[Path], poll_interval: float) -> None:
    """Create a knowledge base, use it, and delete it."""
    knowledge, mark = client.knowledge, uuid4().hex[:8]
    dataset = await knowledge.datasets.create(f"Handbook {mark}", indexing_technique="economy")
    print(f"made {dataset.name}")
    try:
        document_ids = await fill(client, dataset.id, files, poll_interval)
        await show(client, dataset.id, document_ids)
        tag = await knowledge.tags.create(f"example {mark}")
        try:
            await knowledge.tags.bind([tag.id], target_id=dataset.id)
            tags = await knowledge.tags.for_dataset(dataset.id)
            print("tagged", ", ".join(bound.name for bound in tags.data))
        finally:
            await knowledge.tags.delete(tag.id)
    finally:
        await knowledge.datasets.delete(dataset.id)
        print(f"deleted {dataset.name}")


@asynccontextmanager
async def open_client(emulated: bool) -> AsyncGenerator[AsyncDify]:
    """Open a client of the server in the environment, or of an emulator."""
    if emulated:
        from dify.testing import Emulator

        async with Emulator() as emulator, emulator.client() as client:
            yield client
    else:
        async with AsyncDify() as client:
            yield client


async def main() -> None:
    parser = argparse.ArgumentParser(description="A tour of the knowledge API.")
    parser.add_argument("files", nargs="*", type=Path, help="files to upload (default: three small samples)")
    parser.add_argument("--emulator", action="store_true", help="use an emulator: no server, no key")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in SAMPLES.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        files = arguments.files or [Path(folder) / name for name in SAMPLES]
        async with open_client(arguments.emulator) as client:
            await run(client, files, poll_interval=0.01 if arguments.emulator else 1.0)


if __name__ == "__main__":
    asyncio.run(main())
