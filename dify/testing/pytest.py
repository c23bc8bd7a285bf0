"""Fixtures and a guard for pytest. Opt in, in the `conftest.py` at the root of your tests:

    pytest_plugins = ["dify.testing.pytest"]

Fixtures:

- `dify_emulator`: a fresh `Emulator`. It answers with the function of the fixture `dify_answer`, which you may override,
  and takes the arguments of a marker: `@pytest.mark.dify_emulator(mode="workflow")`. It fails the test for what its function
  raised by mistake, and for faults (`fail_next` and its like) that no request met.
- `dify_mock`: a fresh `DifyMock`, in force while the test runs. It answers every client of the code under test, and fails
  the test for calls without an answer and for answers without a call.
- `dify_client` and `dify_sync_client`: an `AsyncDify` and a `Dify`, of the mock where the test asks for `dify_mock`, else
  of the emulator. They need no closing, and no plugin for async fixtures.
- `dify_no_waits`: skips the client's pauses before retries and between polls, and lists their seconds; see `no_waits`.
- `no_network`: no connection leaves this machine while the test runs. For all tests, say `dify_no_network = true` in the
  ini file; for some, mark them `@pytest.mark.no_network`, and those that may, `@pytest.mark.allow_network`.
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
    "dify_emulator(answer=None, *, mode=None, ...): the arguments of the Emulator that the test gets",
    "no_network: no connection leaves this machine while the test runs",
    "allow_network: the test may use the network although the ini file forbids it",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini option."""
    parser.addini(_INI, "forbid tests to connect to other machines", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


# --------------------------------------------------------------------------------------------------------- the doubles
@pytest.fixture
def dify_answer() -> AnswerFunction | None:
    """What the emulator answers with; None lets it echo. Override it with a fixture of the same name."""
    return None


@pytest.fixture
def dify_emulator(request: pytest.FixtureRequest, dify_answer: AnswerFunction | None) -> Iterator[Emulator]:
    """A Dify server in this process, new for every test."""
    from .emulator.emulator import Emulator

    marker = cast("pytest.Item", request.node).get_closest_marker("dify_emulator")
    given: tuple[Any, ...] = () if marker is None else marker.args
    named: dict[str, Any] = {} if marker is None else dict(marker.kwargs)
    if not given and "answer" not in named:
        named["answer"] = dify_answer
    with Emulator(*given, **named) as emulator:
        yield emulator
    if emulator.failures:
        pytest.fail(f"the emulator's function raised: {emulator.failures[0]!r}", pytrace=False)
    if emulator.waiting_faults:
        pytest.fail(f"faults were set that no request met: {'; '.join(emulator.waiting_faults)}", pytrace=False)


@pytest.fixture
def dify_mock() -> Iterator[DifyMock]:
    """Answers that the test sets, for every client of the code under test."""
    from .mock import DifyMock

    with DifyMock() as mock:
        yield mock


def _double(request: pytest.FixtureRequest) -> Emulator | DifyMock:
    return request.getfixturevalue("dify_mock" if "dify_mock" in request.fixturenames else "dify_emulator")


@pytest.fixture
def dify_client(request: pytest.FixtureRequest) -> AsyncDify:
    """A client for code that awaits, of `dify_mock` where the test asks for that, else of `dify_emulator`."""
    return _double(request).client()


@pytest.fixture
def dify_sync_client(request: pytest.FixtureRequest) -> Dify:
    """The same for code that does not."""
    return _double(request).sync_client()


@pytest.fixture
def dify_no_waits() -> Iterator[list[float]]:
    """Skips the client's pauses before retries and between polls; the value lists their seconds."""
    from .waits import no_waits

    with no_waits() as waits:
        yield waits


# ----------------------------------------------------------------------------------------------------------- the guard
class NetworkForbidden(RuntimeError):
    """The code under test tried to reach another machine."""


def _on_this_machine(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


class _Guard:
    """Stands before the sockets of this process, and remembers what it has refused."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def check(self, host: Any, port: Any) -> None:
        """Refuse what is on another machine."""
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        if not _on_this_machine(name):
            self.refused.append(f"{name}:{port}")
            raise NetworkForbidden(f"the network is closed to this test, which tried to reach {name}:{port}")

    def close(self, patch: pytest.MonkeyPatch) -> None:
        """Put it in force."""
        connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
        getaddrinfo = socket.getaddrinfo

        def guarded(sock: socket.socket, address: Any) -> None:
            self.check_address(sock, address)
            connect(sock, address)

        def guarded_ex(sock: socket.socket, address: Any) -> int:
            self.check_address(sock, address)
            return connect_ex(sock, address)

        def guarded_names(host: Any, port: Any, *more: Any, **named: Any) -> Any:
            self.check(host, port)
            return getaddrinfo(host, port, *more, **named)

        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket.socket, "connect_ex", guarded_ex)
        patch.setattr(socket, "getaddrinfo", guarded_names)

    def check_address(self, sock: socket.socket, address: Any) -> None:
        """Refuse the address of a socket; those of one machine's own kind, such as Unix sockets, pass."""
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            self.check(address[0], address[1])


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No connection leaves this machine, and no name of another is looked up, while the test runs."""
    guard = _Guard()
    with monkeypatch.context() as patch:
        guard.close(patch)
        yield
    if guard.refused:
        # Also where the code under test has swallowed the error.
        pytest.fail(
            f"the network is closed to this test, which tried to reach {', '.join(guard.refused)}", pytrace=False
        )


@pytest.fixture(autouse=True)
def _dify_guard(request: pytest.FixtureRequest) -> None:  # pyright: ignore[reportUnusedFunction]
    """Puts `no_network` in force where the ini file or a marker says so."""
    node = cast("pytest.Item", request.node)
    everywhere = request.config.getini(_INI) and node.get_closest_marker("allow_network") is None
    if everywhere or node.get_closest_marker("no_network") is not None:
        request.getfixturevalue("no_network")
