"""What is measured, and the goals: cases are run, rows are read off them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Face = Literal["async", "sync"]

PEERS = {"async": ("openai", "anthropic"), "sync": ("openai", "anthropic", "dify-client")}
FACES: tuple[Face, ...] = ("async", "sync")


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    events: int = 10_000
    chunked: int = 2_000
    nodes: int = 1_000
    passes: int = 12
    few: int = 100
    many: int = 1_000
    each: int = 50
    alone: int = 40
    calls: int = 100
    bursts: int = 1
    huge: int = 16 << 20
    mib: int = 1024
    slow_mib: int = 32
    rounds: int = 5
    heavy_rounds: int = 3
    imports: int = 2


SHORT = Sizes(50, 20, 8, 2, 3, 6, 5, 2, 3, 1, 1 << 16, 1, 1, 1, 1, 1)


@dataclass(frozen=True)
class Case:
    """One thing to run, by several variants one after another.

    `asked` goes to the process that measures: `job`, `plan` (see `plans.Plan`), `net` ("memory": connections that are not
    there; "chunks": no protocol either; "socket"), `at_once`, `times`, and `passes` of all that, of which the least counts.
    The variants in `together` share a process and take turns pass by pass, so that both meet the machine as it is then.
    """

    name: str
    face: Face
    variants: tuple[str, ...]
    asked: dict[str, Any] = field(hash=False)
    heavy: bool = False
    together: tuple[str, ...] = ()

    @property
    def turns(self) -> list[tuple[str, ...]]:
        """Who is measured in one process, and who after."""
        apart = [(variant,) for variant in self.variants if variant not in self.together]
        return [self.together, *apart] if self.together else apart


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        title: The measure.
        case: Where the figure is from, and its `key` there.
        unit: Of the figure.
        over: Case and variant of what ours is divided by; None where ours alone is judged. The case's "raw" otherwise shown.
        goal: What the ratio (or ours alone) may be at most; None for a figure that is only shown.
        variant: Which of ours.
    """

    face: Face
    title: str
    case: str
    key: str
    unit: str
    goal: float | None
    over: tuple[str, str] | None = None
    variant: str = "ours"
    over_words: str = "raw"

    @property
    def name(self) -> str:
        """What `--only` takes, in part or whole."""
        return f"{self.face}: {self.title}"


def _stream_case(
    name: str,
    face: Face,
    variants: tuple[str, ...],
    *,
    heavy: bool = False,
    together: tuple[str, ...] = (),
    net: str = "socket",
    **asked: Any,
) -> Case:
    plan = {"frames": asked.pop("frames", "message"), "count": asked.pop("count"), "chunk": asked.pop("chunk", 0)}
    plan |= {"every": asked.pop("every", 0), "hold": asked.pop("hold", False)}
    usual = {"job": "streams", "net": net, "plan": plan, "at_once": 1, "times": 1, "passes": 1, "warm_up": 1}
    return Case(name, face, variants, usual | asked, heavy, together)


def cases(sizes: Sizes) -> list[Case]:
    """Everything that is run."""
    found: list[Case] = []
    for face in FACES:
        found += _decoding(face, sizes)
        found += _many(face, sizes)
        found += _calls(face, sizes)
        found += _transfers(face, sizes)
    for what in ("import", "client", "first-use"):
        variants = ("ours", "raw", *(() if what == "first-use" else PEERS["sync"]))
        found.append(Case(what, "async", variants, {"job": "imports", "what": what, "times": sizes.imports}))
    return found


