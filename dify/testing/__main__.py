"""`python -m dify.testing`: serve an emulator."""

from __future__ import annotations

import sys

from .emulator.command import main

if __name__ == "__main__":
    sys.exit(main())
