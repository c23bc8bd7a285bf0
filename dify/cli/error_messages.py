"""The line that the command prints for an error, with advice in terms of its own options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .exits import EXIT_NAMES, FAILED, CommandError, exit_code_for
from .terminal.screen import one_line
from .wording import is_python, translate, translate_validation

if TYPE_CHECKING:
    from dify import DifyError

__all__ = ["SettingsSource", "error_message", "error_object"]

_MAX_LENGTH = 500


_ALIASES = {
    "child_chunk_id": "child_id",
    "conversation_id": "conversation",
    "created_after": "after",
    "created_before": "before",
    "datasource_type": "type",
    "doc_form": "form",
    "doc_language": "language",
    "embedding_model_name": "model",
    "embedding_model_provider": "embedding_provider",
    "embedding_provider_name": "provider",
    "indexing_technique": "indexing",
    "keywords": "word",
    "max_connections": "concurrency",
    "max_retries": "retries",
    "metadata_id": "field_id",
    "process_rule": "rule",
    "retrieval_model": "retrieval",
    "score_threshold": "threshold",
    "sort_by": "sort",
    "workflow_run_id": "run_id",
}
"""Arguments of the client whose parameter of a command has another name."""


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """The places that the key and the server address were read from, and the options of the command, for error messages.

    Attributes:
        key: An environment variable or a profile.
        address: An option, an environment variable or a profile.
        profile: The profile, or None if the environment is used.
        address_name: The name of the setting that contains the address.
        options: Parameters of the command by name, and their names on the command line.
    """

    key: str = "DIFY_API_KEY"
    address: str = "--base-url or DIFY_BASE_URL"
    profile: str | None = None
    address_name: str = "--base-url"
    options: Mapping[str, str] = field(default_factory=dict[str, str])

    def name_of(self, argument: str) -> str | None:
        """Return the option, argument or variable of the command line for an argument of the client, or None."""
        if argument in ("api_key", "knowledge_api_key"):
            return f"DIFY_{argument.upper()}" if self.profile is None else f"{argument} of the profile {self.profile!r}"
        if argument == "base_url":
            return self.address_name
        if argument == "user":
            return "--user"
        return self.options.get(argument) or self.options.get(_ALIASES.get(argument, argument))


def error_message(error: Exception, command: str, source: SettingsSource | None = None) -> str:
    """Return one line that says what happened and what to do.

    Args:
        error: The error.
        command: The command that failed, such as "knowledge list".
        source: The places that the key and the address were read from.
    """
    import dify

    source = source or SettingsSource()
    if isinstance(error, CommandError):
        return str(error)
    if isinstance(error, dify.DifyError):
        message = error.summary.strip() or type(error).__name__
        # The server's own words are not changed.
        words = translate_validation if isinstance(error, dify.APIStatusError) else translate
        message = words(message, source.name_of)
        hint = _hint_for(error, command, source) or _client_hint(error, source)
    else:
        message, hint = str(error), None
        if isinstance(error, OSError) and error.strerror:
            message = ": ".join(str(part) for part in (error.filename, error.strerror) if part is not None)
    message = one_line(message, _MAX_LENGTH)
    return f"{message} ({hint})" if hint else message


def _client_hint(error: DifyError, source: SettingsSource) -> str | None:
    """Return the client's own advice, or None if it is about something that the command line does not have."""
    if error.hint is None:
        return None
    hint = translate(error.hint, source.name_of)
    return None if is_python(hint.replace("_api_key of the profile", "")) else hint


def error_object(error: Exception, command: str, source: SettingsSource | None = None) -> dict[str, Any]:
    """Return an error as the object that commands with `--json` print.

    `code` is the server's code, or the name of the exit code. Facts that are unknown are left out.
    """
    exit_code = exit_code_for(error) or FAILED
    facts = {
        "type": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "param": getattr(error, "param", None),
        "reason": getattr(error, "reason", None),
        "retry_after": getattr(error, "retry_after", None),
        "request_id": getattr(error, "request_id", None),
    }
    code = getattr(error, "code", None)
    return {
        "code": code if isinstance(code, str) else EXIT_NAMES[exit_code],
        "message": error_message(error, command, source),
        "exit_code": exit_code,
        **{name: value for name, value in facts.items() if value is not None},
    }


def _hint_for(error: Exception, command: str, source: SettingsSource) -> str | None:
    """Return the advice for an error where the client's own hint would name Python arguments, else None."""
    import dify

    match error:
        case dify.AuthenticationError():
            return f"check the key in {source.key}, and that it belongs to the server in {source.address}"
        case dify.NotThisAppTypeError():
            other = "run" if command == "chat" else "chat"
            return f"the key belongs to another kind of app; try `dify {other}`"
        case dify.ConversationNotFoundError():
            return "only the --user who started a conversation can continue it"
        case dify.RateLimitError() if error.retry_after:
            return f"try again in {error.retry_after:g} s"
        case dify.DifyError() if error.reason == "pool":
            return "pass a smaller --concurrency"
        case dify.StreamInterruptedError():
            return None
        case dify.DifyError() if error.reason == "proxy":
            return "check the proxy variables, such as HTTPS_PROXY and NO_PROXY"
        case dify.APIConnectionError() if error.sent:
            return "the server may still be processing the request"
        case dify.APIConnectionError():
            return f"check {source.address}"
        case dify.ResponseValidationError() if error.reason in ("html", "not_dify"):
            return f"check that {source.address} is the address of the API"
        case dify.BadRequestError() if error.reason == "user_required" and command == "request":
            return 'add "user" to BODY, or pass --query user=ID'
        case dify.APIStatusError() if error.reason == "process_rule_required":
            rule = """--rule '{"mode": "automatic"}'"""
            return f"the first document of a knowledge base requires --rule, such as {rule}"
        case dify.APIStatusError() if error.reason == "indexing_technique_required":
            return "the first document of a knowledge base requires --indexing high_quality or --indexing economy"
        case dify.ConfigurationError() if error.param == "filename":
            return "rename the file"
        case dify.ConfigurationError() if error.param == "trust_env":
            return "correct or unset the variable"
        case _:
            return None
