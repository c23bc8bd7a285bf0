"""Counts of the operations that the suite sent and the server answered, by door and face.

The counts come from the log lines that the transport writes when the headers of a response have arrived, so a call that
was refused before sending, or never answered, does not count.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dify._operations import OPERATIONS

from .targets import Door, Face, live, live_targets

Counts = dict[str, Counter[int]]
"""How often each status code came, by operation."""


class Recorder(logging.Handler):
    """Log handler that counts the responses of one door."""

    def __init__(self, touched: Mapping[Face, Counts]) -> None:
        super().__init__(logging.DEBUG)
        self._touched = touched

    def emit(self, record: logging.LogRecord) -> None:
        """Count a response; other lines of the logger are ignored."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        if record.levelno != logging.DEBUG or len(arguments) != 5 or arguments[0] not in OPERATIONS:
            return
        operation, _, _, status, _ = arguments
        face: Face = "sync" if "_sync" in record.pathname else "async"
        self._touched[face].setdefault(str(operation), Counter())[int(str(status))] += 1


class Touched:
    """Every response of the suite, by door and face.

    Attributes:
        doors: The counts.
        whole: True if the whole suite was collected, so that every operation is due.
    """

    def __init__(self) -> None:
        self.doors: dict[Door, dict[Face, Counts]] = {}
        self.whole = False

    @contextmanager
    def recording(self, door: Door) -> Iterator[None]:
        """Count the responses of a door while the block runs."""
        handler = Recorder(self.doors.setdefault(door, {"async": {}, "sync": {}}))
        logger = logging.getLogger("dify")
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.setLevel(level)
            logger.removeHandler(handler)

    def plain(self) -> dict[str, Any]:
        """The counts in types that one process can send to another."""
        doors = [
            (door, face, operation, code, count)
            for door, faces in self.doors.items()
            for face, counts in faces.items()
            for operation, statuses in counts.items()
            for code, count in statuses.items()
        ]
        return {"whole": self.whole, "counts": doors}

    def add(self, plain: Mapping[str, Any]) -> None:
        """Add the counts of another process."""
        self.whole = self.whole or bool(plain.get("whole"))
        for door, face, operation, code, count in plain.get("counts", ()):
            faces = self.doors.setdefault(door, {"async": {}, "sync": {}})
            faces[face].setdefault(operation, Counter())[code] += count

    def missing(self) -> list[str]:
        """A line for each door and face that left an operation out, although the whole suite ran with every variable set."""
        if not self.whole or (live_targets() and live().unset):
            return []
        return [
            f"{door}, {face}: no test called {', '.join(untouched)} with success"
            for door, faces in self.doors.items()
            for face in faces
            if (untouched := self.untouched(door, face))
        ]

    def succeeded(self, door: Door, face: Face) -> set[str]:
        """The operations that a face called and that the server answered with a success."""
        counts = self.doors[door][face]
        return {operation for operation, statuses in counts.items() if any(200 <= code < 300 for code in statuses)}

    def untouched(self, door: Door, face: Face) -> list[str]:
        """The operations that no test of a face called with success, in the order of the table."""
        succeeded = self.succeeded(door, face)
        return [operation for operation in OPERATIONS if operation not in succeeded]

    def report(self) -> Sequence[str]:
        """Lines for the end of the run: how many operations were touched, which were not, and each with its statuses."""
        lines: list[str] = []
        for door, faces in self.doors.items():
            for face, counts in faces.items():
                missing = self.untouched(door, face)
                responses = sum(sum(statuses.values()) for statuses in counts.values())
                total = len(OPERATIONS)
                lines.append(f"{door}, {face}: {total - len(missing)} of {total} operations, {responses} responses")
                if missing:
                    lines.append(f"  untouched: {', '.join(missing)}")
        lines += _table(self.doors)
        return lines


def _table(doors: Mapping[Door, Mapping[Face, Counts]]) -> Iterator[str]:
    """A line per operation: responses by status code, of all doors and faces together."""
    merged: Counts = {}
    for faces in doors.values():
        for counts in faces.values():
            for operation, statuses in counts.items():
                merged.setdefault(operation, Counter()).update(statuses)
    for operation in OPERATIONS:
        if operation in merged:
            statuses = ", ".join(f"{count} x {code}" for code, count in sorted(merged[operation].items()))
            yield f"  {operation}: {statuses}"
