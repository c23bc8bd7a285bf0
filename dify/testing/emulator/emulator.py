"""The class `Emulator`: its constructor, its apps and what it has recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, get_args
from uuid import uuid4

from ..script.ids import new_id
from .answers import AnswerFunction, ReadDocument, RecordedRequest, Transcribe, check_function, echo
from .apps.features import Mode
from .connections import EmulatorApp, EmulatorConnections
from .fault_controls import FaultControls
from .knowledge.models import Knowledge, StoredDataset, StoredPipeline
from .state import AppState, Workspace

__all__ = ["Emulator"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_REQUIRED_MODULES = ("starlette", "uvicorn", "python_multipart", "anyio")
_SUGGESTED_QUESTIONS = ("What is next?", "Can you say more?", "Why is that?")


class Emulator(EmulatorConnections, FaultControls):
    """A Dify server in this process, for tests of code that calls Dify.

    Its answers come from a function.

    It stores conversations, messages, runs and uploads, streams the events of Dify 1.14.2 in their order, and returns
    Dify's errors. The function gets an `EmulatorRequest` and returns or yields:

    - `str`: the answer, streamed word by word; if yielded, its deltas.
    - a mapping (workflows only): the outputs of the run. A text becomes the outputs `{"text": ...}`.
    - `Node`, `Iteration`, `Loop`, `Parallel` (chatflows and workflows): what the run executes.
    - `EmulatorForm` (chatflows and workflows): a form that pauses the run until it is submitted. `yield` returns the
      submitted values.
    - `ToolCall` (agents): a call of a tool.
    - `dify.types.CitationResource`, `OutputBlocked` and, returned rather than yielded, `InputBlocked` (all apps with
      messages).

    The function can be a plain function, a coroutine function, a generator or an async generator. Plain functions and
    generators are called in a worker thread, so they may block. Deltas are requested one by one, as the stream sends
    them. To return one of Dify's errors, raise `EmulatorError`. A run continues when its client disconnects (for up to
    10,000 more frames) and its events can be requested again; closing the emulator ends it.

    Knowledge bases, documents, chunks, tags and metadata are available with `knowledge_api_key`:

    - Each request for a document (`indexing_status`, `get`, `list`) advances its indexing by a step: waiting, parsing,
      cleaning, splitting, indexing, completed. Its chunks exist from then on. The first change of a document that is
      being indexed is refused.
    - A new document replaces the document with the same name in the knowledge base: same id, new batch.
    - Files are decoded as UTF-8. Texts are split by characters, as on a server.
    - The score of a semantic search is the share of common words, in place of a server's embedding model. As on a
      server, the search returns the `top_k` nearest chunks at any distance and requires the technique "high_quality".
      A keyword search requires "economy", is case-sensitive and returns no scores.
    - The workspace has one model provider, which `models.list` returns. All others are refused.
    - As on a server, searches through the API are not counted: `hit_count` stays 0.

    Annotations answer, once annotation replies are enabled, if enough words of the question match. Audio is silent:
    `audio.synthesize` always returns the same MP3 file of 0.36 seconds (360 bytes).

    Connect with `client()` or `sync_client()`, with any httpx client through `transport()` or `sync_transport()`, or
    over HTTP through `serve()`. All of them can be used at the same time and share the same data. The async methods
    require asyncio.

    Differences from a server:

    - A stream is closed where a server keeps it open without sending: after an `error` frame, after a moderated or
      annotated answer of a chatflow, and at the end of a run followed with `continue_on_pause`.
    - The nodes of a run are executed one after the other.
    - Only the API can create annotations, and only `add_pipeline` can create a knowledge base with a pipeline.

    Args:
        answer: Answer function. None for a function that echoes the question.
        mode: Mode of the app; routes of other modes return Dify's errors. None for an app of every kind: chat messages
            are answered as by a chat app, and completion messages and workflow runs work as well.
        name: Name of the app.
        delay: Seconds before each part of an answer except the first.
        server_version: Version of the server, in the header `X-Version`.
        transcribe: Function for speech to text: gets an `EmulatorFile` and returns its text. It can be a coroutine
            function. None for the text "Transcript of " and the name of the file.
        suggested_questions: Suggested questions after each answer.
        variables: Conversation variables and their initial values.
        auto_play: Send each answer as audio, in `tts_message` events.
        read_document: Function that reads a document: gets an `EmulatorFile` and returns its text. It can be a coroutine
            function. Raise `EmulatorError` in it to make the indexing of the document fail. None to decode UTF-8.
        index_at_once: Index documents completely when they are created.
        api_key: API key of the app. None for a random one; every key that starts with `app-` is then accepted, until
            `add_app` is called.
        knowledge_api_key: API key of the knowledge bases. None for a random one; every key that starts with `dataset-`
            is then accepted.
        ping_interval: Seconds without an event after which a stream sends a ping.
        features: Feature settings, as `app.parameters()` returns them, such as `{"file_upload": {"enabled": False}}`.
            A setting replaces its default completely. By default every feature is enabled, and a message can have up to
            3 images, documents, audio files and videos.
        input_form: Fields of the app's input form, as `app.parameters()` returns them in `user_input_form`, such as
            `[{"text-input": {"variable": "topic", "required": True, "max_length": 48}}]`. Inputs are validated as on a
            server, and undeclared inputs are dropped. None to accept any inputs.
        end_user_race: Create an end user for each of the concurrent first requests of a user, as a server does. All but
            the first are lost, with their data. By default concurrent requests share the end user.

    Attributes:
        app: ASGI app.
        api_key: API key of the first app.
        knowledge_api_key: API key of the knowledge bases.
        base_url: Base URL for clients that use one of the transports.

    Raises:
        ImportError: The extra `emulator` is not installed.
        TypeError: `answer`, `transcribe` or `read_document` is not a function.
        ValueError: `mode` is unknown, `delay` is negative, or `ping_interval` is not positive.

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
        suggested_questions: Sequence[str] = _SUGGESTED_QUESTIONS,
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
        missing = [module for module in _REQUIRED_MODULES if find_spec(module) is None]
        if missing:
            raise ImportError(f'the emulator needs {", ".join(missing)}: pip install "dify[emulator]"')
        from .app import make_app

        check_function("read_document", read_document)
        if delay < 0:
            raise ValueError(f"delay must be 0 seconds or more, got {delay!r}")
        if ping_interval <= 0:
            raise ValueError(f"ping_interval must be more than 0 seconds, got {ping_interval!r}")
        keys = (api_key or _random_key("app"), knowledge_api_key or _random_key("dataset"))
        workspace = Workspace(
            server_version=server_version,
            delay=delay,
            ping_interval=ping_interval,
            knowledge_keys=[keys[1]],
            any_app_key=api_key is None,
            any_knowledge_key=knowledge_api_key is None,
            knowledge=Knowledge(read_document=read_document, index_at_once=index_at_once),
            end_user_race=end_user_race,
        )
        app = workspace.apps[keys[0]] = _app_state(
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
        suggested_questions: Sequence[str] = _SUGGESTED_QUESTIONS,
        variables: Mapping[str, Any] | None = None,
        auto_play: bool = False,
        features: Mapping[str, Any] | None = None,
        input_form: Sequence[Mapping[str, Any]] | None = None,
    ) -> EmulatorApp:
        """Add an app to the workspace, with an API key of its own.

        From then on only the keys of the apps are accepted.

        Conversations, messages, runs, forms, annotations and end users belong to one app and are unknown to the others.

        Args:
            answer: Answer function. None for a function that echoes the question.
            mode: Mode of the app. None for an app of every kind.
            name: Name of the app.
            api_key: API key of the app. None for a random one.
            transcribe: Function for speech to text, as for the first app.
            suggested_questions: Suggested questions after each answer.
            variables: Conversation variables and their initial values.
            auto_play: Send each answer as audio, in `tts_message` events.
            features: Feature settings, as for the first app.
            input_form: Fields of the input form, as for the first app.

        Raises:
            TypeError: `answer` or `transcribe` is not a function.
            ValueError: `api_key` belongs to another app, or `mode` is unknown.

        Example:
            >>> with Emulator(mode="chat") as emulator:
            ...     reply = emulator.sync_client(user="alice").chat.send("hi")
            ...     other = emulator.add_app(mode="chat", name="Other").sync_client(user="alice")
            ...     len(other.conversations.list().data)
            0
        """
        workspace, key = self._state.workspace, api_key or _random_key("app")
        if key in workspace.apps:
            raise ValueError("api_key belongs to another app of this emulator: pass a different one")
        app = workspace.apps[key] = _app_state(
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
        """Create a knowledge base with a published pipeline and return its id.

        The API itself cannot create pipelines.

        Args:
            name: Name of the knowledge base.
            datasource_type: Type of the datasource: "local_file", "online_document", "online_drive" or "website_crawl".
            node_id: Id of the datasource node.
            variables: Inputs of the node: the fields of a `PipelineVariable`, of which only `variable` is required.
            collect: Function that returns the pages or files that the node finds for its inputs. None for one page.

        Example:
            >>> with Emulator(index_at_once=True) as emulator:
            ...     dataset_id = emulator.add_pipeline("Manuals")
            ...     pipelines = emulator.sync_client().knowledge.pipelines
            ...     pipelines.datasource_plugins(dataset_id)[0].datasource_type
            'local_file'
        """
        pipeline = StoredPipeline(datasource_type, node_id, [dict(variable) for variable in variables], collect)
        dataset = StoredDataset(name, pipeline=pipeline, doc_form="text_model", indexing_technique="high_quality")
        self._state.knowledge.datasets[dataset.id] = dataset
        return dataset.id

    def expire_forms(self) -> int:
        """Expire every open form and return their number.

        Their runs continue without an answer.

        Example:
            >>> Emulator().expire_forms()
            0
        """
        runs = [run for app in self._state.workspace.apps.values() for run in app.runs.values()]
        open_forms = [form for run in runs for form in run.forms if form.open]
        for form in open_forms:
            form.expire()
        return len(open_forms)

    @property
    def workflow_id(self) -> str:
        """Id of the first app's published workflow, for `workflows.run(workflow_id=...)`.

        Other ids are unknown.

        Example:
            >>> with Emulator(mode="workflow") as emulator:
            ...     client = emulator.sync_client(user="alice")
            ...     client.workflows.run({"q": "tea"}, workflow_id=emulator.workflow_id).outputs
            {'text': 'Echo: tea'}
        """
        return self._state.workflow_id

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests, oldest first, including refused ones.

        Example:
            >>> Emulator().requests
            []
        """
        return self._state.workspace.requests

    @property
    def failures(self) -> list[Exception]:
        """Unexpected exceptions of the emulator's functions: all but `EmulatorError`.

        The caller gets a 500 or a failed run whose message contains the exception; a document gets the status "error".

        Example:
            >>> Emulator().failures
            []
        """
        return self._state.failures


def _random_key(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:24]}"


def _app_state(
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
