"""The AI models of a workspace."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Answer, Model

__all__ = ["LocalizedText", "ModelProvider", "ModelProviders", "ModelType", "ProviderModel"]

ModelType = Literal["llm", "text-embedding", "rerank", "speech2text", "tts", "moderation"]
"""What a model does."""


class LocalizedText(Model):
    """A text, or the URL of an icon, by language."""

    en_us: Annotated[str | None, Field(alias="en_US")] = None
    zh_hans: Annotated[str | None, Field(alias="zh_Hans")] = None


class ProviderModel(Model):
    """A model that the workspace can use; `model` is what goes into parameters such as `embedding_model`.

    `model_properties` depends on the type: context_size and mode of an llm, voices and audio_type of a tts model, …
    """

    model: str
    label: LocalizedText | None = None
    model_type: ModelType | str | None = None
    features: list[str] | None = None
    fetch_from: Literal["predefined-model", "customizable-model"] | str | None = None
    model_properties: dict[str, Any] | None = None
    deprecated: bool | None = None
    status: (
        Literal["active", "no-configure", "quota-exceeded", "no-permission", "disabled", "credential-removed"]
        | str
        | None
    ) = None
    load_balancing_enabled: bool | None = None
    has_invalid_load_balancing_configs: bool | None = None


class ModelProvider(Model):
    """A provider with those of its models that have the type asked for.

    `provider` (as `organization/plugin/provider`, or a bare name on old workspaces) is what goes into parameters such
    as `embedding_model_provider`.
    """

    provider: str
    tenant_id: str | None = None
    label: LocalizedText | None = None
    icon_small: LocalizedText | None = None
    icon_small_dark: LocalizedText | None = None
    status: Literal["active", "no-configure"] | str | None = None
    models: list[ProviderModel]


class ModelProviders(Answer):
    """The providers that have models of the type asked for."""

    data: list[ModelProvider]
