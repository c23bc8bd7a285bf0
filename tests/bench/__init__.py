"""What the client costs, beside raw httpx and the peers that are installed.

    python -m tests.bench                      the whole table; most of an hour on a small machine
    python -m tests.bench --only "large"       the rows with that in their name (--list tells the names)
    python -m tests.bench --rounds 9           more turns, steadier medians
    python -m tests.bench --keep FILE          figures are noted there as they come; called again, it goes on from them
    python -m tests.bench --markdown FILE      the table for the docs
    python -m tests.bench --short              everything once and tiny, as CI does: shows that it runs, judges nothing

"raw" is httpx alone, untyped: `aiter_lines` and `json.loads`. The peers openai, anthropic and dify-client (from PyPI) and the
package httpx-aiohttp are measured where they can be imported; nothing here needs them. To have them all:

    uv run --group dev --with openai --with anthropic --with dify-client --with httpx-aiohttp python -m tests.bench

How it is measured: CPU is user and system time of the client's process, after one stream that is not counted; the server is
another process. What one stream or call costs is measured with ours and raw in one process, which take turns pass by pass:
the ratio is the median over the passes of a process, and then over the rounds. Everything else (many streams, files, imports,
the peers) has a process for each variant, variants taking turns; ratios are taken within a round, and the table has their
median. Rows "no sockets" answer from memory, below the HTTP library's own connection: they are the steady ones. Frames are
recorded ones (tests/recordings); peers get the same words in the shape of their own wire.

The rooms: `rows` (what is run, and the goals), `table` (takes turns, sets the table), `work` (a process of its own), `plans`
(the bytes of an answer), `server`, `network` (none at all), `clients` and `clients_sync` (ours, raw, the peers), `streams`,
`imports`, `transfers` (what is measured).
"""
