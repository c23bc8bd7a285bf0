"""The nodes of a run at work: redrawn in place on a terminal, one line per event elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .render import Screen, harmless, one_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from dify import ContainerExecution, NodeExecution, WorkflowEvent

__all__ = ["Progress", "Step", "plain_line", "showing", "tree_of"]

_MARKS = {"succeeded": ("✓", "green"), "failed": ("✗", "red"), "exception": ("!", "yellow")}


@dataclass(slots=True)
class Step:
    """A node, iteration or loop, as far as it is.

    Attributes:
        parent: The iteration or loop that it belongs to.
        round: Which item or round of an iteration or loop is at work, from 1.
        retries: How often it has been tried again.
    """

    title: str
    parent: str | None = None
    status: str = "running"
    elapsed: float | None = None
    error: str | None = None
    round: int | None = None
    retries: int = 0
    began: float = field(default_factory=time.monotonic)


class Progress:
    """What is known of a run's steps, in the order in which they began."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}

    def feed(self, event: WorkflowEvent) -> None:
        """Take an event in."""
        match event.event:
            case "node_started":
                data = event.data
                self.steps[data.id] = Step(data.title or data.node_id, data.iteration_id or data.loop_id)
            case "node_finished" | "node_retry":
                data = event.data
                step = self._step(data)
                step.elapsed, step.error = data.elapsed_time, data.error
                if event.event == "node_retry":
                    step.retries = data.retry_index or step.retries + 1
                else:
                    step.status = data.status or "succeeded"
            case "iteration_started" | "loop_started":
                self.steps[event.data.node_id] = Step(event.data.title or event.data.node_id)
            case "iteration_next" | "loop_next":
                self._container(event.data).round = None if event.data.index is None else event.data.index + 1
            case "iteration_completed" | "loop_completed":
                step = self._container(event.data)
                step.status, step.elapsed = event.data.status or "succeeded", event.data.elapsed_time
            case "workflow_finished":
                for step in self.steps.values():
                    if step.status == "running":
                        step.status = "ended"
            case _:
                pass

    def _step(self, data: NodeExecution) -> Step:
        # A replay may begin in the middle, so that an end comes without its beginning.
        return self.steps.setdefault(data.id, Step(data.title or data.node_id, data.iteration_id or data.loop_id))

    def _container(self, data: ContainerExecution) -> Step:
        return self.steps.setdefault(data.node_id, Step(data.title or data.node_id))

    def visible(self) -> list[tuple[int, Step]]:
        """Depth and step, as a tree; what went well inside an iteration or loop is counted there and not listed."""
        children: dict[str | None, list[tuple[str, Step]]] = {}
        for id, step in self.steps.items():
            parent = step.parent if step.parent in self.steps else None
            if parent is None or step.status != "succeeded":
                children.setdefault(parent, []).append((id, step))

        def below(parent: str | None, depth: int) -> Iterator[tuple[int, Step]]:
            for id, step in children.get(parent, []):
                yield depth, step
                if id != parent:
                    yield from below(id, depth + 1)

        return list(below(None, 0))


class _Tree:
    """The steps as rich shows them; drawn anew several times a second, so that times run."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._spinner = Spinner("dots", style="cyan")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        steps = self._progress.visible()
        room = max(3, console.height - 3)
        if len(steps) > room:
            yield Text(f"… {len(steps) - room} more above", style="dim")
        grid = Table.grid(padding=(0, 1))
        for depth, step in steps[-room:]:
            mark, style = _MARKS.get(step.status, ("·", "dim"))
            frame = self._spinner.render(console.get_time()) if step.status == "running" else Text(mark, style=style)
            elapsed = step.elapsed if step.status != "running" else time.monotonic() - step.began
            words = Text("  " * depth + harmless(one_line(step.title, 60)))
            words.append("" if step.round is None else f" #{step.round}", style="cyan")
            words.append("" if not step.retries else f" retry {step.retries}", style="yellow")
            words.append("" if elapsed is None else f" {elapsed:.2f}s", style="dim")
            words.append(f" {harmless(one_line(step.error, 120))}" if step.error else "", style="red")
            grid.add_row(frame, words)
        yield grid


def tree_of(progress: Progress) -> RenderableType:
    """The steps as they are drawn."""
    return _Tree(progress)


def plain_line(event: WorkflowEvent) -> str | None:
    """An event of a run as one line for a log, or None for those that are no progress."""
    match event.event:
        case "node_started" | "iteration_started" | "loop_started":
            parts = [event.data.title or event.data.node_id]
        case "iteration_next" | "loop_next":
            parts = [event.data.title or event.data.node_id, str(event.data.index)]
        case "node_finished" | "node_retry" | "iteration_completed" | "loop_completed":
            parts = [event.data.title or event.data.node_id, event.data.status, _seconds(event.data.elapsed_time)]
            parts += [event.data.error]
        case "workflow_started":
            parts = [event.data.id]
        case "workflow_finished":
            parts = [event.data.status, _seconds(event.data.elapsed_time)]
        case "workflow_paused":
            parts = [*event.data.paused_nodes]
        case _:
            return None
    return one_line(" ".join([event.event, *(part for part in parts if part)]))


def _seconds(elapsed: float | None) -> str | None:
    return None if elapsed is None else f"{elapsed:.2f}s"


@contextmanager
def showing(screen: Screen) -> Generator[Callable[[WorkflowEvent], None]]:
    """Show progress while the block runs; gives the function that takes the events."""
    if not screen.live:

        def print_line(event: WorkflowEvent) -> None:
            line = plain_line(event)
            if line is not None:
                screen.note(line)

        yield print_line
        return
    progress = Progress()
    # The streams stay as they are: what goes to standard output while this is drawn must not end up on standard error.
    with Live(
        _Tree(progress), console=screen.console, refresh_per_second=10, redirect_stdout=False, redirect_stderr=False
    ):
        yield progress.feed
