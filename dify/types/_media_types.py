"""Media types by the extensions of file names."""

from __future__ import annotations

import mimetypes

__all__ = ["media_type_of_name"]

# The table of `mimetypes` lacks these without the files of the system, which slim containers do not have.
_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "epub": "application/epub+zip",
    "m4a": "audio/mp4",
    "markdown": "text/markdown",
    "md": "text/markdown",
    "mdx": "text/markdown",
    "msg": "application/vnd.ms-outlook",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "vtt": "text/vtt",
    "webm": "video/webm",
    "webp": "image/webp",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def media_type_of_name(filename: str) -> str | None:
    """Return the media type of a file name's extension, or None if unknown.

    Example:
        >>> media_type_of_name("report.PDF"), media_type_of_name("notes.md"), media_type_of_name("notes")
        ('application/pdf', 'text/markdown', None)
    """
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    return _TYPES.get(extension) or mimetypes.guess_type(filename)[0]
