"""A conversation at the terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dify.testing import Emulator, EmulatorRequest, ToolCall

from ..conftest import KEY
from ..terminal import Terminal


def at(base_url: str, *args: str) -> Terminal:
    return Terminal("chat", *args, DIFY_API_KEY=KEY, DIFY_BASE_URL=base_url)


def remembering(request: EmulatorRequest) -> str:
    files = "".join(f" with {file.name}" for file in request.files)
    return f"{len(request.history) + 1}: {request.query}{files}"


def test_a_conversation_goes_on_is_begun_anew_and_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("hello", encoding="utf-8")
    with Emulator(remembering) as emulator, emulator.serve() as base_url, at(base_url) as terminal:
        terminal.expect("/help for the commands")
        terminal.expect("> ")
        terminal.type("/history")
        terminal.expect("the conversation has no messages yet")
        terminal.type("one")
        terminal.expect("1: one")
        terminal.type("two")
        terminal.expect("2: two")
        terminal.type(f"/files '{tmp_path / 'a b.txt'}'")
        terminal.expect("files for the next message: a b.txt")
        terminal.type("/files https://example.com/cat.png")
        terminal.expect("files for the next message: a b.txt, https://example.com/cat.png")
        terminal.type("three")
        terminal.expect("3: three with a b.txt with cat.png")
        terminal.type("four")
        terminal.expect("4: four\n")  # the file was for one message
        terminal.type("/history")
        terminal.expect("> one")
        terminal.expect("4: four")
        terminal.type("/suggested")
        terminal.expect("What is next?")
        terminal.type("/like Very")
        terminal.expect("rating saved")
        terminal.type("/new")
        terminal.expect("started a new conversation")
        terminal.type("five")
        terminal.expect("1: five")
        terminal.type("/nonsense")
        terminal.expect("unknown command /nonsense")
        terminal.type("/files missing.txt")
        terminal.expect("no such file: 'missing.txt'")
        terminal.type("/help")
        terminal.expect("/suggested")
        terminal.expect("> ")
        terminal.press("d")
        terminal.end()

    assert terminal.code == 0
    said = [request.json["query"] for request in emulator.requests if request.path == "/chat-messages"]
    assert said == ["one", "two", "three", "four", "five"]
    rated = [request.json for request in emulator.requests if request.path.endswith("/feedbacks")]
    assert [each["content"] for each in rated] == ["Very"]


def test_the_history_is_the_whole_conversation_or_the_end_of_it() -> None:
    with Emulator(remembering) as emulator, emulator.serve() as base_url:
        with emulator.sync_client(user="cli") as client:
            talk = client.chat.send("question 1").conversation_id
            for number in range(2, 104):  # a page has at most 100
                client.chat.send(f"question {number}", conversation_id=talk)
        for age, message in enumerate(reversed(emulator._state.messages.values())):
            message.created_at -= age  # a page ends between two seconds, and a fast machine needs less than one for all
        with at(base_url, "--conversation", talk) as terminal:
            terminal.expect("> ")
            terminal.type("/history")
            for number in range(1, 104):
                terminal.expect(f"> question {number}\n")
                terminal.expect(f"{number}: question {number}\n")
            terminal.expect("> ")
            terminal.type("/history 2")
            terminal.expect("/history 2\n")
            terminal.expect("> ")
            terminal.expect("question 102\n")
            terminal.expect("103: question 103\n")
            terminal.type("/history none")
            terminal.expect("Error: /history takes a number of messages")
            terminal.type("/quit")
            terminal.end()
    assert terminal.code == 0
    assert terminal.text.count("question 101\n") == 2  # question and answer, shown once


def test_quit_leaves() -> None:
    with Emulator().serve() as base_url, at(base_url) as terminal:
        terminal.expect("> ")
        terminal.type("/quit")
        terminal.end()
    assert terminal.code == 0


def test_ctrl_c_stops_an_answer_and_the_conversation_goes_on() -> None:
    release = threading.Event()

    def answer(request: EmulatorRequest) -> Iterator[str]:
        yield "One"
        if request.query == "slow":
            release.wait(60)
        yield " two."

    emulator = Emulator(answer)
    with emulator.serve() as base_url, at(base_url) as terminal:
        terminal.expect("> ")
        terminal.interrupt_until(lambda: terminal.comes("> "))  # at the prompt it gives up the line
        terminal.type("slow")
        terminal.expect("One")
        terminal.press("c")
        terminal.expect("Stopped: sent a stop request to the server")
        terminal.type("quick")
        terminal.expect("One two.")
        release.set()
        terminal.type("slow")
        terminal.expect("One two.")
        terminal.expect("> ")
        terminal.press("d")
        terminal.end()

    assert terminal.code == 0
    assert [request.path for request in emulator.requests if request.path.endswith("/stop")]


def test_an_error_ends_the_answer_and_not_the_conversation() -> None:
    from dify.testing import EmulatorError

    def answer(request: EmulatorRequest) -> str:
        if request.query == "bad":
            raise EmulatorError(400, "invalid_param", "No.")
        return "Good."

    with Emulator(answer).serve() as base_url, at(base_url) as terminal:
        terminal.expect("> ")
        terminal.type("bad")
        terminal.expect("Error: 400 invalid_param: No.")
        terminal.type("good")
        terminal.expect("Good.")
        terminal.expect("> ")
        terminal.press("d")
        terminal.end()
    assert terminal.code == 0


def test_thoughts_and_tool_calls_of_an_agent_are_shown() -> None:
    def answer(request: EmulatorRequest) -> Iterator[Any]:
        yield "I should look at the clock. "
        yield ToolCall("current_time", {"timezone": "UTC"}, "12:00")
        yield "It is noon."

    with Emulator(answer, mode="agent-chat").serve() as base_url, at(base_url, "What time is it?") as terminal:
        terminal.expect("[call] current_time")
        terminal.expect("12:00")
        terminal.expect("It is noon.")
        terminal.end()
    assert terminal.code == 0
