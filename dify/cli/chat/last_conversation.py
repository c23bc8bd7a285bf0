"""The last conversation with an app, which `dify chat --continue` continues."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from ..exits import NOT_FOUND, CommandError
from ..state import replace_file, state_folder

if TYPE_CHECKING:
    from ..command import Context

__all__ = ["LastConversation"]


class LastConversation:
    """The id of the last conversation of an end user with an app.

    The file's name is a digest of server, key and user, so that the key itself is not stored.
    """

    def __init__(self, ctx: Context) -> None:
        settings = ctx.session.settings()
        identity = json.dumps([ctx.client.base_url, settings.api_key, settings.user])
        self._path = state_folder() / "conversations" / hashlib.sha256(identity.encode()).hexdigest()[:32]
        self._known: str | None = None

    def load(self) -> str:
        """Return the id.

        Raises:
            CommandError: There is no conversation to continue.
        """
        with suppress(OSError, UnicodeDecodeError):
            self._known = self._path.read_text(encoding="utf-8").strip() or None
        if self._known is None:
            raise CommandError(
                "there is no conversation to continue with this app and user; send a message without --continue first",
                NOT_FOUND,
            )
        return self._known

    def is_stored(self, conversation_id: str | None) -> bool:
        """Return whether this is the id that was loaded or saved last."""
        return conversation_id is not None and conversation_id == self._known

    def save(self, conversation_id: str) -> None:
        """Store the id. If the file cannot be written, nothing is stored."""
        if conversation_id != self._known:
            with suppress(OSError):
                replace_file(self._path, conversation_id)
            self._known = conversation_id

    def forget(self) -> None:
        """Delete the id, because the conversation no longer exists."""
        self._known = None
        with suppress(OSError):
            self._path.unlink()
