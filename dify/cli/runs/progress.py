"""The progress of a run's nodes: a live tree on a terminal, one line per event elsewhere."""

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

from ..terminal.screen import Screen, one_line, sanitize

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from dify import WorkflowEvent
    from dify.types import ContainerExecution, NodeExecution

__all__ = ["NodeProgress", "RunProgress", "event_line", "progress_tree", "show_progress"]

_MARKS = {"succeeded": ("✓", "green"), "failed": ("✗", "red"), "exception": ("!", "yellow")}


@dataclass(slots=True)
class NodeProgress:
    """The progress of a node, iteration or loop.

    Attributes:
        title: The title to show.
        parent: Key of the iteration or loop that contains the node, or None.
        status: "running", or the status in the server's last event.
        elapsed: Duration in seconds; None while it runs.
        error: The node's error, or None.
        round: Current round of an iteration or loop, from 1; None before the first.
        retries: Number of retries.
        started_at: Monotonic time at which the node started.
    """

    title: str
    parent: str | None = None
    status: str = "running"
    elapsed: float | None = None
    error: str | None = None
    round: int | None = None
    retries: int = 0
    started_at: float = field(default_factory=time.monotonic)


class RunProgress:
    """The progress of a run's nodes, in the order in which they started."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeProgress] = {}

    def update(self, event: WorkflowEvent) -> None:
        """Apply an event."""
        match event.event:
            case "node_started":
                data = event.data
                self.nodes[data.id] = NodeProgress(data.title or data.node_id, data.iteration_id or data.loop_id)
            case "node_finished" | "node_retry":
                data = event.data
                node = self._node(data)
                node.elapsed, node.error = data.elapsed_time, data.error
                if event.event == "node_retry":
                    node.retries = data.retry_index or node.retries + 1
                else:
                    node.status = data.status or "succeeded"
            case "iteration_started" | "loop_started":
                self.nodes[event.data.node_id] = NodeProgress(event.data.title or event.data.node_id)
            case "iteration_next" | "loop_next":
                self._container(event.data).round = None if event.data.index is None else event.data.index + 1
            case "iteration_completed" | "loop_completed":
                node = self._container(event.data)
                node.status, node.elapsed = event.data.status or "succeeded", event.data.elapsed_time
            case "workflow_finished":
                for node in self.nodes.values():
                    if node.status == "running":
                        node.status = "ended"
            case _:
                pass

    def _node(self, data: NodeExecution) -> NodeProgress:
        # A replay can begin in the middle of a run, so a node may finish whose start was not received.
        return self.nodes.setdefault(
            data.id, NodeProgress(data.title or data.node_id, data.iteration_id or data.loop_id)
        )

    def _container(self, data: ContainerExecution) -> NodeProgress:
        return self.nodes.setdefault(data.node_id, NodeProgress(data.title or data.node_id))

    def visible(self) -> list[tuple[int, NodeProgress]]:
        """Return the nodes as a tree, each with its depth; succeeded nodes in an iteration or loop are left out."""
        children: dict[str | None, list[tuple[str, NodeProgress]]] = {}
        for id, node in self.nodes.items():
            parent = node.parent if node.parent in self.nodes else None
            if parent is None or node.status != "succeeded":
                children.setdefault(parent, []).append((id, node))

        def descendants(parent: str | None, depth: int) -> Iterator[tuple[int, NodeProgress]]:
            for id, node in children.get(parent, []):
                yield depth, node
                yield from descendants(id, depth + 1)

        return list(descendants(None, 0))


class _Tree:
    """The nodes as a rich renderable; rendered several times a second, so that the times advance."""

    def __init__(self, progress: RunProgress) -> None:
        self._progress = progress
        self._spinner = Spinner("dots", style="cyan")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        nodes = self._progress.visible()
        height = max(3, console.height - 3)
        if len(nodes) > height:
            yield Text(f"… {len(nodes) - height} more above", style="dim")
        grid = Table.grid(padding=(0, 1))
        for depth, node in nodes[-height:]:
            mark, style = _MARKS.get(node.status, ("·", "dim"))
            state = self._spinner.render(console.get_time()) if node.status == "running" else Text(mark, style=style)
            elapsed = node.elapsed if node.status != "running" else time.monotonic() - node.started_at
            label = Text("  " * depth + sanitize(one_line(node.title, 60)))
            label.append("" if node.round is None else f" #{node.round}", style="cyan")
            label.append("" if not node.retries else f" retry {node.retries}", style="yellow")
            label.append("" if elapsed is None else f" {elapsed:.2f}s", style="dim")
            label.append(f" {sanitize(one_line(node.error, 120))}" if node.error else "", style="red")
            grid.add_row(state, label)
        yield grid


def progress_tree(progress: RunProgress) -> RenderableType:
    """Return a renderable of the nodes that shows their progress each time it is rendered."""
    return _Tree(progress)


def event_line(event: WorkflowEvent) -> str | None:
    """Format an event as one line of a log; return None for events that are not about progress."""
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
def show_progress(screen: Screen) -> Generator[Callable[[WorkflowEvent], None]]:
    """Show progress during the block; yield the function that takes the events."""
    if not screen.live:

        def print_line(event: WorkflowEvent) -> None:
            line = event_line(event)
            if line is not None:
                screen.note(line)

        yield print_line
        return
    progress = RunProgress()
    # rich must not redirect the streams: what is written to standard output meanwhile would end up on standard error.
    with Live(
        _Tree(progress), console=screen.console, refresh_per_second=10, redirect_stdout=False, redirect_stderr=False
    ):
        yield progress.update
