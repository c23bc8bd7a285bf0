"""AI models that a workspace can use."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Model, ResponseModel

__all__ = ["LocalizedText", "ModelProvider", "ModelProviders", "ModelType", "ProviderModel"]

ModelType = Literal["llm", "text-embedding", "rerank", "speech2text", "tts", "moderation"]
"""Type of an AI model."""


class LocalizedText(Model):
    """A text, or the URL of an icon, by language."""

    en_us: Annotated[str | None, Field(alias="en_US")] = None
    """English variant; `en_US` on the wire."""
    zh_hans: Annotated[str | None, Field(alias="zh_Hans")] = None
    """Simplified Chinese variant; `zh_Hans` on the wire. None if there is none."""


class ProviderModel(Model):
    """An AI model that the workspace can use."""

    model: str
    """Name of the model; parameters such as `embedding_model` take it."""
    label: LocalizedText | None = None
    """Display name."""
    model_type: ModelType | str | None = None
    """Type of the model; the type that was asked for."""
    features: list[str] | None = None
    """Abilities such as "vision" or "tool-call". None if the provider declares none."""
    fetch_from: Literal["predefined-model", "customizable-model"] | str | None = None
    """Origin: "predefined-model" of the provider, or "customizable-model" that the workspace defined."""
    model_properties: dict[str, Any] | None = None
    """Properties by name, depending on the type: `context_size` and `mode` of an "llm", `voices` and `audio_type` of a
    "tts" model.
    """
    deprecated: bool | None = None
    """True if the provider has deprecated the model."""
    status: (
        Literal["active", "no-configure", "quota-exceeded", "no-permission", "disabled", "credential-removed"]
        | str
        | None
    ) = None
    """Availability; only "active" models can be used."""
    load_balancing_enabled: bool | None = None
    """True if requests are spread over several credentials."""
    has_invalid_load_balancing_configs: bool | None = None
    """True if a credential of the load balancing does not work."""


class ModelProvider(Model):
    """A provider with its models of the requested type."""

    provider: str
    """Name for parameters such as `embedding_model_provider`: `organization/plugin/provider`, as in
    "langgenius/openai/openai", or a bare name in old workspaces.
    """
    tenant_id: str | None = None
    """UUID of the workspace."""
    label: LocalizedText | None = None
    """Display name."""
    icon_small: LocalizedText | None = None
    """URLs of the small icon."""
    icon_small_dark: LocalizedText | None = None
    """URLs of the small icon for dark backgrounds. None if there is none."""
    status: Literal["active", "no-configure"] | str | None = None
    """State of the provider; "active" if credentials are configured."""
    models: list[ProviderModel]
    """Models of the requested type."""


class ModelProviders(ResponseModel):
    """The providers that have models of the requested type."""

    data: list[ModelProvider]
    """Providers with their models."""
