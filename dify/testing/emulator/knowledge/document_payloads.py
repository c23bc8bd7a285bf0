"""Request bodies of documents. The classes have Dify's names, because its validation errors contain them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from .search_payloads import RetrievalModel

__all__ = [
    "DocumentBatchDownloadZipPayload",
    "DocumentListQuery",
    "DocumentTextCreatePayload",
    "DocumentTextUpdate",
    "KnowledgeConfig",
    "ProcessRule",
]

_FORMS = ("text_model", "hierarchical_model", "qa_model")


def _known_form(value: str) -> str:
    if value not in _FORMS:
        raise ValueError("Invalid doc_form.")
    return value


_Form = Annotated[str, AfterValidator(_known_form)]


class ProcessRuleMode(StrEnum):
    """The ways of cutting a document."""

    AUTOMATIC = "automatic"
    CUSTOM = "custom"
    HIERARCHICAL = "hierarchical"


class PreProcessingRule(BaseModel):
    """A step before cutting."""

    id: str
    enabled: bool


class Segmentation(BaseModel):
    """Boundaries and size of chunks."""

    separator: str = "\n"
    max_tokens: int
    chunk_overlap: int = 0


class Rule(BaseModel):
    """Rules for splitting documents into chunks."""

    pre_processing_rules: list[PreProcessingRule] | None = None
    segmentation: Segmentation | None = None
    parent_mode: Literal["full-doc", "paragraph"] | None = None
    subchunk_segmentation: Segmentation | None = None


class ProcessRule(BaseModel):
    """A way of cutting, and its rules."""

    mode: ProcessRuleMode
    rules: Rule | None = None

    def problem(self) -> str | None:
        """Return the server's message about a missing part. The rules of mode "automatic" are not checked."""
        if self.mode == ProcessRuleMode.AUTOMATIC:
            return None
        rules = self.rules
        if rules is None:
            missing = "rules"
        elif rules.pre_processing_rules is None:
            missing = "pre_processing_rules"
        elif not all(step.id for step in rules.pre_processing_rules):
            missing = "pre_processing_rules id"
        elif rules.segmentation is None:
            missing = "segmentation"
        elif not rules.segmentation.separator:
            missing = "segmentation separator"
        elif not rules.segmentation.max_tokens and not self._keeps_whole(rules):
            missing = "segmentation max_tokens"
        else:
            return None
        return f"Process rule {missing} is required"

    def _keeps_whole(self, rules: Rule) -> bool:
        return self.mode == ProcessRuleMode.HIERARCHICAL and rules.parent_mode == "full-doc"

    def stored(self) -> dict[str, Any]:
        """The rules as they are stored: of steps with one id the last, and parents are paragraphs by default."""
        assert self.rules is not None
        rules = self.rules.model_dump(mode="json")
        steps: list[dict[str, Any]] = rules["pre_processing_rules"] or []
        rules["pre_processing_rules"] = [*{step["id"]: step for step in steps}.values()]
        if self.mode == ProcessRuleMode.HIERARCHICAL:
            rules["parent_mode"] = rules["parent_mode"] or "paragraph"
        return rules


class DocumentTextCreatePayload(BaseModel):
    """A document made of text."""

    name: str
    text: str
    process_rule: ProcessRule | None = None
    original_document_id: str | None = None
    doc_form: _Form = "text_model"
    doc_language: str = "English"
    indexing_technique: str | None = None
    retrieval_model: RetrievalModel | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None


class DocumentTextUpdate(BaseModel):
    """A document's new text."""

    name: str | None = None
    text: str | None = None
    process_rule: ProcessRule | None = None
    doc_form: _Form = "text_model"
    doc_language: str = "English"
    retrieval_model: RetrievalModel | None = None

    @model_validator(mode="after")
    def _named(self) -> DocumentTextUpdate:
        if self.text is not None and self.name is None:
            raise ValueError("name is required when text is provided")
        return self


class KnowledgeConfig(BaseModel):
    """Settings that create or change a document, from a text or a file."""

    original_document_id: str | None = None
    duplicate: bool = True
    indexing_technique: Literal["high_quality", "economy"]
    data_source: dict[str, Any] | None = None
    process_rule: ProcessRule | None = None
    retrieval_model: RetrievalModel | None = None
    summary_index_setting: dict[str, Any] | None = None
    doc_form: _Form = "text_model"
    doc_language: str = "English"
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    name: str | None = None
    is_multimodal: bool = False


class DocumentListQuery(BaseModel):
    """Which documents to list."""

    page: int = 1
    limit: int = 20
    keyword: str | None = None
    status: str | None = None


class DocumentBatchDownloadZipPayload(BaseModel):
    """Documents to download as one archive."""

    document_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
