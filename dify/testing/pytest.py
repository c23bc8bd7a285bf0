"""A pytest plugin with fixtures and a network guard.

To enable it, add this to the `conftest.py` in your root directory:

    pytest_plugins = ["dify.testing.pytest"]

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
from collections.abc import Iterator
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
    with Emulator(*args, **kwargs) as emulator:
        yield emulator
    if emulator.failures:
        pytest.fail(f"a function of the emulator raised {emulator.failures[0]!r}", pytrace=False)
    if emulator.waiting_faults:
        pytest.fail(f"some faults did not apply to any request: {'; '.join(emulator.waiting_faults)}", pytrace=False)


@pytest.fixture
def dify_mock() -> Iterator[DifyMock]:
    """Yield a mock that handles the requests of every client during the test."""
    from .mock import DifyMock

    with DifyMock() as mock:
        yield mock


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


def _on_this_machine(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


class _Guard:
    """A guard that replaces functions of `socket`, and records refused connections."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def check(self, host: Any, port: Any) -> None:
        """Raise `NetworkForbidden` if the host is another machine."""
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        if not _on_this_machine(name):
            self.refused.append(f"{name}:{port}")
            raise NetworkForbidden(f"this test must not use the network, but it tried to connect to {name}:{port}")

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
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forbid connections to other machines, and DNS lookups, during the test."""
    guard = _Guard()
    with monkeypatch.context() as patch:
        guard.install(patch)
        yield
    if guard.refused:
        # The test also fails if the code under test has caught the exception.
        pytest.fail(
            f"this test must not use the network, but it tried to connect to {', '.join(guard.refused)}", pytrace=False
        )


@pytest.fixture(autouse=True)
def _dify_guard(request: pytest.FixtureRequest) -> None:  # pyright: ignore[reportUnusedFunction]
    """Apply `no_network` if the ini file or a marker requires it."""
    node = cast("pytest.Item", request.node)
    everywhere = request.config.getini(_INI) and node.get_closest_marker("allow_network") is None
    if everywhere or node.get_closest_marker("no_network") is not None:
        request.getfixturevalue("no_network")
