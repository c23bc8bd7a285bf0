"""Run the code of the README, the pages, the docstrings and docs/examples on a real server, before a release.

    $ export DIFY_LIVE_BASE_URL=https://dify.example.com/v1 DIFY_LIVE_CHAT_KEY=app-...    # see CONTRIBUTING.md
    $ uv run --all-extras --group dev python scripts/live_docs.py
    $ uv run --all-extras --group dev python scripts/live_docs.py pages --only knowledge.md --verbose

The keys are those of tests/conformance; tests/conformance/apps has an app of each kind to import. Placeholders such as
"app-..." and "alice" are filled in. Everything that the run creates has a word of its own in its name and is deleted at
the end. The report lists how many blocks ran, which failed, and why others were not run. The exit status is 1 if one failed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import textwrap
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.conformance.targets import BASE_URL
from tests.docs.live import LiveServer
from tests.docs.live_runs import Outcome, run_docstrings, run_examples, run_pages

SLOW = 30
"""Seconds from which on a block is reported: pages show nothing that takes so long."""
GROUPS = {"pages": run_pages, "docstrings": run_docstrings, "examples": run_examples}


def report(outcomes: list[Outcome], verbose: bool) -> None:
    """Print what failed, what was not run and why, and the counts."""
    if verbose:
        for each in outcomes:
            print(f"{each.state:8} {each.seconds:6.1f} s  {each.name}")
            print(textwrap.indent(each.output, "    "), end="")
    for each in outcomes:
        if each.state == "failed":
            print(f"failed: {each.name}: {each.reason}")
            if verbose or each.output.strip():
                print(textwrap.indent(each.output.strip()[-2000:], "    "))
        elif each.seconds > SLOW:
            print(f"slow: {each.name}: {each.seconds:.0f} s")
    reasons = Counter((each.group, each.reason) for each in outcomes if each.state == "not run")
    for (group, reason), count in reasons.items():
        print(f"not run: {count} of {group}: {reason}")
    for group in GROUPS:
        states = Counter(each.state for each in outcomes if each.group == group)
        if states:
            print(f"{group}: {states['ran']} ran, {states['failed']} failed, {states['not run']} not run")


async def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Run the documentation's code on a real server.")
    parser.add_argument("groups", nargs="*", metavar="group", help=f"{', '.join(GROUPS)} (default: all)")
    parser.add_argument("--only", default="", metavar="regex", help="run the blocks whose page and line match")
    parser.add_argument("--verbose", action="store_true", help="print every block and its output")
    arguments = parser.parse_args()
    unknown = set(arguments.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}; choose from {', '.join(GROUPS)}")
    if not os.environ.get(BASE_URL):
        parser.error(f"{BASE_URL} is not set; CONTRIBUTING.md lists the variables")
    server, wanted = LiveServer(), re.compile(arguments.only)
    outcomes: list[Outcome] = []
    try:
        for group in arguments.groups or GROUPS:
            outcomes += await GROUPS[group](server, wanted)
    finally:
        problems = server.clean()
    for problem in problems:
        print(f"not cleaned up: {problem}")
    report(outcomes, arguments.verbose)
    return 1 if problems or any(each.state == "failed" for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
