"""The pytest plugin, as a user's own test suite has it."""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import pytest

# pytester forgets the modules that a suite imports. Half of the emulator, imported by another test file, would stay.
import dify.testing.emulator.app  # noqa: F401

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["dify.testing.pytest"]\n'
PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


@pytest.fixture
def suite(pytester: pytest.Pytester):
    """Runs a test file of a user's."""
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\n")

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return pytester.runpytest_inprocess("--strict-markers", "-p", "no:cacheprovider", *options)

    return run


def test_pytest_loads_the_plugin_by_its_entry_point():
    entry_points = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["entry-points"]["pytest11"]
    # Under the name of its module, so that a conftest.py may load it, too.
    assert entry_points == {"dify.testing.pytest": "dify.testing.pytest"}


def test_the_ini_option_and_the_fixtures_need_no_conftest(pytester):
    pytester.makeini("[pytest]\ndify_no_network = true\naddopts = --strict-config -p dify.testing.pytest\n")
    pytester.makepyfile(
        """
        import socket
        import pytest

        def test_it(dify_mock, dify_sync_client):
            dify_mock.chat.streams("Hello")
            assert dify_sync_client.chat.send("Hi").answer == "Hello"
            with pytest.raises(RuntimeError):
                socket.getaddrinfo("dify.test", 80)
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*this test must not use the network, but it tried to connect to dify.test:80"])


def test_the_plugin_can_be_disabled(pytester):
    pytester.makepyfile("def test_it(dify_emulator): pass")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:dify.testing.pytest")
    result.stdout.fnmatch_lines(["*fixture 'dify_emulator' not found*"])


def test_both_faces_reach_the_emulator(suite):
    suite(
        """
        import pytest

        def test_sync(dify_emulator, dify_sync_client):
            assert dify_sync_client.chat.send("Hi").answer == "Echo: Hi"
            assert dify_emulator.requests[-1].path == "/chat-messages"

        @pytest.mark.asyncio
        async def test_async(dify_client):
            assert (await dify_client.chat.send("Hi")).answer == "Echo: Hi"

        def test_each_test_has_its_own(dify_emulator):
            assert dify_emulator.requests == []
        """
    ).assert_outcomes(passed=3)


def test_the_clients_work_without_a_plugin_for_async_fixtures(suite):
    suite(
        """
        import asyncio

        def test_it(dify_client):
            assert asyncio.run(dify_client.chat.send("Hi")).answer == "Echo: Hi"
        """,
        "-p",
        "no:asyncio",
        "-o",
        "asyncio_mode=",
    ).assert_outcomes(passed=1)


def test_the_answer_can_be_a_fixture_or_in_a_marker(suite):
    suite(
        """
        import pytest

        class TestFixture:
            @pytest.fixture
            def dify_answer(self):
                return lambda request: f"You said: {request.query}"

            def test_it(self, dify_sync_client):
                assert dify_sync_client.chat.send("Hi").answer == "You said: Hi"

        @pytest.mark.dify_emulator(lambda request: "marked", mode="completion")
        def test_marked(dify_emulator, dify_sync_client):
            assert dify_sync_client.completions.create({}).answer == "marked"
            assert dify_sync_client.app.info().mode == "completion"
        """
    ).assert_outcomes(passed=2)


def test_a_mistake_in_the_answer_function_fails_the_test(suite):
    result = suite(
        """
        import pytest

        @pytest.mark.dify_emulator(lambda request: 1 / 0)
        def test_it(dify_sync_client):
            with pytest.raises(Exception):
                dify_sync_client.chat.send("Hi")
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*a function of the emulator raised ZeroDivisionError*"])


def test_what_the_function_raised_is_told_where_the_call_is_made(suite):
    result = suite(
        """
        import pytest

        @pytest.mark.dify_emulator(lambda request: 1 / 0)
        def test_it(dify_sync_client):
            dify_sync_client.with_options(max_retries=0).chat.send("Hi")
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ServerError: *The emulator's function raised ZeroDivisionError(*"])


@pytest.mark.parametrize(
    ("given", "said"),
    [('mode="foo"', "ValueError: mode must be*'foo'"), ('"chat"', "TypeError: answer must be a function*")],
)
def test_a_mistake_in_the_marker_fails_the_test_before_it_begins(suite, given, said):
    result = suite(
        f"""
        import pytest

        @pytest.mark.dify_emulator({given})
        def test_it(dify_sync_client):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{said}*"])


def test_a_fault_that_no_request_met_fails_the_test(suite):
    result = suite(
        """
        def test_waiting(dify_emulator, dify_sync_client):
            dify_emulator.fail_next(503, path="/site")
            dify_sync_client.app.info()

        def test_met(dify_emulator, dify_sync_client):
            dify_emulator.fail_next(429, retry_after=0, times=2)
            dify_emulator.drop_stream(after=1, times=9)
            dify_sync_client.app.info()
            try:
                dify_sync_client.chat.send("Hi")
            except Exception:
                pass

        def test_forgotten(dify_emulator):
            dify_emulator.fail_next(503, times=100)
            dify_emulator.clear_faults()
        """
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*some faults did not apply to any request: a failure with status 503 for /site*"])


def test_the_mock_answers_the_fixtures_and_every_other_client(suite):
    suite(
        """
        import pytest
        from dify import Dify

        def test_sync(dify_mock, dify_sync_client):
            dify_mock.chat.streams("Hello")
            assert dify_sync_client.chat.send("Hi").answer == "Hello"
            with Dify("app-mine", user="alice") as client:
                assert client.chat.send("Hi").answer == "Hello"

        @pytest.mark.asyncio
        async def test_async(dify_client, dify_mock):
            dify_mock.chat.streams("Hello")
            assert (await dify_client.chat.send("Hi")).answer == "Hello"
        """
    ).assert_outcomes(passed=2)


def test_the_mock_fails_tests_that_leave_answers_or_swallow_unexpected_calls(suite):
    result = suite(
        """
        def test_unused(dify_mock):
            dify_mock.chat.streams("Hello")

        def test_swallowed(dify_mock, dify_sync_client):
            try:
                dify_sync_client.app.info()
            except BaseException:
                pass
        """
    )
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(
        ["*mock.chat.send was never called*", "*unexpected call: app.info*mock.app.info.returns*"]
    )


NETWORK = """
    import socket
    import pytest

    {mark}
    def test_it():
        with pytest.raises(Exception, match={match!r}):
            socket.create_connection(("{host}", 9), timeout=0.5)
"""


@pytest.mark.parametrize("host", ["192.0.2.1", "dify.example.invalid"])
def test_the_guard_refuses_other_machines_by_address_and_by_name(suite, host):
    mark = "@pytest.mark.no_network"
    result = suite(NETWORK.format(mark=mark, host=host, match="must not use the network"))
    result.assert_outcomes(passed=1, errors=1)  # also where the error was caught
    result.stdout.fnmatch_lines([f"*tried to connect to {host}:9*"])


def test_the_guard_lets_this_machine_be(suite):
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with listening:
        suite(
            f"""
            import asyncio, socket
            import pytest
            from dify import Dify
            from dify.testing import Emulator

            @pytest.mark.no_network
            def test_it():
                for host in ("127.0.0.1", "localhost"):
                    socket.create_connection((host, {port}), timeout=5).close()
                a, b = socket.socketpair()
                a.close(), b.close()

            def test_a_server(no_network):
                with Emulator() as emulator, emulator.serve() as url, Dify("app-x", user="u", base_url=url) as client:
                    assert client.chat.send("Hi").answer == "Echo: Hi"

            def test_an_event_loop(no_network):
                async def connect():
                    _, writer = await asyncio.open_connection("localhost", {port})
                    writer.close()
                asyncio.run(connect())
            """
        ).assert_outcomes(passed=3)


def test_the_guard_stops_the_client_of_code_under_test(suite):
    result = suite(
        """
        import pytest
        from dify import AsyncDify

        @pytest.mark.asyncio
        @pytest.mark.no_network
        async def test_it():
            async with AsyncDify("app-x", user="u") as client:
                await client.app.info()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*NetworkForbidden: this test must not use the network*api.dify.ai:443*"])
    result.stdout.no_fnmatch_line("*dify_emulator responds*")


def test_the_guard_says_why_the_emulator_did_not_respond(suite):
    result = suite(
        """
        import pytest
        from dify import Dify

        @pytest.mark.no_network
        def test_it(dify_emulator):
            with Dify("app-x", user="u") as client:
                client.app.info()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*NetworkForbidden: *api.dify.ai:443. The fixture dify_emulator responds to dify_client*"]
    )


def test_a_call_without_a_response_is_one_failure(suite):
    result = suite(
        """
        from dify import DifyError

        def test_raised(dify_mock, dify_sync_client):
            dify_sync_client.chat.send("Hi")

        def test_swallowed(dify_mock, dify_sync_client):
            try:
                dify_sync_client.chat.send("Hi")
            except AssertionError:
                pass
            assert 1 == 2
        """
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*UnmockedCall: unexpected call: chat.send 'Hi'*"])
    result.stdout.fnmatch_lines(["*assert 1 == 2", "*unexpected call: chat.send 'Hi'*"])  # a note of the exception


def test_the_frames_of_the_kit_are_left_out_of_tracebacks(suite):
    result = suite(
        """
        def test_reply(dify_mock):
            dify_mock.chat.replies({"answer": "Hi"})

        def test_code(dify_mock):
            dify_mock.chat.refuses("provider_quota_exceded")

        def test_fault(dify_emulator):
            dify_emulator.fail_next(code="provider_quota_exceded")

        def test_count(dify_mock):
            dify_mock.chat.send.assert_called_once()
        """
    )
    result.assert_outcomes(failed=4)
    output = result.stdout.str()
    assert "testing/mock" not in output
    assert "testing/builders" not in output
    assert "testing/emulator" not in output


def test_the_guard_can_hold_for_all_tests_but_some(suite, pytester):
    pytester.makeini("[pytest]\ndify_no_network = true\nasyncio_default_fixture_loop_scope = function\n")
    result = suite(
        """
        import socket
        import pytest

        def closed():
            return socket.socket.connect.__name__ == "guarded_connect"

        def test_all():
            assert closed()

        @pytest.mark.allow_network
        def test_some():
            assert not closed()
        """
    )
    result.assert_outcomes(passed=2)


def test_without_a_word_of_it_nothing_is_guarded(suite):
    suite(
        """
        import socket

        def test_it():
            assert socket.socket.connect.__name__ == "connect"
        """
    ).assert_outcomes(passed=1)


def test_connect_ex_is_guarded_too(suite):
    suite(
        """
        import socket
        import pytest

        def test_it(no_network):
            with socket.socket() as sock, pytest.raises(RuntimeError, match="must not use"):
                sock.connect_ex(("192.0.2.1", 9))
        """
    ).assert_outcomes(passed=1, errors=1)


def test_connect_ex_and_sockets_of_this_machine_work_under_the_guard(suite):
    suite(
        """
        import socket

        def test_an_address(no_network):
            with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sock:
                assert sock.connect_ex(server.getsockname()) == 0

        def test_a_path(no_network, tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            with socket.socket(socket.AF_UNIX) as sock:
                assert sock.connect_ex("none") != 0
        """
    ).assert_outcomes(passed=2)


def test_the_markers_are_listed(suite):
    result = suite("", "--markers")
    result.stdout.fnmatch_lines(["*dify_emulator(*", "*no_network:*", "*allow_network:*"])
