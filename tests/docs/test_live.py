"""`scripts/live_docs.py` against a server that it knows by address and keys alone: here an emulator on localhost."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ..conformance.targets import BASE_URL, KEYS, PIPELINES, Target, emulated
from .blocks import ROOT
from .live import FILE_URL, FILE_URL_NAME, NAMES, LiveServer, NotRun, kind_of


@pytest.fixture
def served():
    with emulated("localhost") as target:
        yield target


def variables(target: Target) -> dict[str, str]:
    assert target.base_url is not None
    keys = {KEYS[kind]: key for kind, key in target.keys.items()}
    pipelines = {PIPELINES[source]: id for source, id in target.pipelines.items()}
    return {BASE_URL: target.base_url, **keys, **pipelines}


def run(environment: dict[str, str], *arguments: str) -> tuple[int, list[str]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DIFY_")}
    done = subprocess.run(
        [sys.executable, "scripts/live_docs.py", *arguments],
        cwd=ROOT,
        env={**kept, **environment, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def test_the_readme_runs_on_a_server_and_leaves_nothing_behind(served):
    code, lines = run(variables(served), "pages", "--only", "^README")
    assert code == 0, lines
    assert lines[-1].startswith("pages: 9 ran, 0 failed, 3 not run"), lines
    assert "not run: 3 of pages: uses dify.testing, which needs no server" in lines
    workspace = served.emulator._state.workspace
    assert set(workspace.knowledge.datasets) == set(served.pipelines.values())
    assert not any(app.conversations for app in workspace.apps.values())


def test_a_block_that_fails_is_named_with_its_reason_and_the_exit_status_is_1(served):
    environment = {**variables(served), KEYS["chat"]: "app-of-another-server"}
    code, lines = run(environment, "docstrings", "--only", r"^app\.App\.info")
    assert code == 1
    assert any(line.startswith("failed: app.App.info-async: 401 unauthorized") for line in lines), lines
    assert lines[-1] == "docstrings: 0 ran, 2 failed, 0 not run"


def test_a_block_whose_app_has_no_key_is_not_run_and_names_the_variable(served):
    _, lines = run(variables(served), "pages", "--only", "human-input.md")
    assert "not run: 1 of pages: DIFY_LIVE_HUMAN_CHATFLOW_KEY is not set" in lines


def test_without_an_address_the_command_says_which_variable_is_missing():
    done = subprocess.run(
        [sys.executable, "scripts/live_docs.py"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("DIFY_")},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"{BASE_URL} is not set" in done.stderr


SOURCES = [
    ("chat", 'client.chat.send("Hi")'),
    ("agent", "for thought in reply.agent_thoughts: ..."),
    ("completion", "client.completions.create({})"),
    ("chatflow", "client.conversations.variables(id)"),
    ("workflow", "client.workflows.run({})"),
    ("human_input", "client.workflows.run({}, on_form=ask)"),
    ("human_chatflow", 'client.chat.send("Hi", on_form=ask)'),
]


@pytest.mark.parametrize(("kind", "source"), SOURCES, ids=[kind for kind, _ in SOURCES])
def test_the_kind_of_app_follows_from_the_resources_that_a_block_names(kind, source):
    assert kind_of(source) == kind


def test_placeholders_are_filled_in_as_a_reader_would(monkeypatch):
    monkeypatch.setenv(BASE_URL, "http://127.0.0.1:1/v1")
    for name in (*NAMES.values(), FILE_URL_NAME):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(NAMES["chat"], "app-real")
    monkeypatch.setenv(NAMES["knowledge"], "dataset-real")
    server = LiveServer()
    server.new_section()
    source = 'AsyncDify("app-...", knowledge_api_key="dataset-...", user="alice"); create("Handbook")'
    filled_in = f'AsyncDify("app-real", knowledge_api_key="dataset-real", user="alice-{server.tag}")'
    assert server.filled_in(source, "chat") == f'{filled_in}; create("Handbook {server.tag}-1")'
    with pytest.raises(NotRun, match="DIFY_LIVE_FILE_URL is not set"):
        server.filled_in(f'from_url("{FILE_URL}")', "chat")
    with pytest.raises(NotRun, match="DIFY_LIVE_AGENT_KEY is not set"):
        server.filled_in("client", "agent")
