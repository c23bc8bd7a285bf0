"""Knowledge pipelines: their inputs and the results of their runs."""

from typing import Any, Literal

from ._base import IsoTime, Model, ResponseModel
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
"""Kind of source of a pipeline; it decides which `DatasourceInfo` a run takes."""


class PipelineFile(ResponseModel):
    """A file uploaded for a pipeline.

    `LocalFile.from_upload` turns it into input for a run.
    """

    id: str
    """UUID of the file; `LocalFile.reference` takes it."""
    name: str | None = None
    """File name."""
    size: int | None = None
    """Size in bytes."""
    extension: str | None = None
    """Extension without a dot, such as "txt"."""
    mime_type: str | None = None
    """MIME type. None if unknown."""
    created_by: str | None = None
    """UUID of the account that owns the knowledge key."""
    created_at: IsoTime | None = None
    """Time of the upload."""


# ------------------------------------------------------------------------------------------------------- requests
class LocalFile(Model):
    """An uploaded file as input for a run, for `datasource_type="local_file"`."""

    reference: str
    """UUID of the upload, `PipelineFile.id`."""
    name: str | None = None
    """Title of the document; the server's default is "untitled"."""
    related_id: str | None = None
    """Name of `reference` on older servers."""

    @classmethod
    def from_upload(cls, uploaded: PipelineFile) -> "LocalFile":
        """Create the input from an upload, with the file name as title.

        `pipelines.upload_file` returns the upload.
        """
        return cls(reference=uploaded.id, name=uploaded.name)


class OnlineDocumentPage(Model):
    """A page of an online document."""

    page_id: str
    """Id of the page at the provider."""
    type: str
    """Kind of page, as the datasource plugin names it, such as "page" or "database"."""
    page_name: str | None = None
    """Title of the document; the server's default is "untitled"."""


class OnlineDocument(Model):
    """An online document as input for a run, for `datasource_type="online_document"`."""

    workspace_id: str
    """Id of the workspace or database at the provider."""
    page: OnlineDocumentPage
    """Page to read."""
    credential_id: str | None = None
    """Id of a credential from `DatasourcePlugin.credentials`. None for the provider's default."""


class WebPage(Model):
    """A crawled page as input for a run, for `datasource_type="website_crawl"`.

    Providers may require further members, such as those of the crawl's results; any keyword argument is sent.
    """

    url: str
    """URL of the page."""
    title: str | None = None
    """Title of the document; the server's default is "untitled"."""


class OnlineDriveFile(Model):
    """A file or folder of an online drive as input for a run.

    For `datasource_type="online_drive"`.
    """

    id: str
    """Id of the file or folder at the provider."""
    type: Literal["file", "folder"]
    """Kind of item: one file, or a folder whose files are read."""
    bucket: str | None = None
    """Bucket of the item. None for providers without buckets."""
    name: str | None = None
    """Title of the document; the server's default is "untitled"."""


DatasourceInfo = LocalFile | OnlineDocument | WebPage | OnlineDriveFile | dict[str, Any]
"""A source item for a run of a pipeline; a dict if the provider's shape differs from the models."""


# -------------------------------------------------------------------------------------------------------- answers
class PipelineVariable(Model):
    """An input of a datasource node, to set in `inputs`."""

    variable: str
    """Key of the input in `inputs`."""
    label: str | None = None
    """Label in the user interface."""
    type: str | None = None
    """Kind of control, such as "text-input"."""
    belong_to_node_id: str | None = None
    """Id of the datasource node that the input belongs to."""
    description: str | None = None
    """Description, "" if there is none."""
    required: bool | None = None
    """True if runs must set the input."""
    default_value: Any = None
    """Default value. None if there is none."""
    options: list[str] | None = None
    """Accepted values of a select control. None or empty for others."""
    max_length: int | None = None
    """Maximum number of characters, or of files. None if there is no limit."""
    placeholder: str | None = None
    """Text shown in the empty control. None if there is none."""
    unit: str | None = None
    """Unit shown next to a number. None if there is none."""
    tooltips: str | None = None
    """Help text shown next to the control. None if there is none."""
    allowed_file_types: list[str] | None = None
    """Accepted kinds of files. None unless the control takes files."""
    allowed_file_extensions: list[str] | None = None
    """Accepted extensions for the kind "custom". None unless the control takes files."""
    allowed_file_upload_methods: list[str] | None = None
    """Accepted sources of files. None unless the control takes files."""


class DatasourceCredential(Model):
    """A credential that a datasource can use."""

    id: str | None = None
    """Id of the credential; runs take it as `credential_id`."""
    name: str | None = None
    """Name of the credential."""
    type: str | None = None
    """Kind of credential, such as "api-key" or "oauth2"."""
    is_default: bool | None = None
    """True if the provider uses the credential by default."""


class DatasourcePlugin(Model):
    """A datasource node of a pipeline."""

    node_id: str | None = None
    """Id of the node; runs take it as `start_node_id`, `run_datasource_node` as `node_id`."""
    plugin_id: str | None = None
    """Id of the plugin, such as "langgenius/file"."""
    provider_name: str | None = None
    """Name of the provider in the plugin, such as "file"."""
    datasource_type: DatasourceType | str | None = None
    """Kind of source."""
    title: str | None = None
    """Title of the node."""
    user_input_variables: list[PipelineVariable] | None = None
    """Inputs that the node takes."""
    credentials: list[DatasourceCredential] | None = None
    """Credentials that the node can use; empty if it needs none."""


class PipelineDataset(Model):
    """The knowledge base that a pipeline fills."""

    id: str
    """UUID of the knowledge base."""
    name: str | None = None
    """Name of the knowledge base."""
    description: str | None = None
    """Description, "" if there is none."""
    chunk_structure: str | None = None
    """Chunk structure that the pipeline produces, such as "text_model"."""


class PipelineDocument(Model):
    """A document that a run of a pipeline creates."""

    id: str
    """UUID of the document."""
    name: str | None = None
    """Name of the document."""
    position: int | None = None
    """Position in the knowledge base, from 1."""
    data_source_type: DatasourceType | str | None = None
    """Kind of source."""
    data_source_info: dict[str, Any] | None = None
    """Source item that the run received for the document."""
    indexing_status: IndexingState | None = None
    """Progress of the indexing."""
    error: str | None = None
    """Reason that the indexing failed. None if there is none."""
    enabled: bool | None = None
    """True if retrieval may use the document."""


class PipelineRun(ResponseModel):
    """The run of a published pipeline; the indexing of its documents has started.

    Runs of a draft return a `WorkflowRun`, or the events of one.
    """

    batch: str
    """Id of the batch; `documents.indexing_status` and `documents.wait_indexed` take it."""
    dataset: PipelineDataset | None = None
    """Knowledge base that the pipeline fills."""
    documents: list[PipelineDocument]
    """Documents that the run creates."""
