"""Switches of retrieval settings.

The server ignores values without their switch. Pure.
"""

from typing import Any, cast

__all__ = ["switched_on"]


def switched_on(data: Any) -> Any:
    """Return retrieval settings with the switches that their values need.

    A switch that is present is kept.

    Example:
        >>> switched_on({"score_threshold": 0.5})
        {'score_threshold': 0.5, 'score_threshold_enabled': True}
        >>> switched_on({"score_threshold": 0.5, "score_threshold_enabled": False})
        {'score_threshold': 0.5, 'score_threshold_enabled': False}
    """
    if not isinstance(data, dict):
        return data
    fields = dict(cast("dict[str, Any]", data))
    if fields.get("score_threshold") is not None:
        fields.setdefault("score_threshold_enabled", True)
    mode = fields.get("reranking_mode")
    has_model = _names_a_model(fields.get("reranking_model")) and fields.get("reranking_enable", True)
    has_weights = fields.get("weights") is not None
    if has_model and has_weights and mode is None:
        raise ValueError("reranking_model and weights exclude each other: pass reranking_mode to choose one")
    if has_model and mode in (None, "reranking_model"):
        fields |= {"reranking_enable": True, "reranking_mode": "reranking_model"}
    elif has_weights and mode is None:
        fields["reranking_mode"] = "weighted_score"
    return fields


def _names_a_model(value: Any) -> bool:
    """Return True for a reranking model, False for empty names.

    The server sends empty names if no model is set.
    """
    if value is None:
        return False
    names = cast("dict[str, Any]", value if isinstance(value, dict) else vars(value))
    return bool(names.get("reranking_model_name") or names.get("reranking_provider_name"))
