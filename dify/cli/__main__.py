"""`python -m dify.cli`: the `dify` command where its script is not on the path."""

from __future__ import annotations

from . import main

if __name__ == "__main__":
    main()
