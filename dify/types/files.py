"""Files: inputs of calls, replies of uploads, and the server's descriptions."""

from typing import Annotated, Any, Literal, Self, cast
from urllib.parse import unquote, urlsplit
from uuid import UUID

from pydantic import AfterValidator, ValidationError, model_validator

from ..errors import InvalidArgumentError
from ._base import Model, ResponseModel, Timestamp
from ._media_types import media_type_of_name

__all__ = ["FileKind", "FileObject", "InputFile", "MessageFileSummary", "UploadedFile"]

FileKind = Literal["image", "document", "audio", "video", "custom"]
"""Kind of a file as apps see it; `app.parameters()` lists the kinds that an app accepts."""


def kind_of(mime_type: str | None) -> FileKind:
    """Return the kind of a file: image, audio, video, or else document."""
    match (mime_type or "").partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"


def _kind_of_url(url: str) -> FileKind:
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    media_type = media_type_of_name(name)
    if media_type is None:
        raise InvalidArgumentError(
            f"the type of the file cannot be guessed from the name {name[:80]!r} in its URL: pass type=", param="type"
        )
    return kind_of(media_type)


class InputFile(Model):
    """A file for an app, in `files=` or as a value inside `inputs`.

    Build one with `from_url`, `from_upload` or `from_id`; the fields are those of the wire.

    Raises:
        ValidationError: `url` or `upload_file_id` is missing.

    Example:
        >>> InputFile.from_url("https://example.com/cat.png").type
        'image'
    """

    type: FileKind
    """Kind of the file. Servers refuse kinds that the app does not accept."""
    transfer_method: Literal["remote_url", "local_file"]
    """Source of the file: "remote_url" for `url`, "local_file" for `upload_file_id`."""
    url: str | None = None
    """URL that the server downloads the file from. None for uploaded files."""
    upload_file_id: str | None = None
    """Id of a file that was uploaded with the same `user`. None for remote files."""

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if self.transfer_method == "remote_url" and not self.url:
            raise ValueError("url is missing: the server fetches a remote file from it")
        if self.transfer_method == "local_file" and not self.upload_file_id:
            raise ValueError("upload_file_id is missing: upload the file with files.upload()")
        return self

    @classmethod
    def from_url(cls, url: str, *, type: FileKind | None = None) -> "InputFile":
        """Create a file that the server downloads.

        Args:
            url: URL of the file, http or https, reachable from the server.
            type: Kind of the file. By default the extension of the name in the URL decides between "image", "audio",
                "video" and "document".

        Raises:
            InvalidArgumentError: The server cannot fetch the URL, or its name has no known extension.
        """
        url = str(url).strip()
        try:
            parts = urlsplit(url)
            fetchable = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            fetchable = False
        if not fetchable or any(character.isspace() for character in url):
            raise InvalidArgumentError(
                f"the server cannot fetch {url[:80]!r}: it needs an http or https URL",
                param="url",
                hint="upload a file or a data: URL with files.upload()",
            )
        return cls(type=type or _kind_of_url(url), transfer_method="remote_url", url=url)

    @classmethod
    def from_id(cls, id: str, *, type: FileKind) -> "InputFile":
        """Create a file from the id of an upload, for example from a database.

        The call must have the user of the upload.

        Args:
            id: `UploadedFile.id`, or its text.
            type: Kind of the file: "image", "document", "audio", "video", or "custom".

        Raises:
            InvalidArgumentError: The id is empty.

        Example:
            >>> InputFile.from_id("8f2c6f0e-5d38-4b6f-8a58-0c5b1e7f6b1d", type="document").transfer_method
            'local_file'
        """
        text = str(id).strip() if isinstance(id, (str, UUID)) else ""  # pyright: ignore[reportUnnecessaryIsInstance]
        if not text:
            raise InvalidArgumentError("id is not the id of an uploaded file: give UploadedFile.id", param="id")
        return cls(type=type, transfer_method="local_file", upload_file_id=text)

    @classmethod
    def from_upload(cls, uploaded: "UploadedFile", *, type: FileKind | None = None) -> "InputFile":
        """Create a file from an upload. The call that uses it must have the same `user`.

        Args:
            uploaded: Return value of `files.upload`.
            type: Kind of the file. By default the MIME type decides between "image", "audio", "video" and, for all
                others, "document". Pass "custom" if the app accepts the file by its own list of extensions.
        """
        return cls(type=type or kind_of(uploaded.mime_type), transfer_method="local_file", upload_file_id=uploaded.id)


