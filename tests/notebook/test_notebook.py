"""Both faces in a Jupyter kernel: calls, `await` at the top of a cell, and completion of what has not run yet."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jedi
import pytest

from dify.testing import Emulator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds after which the kernel counts as hung; nothing that works comes near it."""


class Notebook:
    """A kernel, and cells that run in it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, cell: str) -> str:
        """What the cell prints, or shows as its last value; an exception in it fails the test."""
        shown: list[str] = []

        def show(message: dict[str, Any]) -> None:
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    shown.append(content["text"])
                case "execute_result":
                    shown.append(content["data"]["text/plain"])
                case "error":
                    raise AssertionError("\n".join(content["traceback"]))
                case _:
                    pass

        self._client.execute_interactive(cell, timeout=PATIENCE, output_hook=show, allow_stdin=False)
        return "".join(shown)

    def complete(self, cell: str) -> list[str]:
        """What the kernel offers at the end of a cell that is not run."""
        reply = self._client.complete(cell, len(cell), reply=True, timeout=PATIENCE)
        start = reply["content"]["cursor_start"]
        typed = cell[start:]
        return [match.removeprefix(typed[: typed.rfind(".") + 1]) for match in reply["content"]["matches"]]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with pytest.MonkeyPatch.context() as patch:
        # Whatever the machine's user has set up for IPython plays no part, and nothing is written to their home.
        home = tmp_path_factory.mktemp("jupyter")
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(home / name.lower()))
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        patch.setenv("PYTHONWARNINGS", "error::ResourceWarning")
        from jupyter_client.manager import KernelManager

        with Emulator(lambda request: f"You said {request.query}") as emulator, emulator.serve() as url:
            kernel = KernelManager(kernel_name="python3")
            settings = {"DIFY_API_KEY": emulator.api_key, "DIFY_BASE_URL": url}
            path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
            kernel.start_kernel(env={**os.environ, **settings, "PYTHONPATH": path}, cwd=str(home))
            client = kernel.blocking_client()
            try:
                client.start_channels()
                client.wait_for_ready(timeout=PATIENCE)
                notebook = Notebook(client)
                assert notebook.run("import sys; print(sys.prefix)").strip() == sys.prefix
                yield notebook
            finally:
                client.stop_channels()
                kernel.shutdown_kernel(now=False)
                kernel.cleanup_resources()
        assert not kernel.is_alive()


EVENTS = [*["message"] * 4, "message_end"]


# ----------------------------------------------------------------------------------------------------------- running
def test_the_client_without_await_works_as_it_is(notebook):
    notebook.run("from dify import Dify\nclient = Dify(user='alice')")
    assert notebook.run("client.chat.send('hi').answer") == "'You said hi'"
    loop = "for event in client.chat.stream('hi'):\n    print(event.event)"
    assert notebook.run(loop).split() == EVENTS
    assert notebook.run("[c.name for c in client.conversations.list()]") == "['hi', 'hi']"
    assert notebook.run("client.close()") == ""


def test_the_client_with_await_works_at_the_top_of_a_cell(notebook):
    notebook.run("import asyncio\nfrom dify import AsyncDify\nclient = AsyncDify(user='bob')")
    assert notebook.run("reply = await client.chat.send('hi')\nreply.answer") == "'You said hi'"
    notebook.run("loop = asyncio.get_running_loop()")
    loop = "async for event in client.chat.stream('hi'):\n    print(event.event)"
    assert notebook.run(loop).split() == EVENTS
    block = "async with client.chat.stream('hi') as stream:\n    print([text async for text in stream.text_stream])"
    assert "".join(eval(notebook.run(block))) == "You said hi"
    # Every cell runs on the same event loop, and so on the same connections.
    assert notebook.run("loop is asyncio.get_running_loop()") == "True"
    assert notebook.run("[c.name async for c in client.conversations.list()]") == "['hi', 'hi', 'hi']"
    assert notebook.run("await client.aclose()") == ""


def test_both_clients_work_side_by_side(notebook):
    cell = """
from dify import AsyncDify, Dify
with Dify(user="carol") as plain:
    async with AsyncDify(user="carol") as client:
        first = plain.chat.send("one")
        second = await client.chat.send("two", conversation_id=first.conversation_id)
    answers = [message.answer for message in plain.messages.list(first.conversation_id)]
answers
"""
    assert sorted(eval(notebook.run(cell))) == ["You said one", "You said two"]


def test_a_loop_without_async_over_an_async_stream_is_an_error_of_python(notebook):
    cell = """
from dify import AsyncDify
async with AsyncDify(user="dora") as client:
    try:
        for event in client.chat.stream("hi"):
            pass
    except TypeError as error:
        print(error)
