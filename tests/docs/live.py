"""A real server in place of the emulator, for the code on the pages: keys, placeholders, and what is deleted at the end."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TypeVar
from uuid import uuid4

from dify import BadRequestError, Dify, DifyError
from dify.types import AnnotationReplyJob

from ..conformance.targets import BASE_URL, KEYS, PIPELINES

NAMES: Mapping[str, str] = {
    **KEYS,
    "human_chatflow": "DIFY_LIVE_HUMAN_CHATFLOW_KEY",  # a chatflow with a form
    "failing_workflow": "DIFY_LIVE_FAILING_WORKFLOW_KEY",
    "moderated_chat": "DIFY_LIVE_MODERATED_CHAT_KEY",  # output moderation of "tell me", say
    "speaking_chat": "DIFY_LIVE_SPEAKING_CHAT_KEY",  # text to speech with autoplay
}
"""Environment variable of the key of each kind of app."""

FILE_URL = "https://example.com/cat.png"
FILE_URL_NAME = "DIFY_LIVE_FILE_URL"

MADE = r"Handbook(?: 2)?|Staff handbook|manuals|handbooks|Where are you\?|fruit|citrus|All|Fruit"
"""Names of knowledge bases, tags and annotations that the pages create, and that a server takes once."""

Client = TypeVar("Client")


class NotRun(Exception):
    """A block cannot run on a real server; the text is the reason."""


class LiveServer:
    """The server that the environment names.

    Attributes:
        base_url: Address of the Service API.
        tag: A word of this run alone. It is in every name that the run creates, so that only these are deleted.
    """

    def __init__(self) -> None:
        self.base_url = os.environ[BASE_URL]
        self.tag = f"docs-{uuid4().hex[:8]}"
        self._sections = 0
        self._replies_enabled = False
        self._keys = {kind: key for kind, name in NAMES.items() if (key := os.environ.get(name))}

    def key(self, kind: str) -> str:
        """The API key of a kind of app, or the knowledge key."""
        if kind not in NAMES:
            raise ValueError(f"{kind!r} is no kind of app; use one of {', '.join(NAMES)}")
        if kind not in self._keys:
            raise NotRun(f"{NAMES[kind]} is not set")
        return self._keys[kind]

    def pipeline(self, source: str) -> str:
        """Id of a knowledge base with a pipeline, by the type of its datasource."""
        names: Mapping[str, str] = dict(PIPELINES)
        if not os.environ.get(names[source]):
            raise NotRun(f"{names[source]} is not set")
        return os.environ[names[source]]

    def new_section(self) -> None:
        """Begin a section: names that it creates differ from those of the sections before."""
        self._sections += 1

    def user(self, name: str) -> str:
        """An end user of this run alone."""
        return f"{name}-{self.tag}"

    def client(self, kind: str, make: Callable[..., Client] = Dify, user: str = "alice") -> Client:
        """A client with the key of a kind of app, and the knowledge key."""
        keys = {"api_key": self.key("chat" if kind == "knowledge" else kind)}
        if "knowledge" in self._keys:
            keys["knowledge_api_key"] = self._keys["knowledge"]
        return make(**keys, base_url=self.base_url, user=self.user(user))

    def environment(self, kind: str) -> dict[str, str]:
        """The variables from which a program of the pages takes its server and keys."""
        return {
            "DIFY_BASE_URL": self.base_url,
            "DIFY_API_KEY": self.key("chat" if kind == "knowledge" else kind),
            "DIFY_KNOWLEDGE_API_KEY": self._keys.get("knowledge", ""),
        }

    def named(self, name: str) -> str:
        """A name for something that the run creates, which no earlier section has used."""
        return f"{name} {self.tag}-{self._sections}"

    def enable_annotation_replies(self) -> str:
        """Switch the annotation replies of the chat app on, and return the id of the job that did it."""
        provider, model = self._embedding
        self._replies_enabled = True
        with self.client("chat") as client:
            job = client.annotations.enable_reply(
                embedding_provider_name=provider, embedding_model_name=model, score_threshold=0.9
            )
        self.wait_for_annotation_replies(job)
        return job.job_id

    def wait_for_annotation_replies(self, job: AnnotationReplyJob) -> None:
        """Wait until a job has ended; a server breaks off two of them that run at once."""
        deadline = time.monotonic() + 60
        with self.client("chat") as client:
            while time.monotonic() < deadline:
                for action in ("enable", "disable"):
                    with contextlib.suppress(BadRequestError):  # it is a job of the other kind
                        if client.annotations.reply_status(action, job.job_id).job_status in ("completed", "error"):
                            return
                time.sleep(0.2)
        raise TimeoutError(f"the annotation job {job.job_id} has not ended within 60 s")

    # ------------------------------------------------------------------------------------------------ placeholders
    def filled_in(self, source: str, kind: str) -> str:
        """The source with the placeholders of the pages replaced, as a reader does: keys, users, names, models."""
        source = re.sub(r'"app-[^"]*"', f'"{self.key("chat" if kind == "knowledge" else kind)}"', source)
        source = re.sub(r'"(alice|bob|probe)"', lambda match: f'"{self.user(match[1])}"', source)
        source = re.sub(rf'"({MADE})"', lambda match: f'"{self.named(match[1])}"', source)
        if '"dataset-' in source:
            source = re.sub(r'"dataset-[^"]*"', f'"{self.key("knowledge")}"', source)
        self._replies_enabled = self._replies_enabled or "enable_reply(" in source
        if "embedding_model" in source:
            provider, model = self._embedding
            source = re.sub(r'(embedding_(?:model_provider|provider_name)=)"[^"]*"', rf'\1"{provider}"', source)
            source = re.sub(r'(embedding_model(?:_name)?=)"[^"]*"', rf'\1"{model}"', source)
        if FILE_URL in source:
            if not os.environ.get(FILE_URL_NAME):
                raise NotRun(f"{FILE_URL_NAME} is not set: an address of an image that the server can fetch")
            source = source.replace(FILE_URL, os.environ[FILE_URL_NAME])
        if re.search(r'workflow_id="', source):
            source = re.sub(r'workflow_id="[^"]*"', f'workflow_id="{self._workflow_version}"', source)
        return source

    @cached_property
    def _embedding(self) -> tuple[str, str]:
        with self.client("knowledge") as client:
            for provider in client.knowledge.models.list("text-embedding").data:
                for model in provider.models:
                    return provider.provider, model.model
        raise NotRun("the server has no text embedding model")

    @cached_property
    def _workflow_version(self) -> str | None:
        with self.client("workflow") as client:
            return client.workflows.run({"question": "Which version is this?"}).data.workflow_id

    # ---------------------------------------------------------------------------------------------------- cleaning
    def clean(self) -> list[str]:
        """Delete what the run has created: knowledge bases, tags, annotations, conversations.

        Returns:
            A line for each kind of app that could not be cleaned.
        """
        problems: list[str] = []
        for kind in ("knowledge", "chat", "agent", "chatflow", "human_chatflow", "moderated_chat", "speaking_chat"):
            if kind not in self._keys:
                continue
            try:
                with self.client(kind) as client:
                    if kind == "knowledge":
                        self._clean_knowledge(client)
                    else:
                        self._clean_app(client, kind)
            except (DifyError, NotRun) as error:
                problems.append(f"{kind}: {first_line(error)}")
        return problems

    def _clean_app(self, client: Dify, kind: str) -> None:
        for name in ("alice", "bob", "probe"):
            for conversation in [*client.conversations.list(user=self.user(name))]:
                client.conversations.delete(conversation.id, user=self.user(name))
        for annotation in [*client.annotations.list(keyword=self.tag)]:
            client.annotations.delete(annotation.id)
        if kind == "chat" and self._replies_enabled:
            replies = client.app.parameters().annotation_reply
            if replies is not None and replies.enabled:  # servers leave the job of a second time waiting
                client.annotations.disable_reply()

    def _clean_knowledge(self, client: Dify) -> None:
        for dataset in [*client.knowledge.datasets.list(keyword=self.tag)]:
            client.knowledge.datasets.delete(dataset.id)
        for tag in client.knowledge.tags.list():
            if self.tag in tag.name:
                client.knowledge.tags.delete(tag.id)
        for name in PIPELINES.values():
            if dataset_id := os.environ.get(name):
                for document in [*client.knowledge.documents.list(dataset_id)]:
                    if document.name in FILES_OF_PAGES:
                        client.knowledge.documents.delete(dataset_id, document.id)


FILES_OF_PAGES = {"handbook.pdf", "notes.txt", "handbook.md"}


def kind_of(source: str) -> str:
    """The kind of app that a piece of code talks to, from the resources that it names."""
    chat = ".chat." in source
    for kind, pattern in _PATTERNS:
        if re.search(pattern, source):
            return "human_chatflow" if kind == "human_input" and chat else kind
    return "chatflow" if chat and "workflow_run" in source else "chat"


_PATTERNS = (
    ("human_input", r"human_input|on_form|\.forms|form_token|HumanInputRequired|WorkflowPaused"),
    ("completion", r"\.completions\."),
    ("chatflow", r"conversations\.(update_)?variable|\.chat\.events"),
    ("workflow", r"\.workflows\."),
    ("agent", r"[Aa]gent_?[Tt]hought|AgentMessage"),
)


def first_line(error: BaseException) -> str:
    """An error in a line of a report."""
    text = str(error) if isinstance(error, DifyError | NotRun) else f"{type(error).__name__}: {error}"
    return next(iter(text.strip().splitlines()), type(error).__name__)[:300]
