"""The face without `await` for the fault runner, which takes an adapter by its path and runs it in a process of its own."""

from __future__ import annotations

from dify import APITimeoutError, Dify, DifyError


class A:
    """What the runner looks for in an adapter, by this name."""

    @staticmethod
    def is_typed(error: BaseException) -> bool:
        """Whether an exception is one of ours."""
        return isinstance(error, DifyError)

    @staticmethod
    def is_timeout(error: BaseException) -> bool:
        """Whether it says that time ran out."""
        return isinstance(error, APITimeoutError)

    @staticmethod
    def run(base: str, stream: bool, retries: int, t: float) -> str:
        """Ask once, and give the text that came."""
        with Dify(base_url=base, api_key="app-SECRET", user="u", max_retries=retries, timeout=t) as client:
            if not stream:
                return client.chat.send("x", response_mode="blocking").answer
            text = ""
            with client.chat.stream("x") as events:
                for event in events:
                    if event.event == "message":
                        text += event.answer
            return text
