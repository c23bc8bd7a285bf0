"""A server of one knowledge base in memory, that treats names of documents as Dify 1.14.2 was seen to do."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

DATASET = "0e1d4b8a-6a51-4f0e-9f0e-3d2c1b0a9f8e"


@dataclass
class StoredDocument:
    id: str
    name: str
    content: bytes
    upload_id: str
    batch: str
    enabled: bool = True
    archived: bool = False
    data_source_type: str = "upload_file"
    indexing_status: str = "completed"
    error: str | None = None

    @property
    def shown(self) -> dict[str, Any]:
        file = {"id": self.upload_id, "name": self.name, "size": len(self.content)}
        return {
            "id": self.id,
            "name": self.name,
            "data_source_type": self.data_source_type,
            "data_source_info": {"upload_file_id": self.upload_id},
            "data_source_detail_dict": {"upload_file": file},
            "indexing_status": self.indexing_status,
            "error": self.error,
            "enabled": self.enabled,
            "archived": self.archived,
        }

    @property
    def detail(self) -> dict[str, Any]:
        info = self.shown["data_source_detail_dict"]
        return {**self.shown, "data_source_info": info}


@dataclass
class KnowledgeServer:
    """Replaces an enabled document of the same name, which keeps its id; searches names with LIKE."""

    documents: dict[str, StoredDocument] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    made: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, content: bytes = b"", **more: Any) -> StoredDocument:
        """Keep a document as an upload would."""
        self.made += 1
        n = self.made
        same = [one for one in self.documents.values() if (one.name, one.enabled) == (name, True)]
        if same and same[-1].data_source_type == "upload_file" and not more:
            document = same[-1]
            document.content, document.upload_id, document.batch = content, f"file-{n}", f"batch-{n}"
            return document
        document = StoredDocument(f"document-{n}", name, content, f"file-{n}", f"batch-{n}", **more)
        self.documents[document.id] = document
        return document

    @property
    def contents(self) -> dict[str, str]:
        return {one.name: one.content.decode() for one in self.documents.values()}

    def count(self, what: str) -> int:
        return sum(what in request for request in self.requests)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        self.requests.append(f"{method} {target}")
        tail = path.removeprefix(f"/v1/datasets/{DATASET}/")
        missing = 404, {"code": "not_found", "message": "Not found.", "status": 404}
        match method, tail.split("/"):
            case "GET", ["", "v1", "datasets", id] if id == DATASET:
                return 200, {"id": DATASET, "name": "Handbook", "indexing_technique": "economy"}
            case "GET", ["documents"]:
                return 200, self._page({name: values[0] for name, values in query.items()})
            case "POST", ["document", "create-by-file"]:
                found = re.search(rb'filename="([^"]*)"[^\r]*\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--', body, re.DOTALL)
                assert found is not None
                document = self.put(found[1].decode().replace("%22", '"'), found[2])
                return 200, {"document": document.shown, "batch": document.batch}
            case "GET", ["documents", batch, "indexing-status"]:
                data = [one.shown for one in self.documents.values() if one.batch == batch]
                return (200, {"data": data}) if data else missing
            case "GET", ["documents", id] if id in self.documents:
                return 200, self.documents[id].detail
            case "DELETE", ["documents", id] if id in self.documents:
                del self.documents[id]
                return 204, None
            case _:
                return missing

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        number, limit = int(query.get("page", "1")), int(query.get("limit", "20"))
        wanted = _like(query.get("keyword", ""))
        rows = [one for one in reversed([*self.documents.values()]) if wanted.search(one.name)]
        data = [one.shown for one in rows[(number - 1) * limit : number * limit]]
        return {"data": data, "has_more": len(data) == limit, "limit": limit, "total": len(rows), "page": number}


def _like(keyword: str) -> re.Pattern[str]:
    """The pattern of SQL's LIKE with a wildcard on both sides: `%` and `_` are wildcards, a backslash escapes."""
    parts = re.findall(r"\\.|.", keyword, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(part) or re.escape(part[-1]) for part in parts), re.DOTALL)


def serve(knowledge: KnowledgeServer) -> tuple[ThreadingHTTPServer, str]:
    """Serve on a free port of this machine; the caller shuts the server down."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with knowledge.lock:
                status, content = knowledge.answer(self.command, self.path, body)
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _do  # noqa: N815 - the names that the library calls

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/v1"