class UploadedFile(ResponseModel):
    """A file stored for one end user; pass it in `files=` or inside `inputs`."""

    id: str
    """UUID of the file; `InputFile.upload_file_id` takes it."""
    name: str | None = None
    """File name, cut to 200 characters by the server."""
    size: int | None = None
    """Size in bytes."""
    extension: str | None = None
    """Extension without a dot, such as "png"; "" if the name has none."""
    mime_type: str | None = None
    """MIME type, as declared in the upload."""
    created_by: str | None = None
    """UUID of the end user who uploaded the file; look it up with `end_users.get`."""
    created_at: Timestamp | None = None
    """Time of the upload."""
    source_url: str | None = None
    """Signed URL of the file, valid for about 5 minutes by default. None on 0.10 servers."""
    preview_url: str | None = None
    """Preview URL. None for uploads through this API."""
    original_url: str | None = None
    """Original URL. None for uploads through this API."""
    reference: str | None = None
    """Opaque reference for agents and tools. None for uploads through this API."""
    user_id: str | None = None
    """Not used by servers; None."""
    tenant_id: str | None = None
    """UUID of the workspace. None on older servers."""
    conversation_id: str | None = None
    """UUID of the conversation of the file. None for uploads through this API."""
    file_key: str | None = None
    """Not used by servers; None."""


class FileObject(Model):
    """A file in the outputs and events of workflows and chatflows."""

    dify_model_identity: str | None = None
    """Marker of file objects, always "__dify__file__"."""
    id: str | None = None
    """Usually None; `related_id` has the id of the stored file."""
    tenant_id: str | None = None
    """UUID of the workspace. Sent by older servers only."""
    type: FileKind | str | None = None
    """Kind of the file."""
    transfer_method: Literal["remote_url", "local_file", "tool_file", "datasource_file"] | str | None = None
    """Origin of the file: remote, uploaded, or made by a tool or datasource."""
    remote_url: str | None = None
    """URL that the file was taken from. None or "" unless `transfer_method` is "remote_url"."""
    reference: str | None = None
    """Opaque reference to the stored file. None on servers up to 1.12."""
    related_id: str | None = None
    """UUID of the stored file. None for remote files."""
    filename: str | None = None
    """File name."""
    extension: str | None = None
    """Extension with its dot, such as ".png"."""
    mime_type: str | None = None
    """MIME type of the content, such as "image/png"."""
    size: int | None = None
    """Size in bytes; -1 if unknown."""
    url: str | None = None
    """Signed URL of the content, valid for about 5 minutes by default."""


class MessageFileSummary(Model):
    """A file of a reply of a chat, agent or completion app, in `message_end`."""

    related_id: str | None = None
    """UUID of the file's record in the message."""
    upload_file_id: str | None = None
    """UUID of the stored file."""
    filename: str | None = None
    """File name."""
    extension: str | None = None
    """Extension with its dot, such as ".png"."""
    mime_type: str | None = None
    """MIME type of the content, such as "image/png"."""
    size: int | None = None
    """Size in bytes; 0 if unknown."""
    type: FileKind | str | None = None
    """Kind of the file."""
    transfer_method: str | None = None
    """Origin of the file: "remote_url", "local_file" or "tool_file"."""
    url: str | None = None
    """Signed URL of the content, valid for about 5 minutes by default; "" if there is none."""
    remote_url: str | None = None
    """URL that the file was taken from; "" unless `transfer_method` is "remote_url"."""


_FILE_MARK = "__dify__file__"


def _with_files(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_files(item) if isinstance(item, (dict, list)) else item for item in cast("list[Any]", value)]
    if value.get("dify_model_identity") == _FILE_MARK:
        try:
            return FileObject.__pydantic_validator__.validate_python(
                value
            )  # without the wrapper: runs may have many files
        except ValidationError:
            pass  # a later server's shape is no reason to lose the run
    return value


def _outputs_with_files(outputs: dict[str, Any]) -> dict[str, Any]:
    for name, value in outputs.items():  # the dict is a new one, which validation has made
        if isinstance(value, (dict, list)):
            outputs[name] = _with_files(value)
    return outputs


Outputs = Annotated[dict[str, Any], AfterValidator(_outputs_with_files)]
"""Outputs of a run or a node by name; files are `FileObject`s, also those in lists."""

OpenObject = dict[str, Any]
"""A JSON object with undocumented members."""
