"""The first call of an end user, for which other calls of that user wait.

Servers look a user up, and create one where there is none, without a lock: concurrent first calls create an end user each, and
files, runs and conversations of all but one cannot be found afterwards.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from contextlib import suppress
from contextvars import ContextVar, Token
from hashlib import blake2b
from types import TracebackType

from .._config import Settings
from .._net.cancel_token import CancelToken
from .._net.forks import start_anew_after_fork
from .._net.synchronization import sync_lock
from .._protocol.request import Call
from ..errors import APIConnectionError, APIStatusError
from ._io import Signal, current_loop, is_gone

__all__ = ["AsyncFirstCalls", "FirstCall"]

_KNOWN = 10_000
"""The number of users to remember; the one that was called longest ago is forgotten first."""

_FAILURES = 3
"""The number of first calls in a row without a response, after which those that wait are sent together.

One after the other, calls to a server that is down would take as many timeouts as there are calls.
"""

_leading: ContextVar[frozenset[bytes]] = ContextVar("dify_first_calls", default=frozenset[bytes]())


class _Queue:
    """The calls of a user whom the server may not know.

    The object lives as long as a call waits for the first one or makes it.
    """

    def __init__(self) -> None:
        self.members = 0
        self.failures = 0
        self.leader: FirstCall | None = None
        self.waiting: list[Signal] = []

    @property
    def open(self) -> bool:
        """Too many first calls failed in a row: those that wait are sent together."""
        return self.failures >= _FAILURES


class FirstCall:
    """A first call under way, as a block around it."""

    def __init__(self, calls: AsyncFirstCalls, digest: bytes) -> None:
        self._calls = calls
        self._token: Token[frozenset[bytes]] | None = None
        self.digest = digest
        self.loop = current_loop()

    def __enter__(self) -> FirstCall:
        # Reading the content of an upload may take calls of the same user, which must not wait for the upload.
        self._token = _leading.set(_leading.get() | {self.digest})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            with suppress(ValueError):  # a coroutine that is collected with its event loop ends in another context
                _leading.reset(self._token)
        known = error is None or _created_user(error)
        self._calls.done(self, known=known, failed=isinstance(error, (APIConnectionError, APIStatusError)))


def _created_user(error: BaseException) -> bool:
    """Return True for an error after which the server knows the user.

    It creates the user after it has checked the key and the app, and before anything else. Gateways send no code of Dify's, and
    after an error of the server itself, nothing is certain.
    """
    return (
        isinstance(error, APIStatusError)
        and error.code is not None
        and 400 <= error.status_code < 500
        and error.status_code not in (401, 403)
    )


class AsyncFirstCalls:
    """Sends the first call of each end user ahead of all others of that user.

    Shared by a client and its copies. Users are held as keyed digests of server, app key and user.
    """

    def __init__(self, most: int = _KNOWN) -> None:
        self._most = most
        self._hash = blake2b(key=secrets.token_bytes(32), digest_size=16)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self.start_anew()
        start_anew_after_fork(self)

    def start_anew(self) -> None:
        """Forget the calls under way, but not the users.

        Called in a child process: the calls are the parent's.
        """
        self._lock = sync_lock()
        self._queues: dict[bytes, _Queue] = {}

    def _digest(self, call: Call, settings: Settings) -> bytes | None:
        user = call.user
        key = None if user is None else call.key_for(settings)
        if user is None or key is None:
            return None
        text = f"{settings.base_url}\0{key.get_secret_value()}\0{user}"
        digest = self._hash.copy()
        digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.digest()

    async def turn(self, call: Call, settings: Settings, token: CancelToken) -> FirstCall | None:
        """Wait while a first call of the same user is under way.

        Args:
            call: The call to be sent.
            settings: Its settings.
            token: Cancels the wait from another task or thread.

        Returns:
            A block to make the call in, where it is the first of its user; None for all others.

        Raises:
            APIConnectionError: The call was cancelled while it waited.
        """
        digest = self._digest(call, settings)
        if digest is None or digest in _leading.get():
            return None
        with self._lock:
            if self._knows(digest):
                return None
            queue = self._queues.setdefault(digest, _Queue())
            queue.members += 1
        leads = False
        try:
            while True:
                with self._lock:
                    if self._knows(digest) or queue.open:
                        return None
                    if queue.leader is not None and is_gone(queue.leader.loop):
                        self._leave(queue, digest)
                        queue.leader = None
                    if queue.leader is None:
                        first = queue.leader = FirstCall(self, digest)
                        leads = True
                        return first
                    signal = Signal()
                    queue.waiting.append(signal)
                token.wakes(signal.set)
                try:
                    await signal.wait()
                finally:
                    token.wakes(None)
                    with self._lock:
                        if signal in queue.waiting:
                            queue.waiting.remove(signal)
                if token.cancelled:
                    raise APIConnectionError("the call was cancelled before it was sent")
        finally:
            if not leads:
                with self._lock:
                    self._leave(queue, digest)

    def done(self, first: FirstCall, *, known: bool, failed: bool) -> None:
        """A first call has its response, or has none: wake those that wait."""
        with self._lock:
            if known:
                self._known[first.digest] = None
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
            queue = self._queues.get(first.digest)
            if queue is None or queue.leader is not first:
                return  # another call has taken its place, when its event loop had ended
            queue.leader = None
            queue.failures += failed
            waiting, queue.waiting = queue.waiting, []
            self._leave(queue, first.digest)
        for signal in waiting:
            signal.set()

    def _knows(self, digest: bytes) -> bool:
        if digest not in self._known:
            return False
        self._known.move_to_end(digest)
        return True

    def _leave(self, queue: _Queue, digest: bytes) -> None:
        queue.members -= 1
        if not queue.members:
            del self._queues[digest]
