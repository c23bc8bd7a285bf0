"""Knowledge pipelines: what they are fed with, and what a run of one answers."""

from typing import Any, Literal

from ._base import Answer, IsoTime, Model
from .documents import IndexingState

__all__ = [
    "DatasourceCredential",
    "DatasourceInfo",
    "DatasourcePlugin",
    "DatasourceType",
    "LocalFile",
    "OnlineDocument",
    "OnlineDocumentPage",
    "OnlineDriveFile",
    "PipelineDataset",
    "PipelineDocument",
    "PipelineFile",
    "PipelineRun",
    "PipelineVariable",
    "WebPage",
]

DatasourceType = Literal["local_file", "online_document", "online_drive", "website_crawl"]
"""Where the documents of a pipeline come from; it decides the kind of `DatasourceInfo` that a run takes."""


class PipelineFile(Answer):
    """A file that was uploaded for a pipeline; `LocalFile.from_upload` turns it into input for a run."""

    id: str
    name: str | None = None
    size: int | None = None
    extension: str | None = None
    mime_type: str | None = None
    created_by: str | None = None
    created_at: IsoTime | None = None


# ------------------------------------------------------------------------------------------------------- requests
class LocalFile(Model):
    """An uploaded file as input for a run, `datasource_type="local_file"`.

    Attributes:
        reference: Id of the upload, `PipelineFile.id`.
        name: Title of the document; "untitled" when left out.
        related_id: What older servers call `reference`.
    """

    reference: str
    name: str | None = None
    related_id: str | None = None

    @classmethod
    def from_upload(cls, uploaded: PipelineFile) -> "LocalFile":
        """The file that `pipelines.upload_file` has stored, under its own name."""
        return cls(reference=uploaded.id, name=uploaded.name)


class OnlineDocumentPage(Model):
    """A page of an online document.

    Attributes:
        page_id: Id of the page at the provider.
        type: Kind of page as the datasource plugin names it, such as "page" or "database".
        page_name: Title of the document; "untitled" when left out.
    """

    page_id: str
    type: str
    page_name: str | None = None


class OnlineDocument(Model):
    """An online document as input for a run, `datasource_type="online_document"`.

    Attributes:
        workspace_id: Id of the workspace or database at the provider.
        page: The page.
        credential_id: Credential to use, from `DatasourcePlugin.credentials`; the provider's default when left out.
    """

    workspace_id: str
    page: OnlineDocumentPage
    credential_id: str | None = None


class WebPage(Model):
    """A crawled page as input for a run, `datasource_type="website_crawl"`.

    Providers may want more members than these, such as those of the crawl's results; any keyword is sent along.

    Attributes:
        url: The page.
        title: Title of the document; "untitled" when left out.
    """

    url: str
    title: str | None = None


class OnlineDriveFile(Model):
    """A file or folder of an online drive as input for a run, `datasource_type="online_drive"`.

    Attributes:
        id: Id of the file or folder at the provider.
        type: Whether it is one file, or a folder to take the files of.
        bucket: Bucket, for providers that have such.
        name: Title of the document; "untitled" when left out.
    """

    id: str
    type: Literal["file", "folder"]
    bucket: str | None = None
    name: str | None = None


DatasourceInfo = LocalFile | OnlineDocument | WebPage | OnlineDriveFile | dict[str, Any]
"""One thing for a pipeline to work on; a dict where a provider's shape differs from the models."""


# -------------------------------------------------------------------------------------------------------- answers
class PipelineVariable(Model):
    """An input that a datasource node wants, to be given in `inputs` under `variable`."""

    variable: str
    label: str | None = None
    type: str | None = None
    belong_to_node_id: str | None = None
    description: str | None = None
    required: bool | None = None
    default_value: Any = None
    options: list[str] | None = None
    max_length: int | None = None
    placeholder: str | None = None
    unit: str | None = None
    tooltips: str | None = None
    allowed_file_types: list[str] | None = None
    allowed_file_extensions: list[str] | None = None
    allowed_file_upload_methods: list[str] | None = None


class DatasourceCredential(Model):
    """A credential that a datasource can use; its `id` is what `credential_id` takes."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    is_default: bool | None = None


class DatasourcePlugin(Model):
    """A datasource node of a pipeline; its `node_id` is what runs take, as `node_id` or `start_node_id`."""

    node_id: str | None = None
    plugin_id: str | None = None
    provider_name: str | None = None
    datasource_type: DatasourceType | str | None = None
    title: str | None = None
    user_input_variables: list[PipelineVariable] | None = None
    credentials: list[DatasourceCredential] | None = None


class PipelineDataset(Model):
    """The knowledge base that a pipeline fills."""

    id: str
    name: str | None = None
    description: str | None = None
    chunk_structure: str | None = None


class PipelineDocument(Model):
    """A document that a pipeline makes; `data_source_info` is what the run was given for it."""

    id: str
    name: str | None = None
    position: int | None = None
    data_source_type: DatasourceType | str | None = None
    data_source_info: dict[str, Any] | None = None
    indexing_status: IndexingState | None = None
    error: str | None = None
    enabled: bool | None = None


class PipelineRun(Answer):
    """What the run of a published pipeline answers; indexing goes on, and `batch` is what `indexing_status` asks about.

    The run of a draft answers as a workflow does: with a `WorkflowRun`, or the events of one.
    """

    batch: str
    dataset: PipelineDataset | None = None
    documents: list[PipelineDocument]
