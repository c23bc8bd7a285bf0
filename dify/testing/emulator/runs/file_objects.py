"""Files of messages and runs in the form in which events and replies show them."""

from __future__ import annotations

from dify.types.files import FileObject, MessageFileSummary

from ..answers import EmulatorFile
from ..references import reference_of

__all__ = ["file_object", "file_summary"]


def file_summary(file: EmulatorFile, *, message_file_id: str, url: str) -> MessageFileSummary:
    """Return an upload as chat apps show it at the end of a reply."""
    return MessageFileSummary(
        related_id=message_file_id,
        extension=_extension(file),
        filename=file.name,
        size=len(file.content or b""),
        mime_type=file.mime_type,
        transfer_method=file.transfer_method,
        type=file.type,
        url=url,
        upload_file_id=file.upload_file_id,
        remote_url="",
    )


def file_object(file: EmulatorFile, *, url: str) -> FileObject:
    """Return a file as chatflows and workflows show it."""
    uploaded = file.upload_file_id is not None
    return FileObject(
        dify_model_identity="__dify__file__",
        id=None,
        type=file.type,
        transfer_method=file.transfer_method,
        remote_url="" if uploaded else file.url,
        reference=None if file.upload_file_id is None else reference_of(file.upload_file_id),
        filename=file.name,
        extension=_extension(file),
        mime_type=file.mime_type,
        size=len(file.content) if file.content is not None else -1,
        related_id=file.upload_file_id,
        url=url if uploaded else file.url,
    )


def _extension(file: EmulatorFile) -> str:
    return f".{file.name.rpartition('.')[2]}" if file.name and "." in file.name else ""
