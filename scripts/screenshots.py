"""Draw the pictures of docs/command-line.md: screenshots of the `dify` command, as SVG.

    python scripts/screenshots.py

The code of the command writes the output: `dify chat` runs with the emulator, and the tree of nodes and the progress bars are
those of a terminal at fixed times, so that the pictures are always the same.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console, Group
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the package beside this script, whether or not it is installed
IMAGES = ROOT / "docs" / "images"
WIDTH = 84


class Tty(io.StringIO):
    """What the command takes for a terminal."""

    def isatty(self) -> bool:
        return True


def console() -> Console:
    """A console that remembers what it shows, the same on any machine."""
    return Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        highlight=False,
        get_time=lambda: 0.3,
    )


def typed(line: str) -> Text:
    """A line that somebody types in a shell."""
    return Text.assemble(("$ ", "green"), (line, "bold"))


def save(name: str, drawn: Console) -> None:
    """Write a picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    svg = drawn.export_svg(title=f"dify {name}", unique_id=f"dify-{name}")
    (IMAGES / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")


@contextmanager
def terminal() -> Iterator[Tty]:
    """Both streams of the command, as one terminal with colours."""
    screen = Tty()
    env = {"TERM": "xterm-256color", "COLUMNS": str(WIDTH), "DIFY_CONFIG": os.devnull}
    with patch.dict(os.environ, env), redirect_stdout(screen), redirect_stderr(screen):
        os.environ.pop("NO_COLOR", None)
        yield screen


def run_command(words: list[str], base_url: str) -> str:
    """The command in this process; what the terminal got."""
    from dify.cli.app import app

    with terminal() as screen, patch.dict(os.environ, {"DIFY_API_KEY": "app-shown", "DIFY_BASE_URL": base_url}):
        app(words, prog_name="dify", standalone_mode=False)
    return screen.getvalue()


def chat() -> None:
    """An agent that calls a tool, and answers."""
    from dify.testing import Emulator, ToolCall

    def answer(_: Any) -> Iterator[Any]:
        yield "I should look at the clock. "
        yield ToolCall("current_time", {"timezone": "Europe/Rome"}, "2026-11-22 12:00")
        yield "It is noon in Rome."

    question = "What time is it in Rome?"
    with Emulator(answer, mode="agent-chat") as emulator, emulator.serve() as base_url:
        shown = run_command(["chat", question], base_url)
    # Ids and times differ from run to run, and a picture is not to.
    shown = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "9b07dd4b-2b9c-40cd-9e61-9b25f64a001a", shown)
    shown = re.sub(r"\d+\.\d\d s", "1.42 s", shown)
    drawn = console()
    drawn.print(typed(f'dify chat "{question}"'))
    drawn.print(Text.from_ansi(shown.rstrip("\n")))
    save("chat", drawn)


def run() -> None:
    """A workflow in the middle of its work, and its outputs."""
    from pydantic import TypeAdapter

    from dify import WorkflowEvent
    from dify.cli.runs.progress import RunProgress, progress_tree

    events: TypeAdapter[WorkflowEvent] = TypeAdapter(WorkflowEvent)
    progress = RunProgress()

    def feed(name: str, **data: Any) -> None:
        told = {"event": name, "task_id": "t", "workflow_run_id": "r", "data": data}
        progress.update(events.validate_python(told))

    feed("node_started", id="1", node_id="start", title="Start")
    feed("node_finished", id="1", node_id="start", title="Start", status="succeeded", elapsed_time=0.01)
    feed("node_started", id="2", node_id="fetch", title="Fetch pages")
    feed("node_retry", id="2", node_id="fetch", title="Fetch pages", status="retry", retry_index=1, elapsed_time=0.4)
    feed("node_finished", id="2", node_id="fetch", title="Fetch pages", status="succeeded", elapsed_time=1.27)
    feed("iteration_started", id="it", node_id="it", title="Each page")
    feed("iteration_next", id="it", node_id="it", title="Each page", index=2)
    feed("node_started", id="3", node_id="llm", title="Summarise", iteration_id="it")
    for node in progress.nodes.values():
        node.started_at = -2.31
    with patch("dify.cli.runs.progress.time.monotonic", return_value=0.0):
        drawn = console()
        drawn.print(Group(typed("dify run topic=tea pages:=5"), progress_tree(progress)))
    drawn.print(Text("\n…\n"), end="")
    drawn.print(Text('{\n  "summary": "Tea is made from leaves."\n}'))
    save("run", drawn)


def upload() -> None:
    """A folder on its way into a knowledge base."""
    from dify.cli.knowledge.upload_bars import UploadBars, bars_of
    from dify.cli.terminal.screen import Screen

    paths = [
        ROOT / name for name in ("handbook/leave.md", "handbook/travel.md", "handbook/office.pdf", "handbook/tea.txt")
    ]
    drawn = console()
    progress = bars_of(console=drawn, auto_refresh=False, get_time=lambda: 4.0)
    bars = UploadBars(Screen(), paths, progress)
    for path in paths[:3]:
        with patch.object(Path, "stat", return_value=os.stat_result((0o100644, 0, 0, 1, 0, 0, 48_213, 0, 0, 0))):
            tell = bars.begin(path)
        if path is paths[2]:
            tell(31_000)
        else:
            tell(48_213)
            bars.sent(path)
    bars.indexed(paths[0])
    bars.indexing(paths[1], 7, 12)
    drawn.print(typed("dify knowledge documents upload DATASET_ID handbook/ --indexing economy"))
    drawn.print(progress.get_renderable())
    save("upload", drawn)


def main() -> int:
    """Draw them all."""
    for picture in (chat, run, upload):
        picture()
        print(IMAGES / f"{picture.__name__}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
