"""The display of a chat stream: the answer as it arrives, and an agent's thoughts and tool calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exits import CommandError
from ..terminal.screen import Screen, one_line, report

if TYPE_CHECKING:
    from dify import AgentThoughtEvent, AsyncChatStream, ChatEvent, ChatResponse
    from dify.types import AgentLog

__all__ = ["ChatView", "print_summary"]


def print_summary(screen: Screen, reply: ChatResponse, *, complete: bool = True) -> None:
    """Print the conversation and the usage of a reply, and warn about a run that did not succeed.

    Args:
        screen: The writer of notes.
        reply: The reply.
        complete: Whether the answer is complete.

    Raises:
        CommandError: The run was stopped before the answer was complete.
    """
    if reply.conversation_id:
        screen.note(f"conversation {reply.conversation_id}")
    usage = reply.usage
    if usage is not None:
        parts = [
            None if usage.total_tokens is None else f"{usage.total_tokens} tokens",
            None if usage.total_price is None else f"{usage.total_price:f} {usage.currency or ''}".rstrip(),
            None if usage.latency is None else f"{usage.latency:.2f} s",
        ]
        screen.note("usage " + ", ".join(part for part in parts if part))
    run = reply.workflow_run
    if run is not None and run.status == "stopped":
        stopped, reason = f"run {run.workflow_run_id} was stopped", run.error or "no reason given"
        if not complete:
            raise CommandError(f"{stopped} before its answer was complete: {reason}")
        # Moderation stops a run too, after it has replaced the answer.
        report(f"{stopped}: {reason}", label="Warning")
    if run is not None and run.status == "partial-succeeded":
        report(f"run {run.workflow_run_id} succeeded partially: some nodes failed", label="Warning")


class ChatView:
    """A display of one chat stream.

    Args:
        screen: The writer of the answer and the notes.
        before: The part of the answer that is already on the screen, for a stream that follows a pause.
    """

    def __init__(self, screen: Screen, *, before: str = "") -> None:
        self._screen = screen
        self._shown = self._before = before
        self._noted: set[tuple[str, str]] = set()
        self._depths: dict[str, int] = {}
        self.complete = False
        """True if the server has ended the response, or moderation has replaced it."""

    def note_end(self, event: ChatEvent) -> None:
        """Note whether an event completes the answer."""
        if event.event == "message_end" or (event.event == "message_replace" and event.reason):
            self.complete = True

    @property
    def shown(self) -> str:
        """The part of the answer that is on the screen."""
        return self._shown

    def show(self, event: ChatEvent, stream: AsyncChatStream) -> None:
        """Show what an event adds to the answer or to the notes."""
        match event.event:
            case "message" | "agent_message" | "message_replace":
                self._show_answer(stream, getattr(event, "reason", None))
            case "message_file" if event.url is None:
                self._show_answer(stream, None)  # a chunk of the answer sent as a file event
            case "message_file" if event.belongs_to != "user":
                self._screen.note(f"file ({event.type or 'unknown'}): {event.url}")
            case "agent_thought":
                self._show_thought(event)
            case "agent_log":
                self._show_log(event.data)
            case "reasoning_chunk":
                self._screen.thought(event.data.reasoning)
            case _:
                pass

    def finish(self, answer: str) -> None:
        """Show the part of the complete answer that the chunks did not contain."""
        self._update(answer, None)

    def _show_answer(self, stream: AsyncChatStream, reason: str | None) -> None:
        # The snapshot accounts for deltas, replacements and agents that repeat their answer.
        snapshot = stream.snapshot
        if snapshot is not None:
            self._update(snapshot.answer, reason)

    def _update(self, answer: str, reason: str | None) -> None:
        if self._before:
            # After a pause the server may repeat the answer from its start, or send only what is new.
            if self._before.startswith(answer):
                return
            if not answer.startswith(self._before):
                self._shown = ""
            self._before = ""
        if answer.startswith(self._shown):
            self._screen.answer(answer[len(self._shown) :])
        else:
            self._screen.end_answer()
            self._screen.message(f"[the server replaced the answer{f': {reason}' if reason else ''}]")
            self._screen.answer(answer)
        self._shown = answer

    def _show_thought(self, event: AgentThoughtEvent) -> None:
        # The event is sent repeatedly while its fields fill up. Most agents also stream the thought as their answer.
        thought = (event.thought or "").strip()
        if thought and thought in self._shown:
            self._noted.add((event.id, "thought"))
        elif thought:
            self._note_once(event.id, "thought", f"[thought] {thought}")
        if event.tool:
            self._note_once(event.id, "call", f"[call] {event.tool} {one_line(event.tool_input or '')}".rstrip())
        if event.observation:
            self._note_once(event.id, "result", f"[result] {one_line(event.observation)}")

    def _show_log(self, log: AgentLog) -> None:
        depth = self._depths.setdefault(log.id, self._depths.get(log.parent_id or "", -1) + 1)
        label = f"{'  ' * depth}[agent] {log.label or log.id}"
        self._note_once(log.id, "start", label)
        if log.status == "error":
            self._note_once(log.id, "error", f"{label} failed: {one_line(log.error or 'no reason given')}")

    def _note_once(self, id: str, part: str, text: str) -> None:
        if (id, part) not in self._noted:
            self._noted.add((id, part))
            self._screen.note(text)
