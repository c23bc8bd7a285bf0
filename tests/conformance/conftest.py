"""The suite's fixtures: the target, clients by kind of app, cleaning up, and what an instance lacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from dify import APIStatusError, NotFoundError
from dify.types import AppParameters

from .targets import KEYS, Door, Face, Kind, Target, emulated, live, live_targets
from .touched import Touched

DOORS: tuple[Door, ...] = ("live",) if live_targets() else ("in-process", "localhost")
TOUCHED = Touched()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note whether the whole suite was collected: only then can an operation be missing."""
    here = Path(__file__).parent
    collected = {item.path for item in session.items}
    TOUCHED.whole = not session.config.option.keyword and {*here.glob("test_*.py")} <= collected
    TOUCHED.whole = TOUCHED.whole and not any("::" in argument for argument in session.config.args)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Run in one process on a real server: its jobs for one app, such as annotation replies, fail side by side."""
    return 0 if live_targets() else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker of pytest-xdist has counted."""
    TOUCHED.add(getattr(node, "workeroutput", {}).get("touched", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts to the process that started this one, or fail the session for an operation that is missing."""
    workeroutput: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if workeroutput is not None:
        workeroutput["touched"] = TOUCHED.plain()
    elif TOUCHED.missing() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the operations that the suite touched."""
    if not TOUCHED.doors:
        return
    terminalreporter.section("operations of the Service API that were answered")
    for line in TOUCHED.report():
        terminalreporter.write_line(line)
    for line in TOUCHED.missing():
        terminalreporter.write_line(f"FAILED {line}")


@pytest.fixture(scope="session")
def touched() -> Touched:
    """Counts of the operations that the suite sent and the server answered."""
    return TOUCHED


@pytest.fixture(scope="package", params=DOORS)  # its server ends with the suite, and not with the session
def target(request: pytest.FixtureRequest, touched: Touched) -> Iterator[Target]:
    """What the suite is held against."""
    if request.param == "live":
        with touched.recording("live"):
            yield live()
        return
    with touched.recording(request.param), emulated(request.param) as found:
        yield found
        assert found.emulator is not None
        left = found.emulator._state.workspace
        pipelines = set(found.pipelines.values())
        assert set(left.knowledge.datasets) == pipelines, "a test has left a knowledge base behind"
        assert not any(left.knowledge.datasets[each].documents for each in pipelines), (
            "a test has left a document behind"
        )
        assert not any(app.conversations for app in left.apps.values()), "a test has left a conversation behind"


@pytest.fixture(params=["async", "sync"])
def face(request: pytest.FixtureRequest) -> Face:
    """The face of the client; that without `await` is awaited all the same."""
    return request.param


@pytest.fixture
def user() -> str:
    """The end user of this test and no other."""
    return f"conformance-{uuid4().hex[:12]}"


@pytest.fixture
def label() -> str:
    """A name for what this test makes."""
    return f"conformance {uuid4().hex[:12]}"


Open = Callable[[Kind], Any]


@pytest.fixture
async def open_app(target: Target, face: Face, user: str) -> AsyncIterator[Open]:
    """Makes clients by the kind of app; their conversations are deleted when the test is over."""
    clients: dict[Kind, Any] = {}

    def make(kind: Kind) -> Any:
        if kind not in target.keys:
            pytest.skip(f"{KEYS[kind]} is not set: no {kind.replace('_', ' ')} app to test")
        if kind not in clients:
            clients[kind] = target.client(kind, face, user)
        return clients[kind]

    yield make
    for kind in ("chat", "agent", "chatflow"):
        if kind in clients:
            for each in [one async for one in clients[kind].conversations.list()]:
                await clients[kind].conversations.delete(each.id)
    await target.close()


Undo = Callable[[Callable[[], Awaitable[Any]]], None]


@pytest.fixture
async def undo(open_app: Open) -> AsyncIterator[Undo]:
    """Takes what undoes a step of the test; all of it is done when the test is over, the last step first."""
    steps: list[Callable[[], Awaitable[Any]]] = []
    yield steps.append
    for step in reversed(steps):
        with suppress(NotFoundError):
            await step()


@pytest.fixture
async def embedding(open_app: Open, target: Target) -> tuple[str, str]:
    """Provider and name of a text embedding model of the workspace."""
    providers = (await open_app("knowledge").knowledge.models.list("text-embedding")).data
    models = [(provider.provider, model.model) for provider in providers for model in provider.models]
    if target.live and not models:
        pytest.skip("this instance has no text embedding model")
    return models[0]


@pytest.fixture
def poll(target: Target) -> dict[str, float]:
    """Settings of the calls that wait for a job: the emulator needs no pause, and a real server not many seconds."""
    return {"poll_interval": 0.1 if target.live else 0.01, "timeout": 120}


@pytest.fixture
def lacking(target: Target) -> Any:
    """Skips what a real server refuses because it lacks something; the emulator lacks nothing."""

    @contextmanager
    def guard(what: str, *codes: str) -> Iterator[None]:
        try:
            yield
        except APIStatusError as error:
            if target.live and error.code in (codes or ("invalid_param", "bad_request", "provider_not_initialize")):
                pytest.skip(f"this instance lacks {what}: {error}")
            raise

    return guard


@pytest.fixture(scope="package")
def version(target: Target) -> tuple[int, int] | None:
    """Release of a real server, from the header of any of its responses; None for the emulator."""
    if target.base_url is None or not target.live:
        return None
    response = httpx.get(f"{target.base_url.rstrip('/')}/info", trust_env=False)
    major, minor = response.headers.get("X-Version", "0.0").split(".")[:2]
    return int(major), int(minor)


@pytest.fixture
def since(version: tuple[int, int] | None) -> Any:
    """Skips tests of what an older server does not have."""

    def check(release: tuple[int, int]) -> None:
        if version is not None and version < release:
            pytest.skip(f"needs Dify {release[0]}.{release[1]}, and this server is {version[0]}.{version[1]}")

    return check


async def inputs_of(client: Any) -> dict[str, Any]:
    """Values for the inputs that an app requires, by the kind of their control."""
    parameters: AppParameters = await client.app.parameters()
    known: dict[str, Any] = {"number": 1, "checkbox": False, "json_object": {}}
    values: dict[str, Any] = {}
    for kind, control in parameters.controls:
        if not control.required:
            continue
        if kind in ("file", "file-list"):
            pytest.skip(f"the app requires a file in {control.variable!r}")
        values[control.variable] = control.options[0] if control.options else known.get(kind, "tea")
    return values