"""
    assert "'AsyncChatStream' object is not iterable" in notebook.run(cell)


# --------------------------------------------------------------------------------------------------------- completion
REPLY = {"answer", "conversation_id", "message_id", "usage", "forms", "http"}
EVENT = {"answer", "conversation_id", "message_id", "task_id", "metadata", "data"}
CLIENT = {
    *("annotations", "app", "audio", "chat", "completions", "conversations", "end_users", "files", "human_input"),
    *("knowledge", "messages", "request", "server", "user", "with_options", "workflows"),
}

CHAT = "client = AsyncDify()\n"
STREAM = CHAT + "async with client.chat.stream('x') as stream:\n    "
LOOP = CHAT + "async for event in client.chat.stream('x'):\n    "

WRITTEN: dict[str, tuple[str, set[str]]] = {
    "a client": (CHAT + "client.", {*CLIENT, "aclose"}),
    "a client in its block": ("async with AsyncDify() as client:\n    client.", {*CLIENT, "aclose"}),
    "a resource": (CHAT + "client.chat.", {"send", "stream", "events", "stop"}),
    "a resource of a resource": (CHAT + "client.knowledge.documents.", {"create_from_file", "wait_indexed"}),
    "an argument": (CHAT + "await client.chat.send('x', conv", {"conversation_id="}),
    "a reply": (CHAT + "reply = await client.chat.send('x')\nreply.", REPLY),
    "a field begun": (CHAT + "reply = await client.chat.send('x')\nreply.ans", {"answer"}),
    "a reply without a name": (CHAT + "(await client.chat.send('x')).", REPLY),
    "the exchange": (CHAT + "(await client.chat.send('x')).http.", {"status", "headers", "server_version"}),
    "what it cost": (CHAT + "(await client.chat.send('x')).usage.", {"total_price", "total_tokens", "latency"}),
    "a stream": (STREAM + "stream.", {"text_stream", "final", "stop", "snapshot"}),
    "a stream's reply": (STREAM + "reply = await stream.final()\n    reply.", REPLY),
    "a piece of text": (STREAM + "async for text in stream.text_stream:\n        text.", {"removeprefix", "strip"}),
    "an event": (LOOP + "event.", EVENT),
    "an event that matched": (LOOP + "match event:\n        case MessageEvent():\n            event.", EVENT),
    "a run": (CHAT + "run = await client.workflows.run({})\nrun.", {"status", "outputs", "forms"}),
    "an item of a list": (CHAT + "async for item in client.conversations.list():\n    item.", {"id", "name"}),
    "a page": (CHAT + "page = await client.conversations.list().first()\npage.", {"data", "has_more", "next_page"}),
    "an upload": (CHAT + "uploaded = await client.files.upload('a')\nuploaded.", {"id", "name", "mime_type"}),
}


def without_await(cell: str) -> str:
    """The same cell for the other face."""
    return re.sub(r"\basync (?=for|with)|\bawait |\bAsync(?=Dify)", "", cell)


IMPORTS = "from dify import AsyncDify, Dify, MessageEvent\n"
ASYNC = [pytest.param(cell, names, id=f"{what}, async") for what, (cell, names) in WRITTEN.items()]
PLAIN = [
    pytest.param(without_await(cell), {name.replace("aclose", "close") for name in names}, id=f"{what}, plain")
    for what, (cell, names) in WRITTEN.items()
]


@pytest.mark.parametrize(("cell", "names"), [*PLAIN, *ASYNC])
def test_an_editor_completes_what_has_not_run(cell, names):
    project = jedi.Project(ROOT, sys_path=sys.path)
    offered = {completion.name for completion in jedi.Script(IMPORTS + cell, project=project).complete()}
    assert names <= offered


@pytest.mark.parametrize(("cell", "names"), [*PLAIN, *ASYNC])
def test_the_kernel_completes_what_has_not_run(cell, names, notebook):
    before = notebook.run("len(get_ipython().history_manager.input_hist_raw)")
    assert names <= set(notebook.complete(IMPORTS + cell))
    assert int(notebook.run("len(get_ipython().history_manager.input_hist_raw)")) == int(before) + 1


def test_the_kernel_completes_a_reply_of_a_client_that_an_earlier_cell_made(notebook):
    notebook.run("from dify import AsyncDify, Dify, ChatResponse\nplain, client = Dify(user='e'), AsyncDify(user='e')")
    try:
        assert set(notebook.complete("client.")) >= CLIENT
        assert set(notebook.complete("reply = plain.chat.send('x')\nreply.")) >= REPLY
        assert set(notebook.complete("reply = await client.chat.send('x')\nreply.")) >= REPLY
        assert set(notebook.complete("for event in plain.chat.stream('x'):\n    event.")) >= EVENT
    finally:
        notebook.run("plain.close(); await client.aclose()")
