"""What an upload costs: memory, throughput, and how long the event loop is kept waiting, on a fast disk and on a slow one.

python -m tests.bench.upload [--mib 1024] [--slow-mib 128]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ..support.measured import measure
from ..support.server import Server
from ..support.transfers import Taker
from ..support.upload_forms import checksum_of, sparse_file

MIB = 1 << 20


def show(name: str, mib: int, delay: float) -> None:
    taker = Taker()
    with tempfile.TemporaryDirectory() as folder, Server(taker, lazy=True) as server:
        path = sparse_file(Path(folder, "upload.bin"), mib * MIB)
        figures = measure("upload", server.url, path, delay=delay)
        came = taker.forms[-1]
        whole = came.whole and came.size == mib * MIB and came.checksum == checksum_of(path)
    print(
        f"{name:28} {mib:5d} MiB  {mib / figures['seconds']:7.0f} MiB/s  memory +{figures['grown']:5.1f} MiB  "
        f"loop lag p99 {figures['lag_p99'] * 1000:6.2f} ms  {'whole' if whole else 'NOT WHOLE'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures of uploads to a server on this machine")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--slow-mib", type=int, default=128)
    asked = parser.parse_args()
    show("a path", asked.mib, 0.0)
    show("a file, 20 ms for each read", asked.slow_mib, 0.02)


if __name__ == "__main__":
    main()
