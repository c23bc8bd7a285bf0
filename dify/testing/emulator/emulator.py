"""The emulator's public face."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, get_args
from uuid import uuid4

from ..script.ids import new_id
from .access import Access, EmulatorApp
from .answers import AnswerFunction, ReadDocument, RecordedRequest, Transcribe, check_function, echo
from .apps.features import Mode
from .faults import FaultControls
from .knowledge.models import Knowledge, StoredDataset, StoredPipeline
from .state import AppState, Workspace

__all__ = ["Emulator"]

_NEEDED = ("starlette", "uvicorn", "python_multipart", "anyio")
_QUESTIONS = ("What is next?", "Can you say more?", "Why is that?")


class Emulator(Access, FaultControls):
    """A Dify server in this process, whose answers come from a function, for tests of code that talks to Dify.

    It keeps conversations, messages, runs and uploads as a server does, streams the frames that a Dify 1.14.2 sends, in
    their order, and answers its errors. The function is called with an `EmulatorRequest` and returns, or yields,

    - a `str`: the answer, which is streamed word by word; or, one by one, its deltas, each taken when it is wanted;
    - for workflows a mapping: the run's outputs. Text or deltas become the outputs `{"text": ...}`;
    - for chatflows and workflows what runs: `Node`, `Iteration`, `Loop`, `Parallel`, and `EmulatorForm`, which pauses
      the run until a person (or a test) submits it; what it was filled with is what `yield` gives;
    - for agents the tools that they call: `ToolCall`;
    - for all that answer with messages `dify.types.CitationResource`, `OutputBlocked`, and (returned, not yielded)
      `InputBlocked`.

    It may be a coroutine function or a generator of either kind; a plain function or generator runs in a worker thread,
    so it may wait. It raises `EmulatorError` to answer as Dify does when it refuses or fails. A run goes on when its
    reader leaves (for up to 10,000 more frames), and can be followed again; closing the emulator ends it.

    The knowledge side, reached with `knowledge_api_key`, keeps knowledge bases, documents, chunks, tags and metadata:

    - Each look at a document (`indexing_status`, `get`, `list`) takes its indexing a step further: waiting, parsing,
      cleaning, splitting, indexing, completed. Chunks are there once it is completed. A change of a document that is
      being indexed is refused once.
    - A document of a name that the knowledge base has already replaces the other one: same id, new batch.
    - Files are taken for UTF-8 text. Texts are cut as on a server, by characters.
    - The score of a semantic search, of which a server's embedding model decides, is the share of words in common. As
      on a server, it finds the `top_k` nearest chunks, however far they are, and needs a knowledge base with
      embeddings; a keyword search needs an economical one, compares by case, and gives no scores.
    - The workspace has one provider of models, which `models.list` shows; any other one is refused.
    - As on a server, searching through the API counts no hits: `hit_count` stays 0.

    Annotations answer once they are switched on, where the question shares enough words with theirs. Audio is silence:
    every answer of `audio.synthesize` is the same MP3 file of 0.36 seconds (360 bytes).

    Reach it with `client()` or `sync_client()`, with any httpx client through `transport()` or `sync_transport()`, or
    with anything that speaks HTTP through `serve()`. All of these show the same server, at the same time if need be. The
    async parts need asyncio.

    Where it differs from a server: a stream is closed where a server leaves it open in silence (after an `error` frame,
    after a moderated or annotated answer of a chatflow, at the end of a run followed with `continue_on_pause`); a
    chatflow or workflow of one function runs its nodes one after the other; and nobody but the API's callers writes
    annotations or makes knowledge bases with pipelines (see `add_pipeline`).

    Args:
        answer: The function; by default the app echoes.
        mode: The app's mode. By default the app is of every kind at once: chat messages are answered as by a chat app,
            completion messages and workflow runs work too. With a mode, other kinds' routes answer Dify's errors.
        name: The app's name.
        delay: Seconds to wait before each part of an answer but the first.
        server_version: The version that the server says it has.
        transcribe: What hears audio files: is given an `EmulatorFile` and returns its text (or is a coroutine function
            that does). By default "Transcript of " and the file's name.
        suggested_questions: The questions that are suggested after every answer.
        variables: The conversation variables, with the values that a conversation begins with.
        auto_play: Whether the app says its answers aloud, in `tts_message` events.
        read_document: What makes text of a document's file: is given an `EmulatorFile` and returns its text (or is a
            coroutine function that does). Raise `EmulatorError` in it to let the document's indexing fail.
        index_at_once: Whether documents are indexed as soon as they are made.
        api_key: The app's key. By default one is made up, and until there is a second app every key that starts with
            `app-` is taken for it.
        knowledge_api_key: The key of the knowledge side. By default one is made up, and every key that starts with
            `dataset-` is let in.
        ping_interval: Seconds of silence after which a stream sends a ping.
        features: Feature settings, in the form in which `app.parameters()` shows them, such as
            `{"file_upload": {"enabled": False}}`. A setting replaces the whole default of that name. By default
            everything is on, and a message takes up to 3 images, documents, audio files and videos.
        input_form: The fields of the app's input form, as `app.parameters()` shows them in `user_input_form`, such as
            `[{"text-input": {"variable": "topic", "required": True, "max_length": 48}}]`. Requests are held against
            them as on a server, and inputs that are not declared are dropped. By default any inputs are taken.
        end_user_race: Whether concurrent first requests of a user create one end user each, of which all but the first
            are lost with what belongs to them, as on a server. By default all of them get the same end user.

    Attributes:
        app: The ASGI app.
        api_key: The key of the first app.
        knowledge_api_key: The key of the knowledge side.
        base_url: Where it is for clients that use one of the transports.

    Raises:
        ImportError: The extra `emulator` is not installed.
        TypeError: What is to be a function is none. A text is no answer: it could as well be meant for the mode.
        ValueError: The mode is none of Dify's, or a time is less than nothing.

    Example:
        >>> from dify import RetrievalModel
        >>> with Emulator(lambda request: f"You said: {request.query}", index_at_once=True) as emulator:
        ...     client = emulator.sync_client(user="alice")
        ...     print(client.chat.send("hi").answer)
        ...     dataset = client.knowledge.datasets.create("Handbook", indexing_technique="economy")
        ...     made = client.knowledge.documents.create_from_text(
        ...         dataset.id, "Leave", "30 days of leave.", indexing_technique="economy"
        ...     )
        ...     how = RetrievalModel(search_method="keyword_search", top_k=3)
        ...     found = client.knowledge.datasets.retrieve(dataset.id, "How much leave?", retrieval_model=how)
        ...     print(found.records[0].text)
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
        suggested_questions: Sequence[str] = _QUESTIONS,
        variables: Mapping[str, Any] | None = None,
        auto_play: bool = False,
        read_document: ReadDocument | None = None,
        index_at_once: bool = False,
        api_key: str | None = None,
        knowledge_api_key: str | None = None,
        ping_interval: float = 10.0,
        features: Mapping[str, Any] | None = None,
        input_form: Sequence[Mapping[str, Any]] | None = None,
        end_user_race: bool = False,
    ) -> None:
        missing = [module for module in _NEEDED if find_spec(module) is None]
        if missing:
            raise ImportError(f'the emulator needs {", ".join(missing)}: pip install "dify[emulator]"')
        from .app import make_app

        check_function("read_document", read_document)
        if delay < 0:
            raise ValueError(f"delay must be 0 seconds or more, got {delay!r}")
        if ping_interval <= 0:
            raise ValueError(f"ping_interval must be more than 0 seconds, got {ping_interval!r}")
        keys = (api_key or _key("app"), knowledge_api_key or _key("dataset"))
        workspace = Workspace(
            server_version=server_version,
            delay=delay,
            ping_interval=ping_interval,
            knowledge_keys=[keys[1]],
            any_app_key=api_key is None,
            any_knowledge_key=knowledge_api_key is None,
            knowledge=Knowledge(read_document=read_document, at_once=index_at_once),
            end_user_race=end_user_race,
        )
        app = workspace.apps[keys[0]] = _app(
            workspace, answer, mode, name, transcribe, suggested_questions, variables, auto_play, features, input_form
        )
        super().__init__(app, make_app(workspace), api_key=keys[0], knowledge_api_key=keys[1])

    def add_app(
        self,
        answer: AnswerFunction | None = None,
        *,
        mode: Mode | None = None,
        name: str = "Emulator",
        api_key: str | None = None,
        transcribe: Transcribe | None = None,
        suggested_questions: Sequence[str] = _QUESTIONS,
        variables: Mapping[str, Any] | None = None,
        auto_play: bool = False,
        features: Mapping[str, Any] | None = None,
        input_form: Sequence[Mapping[str, Any]] | None = None,
    ) -> EmulatorApp:
        """Another app of the same workspace, with a key of its own. From now on only the keys of the apps are let in.

        What belongs to one app (conversations, messages, runs, forms, annotations, end users) is unknown to the others.

        Args:
            answer: What answers; by default the app echoes.
            mode: The app's mode; by default it is of every kind at once.
            name: The app's name.
            api_key: Its key; by default one is made up.
            transcribe: What hears audio files.
            suggested_questions: The questions that are suggested after every answer.
            variables: The conversation variables, with the values that a conversation begins with.
            auto_play: Whether the app says its answers aloud.
            features: Feature settings, as for the first app.
            input_form: The fields of its input form, as for the first app.

        Raises:
            TypeError: What is to be a function is none.
            ValueError: Another app has this key, or the mode is none of Dify's.

        Example:
            >>> with Emulator(mode="chat") as emulator:
            ...     reply = emulator.sync_client(user="alice").chat.send("hi")
            ...     other = emulator.add_app(mode="chat", name="Other").sync_client(user="alice")
            ...     len(other.conversations.list().data)
            0
        """
        workspace, key = self._state.workspace, api_key or _key("app")
        if key in workspace.apps:
            raise ValueError("api_key belongs to another app of this emulator: pass a different one")
        app = workspace.apps[key] = _app(
            workspace, answer, mode, name, transcribe, suggested_questions, variables, auto_play, features, input_form
        )
        workspace.any_app_key = False
        return EmulatorApp(self, name=name, mode=mode, api_key=key, workflow_id=app.workflow_id)

    def add_pipeline(
        self,
        name: str = "Pipeline",
        *,
        datasource_type: str = "local_file",
        node_id: str = "datasource",
        variables: Sequence[Mapping[str, Any]] = (),
        collect: Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]] | None = None,
    ) -> str:
        """A knowledge base with a published pipeline, which the API itself cannot make; gives its id.

        Args:
            name: The name of the knowledge base.
            datasource_type: "local_file", "online_document", "online_drive" or "website_crawl".
            node_id: The id of its datasource node.
            variables: The inputs that the node wants, each with `variable`, and what else of a `PipelineVariable`.
            collect: What the node finds for its inputs when it is run: pages of a website, or files. By default one page.

        Example:
            >>> with Emulator(index_at_once=True) as emulator:
            ...     dataset_id = emulator.add_pipeline("Manuals")
            ...     pipelines = emulator.sync_client().knowledge.pipelines
            ...     pipelines.datasource_plugins(dataset_id)[0].datasource_type
            'local_file'
        """
        pipeline = StoredPipeline(datasource_type, node_id, [dict(each) for each in variables], collect)
        dataset = StoredDataset(name, pipeline=pipeline, doc_form="text_model", indexing_technique="high_quality")
        self._state.knowledge.datasets[dataset.id] = dataset
        return dataset.id

    def expire_forms(self) -> int:
        """Let the time of every form that waits be over: their runs go on without an answer. Gives how many there were.

        Example:
            >>> Emulator().expire_forms()
            0
        """
        runs = [run for app in self._state.workspace.apps.values() for run in app.runs.values()]
        waiting = [form for run in runs for form in run.forms if form.open]
        for form in waiting:
            form.expire()
        return len(waiting)

    @property
    def workflow_id(self) -> str:
        """The id of the published workflow of the first app, which `workflows.run(workflow_id=...)` takes.

        Other ids are unknown to the app, as to a server.

        Example:
            >>> with Emulator(mode="workflow") as emulator:
            ...     client = emulator.sync_client(user="alice")
            ...     client.workflows.run({"q": "tea"}, workflow_id=emulator.workflow_id).outputs
            {'text': 'Echo: tea'}
        """
        return self._state.workflow_id

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, oldest first; also those that were refused.

        Example:
            >>> Emulator().requests
            []
        """
        return self._state.workspace.requests

    @property
    def failures(self) -> list[Exception]:
        """What a function given to the emulator raised by mistake: anything but an `EmulatorError`.

        The caller gets a 500 for it, or a run that fails, and reads in its message what it was; a document that could not be
        read ends in "error".

        Example:
            >>> Emulator().failures
            []
        """
        return self._state.failures


def _key(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:24]}"


def _app(
    workspace: Workspace,
    answer: AnswerFunction | None,
    mode: Mode | None,
    name: str,
    transcribe: Transcribe | None,
    suggested_questions: Sequence[str],
    variables: Mapping[str, Any] | None,
    auto_play: bool,
    features: Mapping[str, Any] | None,
    input_form: Sequence[Mapping[str, Any]] | None,
) -> AppState:
    check_function("answer", answer)
    check_function("transcribe", transcribe)
    if mode is not None and mode not in get_args(Mode):
        raise ValueError(f"mode must be {', '.join(map(repr, get_args(Mode)))} or None, got {mode!r}")
    return AppState(
        workspace,
        answer or echo,
        mode=mode,
        name=name,
        transcribe=transcribe,
        suggested_questions=tuple(suggested_questions),
        auto_play=auto_play,
        features=dict(features or {}),
        input_form=None if input_form is None else list(input_form),
        variables={variable: (new_id(), value) for variable, value in (variables or {}).items()},
    )
