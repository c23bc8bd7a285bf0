"""Names of documents, which the server takes for their identity."""

from __future__ import annotations

import re

from ...._config import RequestOptions
from ...._protocol.paging import NUMBERED
from ...._protocol.request import Call
from ....errors import DocumentExistsError, InvalidArgumentError
from ....types.documents import Document, IfExists
from ...pager import AsyncPager
from .._base import AsyncResource

__all__ = ["AsyncDocumentNames"]


class AsyncDocumentNames(AsyncResource):
    """The lookup of a name before a document is created."""

    async def _may_create(
        self, dataset_id: str, name: str, if_exists: IfExists, options: RequestOptions | None
    ) -> bool:
        """Apply `if_exists` to the documents of a name; return False where nothing is to be sent."""
        if if_exists == "replace":
            return True  # which is what the server does with the request, so there is nothing to look up
        if if_exists not in ("error", "skip"):
            raise InvalidArgumentError(f"if_exists is {if_exists!r}: pass 'error', 'replace' or 'skip'")
        documents = await self._documents_named(dataset_id, name, options)
        if documents and if_exists == "error":
            raise DocumentExistsError(
                f"the knowledge base has a document {name!r} already: pass another name, or if_exists='replace' or 'skip'",
                name=name,
                documents=documents,
            )
        return not documents

    async def _documents_named(self, dataset_id: str, name: str, options: RequestOptions | None) -> list[Document]:
        # The server searches with LIKE: `%` and `_` find too much, which is filtered here, and a backslash too little.
        keyword = max(re.split(r"\\", name), key=len)
        query = {"keyword": keyword or None, "limit": 100}
        call = Call.of("listDocuments", dataset_id=dataset_id, query=query)
        pages = AsyncPager(self._transport, call, Document, order=NUMBERED, options=options)
        return [document async for document in pages if document.name == name]
