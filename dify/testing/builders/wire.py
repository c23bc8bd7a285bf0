"""Event streams as bytes, cut anywhere and broken as a test needs.

They can have pings, delays, comments and CRLF, and connections that break.

    from dify.testing import Wire, chat_stream

    Wire(chat_stream("Hello there"), cut=7, pings=2)          # chunks of seven bytes, a ping before every second event
    Wire(chat_stream("Hello there"), drop_after=1)            # one event, then the connection is reset
    Wire(chat_stream("Hello there")).content                  # the bytes as a whole

`dify.testing.responses` makes httpx answers of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

from dify.types import PingEvent

from ..script.frames import Frame, encode as encode_event
from .pieces import Piece, frames_of

__all__ = ["Frame", "Wire", "encode"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

PING = b"event: ping\n\n"

_Drop: TypeAlias = Literal["reset", "end", "timeout"]


def encode(frame: Frame | bytes) -> bytes:
    r"""An event as a server writes it; bytes stay as they are.

    Example:
        >>> from dify.testing import events
        >>> encode(events.ping())
        b'event: ping\n\n'
        >>> encode(events.datasource_error("nothing there"))
        b'data: {"event":"datasource_error","error":"nothing there"}\n\n'
    """
    return frame if isinstance(frame, bytes) else encode_event(frame)


@dataclass(frozen=True)
class Wire:
    """A stream as bytes: its events, and faults in their transport.

    Raises:
        TypeError: An item of `frames` is not an event, a dict or bytes.
        ValueError: A dict is not a frame that the client can parse, or another argument is out of range.

    Example:
        >>> from dify.testing import events
        >>> list(Wire([events.error("not_found", "no")], cut=20))[0]
        b'data: {"event":"erro'
        >>> len(Wire([events.message("a"), events.message("b")], drop_after=1).events)
        1
    """

    frames: Sequence[Piece]
    """Events; dicts, as of a recorded stream, are parsed, and bytes are sent unchanged. An empty list is a stream that
    ends without an event, which clients report as interrupted.
    """
    cut: int | None = None
    """Size of each chunk in bytes, regardless of events and characters. None makes each event a chunk."""
    pings: int = 0
    """Send a ping before every n-th event; 0 for no pings besides those in `frames`."""
    comments: bool = False
    """True to send a comment before every event."""
    crlf: bool = False
    """True to end lines with CR LF, as some gateways do."""
    bom: bool = False
    """True to start with a byte order mark."""
    delay: float = 0.0
    """Seconds to wait before every chunk but the first."""
    drop_after: int | None = None
    """Number of events (pings excluded) after which the connection breaks. None for never."""
    drop: _Drop = "reset"
    """Way in which it breaks: "reset" (an error), "end" (like a regular end) or "timeout" (a read timeout)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", frames_of(self.frames))
        if self.cut is not None and self.cut < 1:
            raise ValueError("cut counts bytes: 1 or more")
        if self.pings < 0:
            raise ValueError("pings counts events: 0 or more")
        if self.delay < 0:
            raise ValueError("delay is in seconds: 0 or more")
        if self.drop_after is not None and self.drop_after < 0:
            raise ValueError("drop_after counts events: 0 or more, or None for never")
        if self.drop not in get_args(_Drop):
            raise ValueError(f"drop is one of {get_args(_Drop)}, and not {self.drop!r}")

    @property
    def events(self) -> list[Frame | bytes]:
        """Events up to the break of the connection."""
        kept: list[Frame | bytes] = []
        left = self.drop_after
        for frame in cast("Sequence[Frame | bytes]", self.frames):
            if not isinstance(frame, PingEvent) and left is not None:
                if left == 0:
                    break
                left -= 1
            kept.append(frame)
        return kept

    @property
    def breaks(self) -> Literal["reset", "timeout"] | None:
        """Error of the broken connection. None if there is none."""
        return None if self.drop_after is None or self.drop == "end" else self.drop

    @property
    def content(self) -> bytes:
        """All bytes."""
        return b"".join(self._blocks())

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the chunks, without delays."""
        if self.cut is None:
            return iter(self._blocks())
        content, size = self.content, self.cut
        return (content[at : at + size] for at in range(0, len(content), size))

    def _blocks(self) -> list[bytes]:
        blocks = list(self._plain())
        if self.bom and blocks:
            blocks[0] = b"\xef\xbb\xbf" + blocks[0]
        return [block.replace(b"\n", b"\r\n") for block in blocks] if self.crlf else blocks

    def _plain(self) -> Iterable[bytes]:
        for number, frame in enumerate(self.events, 1):
            if self.pings and number % self.pings == 0:
                yield PING
            yield (b": a comment\n" if self.comments else b"") + encode(frame)
