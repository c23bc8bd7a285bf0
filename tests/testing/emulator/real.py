"""What a real server sent, to hold the emulator against."""

from __future__ import annotations

from typing import Any

from tests.support.recordings import recording

from .conftest import frames_of

DELTAS = ("message", "agent_message", "text_chunk", "tts_message")


real = recording


def real_frames(name: str) -> list[dict[str, Any]]:
    """The frames of a recorded stream, pings among them."""
    return frames_of(real(name).content.decode())


def names(frames: list[dict[str, Any]]) -> list[str]:
    """The events, a row of the same delta counted once."""
    kept: list[str] = []
    for frame in frames:
        if not (kept and frame["event"] in DELTAS and kept[-1] == frame["event"]):
            kept.append(frame["event"])
    return kept


def nesting(frames: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The events of runs with what they belong to: node, type, status, container and round."""
    kept: list[tuple[Any, ...]] = []
    for frame in frames:
        data = frame.get("data") or {}
        metadata = data.get("execution_metadata") or {}
        said = (
            frame["event"],
            *(data.get(name) for name in ("node_id", "node_type", "status", "index", "iteration_id", "loop_id")),
            *(metadata.get(name) for name in ("iteration_index", "loop_index", "error_strategy")),
            data.get("reason"),
            data.get("retry_index"),
        )
        if not (frame["event"] in DELTAS and kept and kept[-1] == said):
            kept.append(said)
    return kept
