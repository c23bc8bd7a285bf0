"""Recorded calls made again through a client of either face: streams are opened by plain methods on both."""

from __future__ import annotations

from typing import Any

from .recordings import Recording


def open_stream(client: Any, one: Recording, **more: Any) -> Any:
    """The stream object of the call that was recorded, not yet sent."""
    asked, parts = one.asked or {}, one.path.split("/")
    of_chat = (one.app or "").startswith(("cf_", "chat", "agent"))
    match one.operation:
        case "sendChatMessage":
            known = {name: asked[name] for name in ("inputs", "conversation_id", "workflow_id") if name in asked}
            return client.chat.stream(asked["query"], **known, **more)
        case "createCompletionMessage":
            return client.completions.stream(asked["inputs"], **more)
        case "executeWorkflow":
            return client.workflows.stream(asked["inputs"], **more)
        case "runWorkflowById":
            return client.workflows.stream(asked["inputs"], workflow_id=parts[3], **more)
        case "streamWorkflowEvents":
            noun = client.chat if of_chat else client.workflows
            flags = {name: True for name in ("include_state_snapshot", "continue_on_pause") if name in one.query}
            return noun.events(parts[3], **flags, **more)
        case "runDatasourceNode":
            return client.knowledge.pipelines.run_datasource_node(parts[3], parts[7], **asked, **more)
        case "runPipeline":
            names = ("inputs", "datasource_type", "datasource_info_list", "start_node_id")
            return client.knowledge.pipelines.stream(parts[3], **{name: asked[name] for name in names}, **more)
        case _:
            raise AssertionError(f"{one.name}: {one.operation} opens no stream")
