"""`dify chat --continue`: the last conversation of an app and a user."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify.testing import Emulator, EmulatorRequest

from ..conftest import KEY
from ..terminal import Terminal

Invoke = Callable[..., Any]


def counting(request: EmulatorRequest) -> str:
    return f"{len(request.history) + 1}: {request.query}"


def test_continue_goes_on_with_the_last_conversation(invoke: Invoke) -> None:
    with Emulator(counting) as emulator, emulator.serve() as base_url:
        first = json.loads(invoke("chat", "--json", "one", base_url=base_url).stdout)
        second = json.loads(invoke("chat", "--json", "--continue", "two", base_url=base_url).stdout)
        assert second["answer"] == "2: two"
        assert second["conversation_id"] == first["conversation_id"]
        assert invoke("chat", "new", base_url=base_url).stdout == "1: new\n"
        assert invoke("chat", "-c", "three", base_url=base_url).stdout == "2: three\n"


def test_a_conversation_that_was_named_becomes_the_last_one(invoke: Invoke) -> None:
    with Emulator(counting) as emulator, emulator.serve() as base_url:
        first = json.loads(invoke("chat", "--json", "one", base_url=base_url).stdout)["conversation_id"]
        invoke("chat", "other", base_url=base_url)
        invoke("chat", "--conversation", first, "two", base_url=base_url)
        assert invoke("chat", "-c", "three", base_url=base_url).stdout == "3: three\n"


def test_the_last_conversation_belongs_to_a_server_an_app_and_a_user(invoke: Invoke) -> None:
    with Emulator(counting) as emulator, emulator.serve() as base_url, Emulator(counting).serve() as other:
        invoke("chat", "one", base_url=base_url)
        for args in (
            {"base_url": base_url, "user": "alice"},
            {"base_url": base_url, "key": "app-another-0123456789"},
            {"base_url": other},
        ):
            user = args.pop("user", "cli")
            result = invoke("chat", "-c", "--user", user, "two", **args)
            assert result.exit_code == 4
            assert result.stderr.startswith("Error: there is no conversation to continue with this app and user")
        assert invoke("chat", "-c", "two", base_url=base_url).stdout == "2: two\n"
    assert len([request for request in emulator.requests if request.path == "/chat-messages"]) == 2


def test_the_state_file_holds_no_key_and_only_its_owner_can_read_it(invoke: Invoke, tmp_path: Path) -> None:
    with Emulator().serve() as base_url:
        invoke("chat", "one", base_url=base_url)
    [file] = (tmp_path / "state" / "dify" / "conversations").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert KEY not in file.name + file.read_text(encoding="utf-8")


def test_no_history_stores_no_conversation(invoke: Invoke, tmp_path: Path) -> None:
    with Emulator().serve() as base_url:
        assert invoke("chat", "--no-history", "one", base_url=base_url).exit_code == 0
    assert not (tmp_path / "state").exists()


def test_a_state_directory_that_cannot_be_written_does_not_fail_the_message(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    with Emulator().serve() as base_url:
        result = invoke("chat", "one", base_url=base_url)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Echo: one\n", "")


@pytest.mark.parametrize(
    ("args", "other"),
    [
        (["--conversation", "id"], "--conversation"),
        (["--emulator"], "--emulator"),
        (["--no-history"], "--no-history (or DIFY_HISTORY=0)"),
    ],
)
def test_options_that_exclude_continue_are_refused(invoke: Invoke, args: list[str], other: str) -> None:
    result = invoke("chat", "-c", *args, "Hello")
    assert result.exit_code == 2
    assert f"--continue and {other} cannot be used together" in result.stderr


def test_a_last_conversation_that_was_deleted_is_forgotten(invoke: Invoke) -> None:
    with Emulator(counting).serve() as base_url:
        talk = json.loads(invoke("chat", "--json", "one", base_url=base_url).stdout)["conversation_id"]
        invoke("conversations", "delete", talk, "--yes", base_url=base_url)
        deleted = invoke("chat", "-c", "two", base_url=base_url)
        assert deleted.exit_code == 4
        assert f"the last conversation {talk} does not exist any more" in deleted.stderr
        assert "there is no conversation to continue" in invoke("chat", "-c", "two", base_url=base_url).stderr


def test_a_conversation_at_the_prompt_is_continued_and_stored(invoke: Invoke, tmp_path: Path) -> None:
    env = {"DIFY_API_KEY": KEY, "XDG_STATE_HOME": str(tmp_path / "state")}
    with Emulator(counting).serve() as base_url:
        invoke("chat", "one", base_url=base_url)
        with Terminal("chat", "-c", DIFY_BASE_URL=base_url, **env) as terminal:
            terminal.expect("> ")
            terminal.type("two")
            terminal.expect("2: two")
            terminal.type("/new")
            terminal.expect("started a new conversation")
            terminal.type("one again")
            terminal.expect("1: one again")
            terminal.type("/quit")
            terminal.end()
        assert invoke("chat", "-c", "two again", base_url=base_url).stdout == "2: two again\n"
