"""The files behind documents."""

from __future__ import annotations

import io
import zipfile
from uuid import uuid4

from starlette.responses import Response
from starlette.routing import Route

from dify.types.documents import DownloadURL

from ..endpoints import Call, WireError, json_answer, shown
from ..links import link_to
from ..lookup import DATASET, DOCUMENT, dataset_of, document_of, knowledge_routes
from ..state import Core
from .document_payloads import DocumentBatchDownloadZipPayload
from .state import SourceFile


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return knowledge_routes(
        core,
        ("GET", f"{DOCUMENT}/download", _link),
        ("POST", f"{DATASET}/documents/download-zip", _zip, "json"),
    )


async def _link(call: Call) -> Response:
    _, document = document_of(call)
    if document.data_source_type != "upload_file":
        raise WireError(404, "not_found", "Document does not have an uploaded file to download.")
    url = link_to(call.core, call.origin, document.source.id, as_attachment=True)
    return json_answer(shown(DownloadURL(url=url)))


async def _zip(call: Call) -> Response:
    dataset, sent = dataset_of(call), call.payload(DocumentBatchDownloadZipPayload)
    found = [dataset.documents.get(str(document_id)) for document_id in sent.document_ids]
    documents = [document for document in found if document is not None]
    if len(documents) < len(found):
        raise WireError(404, "not_found", "Document not found.")
    if any(document.data_source_type != "upload_file" for document in documents):
        raise WireError(404, "not_found", "Only uploaded-file documents can be downloaded as ZIP.")
    sources = [document.source for document in documents]
    headers = {"Content-Disposition": f"attachment; filename={uuid4().hex}.zip", "Cache-Control": "no-cache"}
    return Response(_zipped(sources), 200, headers, media_type="application/zip")


def _zipped(sources: list[SourceFile]) -> bytes:
    archive, taken = io.BytesIO(), set[str]()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for source in sources:
            stem, dot, extension = source.name.rpartition(".")
            name, number = source.name, 1
            while name in taken:
                name = f"{stem} ({number}){dot}{extension}" if dot else f"{source.name} ({number})"
                number += 1
            taken.add(name)
            zipped.writestr(name, source.content)
    return archive.getvalue()
