"""Cut a chat's stream at every byte offset in four ways, and count the outcomes.

  python -m tests.faults.tools.run_cut_sweep ADAPTER [--step 1] [--out cuts.json]

Outcomes: complete | typed | raw:<exception> | SILENT (less than the whole text, and no error) | HANG
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
from collections import Counter
from pathlib import Path

from dify import DifyError

from .adapters import ADAPTERS, Adapter
from .faultserver import TEXT, Payload
from .processes import fault_server

WAYS = ("stream-cut-clean", "stream-cut-fin", "stream-cut-close-delimited", "stream-rst")
LENGTH = len(b"".join(Payload.content() + Payload.terminal()))


async def outcome(adapter: Adapter, url: str) -> str:
    """Run one stream to its end and name its outcome."""
    call = (
        adapter if inspect.iscoroutinefunction(adapter) else lambda *arguments: asyncio.to_thread(adapter, *arguments)
    )
    try:
        text = await asyncio.wait_for(call(url, True, 0, 3.0), 12)
    except DifyError:
        return "typed"
    except TimeoutError:
        return "HANG"
    except Exception as error:  # noqa: BLE001 - its type is the outcome
        return f"raw:{type(error).__name__}"
    return "complete" if text == TEXT else "SILENT"


async def sweep(adapter: Adapter, base: str, way: str, step: int) -> dict[int, str]:
    """Run one stream for each offset, up to 16 at the same time."""
    slots = asyncio.Semaphore(16)
    outcomes: dict[int, str] = {}

    async def one(offset: int) -> None:
        async with slots:
            outcomes[offset] = await outcome(adapter, f"{base}/f/{way};at={offset}/v1")

    await asyncio.gather(*(one(offset) for offset in range(0, LENGTH + 1, step)))
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter", choices=ADAPTERS)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    results = {}
    with fault_server() as server:
        for way in WAYS:
            outcomes = asyncio.run(sweep(ADAPTERS[arguments.adapter], server.base, way, arguments.step))
            results[way] = {
                "bytes": LENGTH,
                "offsets": len(outcomes),
                "outcomes": dict(Counter(outcomes.values())),
                "complete_though_cut": sum(end == "complete" and at < LENGTH for at, end in outcomes.items()),
                "silent": [at for at, end in outcomes.items() if end == "SILENT"],
            }
            print(way, results[way], flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
