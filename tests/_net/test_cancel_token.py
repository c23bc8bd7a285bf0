"""A cancelled call ends at its socket, also if it gets the socket later, and no other call ends."""

import socket

from dify._net.cancel_token import CancelToken
from dify._net.deadline import Attempt


class Connection:
    """A connection, as far as it can be shut down."""

    def __init__(self) -> None:
        self.local, self.remote = socket.socketpair()

    def get_extra_info(self, info):
        return self.local if info == "socket" else None

    def is_shut(self) -> bool:
        self.remote.setblocking(False)
        try:
            return self.remote.recv(1) == b""
        except BlockingIOError:
            return False

    def close(self) -> None:
        self.local.close()
        self.remote.close()


def attempt_on(connection: Connection) -> Attempt:
    attempt = Attempt()
    attempt.attach(connection)
    return attempt


def test_the_attempt_in_progress_ends():
    connection, token = Connection(), CancelToken()
    token.follow(attempt_on(connection))
    assert not connection.is_shut()
    assert token.cancel()
    assert connection.is_shut()
    assert token.cancelled
    connection.close()


def test_an_attempt_without_a_connection_ends_when_it_gets_one():
    connection, token, attempt = Connection(), CancelToken(), Attempt()
    token.follow(attempt)
    assert not token.cancel()
    attempt.attach(connection)
    assert connection.is_shut()
    connection.close()


def test_an_attempt_that_starts_after_the_cancellation_ends_when_it_gets_a_connection():
    connection, token, attempt = Connection(), CancelToken(), Attempt()
    assert not token.cancel()
    token.follow(attempt)
    attempt.attach(connection)
    assert connection.is_shut()
    connection.close()


def test_the_connection_of_an_attempt_that_is_over_stays_open():
    connection, token = Connection(), CancelToken()
    token.follow(attempt_on(connection))
    token.follow(None)
    assert not token.cancel()
    assert not connection.is_shut()
    connection.close()


def test_a_wait_for_another_call_ends_also_if_it_starts_after_the_cancellation():
    token, woken = CancelToken(), []
    token.wakes(lambda: woken.append("first"))
    assert token.cancel()
    token.wakes(None)
    assert not token.cancel()
    token.wakes(lambda: woken.append("second"))
    assert woken == ["first", "second"]
