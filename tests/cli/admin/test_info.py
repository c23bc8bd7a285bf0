"""`dify info` against servers that answer their root with a page, as real ones do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PAGE = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>"
ANSWERS: dict[str, dict[str, Any]] = {
    "/v1/info": {"name": "Tea", "description": "All about tea", "tags": [], "mode": "chat", "author_name": "A"},
    "/v1/parameters": {"user_input_form": [{"text-input": {"label": "Q", "variable": "q", "required": True}}]},
}


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """A server with these headers that has no root; knows an app only where it is Dify."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(*, dify: bool, version: str | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = 404, "text/html; charset=utf-8", PAGE
                if dify and self.path in ANSWERS:
                    status, kind, body = 200, "application/json", json.dumps(ANSWERS[self.path]).encode()
                    if "Authorization" not in self.headers:
                        status = 401
                        body = json.dumps({"code": "unauthorized", "message": "no key", "status": 401}).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if version is not None:
                    self.send_header("X-Version", version)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_info_shows_the_version_that_a_404_page_has_in_its_headers(invoke, serve):
    result = invoke("info", base_url=serve(dify=True, version="1.14.2"))
    assert result.exit_code == 0
    assert "version\t1.14.2" in result.stdout
    assert "app\tTea" in result.stdout
    assert "input  q=…" in result.stdout


def test_info_without_a_key_shows_the_server_alone(invoke, serve):
    result = invoke("info", "--json", base_url=serve(dify=True, version="1.14.2"), key=None)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["server"]["server_version"] == "1.14.2"


def test_info_shows_a_server_that_does_not_name_its_version(invoke, serve):
    result = invoke("info", base_url=serve(dify=True))
    assert result.exit_code == 0
    assert "version\tunknown" in result.stdout


def test_info_says_so_where_an_address_is_not_difys_and_names_the_option(invoke, serve):
    result = invoke("info", base_url=serve(dify=False))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "is not Dify's Service API" in result.stderr
    assert "(check that --base-url or DIFY_BASE_URL is the address of the API)" in result.stderr
    assert "no such route" not in result.stderr
