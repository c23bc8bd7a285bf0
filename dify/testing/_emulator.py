"""The emulator's public face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from ._access import Access
from ._answers import AnswerFunction, ReadDocument, RecordedRequest, Transcribe, echo
from ._core import Core, Mode
from ._ids import new_id
from ._knowledge.state import Knowledge

__all__ = ["Emulator"]

_NEEDED = ("starlette", "uvicorn", "python_multipart", "anyio")


class Emulator(Access):
    """A Dify server in this process, whose answers come from a function, for tests of code that talks to Dify.

    It keeps conversations, messages, runs and uploads as a server does, streams the frames that a Dify 1.14.2 sends, in
    their order, and answers its errors. The function is called with an `EmulatorRequest` and returns

    - a `str`: the answer, which is streamed word by word;
    - an iterable or async iterable of `str`: the answer's deltas, each taken when its reader wants it;
    - for workflows also a mapping: the run's outputs. Text or deltas become the outputs `{"text": ...}`.

    It may be a coroutine function or a generator of either kind; a plain function or generator runs in a worker thread,
    so it may wait. It raises `EmulatorError` to answer as Dify does when it refuses or fails.

    The knowledge side, reached with `knowledge_api_key`, keeps knowledge bases, documents, chunks, tags and metadata:

    - Each look at a document (`indexing_status`, `get`, `list`) takes its indexing a step further: waiting, parsing,
      cleaning, splitting, indexing, completed. Chunks are there once it is completed.
    - Files are taken for UTF-8 text. A text is cut at the separator of its rule, or into chunks of up to 500 words.
    - A search finds the chunks that share words with the query; the score is the share of words in common.
    - As on a server, searching through the API counts no hits: `hit_count` stays 0.

    Audio is silence: every answer of `audio.synthesize` is the same MP3 file of 0.36 seconds (360 bytes).

    Reach it with `client()` or `sync_client()`, with any httpx client through `transport()` or `sync_transport()`, or
    with anything that speaks HTTP through `serve()`. All of these show the same server, at the same time if need be. The
    async parts need asyncio.

    Where it differs from a server: a chatflow's or workflow's run ends when its reader leaves, a stream closes after an
    `error` frame, there are no pings but the first, annotations are kept and do not answer, and no knowledge base has a
    pipeline.

    Args:
        answer: The function; by default the app echoes.
        mode: The app's mode. By default the app is of every kind at once: chat messages are answered as by a chat app,
            completion messages and workflow runs work too. With a mode, other kinds' routes answer Dify's errors.
        name: The app's name.
        delay: Seconds to wait before each delta but the first.
        server_version: The version that the server says it has.
        transcribe: What hears audio files: is given an `EmulatorFile` and returns its text (or is a coroutine function
            that does). By default "Transcript of " and the file's name.
        suggested_questions: The questions that are suggested after every answer.
        variables: The conversation variables, with the values that a conversation begins with.
        read_document: What makes text of a document's file: is given an `EmulatorFile` and returns its text (or is a
            coroutine function that does). Raise `EmulatorError` in it to let the document's indexing fail.
        index_at_once: Whether documents are indexed as soon as they are made.

    Attributes:
        app: The ASGI app.
        api_key: An app key that it takes; so is any other that starts with `app-`.
        knowledge_api_key: A knowledge key that it takes; so is any other that starts with `dataset-`.
        base_url: Where it is for clients that use one of the transports.

    Raises:
        ImportError: The extra `emulator` is not installed.

    Example:
        >>> with Emulator(lambda request: f"You said: {request.query}", index_at_once=True) as emulator:
        ...     client = emulator.sync_client(user="alice")
        ...     print(client.chat.send("hi").answer)
        ...     dataset = client.knowledge.datasets.create("Handbook", indexing_technique="economy")
        ...     made = client.knowledge.documents.create_from_text(dataset.id, "Leave", "30 days of leave.")
        ...     print(client.knowledge.datasets.retrieve(dataset.id, "How much leave?").records[0].text)
        You said: hi
        30 days of leave.
    """

    def __init__(
        self,
        answer: AnswerFunction | None = None,
        *,
        mode: Mode | None = None,
        name: str = "Emulator",
        delay: float = 0.0,
        server_version: str = "1.14.2",
        transcribe: Transcribe | None = None,
        suggested_questions: Sequence[str] = ("What is next?", "Can you say more?", "Why is that?"),
        variables: Mapping[str, Any] | None = None,
        read_document: ReadDocument | None = None,
        index_at_once: bool = False,
    ) -> None:
        missing = [module for module in _NEEDED if find_spec(module) is None]
        if missing:
            raise ImportError(f'the emulator needs {", ".join(missing)}: pip install "dify[emulator]"')
        from ._app import make_app

        core = Core(
            answer or echo,
            mode=mode,
            name=name,
            delay=delay,
            server_version=server_version,
            transcribe=transcribe,
            suggested_questions=tuple(suggested_questions),
            variables={variable: (new_id(), value) for variable, value in (variables or {}).items()},
            knowledge=Knowledge(read_document=read_document, at_once=index_at_once),
        )
        super().__init__(core, make_app(core))

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, oldest first; also those that were refused.

        Example:
            >>> Emulator().requests
            []
        """
        return self._core.requests

    @property
    def failures(self) -> list[Exception]:
        """What a function given to the emulator raised by mistake: anything but an `EmulatorError`.

        The caller gets a 500 for it; a document that could not be read ends in "error".

        Example:
            >>> Emulator().failures
            []
        """
        return self._core.failures
