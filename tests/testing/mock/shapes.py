"""The shape of JSON: its names and types, for what is built to be held against what was recorded."""

from __future__ import annotations

from typing import Any

OPEN = frozenset(
    {
        "inputs", "outputs", "process_data", "execution_metadata", "metadata_", "rules", "model_properties", "tool_labels",
        "submitted_data", "resolved_default_values", "user_input_form", "file_upload", "sensitive_word_avoidance", "data_",
        "suggested_questions", "keywords", "doc_metadata", "actions", "reasons_", "features",
    }
)  # fmt: skip
"""Members whose content is each app's own."""


def names(value: Any) -> Any:
    """The names of every object at any depth; of lists, those of the first item."""
    match value:
        case dict():
            return {name: "…" if name in OPEN else names(item) for name, item in value.items()}
        case list():
            return [names(value[0])] if value else []
        case _:
            return None


def differences(mine: Any, theirs: Any, where: str = "") -> list[str]:
    """Where two shapes differ. A null or an empty list says nothing of what could be there."""
    if mine is None or theirs is None or mine == "…" or theirs == "…":
        return []
    if isinstance(mine, list) and isinstance(theirs, list):
        return differences(mine[0], theirs[0], f"{where}[]") if mine and theirs else []
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return [f"{where}: {mine!r:.60} is not {theirs!r:.60}"]
    found = [f"{where}.{name} is missing" for name in theirs.keys() - mine.keys()]
    found += [f"{where}.{name} is too much" for name in mine.keys() - theirs.keys()]
    for name in mine.keys() & theirs.keys():
        found += differences(mine[name], theirs[name], f"{where}.{name}")
    return found


def types(mine: Any, theirs: Any, where: str = "") -> list[str]:
    """Where the types of two values differ; null goes with all."""
    if mine is None or theirs is None:
        return []
    number = isinstance(mine, int | float) and isinstance(theirs, int | float)
    if type(mine) is not type(theirs) and not (number and not isinstance(mine, bool) and not isinstance(theirs, bool)):
        return [f"{where}: {mine!r:.60} is not like {theirs!r:.60}"]
    if isinstance(mine, dict):
        both = (mine.keys() & theirs.keys()) - OPEN
        return [one for name in both for one in types(mine[name], theirs[name], f"{where}.{name}")]
    if isinstance(mine, list) and mine and theirs:
        return types(mine[0], theirs[0], f"{where}[]")
    return []
