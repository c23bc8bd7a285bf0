"""A call that nobody wants any more is ended at its socket, also where that comes later, and no other call is."""

import socket

from dify._net.sockets import Hangup, Wire


class Line:
    """A connection, as far as it can be shut down."""

    def __init__(self) -> None:
        self.mine, self.theirs = socket.socketpair()

    def get_extra_info(self, info):
        return self.mine if info == "socket" else None

    def is_shut(self) -> bool:
        self.theirs.setblocking(False)
        try:
            return self.theirs.recv(1) == b""
        except BlockingIOError:
            return False

    def close(self) -> None:
        self.mine.close()
        self.theirs.close()


def on(line: Line) -> Wire:
    wire = Wire()
    wire.take(line)
    return wire


def test_the_attempt_under_way_is_ended():
    line, hangup = Line(), Hangup()
    hangup.attempt(on(line))
    assert not line.is_shut()
    assert hangup.end()
    assert line.is_shut()
    assert hangup.over
    line.close()


def test_an_attempt_that_has_no_connection_yet_ends_when_it_gets_one():
    line, hangup, wire = Line(), Hangup(), Wire()
    hangup.attempt(wire)
    assert not hangup.end()
    wire.take(line)
    assert line.is_shut()
    line.close()


def test_an_attempt_that_begins_after_the_end_goes_nowhere():
    line, hangup, wire = Line(), Hangup(), Wire()
    assert not hangup.end()
    hangup.attempt(wire)
    wire.take(line)
    assert line.is_shut()
    line.close()


def test_the_connection_of_an_attempt_that_is_over_is_left_alone():
    line, hangup = Line(), Hangup()
    hangup.attempt(on(line))
    hangup.attempt(None)
    assert not hangup.end()
    assert not line.is_shut()
    line.close()
