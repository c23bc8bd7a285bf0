"""Files: what goes into a call, what an upload answers, and the shapes in which the server shows files."""

from typing import Any, Literal

from ._base import Answer, Model, Timestamp

__all__ = ["FileKind", "FileObject", "InputFile", "MessageFileSummary", "UploadedFile"]

FileKind = Literal["image", "document", "audio", "video", "custom"]
"""What a file is to an app; which kinds it takes is in `app.parameters()`."""


def kind_of(mime_type: str | None) -> FileKind:
    """The kind under which an app takes a file of this MIME type: image, audio, video, else document."""
    match (mime_type or "").partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"


class InputFile(Model):
    """A file handed to an app, in `files=` or as a value inside `inputs`.

    Build one with `from_url` or `from_upload`; the fields are those of the wire.

    Example:
        >>> InputFile.from_url("https://example.com/cat.png", type="image").transfer_method
        'remote_url'
    """

    type: FileKind
    transfer_method: Literal["remote_url", "local_file"]
    url: str | None = None
    upload_file_id: str | None = None

    @classmethod
    def from_url(cls, url: str, *, type: FileKind) -> "InputFile":
        """A file that the server fetches itself from `url` (http or https, reachable from the server)."""
        return cls(type=type, transfer_method="remote_url", url=url)

    @classmethod
    def from_upload(cls, uploaded: "UploadedFile", *, type: FileKind | None = None) -> "InputFile":
        """A file that `files.upload` has stored. Its `user` must be the one of the call that uses it.

        Args:
            uploaded: What `files.upload` returned.
            type: The kind to declare. By default images, audio and video are known by their MIME type and all
                else is a "document"; say "custom" where the app takes such files by its own list of extensions.
        """
        return cls(type=type or kind_of(uploaded.mime_type), transfer_method="local_file", upload_file_id=uploaded.id)


class UploadedFile(Answer):
    """A file that the server has stored for one end user; pass it on in `files=` or inside `inputs`."""

    id: str
    name: str | None = None
    size: int | None = None
    extension: str | None = None
    mime_type: str | None = None
    created_by: str | None = None
    created_at: Timestamp | None = None
    source_url: str | None = None
    preview_url: str | None = None
    original_url: str | None = None
    reference: str | None = None
    user_id: str | None = None
    tenant_id: str | None = None
    conversation_id: str | None = None
    file_key: str | None = None


class FileObject(Model):
    """A file as workflows and chatflows show it, in outputs and in the `files` of events.

    `url` is signed and expires after about five minutes by default; `size` is -1 when unknown.
    """

    dify_model_identity: str | None = None
    id: str | None = None
    tenant_id: str | None = None
    type: FileKind | str | None = None
    transfer_method: Literal["remote_url", "local_file", "tool_file", "datasource_file"] | str | None = None
    remote_url: str | None = None
    reference: str | None = None
    related_id: str | None = None
    filename: str | None = None
    extension: str | None = None
    mime_type: str | None = None
    size: int | None = None
    url: str | None = None


class MessageFileSummary(Model):
    """A file as chat, agent and completion apps show it at the end of a reply; `size` is 0 when unknown."""

    related_id: str | None = None
    upload_file_id: str | None = None
    filename: str | None = None
    extension: str | None = None
    mime_type: str | None = None
    size: int | None = None
    type: FileKind | str | None = None
    transfer_method: str | None = None
    url: str | None = None
    remote_url: str | None = None


OpenObject = dict[str, Any]
"""A JSON object whose members the wire leaves open."""
