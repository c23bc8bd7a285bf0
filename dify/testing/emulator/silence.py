"""What the emulator says aloud: nothing, for a little while."""

from __future__ import annotations

__all__ = ["SILENCE"]

# One frame of MPEG-2 Layer III, mono, 16 kHz at 8 kbit/s: 72 * 8000 / 16000 = 36 bytes, the header's four among them.
_FRAME = b"\xff\xf3\x18\xc0" + bytes(32)

SILENCE = _FRAME * 10
"""A whole MP3 file of 0.36 seconds: 360 bytes, always the same."""
