"""How the command ends: exit codes, and one line for each error."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .render import one_line

__all__ = [
    "CONNECTION",
    "DENIED",
    "EXIT_CODES",
    "FAILED",
    "INTERRUPTED",
    "LIMITED",
    "NOT_FOUND",
    "OK",
    "PIPE_CLOSED",
    "SERVER",
    "USAGE",
    "Failure",
    "Source",
    "code_of",
    "line_of",
]

OK = 0
FAILED = 1
USAGE = 2
DENIED = 3
NOT_FOUND = 4
LIMITED = 5
CONNECTION = 6
SERVER = 7
INTERRUPTED = 130
PIPE_CLOSED = 141
"""128 + SIGPIPE: what shells expect of a program whose reader has left."""

EXIT_CODES = (
    "0    all went well",
    "1    a run that failed, was stopped or waits for a person; any other failure",
    "2    wrong usage or configuration",
    "3    the key is wrong, or may not do this",
    "4    not found",
    "5    rate limit",
    "6    no connection, a timeout, or a stream that was interrupted",
    "7    the server failed",
    "130  stopped with Ctrl-C",
    "141  the reader of the output has left",
)


class Failure(Exception):
    """An end that the command itself calls for: a message for people, and the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Source:
    """Where key and address come from, to name the place where they can be changed."""

    key: str = "DIFY_API_KEY"
    address: str = "--base-url or DIFY_BASE_URL"


_OUR_WORDS = (
    (r", or pass trust_env=False to ignore it", ""),  # an option of Python's alone
    (r"; pass filename=", ": rename the file"),
    (r"\b(check|set) base_url\b", r"\1 --base-url"),
    (r"needs a process_rule, such as ({.*?})", r"needs --rule, such as --rule '\1'"),
    (r"at work on \w+, so it", "at work on it, so it"),
)
"""What the client says to those who write Python, and how it is done here."""


def code_of(error: Exception) -> int | None:
    """The exit code for an error, or None for one that nobody expected, which is to show as a traceback.

    Example:
        >>> code_of(Failure("no key", 2))
        2
    """
    import dify

    match error:
        case Failure():
            return error.code
        case dify.ConfigurationError() | dify.NotThisAppTypeError():
            return USAGE
        case dify.AuthenticationError() | dify.PermissionDeniedError():
            return DENIED
        case dify.NotFoundError():
            return NOT_FOUND
        case dify.RateLimitError():
            return LIMITED
        case dify.APIConnectionError() | dify.StreamInterruptedError():
            return CONNECTION
        case dify.ServerError():
            return SERVER
        case dify.APIStatusError() if error.status_code >= 500:
            return SERVER  # classes by code, such as a provider's refusal, may come with any status
        case dify.DifyError() | OSError():
            return FAILED  # OSError: a file that cannot be read or written, standard output among them
        case _:
            return None


def line_of(error: Exception, command: str, source: Source | None = None) -> str:
    """What to say of an error, in words of the command line where the client's own speak of Python.

    Args:
        error: What went wrong.
        command: In which command.
        source: Where key and address came from.
    """
    import dify
    from dify.errors import readable, without_routes

    said, hint = str(error), _hint_for(error, command, source or Source())
    if isinstance(error, dify.APIStatusError):
        head = " ".join(str(part) for part in (error.status_code or None, error.code) if part)
        words = without_routes(error.message) if error.status_code == 404 else readable(error.message)
        said = ": ".join(part for part in (head, words.strip()) if part) or type(error).__name__
        hint = hint or _in_our_words(error.hint or "")
    elif isinstance(error, OSError) and error.strerror and not isinstance(error, dify.DifyError):
        said = ": ".join(str(part) for part in (error.filename, error.strerror) if part is not None)
    elif isinstance(error, dify.DifyError):
        said = _in_our_words(said)
    said = one_line(said, 500)
    return f"{said} ({hint})" if hint else said


def _in_our_words(text: str) -> str:
    for theirs, ours in _OUR_WORDS:
        text = re.sub(theirs, ours, text)
    return text


def _hint_for(error: Exception, command: str, source: Source) -> str | None:
    import dify

    match error:
        case dify.AuthenticationError():
            return f"check the key in {source.key}, and that {source.address} is its server"
        case dify.NotThisAppTypeError():
            other = "run" if command == "chat" else "chat"
            return f"the key's app is of another kind than this command is for: try `dify {other}`"
        case dify.ConversationNotFoundError():
            return "a conversation is found only with the same --user that began it"
        case dify.RateLimitError() if error.retry_after:
            return f"try again in {error.retry_after:g} s"
        case dify.StreamInterruptedError():
            return None
        case dify.APITimeoutError():
            if not error.sent:
                return f"check {source.address}"
            return None if "still be at work" in str(error) else "the server may still be working on it"
        case dify.APIConnectionError():
            return f"check {source.address}"
        case dify.ResponseValidationError() if (error.body or "").lstrip().startswith("<"):
            return f"is {source.address} the address of the API?"
        case dify.BadRequestError() if command == "request" and (error.hint or "").startswith("pass user="):
            return 'put "user" into BODY, or --query user=ID'
        case dify.ConfigurationError() if str(error).startswith(("api_key", "knowledge_api_key")):
            return f"it comes from {source.key}"
        case _:
            return None
