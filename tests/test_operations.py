"""What the table of operations is good for: saying why a known route answers with a web page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dify import Dify, NotFoundError
from dify._operations import OPERATIONS, SERVER_ONLY, missing_route

PAGE = "<!doctype html><html lang=en><title>404 Not Found</title><h1>Not Found</h1>"


def hint_of(version: str | None, call) -> str:
    headers = {"content-type": "text/html; charset=utf-8"} | ({"x-version": version} if version else {})
    transport = httpx.MockTransport(lambda request: httpx.Response(404, headers=headers, text=PAGE))
    with httpx.Client(transport=transport) as http:
        client = Dify("app-x", user="alice", base_url="https://dify.test", http_client=http)
        with pytest.raises(NotFoundError) as caught:
            call(client)
    return caught.value.hint


def test_a_route_that_an_old_server_lacks_is_named_with_both_versions():
    hint = hint_of("1.12.1", lambda client: client.end_users.get("u-1"))
    assert "1.14" in hint
    assert "1.12.1" in hint
    assert "GET /end-users/{end_user_id}" in hint


def test_a_route_that_the_server_has_points_to_the_id():
    assert "malformed" in hint_of("1.14.2", lambda client: client.end_users.get("u-1"))


@pytest.mark.parametrize("call", [lambda client: client.app.info(), lambda client: client.workflows.get("r-1")])
def test_a_route_without_uuids_that_the_server_has_points_to_the_address(call):
    assert "check the base URL" in hint_of("1.14.2", call)


@pytest.mark.parametrize(("version", "words"), [(None, "does not say its version"), ("nightly", "'nightly'")])
def test_a_server_of_unknown_version_is_not_accused(version, words):
    hint = hint_of(version, lambda client: client.end_users.get("u-1"))
    assert words in hint
    assert "from 1.14 on" in hint


def test_a_route_that_the_table_does_not_know_gets_no_version():
    assert "no such route" in hint_of("1.14.2", lambda client: client.request("GET", "/nowhere", cast_to=dict))
    assert missing_route("GET /nowhere", "1.14.2") is None


def test_releases_are_compared_as_numbers():
    assert "at the latest" in missing_route("getChatWebAppSettings", "0.15.3")
    assert "this server (1.10.0) has" in missing_route("getChatWebAppSettings", "1.10.0")
    assert "this server (v2.0.0-beta1) has" in missing_route("getChatWebAppSettings", "v2.0.0-beta1")


def test_no_route_stands_twice_in_the_table():
    routes = [(one.method, one.path) for one in OPERATIONS.values()] + [(one.method, one.path) for one in SERVER_ONLY]
    assert len(set(routes)) == len(routes) == 82 + 6


def test_the_page_of_operations_says_what_the_table_says():
    script = Path(__file__).resolve().parents[1] / "scripts" / "operations_page.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
