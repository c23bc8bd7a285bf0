"""The client on aiohttp for the fault runner, which takes an adapter by its path and runs it in a process of its own."""

from __future__ import annotations

from dify import APITimeoutError, AsyncDify, DefaultAioHttpClient, DifyError


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
    async def run(base: str, stream: bool, retries: int, t: float) -> str:
        """Ask once, and give the text that came."""
        async with DefaultAioHttpClient() as http:
            settings = {"base_url": base, "api_key": "app-SECRET", "user": "u"}
            client = AsyncDify(**settings, max_retries=retries, timeout=t, http_client=http)
            if not stream:
                return (await client.chat.send("x", response_mode="blocking")).answer
            text = ""
            async with client.chat.stream("x") as events:
                async for event in events:
                    if event.event == "message":
                        text += event.answer
            return text
