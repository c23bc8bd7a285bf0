"""The opaque references by which chatflows and workflows name uploads."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

__all__ = ["record_of", "reference_of"]

_PREFIX = "dify-file-ref:"


def reference_of(upload_file_id: str) -> str:
    """Return the reference of an upload."""
    record = json.dumps({"record_id": upload_file_id}, separators=(",", ":"))
    return _PREFIX + urlsafe_b64encode(record.encode()).decode()


def record_of(reference: str) -> str:
    """Return the id that a reference names.

    Text of another form is returned as the id.
    """
    if not reference.startswith(_PREFIX):
        return reference
    try:
        return str(json.loads(urlsafe_b64decode(reference.removeprefix(_PREFIX)))["record_id"])
    except (ValueError, KeyError, TypeError):
        return reference
