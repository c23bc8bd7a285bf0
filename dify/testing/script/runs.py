"""The script of a run: blocks, text, outputs and forms in, events out.

The events have the order of a Dify 1.14.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dify.types.human_input import PauseReason
from dify.types.replies import CitationResource
from dify.types.usage import Usage

from . import events
from .blocks import Iteration, Loop, Node, OutputBlocked, Parallel, Part
from .costs import tokens, total, usage
from .frames import Frame, at
from .ids import Clock, IdSource
from .run_blocks import BlockEvents, NodeFailed
from .state import NodeState, RunState

__all__ = ["RunScript", "run_inputs"]

_MODERATED = "Stopped by output moderation."
_STOPPED = "Aborted: User requested stop"


def run_inputs(
    run: RunState, inputs: Mapping[str, Any], *, app_id: str, files: list[Any], query: str = "", dialogue_count: int = 1
) -> dict[str, Any]:
    """Return the inputs of a run: those of the app, and the variables of the server.

    Args:
        run: The run.
        inputs: Inputs of the app.
        app_id: UUID of the app.
        files: Files of the message or run, as JSON.
        query: The user's message, for a chatflow.
        dialogue_count: Number of messages in the conversation, for a chatflow.
    """
    ids = run.ids
    system: dict[str, Any] = {"sys.files": files, "sys.user_id": ids.user}
    if ids.message_id is not None:
        system = {"sys.query": query, **system, "sys.dialogue_count": dialogue_count}
    return {
        **inputs,
        **system,
        "sys.app_id": app_id,
        "sys.workflow_id": ids.workflow_id,
        "sys.workflow_run_id": ids.run_id,
    }


class RunScript:
    """The events of a run of a chatflow or a workflow.

    `begin` comes first, then `feed` for each part, `pause` and `resume` for each form, and `finish`, `fail` or `stop` at the
    end. All of them yield events one at a time, and change the state of the run as they do.

    Attributes:
        run: State of the run.
        nodes: Maker of node events, for runs that consist of other nodes than blocks.
        citations: Citations of a chatflow's answer.
        cost: Usage of the models. None until the end.
        failure: Reason for which the run failed or was stopped, or None.
        moderated: Text with which moderation replaced the answer, or None.
        ended: True once the last event of the run is out.
    """

    def __init__(
        self,
        run: RunState,
        *,
        clock: Clock,
        new_id: IdSource,
        query: str = "",
        prompt_tokens: int = 0,
        speak: bool = False,
    ) -> None:
        """Start a script.

        Args:
            run: State of the run, changed by the script.
            clock: Clock of the events.
            new_id: Source of the ids of nodes and logs.
            query: The user's message, which is the prompt of each model.
            prompt_tokens: Number of tokens of the prompt of each model.
            speak: True if the app speaks its answers.
        """
        self.run = run
        self.nodes = BlockEvents(run, clock, new_id)
        self.citations: list[CitationResource] = []
        self.cost: Usage | None = None
        self.failure: str | None = None
        self.moderated: str | None = None
        self.ended = False
        self._clock = clock
        self._query = query
        self._prompt_tokens = prompt_tokens
        self._speak = speak
        self._chatflow = run.ids.message_id is not None
        self._outputs: dict[str, Any] | None = None
        # False until a block or a form: a mapping before that comes from a code node.
        self._has_blocks = False
        # The id of the node that ran last, which streamed outputs carry.
        self._last_node = "code"
        # The model node that is writing, what it has written, and what the models before it have written and cost.
        self._model: NodeState | None = None
        self._model_text = ""
        self._models_text = ""
        self._costs: list[Usage] = []
        # The pauses so far, and the form and the node of the last one until that node ends.
        self._pauses = 0
        self._expired = False
        self._form: PauseReason | None = None
        self._form_node: NodeState | None = None
        self._form_action: str | None = None
        self._form_values: Mapping[str, Any] = {}

    # ---------------------------------------------------------------------------------------------------------- start
    def begin(self) -> Iterator[Frame]:
        """Start the run with its start node."""
        run = self.run
        yield events.workflow_started(run.ids, run.inputs, at(run.created_at))
        start = self.nodes.begin("start", "start", "Start")
        yield self.nodes.started(start)
        values = {name: value for name, value in run.inputs.items() if not name.startswith("sys.")}
        yield self.nodes.finished(start, inputs=values, outputs=values)

    # ---------------------------------------------------------------------------------------------------------- parts
    def feed(self, part: Part) -> Iterator[Frame]:
        """Play a part of an answer.

        Parts are text, blocks, citations, moderated output, and mappings of a workflow's outputs.

        Raises:
            TypeError: The app cannot be answered with the part.
        """
        try:
            if not isinstance(part, Mapping):
                yield from self._end_form()
            match part:
                case str():
                    yield from self._write(part)
                case Node() | Iteration() | Loop() | Parallel():
                    yield from self._end_model()
                    self._has_blocks = True
                    yield from self.nodes.of(part)
                    self._last_node = self._last_node if isinstance(part, Parallel) else part.node_id
                case CitationResource() if self._chatflow:
                    self.citations.append(part)
                case OutputBlocked() if self._chatflow:
                    yield from self._moderate(part.text)
                case Mapping() if not self._chatflow:
                    yield from self._hand_over(part)
                case _:
                    raise misfit(part, "chatflow" if self._chatflow else "workflow")
        except NodeFailed as error:
            self.failure = str(error)
            yield from self._end("failed", self.failure)

    def answer(self, text: str) -> Iterator[Frame]:
        """Write text of the answer node, as an answer without a model has it."""
        yield from self._end_form()
        yield self.nodes.delta(text, ["answer", "answer"])

    def _write(self, delta: str) -> Iterator[Frame]:
        if self._model is None:
            yield from self._begin_model()
        assert self._model is not None
        self._models_text += delta
        self._model_text += delta
        yield self.nodes.delta(delta, [self._model.id, "text"])

    def _begin_model(self) -> Iterator[Frame]:
        number = len(self._costs) + 1
        self._model = self.nodes.begin("llm" if number == 1 else f"llm{number}", "llm", "LLM")
        self._model_text = ""
        yield self.nodes.started(self._model)

    def _end_model(self) -> Iterator[Frame]:
        node, self._model = self._model, None
        if node is None:
            return
        if self._speak and self._model_text:
            yield events.tts_message(self.run.ids)
        for _ in range(2):  # the last chunk of a model has no text, and the node adds another one
            yield self.nodes.delta("", [node.id, "text"])
        latency = round(self._clock.elapsed() - node.started, 3)
        cost = usage(self._prompt_tokens, tokens(self._model_text), latency=latency)
        self._costs.append(cost)
        self.run.total_tokens += cost.total_tokens or 0
        spent = cost.model_dump(mode="json")
        ending = {"usage": spent, "finish_reason": "stop"}
        prompt: dict[str, Any] = {"role": "user", "text": self._query, "files": []}
        yield self.nodes.finished(
            node,
            inputs=self._model_inputs(),
            process_data={"model_mode": "chat", "prompts": [prompt], **ending, **events.MODEL},
            outputs={"text": self._model_text, "reasoning_content": "", **ending},
            execution_metadata={name: spent[name] for name in ("total_tokens", "total_price", "currency")},
        )

    def _model_inputs(self) -> dict[str, Any]:
        # The models of chatflows get the files of the message, those of workflows only what their prompts name.
        files = self.run.inputs.get("sys.files") if self._chatflow else None
        return {**events.MODEL, "#files#": files} if files else dict(events.MODEL)

    def _hand_over(self, outputs: Mapping[str, Any]) -> Iterator[Frame]:
        """Stream outputs, from a code node if there was no other node."""
        self._outputs = {**(self._outputs or {}), **outputs}
        yield from self._end_model()
        if not self._has_blocks:
            self._has_blocks = True
            node = self.nodes.begin("code", "code", "Code")
            yield self.nodes.started(node)
            yield from self._chunks(outputs, node.id)
            yield self.nodes.finished(node, inputs={}, outputs=outputs)
        elif not self.run.answer and self._pauses < 2:  # a run that was paused twice streams no outputs
            yield from self._chunks(outputs, self._last_node)
        yield from self._end_form()

    def _chunks(self, outputs: Mapping[str, Any], node_id: str) -> Iterator[Frame]:
        """Yield outputs as an end node streams them.

        Each is text, with line breaks between them.
        """
        for number, (name, value) in enumerate(outputs.items()):
            if number:
                yield self.nodes.delta("\n", ["end", "answer"])
            value = "" if value is None else value
            text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            yield self.nodes.delta(text, [node_id, name])

    def _moderate(self, text: str) -> Iterator[Frame]:
        yield from self._end_model()
        self.moderated = text
        yield events.message_replace(self.run.ids, text, "output_moderation")
        yield from self._end("stopped", _MODERATED)

    # ---------------------------------------------------------------------------------------------------------- forms
    def pause(self, form: PauseReason) -> Iterator[Frame]:
        """Show a form, and pause the run."""
        run = self.run
        yield from self._end_form()
        yield from self._end_model()
        self._pauses += 1
        self._has_blocks = True
        node = self.nodes.begin(form.node_id or "human", "human-input", form.node_title or "Human Input")
        self._form, self._form_node, self._last_node = form, node, node.id
        yield self.nodes.started(node)
        yield events.form_required(run.ids, form)
        run.status = node.status = "paused"
        elapsed = round(self._clock.elapsed() - run.started, 6)
        yield events.workflow_paused(run, [form], elapsed=elapsed)

    def resume(self, action: str | None, values: Mapping[str, Any] | None = None) -> Iterator[Frame]:
        """Resume the run after its form was submitted, or expired.

        The node of the form ends with the next part.

        Args:
            action: Id of the button. None if the form expired.
            values: Submitted values by field; files as file objects.
        """
        run, form, node = self.run, self._form, self._form_node
        assert form is not None  # `pause` has set both
        assert node is not None
        run.status = node.status = "running"
        run.total_steps += 1
        self._form_action, self._form_values, self._expired = action, dict(values or {}), action is None
        yield events.workflow_started(run.ids, run.inputs, at(self._clock.now()), "resumption")
        yield self.nodes.started(node)
        problem = _problem(form, self._form_values)
        if problem is not None:
            self._form_node = None
            yield self.nodes.finished(node, status="failed", inputs={}, outputs={}, error=problem)
            self.failure = problem
            yield from self._end("failed", problem)
        elif action is None:
            yield events.form_timeout(run.ids, form, form.expiration_time)
        else:
            yield events.form_filled(run.ids, form, action, self._form_values)

    def _end_form(self) -> Iterator[Frame]:
        form, node, values = self._form, self._form_node, self._form_values
        self._form_node = None
        if form is None or node is None:
            return
        action = self._form_action or ""
        outputs = {
            **values,
            "__action_id": action,
            "__rendered_content": events.render(form, values),
            "__action_value": events.button_title(form, action),
        }
        inputs = {name: {"value_type": _type_of(value), "value": value} for name, value in values.items()}
        yield self.nodes.finished(node, inputs=inputs, outputs=outputs)

    # ------------------------------------------------------------------------------------------------------------ end
    def finish(self, *, cost: Usage | None = None) -> Iterator[Frame]:
        """End the run with its end or answer node.

        Args:
            cost: Usage in the `message_end` event; by default that of the models.
        """
        if self.ended:
            return
        run = self.run
        yield from self._end_model()
        yield from self._end_form()
        outputs: dict[str, Any]
        if self._chatflow:
            outputs = {"answer": run.answer, "files": list[Any]()}
        elif self._outputs is not None:
            outputs = self._outputs
        else:
            text = self._models_text or run.answer
            outputs = {"text": text} if text or not self._has_blocks else {}
        if outputs or not self._expired:  # the graph has no node after a form that expired, unless it gave outputs
            id = "answer" if self._chatflow else "end"
            node = self.nodes.begin(id, id, id.capitalize())
            yield self.nodes.started(node)
            yield self.nodes.finished(node, inputs={} if self._chatflow else outputs, outputs=outputs)
        self.cost = total(self._costs) if cost is None else cost
        handled = any(node.status == "exception" for node in run.nodes)
        self.settle("partial-succeeded" if handled else "succeeded", outputs=outputs)
        if self._chatflow:
            yield events.message_end(run.ids, events.metadata(self.cost, self.citations))
        self.ended = True
        yield events.workflow_finished(run)

    def fail(self, error: str) -> Iterator[Frame]:
        """End the run because its model failed, even if it has written nothing."""
        yield from self._end_form()
        if self._model is None:
            yield from self._begin_model()
        assert self._model is not None
        node, self._model = self._model, None
        self.run.exceptions_count += 1
        inputs = self._model_inputs()
        yield self.nodes.finished(node, status="failed", inputs=inputs, outputs={}, error=error)
        self.failure = error
        yield from self._end("failed", error)

    def stop(self) -> Iterator[Frame]:
        """End the run because a caller stopped it.

        The event has status "failed", and the run "stopped".
        """
        if self.ended:
            return
        self.failure = _STOPPED
        yield from self._end("stopped", _STOPPED, shown="failed")

    def _end(self, status: str, error: str, *, shown: str | None = None) -> Iterator[Frame]:
        self.ended = True
        self.settle(status, error=error)
        yield events.workflow_finished(self.run, status=shown)

    def settle(self, status: str, *, error: str | None = None, outputs: dict[str, Any] | None = None) -> None:
        """Set the result of the run, without an event."""
        run = self.run
        run.status, run.error, run.outputs = status, error, outputs or {}
        run.elapsed_time, run.finished_at = round(self._clock.elapsed() - run.started, 6), self._clock.now()


def misfit(part: object, app: str) -> TypeError:
    """Return the error of a part with which an app cannot be answered."""
    kind = type(part).__name__
    return TypeError(f"a {app} cannot be answered with {'an' if kind[0] in 'AEIO' else 'a'} {kind}")


def _problem(form: PauseReason, values: Mapping[str, Any]) -> str | None:
    """Return the error of a run with a text field that is not text, or None."""
    names = [field.output_variable_name for field in form.inputs or [] if field.type in ("paragraph", "select")]
    for name, value in values.items():
        if name in names and not isinstance(value, str):
            details = f"output_variable_name={name}, got={type(value).__name__}"
            return f"HumanInput file list input expects a string, {details}"
    return None


def _type_of(value: Any) -> str:
    return "string" if isinstance(value, str) else "file" if isinstance(value, dict) else "array[file]"