def _decoding(face: Face, sizes: Sizes) -> list[Case]:
    both = ("ours", "raw")
    all_here = (*both, "openai", "anthropic")
    every = (*both, *PEERS[face])

    def case(name: str, variants: tuple[str, ...], **asked: Any) -> Case:
        return _stream_case(name, face, variants, passes=sizes.passes, together=variants[:2], **asked)

    return [
        case("large", all_here, net="memory", count=sizes.events, chunk=1 << 16),
        case("large-socket", every, count=sizes.events, chunk=1 << 16),
        case("framed", all_here, net="memory", count=sizes.chunked),
        case("framed-socket", every, count=sizes.chunked),
        case("nodes", both, net="memory", frames="node", count=sizes.nodes, chunk=1 << 16),
        case("nodes-framed", both, net="memory", frames="node", count=sizes.nodes),
        *(
            case(name, ("ours", "httpx-sse", "raw"), net="chunks", frames="huge", count=size, chunk=1024, warm_up=1)
            for name, size in (("huge", sizes.huge), ("huge-half", sizes.huge // 2))
        ),
    ]


def _many(face: Face, sizes: Sizes) -> list[Case]:
    ours = ("ours", "ours-aiohttp") if face == "async" else ("ours",)
    variants = (*ours, "raw", "raw-default", "openai", "anthropic")
    most = sizes.many

    def case(name: str, at_once: int, every: int, times: int) -> Case:
        asked = {"count": sizes.each, "every": every, "at_once": at_once, "times": times}
        return _stream_case(name, face, variants, heavy=at_once > sizes.few, **asked)

    # The same stream at one, at a hundred and at a thousand, each as fast as it comes: what of the cost is in the number?
    # And as in life, where a model pauses between two words and some ten thousand events a second come in all.
    found = [
        case("alone", 1, 0, sizes.alone),
        case("few-fast", sizes.few, 0, 2),
        case("many-fast", most, 0, 1),
        case("few", sizes.few, 10, 2),
        case("many", most, 100, 1),
        _stream_case("first", face, variants, heavy=True, count=3, at_once=most),
    ]
    if face == "async":
        opened = {"count": 3, "hold": True, "at_once": most}
        found.append(_stream_case("open", face, tuple(v for v in variants if v != "raw-default"), heavy=True, **opened))
    return found


def _calls(face: Face, sizes: Sizes) -> list[Case]:
    def case(name: str, variants: tuple[str, ...], **asked: Any) -> Case:
        return _stream_case(
            name, face, variants, together=variants[:2], frames="reply", count=1, passes=sizes.passes, **asked
        )

    both, every = ("ours", "raw"), ("ours", "raw", *PEERS[face])
    return [
        case("call", every, times=sizes.calls),
        case("call-memory", both, net="memory", times=sizes.calls),
        case("calls", every, at_once=sizes.few, times=sizes.bursts),
    ]


def _transfers(face: Face, sizes: Sizes) -> list[Case]:
    def case(name: str, what: str, mib: int, slow: bool = False) -> Case:
        asked = {"job": "transfers", "what": what, "mib": mib, "slow": slow}
        return Case(name, face, ("ours", "raw"), asked, heavy=True)

    found = [case("upload", "upload", sizes.mib), case("download", "download", sizes.mib)]
    if face == "async":
        found += [case(f"{what}-slow", what, sizes.slow_mib, slow=True) for what in ("upload", "download")]
    return found


# ----------------------------------------------------------------------------------------------------------------- rows
def rows(sizes: Sizes) -> list[Row]:
    """The table."""
    found: list[Row] = []
    for face in FACES:
        found += _rows(face, sizes)
    return found


def _rows(face: Face, sizes: Sizes) -> list[Row]:
    def row(title: str, case: str, key: str, unit: str, goal: float | None, **more: Any) -> Row:
        return Row(face, title, case, key, unit, goal, **({"over": (case, "raw")} | more))

    def event(title: str, case: str, goal: float | None, **more: Any) -> Row:
        return row(title, case, "cpu_us", "µs", goal, **more)

    streams = "streams" if face == "async" else "threads, a stream each"
    alone: dict[str, Any] = {"over": ("alone", "ours"), "over_words": "ours at one"}
    aiohttp = alone | {"variant": "ours-aiohttp"}
    found = [
        event("CPU per event, large chunks, no sockets", "large", 0.95),
        event("CPU per event, large chunks", "large-socket", 0.95),
        event("CPU per event, a frame per chunk, no sockets", "framed", 1.0),
        event("CPU per event, a frame per chunk", "framed-socket", 1.0),
        event("CPU per node frame of 2–20 KB, large chunks, no sockets", "nodes", 1.05),
        event("CPU per node frame of 2–20 KB, a frame per chunk, no sockets", "nodes-framed", 1.05),
        event("CPU per event, one stream at a time", "alone", None),
        event(f"CPU per event, {sizes.few} {streams}", "few-fast", 1.5, **alone),
        event(f"CPU per event, {sizes.many:,} {streams}", "many-fast", 2.5, **alone),
        event(f"CPU per event, {sizes.few} {streams}, one every 10 ms in each", "few", 1.05),
        event(f"CPU per event, {sizes.many:,} {streams}, one every 100 ms in each", "many", 1.05),
        row(
            f"first event p99, {sizes.many:,} {streams} at once, against httpx as it comes",
            "first", "first_ms", "ms", 0.5, over=("first", "raw-default"), over_words="raw, 100 connections",
        ),
        row(f"first event p99, {sizes.many:,} {streams} at once, against httpx without limits", "first", "first_ms", "ms", 0.5),
        event("CPU of a blocking call, no sockets", "call-memory", 1.05),
        event("CPU of a blocking call", "call", 1.05),
        event(f"CPU of a blocking call, {sizes.few} at once", "calls", 1.05),
        row(
            f"a frame of {sizes.huge / 2**20:.4g} MiB in chunks of 1 KiB", "huge", "cpu_ms", "ms", 1.2,
            over=("huge", "httpx-sse"), over_words="httpx-sse",
        ),
        row(
            "the same, against half of it (2 is linear)", "huge", "cpu_ms", "ms", 2.4,
            over=("huge-half", "ours"), over_words="half",
        ),
    ]  # fmt: skip
    if face == "async":
        found[9:9] = [
            event(f"CPU per event, {sizes.few} {streams}, on aiohttp", "few-fast", 1.0, **aiohttp),
            event(f"CPU per event, {sizes.many:,} {streams}, on aiohttp", "many-fast", 1.0, **aiohttp),
            row(f"memory of an open stream, {sizes.many:,} of them", "open", "kib", "KiB", 60, over=None),
            row(f"memory of an open stream, {sizes.many:,} of them, on aiohttp", "open", "kib", "KiB", 60, over=None,
                variant="ours-aiohttp"),
        ]  # fmt: skip
        found += [
            row("CPU of `import dify`", "import", "cpu_ms", "ms", 0.3),
            row("CPU of `import dify`, a client and its `.chat`", "client", "cpu_ms", "ms", 1.2),
            row("CPU of all that, and a first stream read (against one model)", "first-use", "cpu_ms", "ms", None),
        ]
    for what in ("upload", "download"):
        size = f"{what} of {sizes.mib:,} MiB"
        found += [
            row(f"{size}: memory grown", what, "grown", "MiB", 32, over=None),
            row(f"{size}: seconds", what, "seconds", "s", 1.0),
        ]
        if face == "async":
            found += [
                row(f"{size}: loop lag p99", what, "lag_ms", "ms", 10, over=None),
                row(
                    f"{what} of {sizes.slow_mib} MiB, slow disk: loop lag p99",
                    f"{what}-slow",
                    "lag_ms",
                    "ms",
                    10,
                    over=None,
                ),
            ]
    return found
