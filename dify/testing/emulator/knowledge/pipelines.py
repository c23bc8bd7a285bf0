"""Pipelines of knowledge bases: what they collect, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...script.ids import new_id

__all__ = ["PARAGRAPHS", "Collect", "StoredPipeline", "one_page"]

Collect = Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""What a datasource node finds for its inputs."""

PARAGRAPHS: dict[str, Any] = {
    "mode": "custom",
    "rules": {
        "pre_processing_rules": [],
        "segmentation": {"separator": "\n\n", "max_tokens": 500, "chunk_overlap": 0},
    },
}
"""How a pipeline cuts its documents: at empty lines."""


def one_page(inputs: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The page that a datasource finds which was not told what there is."""
    url = str(inputs.get("url") or "https://example.com")
    return [{"source_url": url, "title": "Page", "content": f"The content of {url}.", "description": ""}]


@dataclass
class StoredPipeline:
    """A published pipeline: its one datasource node, and what that finds."""

    datasource_type: str
    node_id: str
    variables: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    collect: Collect | None = None
    id: str = field(default_factory=new_id)
    workflow_id: str = field(default_factory=new_id)

    def plugin(self) -> dict[str, Any]:
        """The datasource node as the API shows it, with the variables that are its own."""
        variables = [self._variable(each) for each in self.variables]
        return {
            "node_id": self.node_id,
            "plugin_id": "langgenius/emulator",
            "provider_name": "emulator",
            "datasource_type": self.datasource_type,
            "title": "emulator",
            "user_input_variables": [each for each in variables if each["belong_to_node_id"] == self.node_id],
            "credentials": [],
        }

    def _variable(self, given: dict[str, Any]) -> dict[str, Any]:
        usual: dict[str, Any] = {
            "belong_to_node_id": self.node_id,
            "type": "text-input",
            "label": given.get("variable", ""),
            "description": "",
            "variable": "",
            "max_length": 256,
            "default_value": None,
            "placeholder": None,
            "unit": None,
            "tooltips": None,
            "allowed_file_types": None,
            "allowed_file_extensions": [],
            "allowed_file_upload_methods": [],
            "required": False,
            "options": [],
        }
        return {**usual, **given}
