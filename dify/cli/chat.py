"""`dify chat`: ask an app, and see the answer come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import session as s
from .exits import Failure
from .inputs import SYNTAX, Pair, checked, parse_pairs, read_text, upload, values_of
from .render import Screen, complain, one_line, to_json, wire_form

if TYPE_CHECKING:
    from dify import AgentLog, AgentThoughtEvent, AsyncChatStream, ChatEvent, ChatResponse

__all__ = ["EXAMPLES", "HELP", "chat"]

HELP = """Ask a chat app, an agent or a chatflow; the answer is printed as it comes.

The answer goes to standard output. What an agent thinks and calls, the conversation's id and the usage go to standard
error, where that is a terminal or with --verbose. Ctrl-C asks the server to stop.
"""

EXAMPLES = "\b\nExamples:\n" + "\n".join(
    [
        '  dify chat "What is Dify?"',
        '  dify chat --conversation ID "And in one line?"',
        '  dify chat --input language=French --file photo.jpg "What is this?"',
        "  dify chat - < question.txt",
        '  dify chat --emulator "Hello"',
        "",
        "\b",
        "Inputs:",
        *(f"  {line}" for line in SYNTAX),
    ]
)


def chat(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What to say; - reads it from standard input.")],
    conversation: Annotated[
        str | None, typer.Option("--conversation", "-c", metavar="ID", help="The conversation to go on with.")
    ] = None,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="KEY=VALUE", help="A value of the app's form; repeatable."),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "--file",
            "-f",
            metavar="PATH",
            help="A file to upload and ask about; repeatable.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    user: s.UserOption = "cli",
    base_url: s.BaseUrlOption = None,
    json: s.JsonOption = False,
    verbose: s.VerboseOption = False,
    emulator: s.EmulatorOption = False,
) -> None:
    """Ask an app; see HELP."""
    session = s.Session("chat", user, base_url, emulator, again=[message])
    question = checked(read_text("-").rstrip("\n") if message == "-" else message)
    if not question.strip():
        raise typer.BadParameter("there is nothing to ask: MESSAGE is empty")
    pairs = parse_pairs(input or [])
    screen = Screen(verbose=verbose, as_json=json)

    async def work() -> None:
        await _ask(session, screen, question, conversation, pairs, file or [], as_json=json)

    s.perform(session, work)


async def _ask(
    session: s.Session,
    screen: Screen,
    question: str,
    conversation: str | None,
    pairs: list[Pair],
    paths: list[Path],
    *,
    as_json: bool,
) -> None:
    async with session.client() as client:
        files = await upload(client, paths, screen.note)
        inputs = await values_of(client, pairs, screen.note)
        stream = client.chat.stream(question, inputs=inputs, conversation_id=conversation, files=files or None)
        view = ChatView(screen)
        try:
            async with s.stopping(stream):
                async for event in stream:
                    if as_json:
                        screen.line(to_json(wire_form(event)))
                    else:
                        view.show(event, stream)
            reply = await stream.final()
            if not as_json:
                view.rest(reply.answer)
        finally:
            screen.end_answer()
        _summarise(screen, reply)


def _summarise(screen: Screen, reply: ChatResponse) -> None:
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
    if reply.paused:
        forms = "; ".join(f"{form.node_title or form.node_id}, form token {form.form_token}" for form in reply.forms)
        raise Failure(f"the chatflow waits for a person: {forms or 'it is paused'} (run {reply.workflow_run_id})")
    run = reply.workflow_run
    if run is not None and run.status == "stopped":
        # Moderation ends a run so, and gives an answer all the same.
        complain(f"run {run.workflow_run_id} was stopped: {run.error or 'no reason given'}", label="Warning")
    if run is not None and run.status == "partial-succeeded":
        complain(f"some nodes of run {run.workflow_run_id} failed, and it went on", label="Warning")


class ChatView:
    """The stream of a chat app as a person reads it."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._shown = ""
        self._told: set[tuple[str, str]] = set()
        self._depths: dict[str, int] = {}

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
