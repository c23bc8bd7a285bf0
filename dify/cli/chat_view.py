"""The stream of a chat app as a person reads it: the answer as it comes, thoughts and calls beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exits import Failure
from .render import Screen, complain, one_line

if TYPE_CHECKING:
    from dify import AgentLog, AgentThoughtEvent, AsyncChatStream, ChatEvent, ChatResponse

__all__ = ["ChatView", "summarise"]


def summarise(screen: Screen, reply: ChatResponse, *, whole: bool = True) -> None:
    """Show the conversation and the usage of a reply, and warn about a run that did not end as it should.

    Args:
        screen: Where to show them.
        reply: The reply.
        whole: Whether the answer is complete.

    Raises:
        Failure: The run was stopped before the answer was complete.
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
        stopped = f"run {run.workflow_run_id} was stopped"
        if not whole:
            raise Failure(f"{stopped} before its answer was complete: {run.error or 'no reason given'}")
        # Moderation stops a run too, after it has replaced the answer.
        complain(f"{stopped}: {run.error or 'no reason given'}", label="Warning")
    if run is not None and run.status == "partial-succeeded":
        complain(f"some nodes of run {run.workflow_run_id} failed, and it went on", label="Warning")


class ChatView:
    """The stream of a chat app as a person reads it."""

    def __init__(self, screen: Screen, *, before: str = "") -> None:
        self._screen = screen
        self._shown = self._before = before
        self._told: set[tuple[str, str]] = set()
        self._depths: dict[str, int] = {}
        self.whole = False
        """Whether the server has ended the answer, or moderation has replaced it."""

    def note(self, event: ChatEvent) -> None:
        """Note whether an event completes the answer."""
        if event.event == "message_end" or (event.event == "message_replace" and event.reason):
            self.whole = True

    def show(self, event: ChatEvent, stream: AsyncChatStream) -> None:
        """Show what an event adds, if it adds something."""
        match event.event:
            case "message" | "agent_message" | "message_replace":
                self._text(stream, getattr(event, "reason", None))
            case "message_file" if event.url is None:
                self._text(stream, None)  # a piece of text under the name of a file
            case "message_file" if event.belongs_to != "user":
                self._screen.note(f"file ({event.type or 'unknown'}): {event.url}")
            case "agent_thought":
                self._thought(event)
            case "agent_log":
                self._log(event.data)
            case "reasoning_chunk":
                self._screen.think(event.data.reasoning)
            case _:
                pass

    @property
    def shown(self) -> str:
        """The answer as far as it is on the screen."""
        return self._shown

    def rest(self, answer: str) -> None:
        """Show what the whole answer has and the pieces had not."""
        self._turn_into(answer, None)

    def _text(self, stream: AsyncChatStream, reason: str | None) -> None:
        # The client knows what the answer is after each event (deltas, replacements, an agent that repeats itself);
        # only what is new is to be printed.
        snapshot = stream.snapshot
        if snapshot is not None:
            self._turn_into(snapshot.answer, reason)

    def _turn_into(self, answer: str, reason: str | None) -> None:
        if self._before:
            # A run that goes on after a pause may tell again what was there before, or only what is new.
            if self._before.startswith(answer):
                return
            if not answer.startswith(self._before):
                self._shown = ""
            self._before = ""
        if answer.startswith(self._shown):
            self._screen.answer(answer[len(self._shown) :])
        else:
            self._screen.end_answer()
            self._screen.say(f"[the server replaced the answer{f': {reason}' if reason else ''}; it now reads]")
            self._screen.answer(answer)
        self._shown = answer

    def _thought(self, thought: AgentThoughtEvent) -> None:
        # Sent again and again as it fills up. Most agents stream the same words as their answer.
        words = (thought.thought or "").strip()
        if words and words in self._shown:
            self._told.add((thought.id, "thought"))
        elif words:
            self._once(thought.id, "thought", f"[thought] {words}")
        if thought.tool:
            self._once(thought.id, "call", f"[call] {thought.tool} {one_line(thought.tool_input or '')}".rstrip())
        if thought.observation:
            self._once(thought.id, "result", f"[result] {one_line(thought.observation)}")

    def _log(self, log: AgentLog) -> None:
        depth = self._depths.setdefault(log.id, self._depths.get(log.parent_id or "", -1) + 1)
        label = f"{'  ' * depth}[agent] {log.label or log.id}"
        self._once(log.id, "start", label)
        if log.status == "error":
            self._once(log.id, "error", f"{label} failed: {one_line(log.error or 'no reason given')}")

    def _once(self, id: str, part: str, text: str) -> None:
        if (id, part) not in self._told:
            self._told.add((id, part))
            self._screen.note(text)
