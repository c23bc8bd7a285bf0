"""A pytest plugin with fixtures and a network guard.

pytest loads it where this package is installed. `-p no:dify.testing.pytest` disables it. To load it in spite of
`PYTEST_DISABLE_PLUGIN_AUTOLOAD`, add `-p dify.testing.pytest`.

Fixtures:

- `dify_emulator`: a new `Emulator`. Its answer function is the fixture `dify_answer`, which you can override, and its
  other arguments come from a marker: `@pytest.mark.dify_emulator(mode="workflow")`. The test fails if a function of the
  emulator raised an unexpected exception, and if a fault (`fail_next` and others) did not apply to any request.
- `dify_mock`: a new `DifyMock`, active during the test. It handles the requests of every client, and the test fails for
  requests without a mocked response and for mocked responses that were never requested.
- `dify_client` and `dify_sync_client`: an `AsyncDify` and a `Dify`, connected to the mock if the test uses `dify_mock`,
  otherwise to the emulator. They do not need to be closed, and no plugin for async fixtures is required.
- `dify_no_waits`: skips the client's delays before retries and between polls, and lists their seconds; see `no_waits`.
- `no_network`: forbids connections to other machines during the test. Set `dify_no_network = true` in the ini file to
  apply it to all tests except those marked `@pytest.mark.allow_network`, or mark single tests `@pytest.mark.no_network`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from dify import AsyncDify, Dify

    from .emulator.answers import AnswerFunction
    from .emulator.emulator import Emulator
    from .mock import DifyMock

__all__ = [
    "NetworkForbidden",
    "dify_answer",
    "dify_client",
    "dify_emulator",
    "dify_mock",
    "dify_no_waits",
    "dify_sync_client",
    "no_network",
]

_INI = "dify_no_network"
_MARKERS = (
    "dify_emulator(answer=None, *, mode=None, ...): arguments of the Emulator in the fixture dify_emulator",
    "no_network: forbid connections to other machines during the test",
    "allow_network: allow connections to other machines although the ini file forbids them",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini option."""
    parser.addini(_INI, "forbid connections to other machines in all tests", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


# -------------------------------------------------------------------------------------------------- one failure per test
__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_FAILED = pytest.StashKey[bool]()
_CHECKS = pytest.StashKey["list[Callable[[], list[str]]]"]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Add the complaints of the fixtures to the exception of a test that fails.

    The fixtures then do not fail it a second time.
    """
    try:
        return (yield)
    except Exception as error:
        item.stash[_FAILED] = True
        for complaint in (text for check in item.stash.get(_CHECKS, None) or () for text in check()):
            if complaint not in str(error):
                error.add_note(complaint)
        raise


def _check_at_end(request: pytest.FixtureRequest, check: Callable[[], list[str]]) -> None:
    """Register a function that returns the complaints of a fixture."""
    _item_of(request).stash.setdefault(_CHECKS, []).append(check)


def _fail_with(request: pytest.FixtureRequest, complaints: list[str]) -> None:
    """Fail the test with the complaints of a fixture, unless it has failed already."""
    if complaints and not _item_of(request).stash.get(_FAILED, False):
        pytest.fail("\n".join(complaints), pytrace=False)


def _item_of(request: pytest.FixtureRequest) -> pytest.Item:
    return cast("pytest.Item", request.node)


# ------------------------------------------------------------------------------------------- the emulator and the mock
@pytest.fixture
def dify_answer() -> AnswerFunction | None:
    """Return the answer function of `dify_emulator`; None for an echo.

    Override it with a fixture of the same name.
    """
    return None


@pytest.fixture
def dify_emulator(request: pytest.FixtureRequest, dify_answer: AnswerFunction | None) -> Iterator[Emulator]:
    """Yield a Dify server in this process, a new one for each test."""
    from .emulator.emulator import Emulator

    marker = cast("pytest.Item", request.node).get_closest_marker("dify_emulator")
    args: tuple[Any, ...] = () if marker is None else marker.args
    kwargs: dict[str, Any] = {} if marker is None else dict(marker.kwargs)
    if not args and "answer" not in kwargs:
        kwargs["answer"] = dify_answer

    def exceptions() -> list[str]:
        return [f"a function of the emulator raised {error!r}" for error in emulator.failures[:1]]

    with Emulator(*args, **kwargs) as emulator:
        _check_at_end(request, exceptions)
        yield emulator
    waiting = "; ".join(emulator.waiting_faults)
    _fail_with(request, exceptions() or ([f"some faults did not apply to any request: {waiting}"] if waiting else []))


@pytest.fixture
def dify_mock(request: pytest.FixtureRequest) -> Iterator[DifyMock]:
    """Yield a mock that handles the requests of every client during the test."""
    from .mock import DifyMock

    try:
        with DifyMock() as mock:
            _check_at_end(request, lambda: mock.unexpected)
            yield mock
    except AssertionError:
        if not _item_of(request).stash.get(_FAILED, False):
            raise


def _server(request: pytest.FixtureRequest) -> Emulator | DifyMock:
    return request.getfixturevalue("dify_mock" if "dify_mock" in request.fixturenames else "dify_emulator")


@pytest.fixture
def dify_client(request: pytest.FixtureRequest) -> AsyncDify:
    """Return an async client of `dify_mock`, or of `dify_emulator` without a mock."""
    return _server(request).client()


@pytest.fixture
def dify_sync_client(request: pytest.FixtureRequest) -> Dify:
    """Return a sync client of `dify_mock`, or of `dify_emulator` without a mock."""
    return _server(request).sync_client()


@pytest.fixture
def dify_no_waits() -> Iterator[list[float]]:
    """Skip the client's delays, and yield the list of their seconds.

    The delays are those before retries and between polls.
    """
    from .delays import no_waits

    with no_waits() as waits:
        yield waits


# ------------------------------------------------------------------------------------------------------ network guard
class NetworkForbidden(RuntimeError):
    """The code under test tried to connect to another machine."""


_EMULATOR_CLIENTS = (
    ". The fixture dify_emulator responds to dify_client, dify_sync_client and the clients of dify_emulator.client() and "
    "sync_client(), and not to clients that the code creates: for them, set DIFY_BASE_URL to the address that "
    "`with dify_emulator.serve() as url` returns, or use dify_mock, which responds to every client"
)


def _on_this_machine(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


class _Guard:
    """A guard that replaces functions of `socket`, and records refused connections."""

    def __init__(self, explanation: str) -> None:
        self.refused: list[str] = []
        self._explanation = explanation

    @property
    def complaints(self) -> list[str]:
        """Description of the refused connections; empty if there are none."""
        return [self._message(", ".join(self.refused))] if self.refused else []

    def _message(self, address: str) -> str:
        return f"this test must not use the network, but it tried to connect to {address}{self._explanation}"

    def check(self, host: Any, port: Any) -> None:
        """Raise `NetworkForbidden` if the host is another machine."""
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        if not _on_this_machine(name):
            self.refused.append(f"{name}:{port}")
            raise NetworkForbidden(self._message(f"{name}:{port}"))

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Replace the functions of `socket`."""
        connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
        getaddrinfo = socket.getaddrinfo

        def guarded_connect(sock: socket.socket, address: Any) -> None:
            self.check_address(sock, address)
            connect(sock, address)

        def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
            self.check_address(sock, address)
            return connect_ex(sock, address)

        def guarded_getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            self.check(host, port)
            return getaddrinfo(host, port, *args, **kwargs)

        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)

    def check_address(self, sock: socket.socket, address: Any) -> None:
        """Raise `NetworkForbidden` if an address of an IP socket is another machine.

        Other sockets are local.
        """
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            self.check(address[0], address[1])


@pytest.fixture
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forbid connections to other machines, and DNS lookups, during the test."""
    emulated = "dify_emulator" in request.fixturenames and "dify_mock" not in request.fixturenames
    guard = _Guard(_EMULATOR_CLIENTS if emulated else "")
    with monkeypatch.context() as patch:
        guard.install(patch)
        _check_at_end(request, lambda: guard.complaints)
        yield
    _fail_with(request, guard.complaints)  # also if the code under test has caught the exception


@pytest.fixture(autouse=True)
def _dify_guard(request: pytest.FixtureRequest) -> None:  # pyright: ignore[reportUnusedFunction]
    """Apply `no_network` if the ini file or a marker requires it."""
    node = cast("pytest.Item", request.node)
    everywhere = request.config.getini(_INI) and node.get_closest_marker("allow_network") is None
    if everywhere or node.get_closest_marker("no_network") is not None:
        request.getfixturevalue("no_network")
