"""Exit codes, and the exit code of each error."""

from __future__ import annotations

__all__ = [
    "CONNECTION",
    "DENIED",
    "EXIT_CODES",
    "EXIT_NAMES",
    "FAILED",
    "INTERRUPTED",
    "LIMITED",
    "NOT_FOUND",
    "OK",
    "PIPE_CLOSED",
    "SERVER",
    "USAGE",
    "CommandError",
    "exit_code_for",
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
"""128 + SIGPIPE: the code that shells expect of a program whose output pipe was closed by the reader."""

EXIT_CODES = (
    "0    success",
    "1    the run failed, was stopped or waits for a person; any other error",
    "2    invalid usage or configuration",
    "3    invalid key, or permission denied",
    "4    not found",
    "5    rate limit exceeded",
    "6    connection error, timeout or interrupted stream",
    "7    server error",
    "129  terminal closed (SIGHUP)",
    "130  interrupted with Ctrl-C",
    "141  output pipe closed by the reader",
    "143  terminated (SIGTERM)",
)


EXIT_NAMES = {
    FAILED: "failed",
    USAGE: "usage",
    DENIED: "denied",
    NOT_FOUND: "not_found",
    LIMITED: "rate_limited",
    CONNECTION: "connection",
    SERVER: "server",
    INTERRUPTED: "interrupted",
    PIPE_CLOSED: "pipe_closed",
}
"""Exit code to the `code` of the JSON error, for errors that have no code of the server."""


class CommandError(Exception):
    """An error that a command raises to end itself, with a message for the user.

    Attributes:
        code: The exit code.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def exit_code_for(error: Exception) -> int | None:
    """Return the exit code for an error, or None for an unexpected one, which is shown as a traceback.

    Example:
        >>> exit_code_for(CommandError("no key", 2))
        2
    """
    import dify

    match error:
        case CommandError():
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
            return SERVER  # classes chosen by code, such as CompletionRequestError, can have any status
        case dify.DifyError() | OSError():
            return FAILED  # OSError: a file, or standard output, cannot be read or written
        case _:
            return None
