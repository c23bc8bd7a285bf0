"""A callback of the other face is told apart, and not left to fail somewhere within."""

import pytest

from dify import FormAnswer, MisuseError
from dify._async._io import result_of_callback
from dify._sync._io import result_of_callback as plain_result_of_callback


def plain() -> FormAnswer:
    return FormAnswer(action="approve")


async def waiting() -> FormAnswer:
    return plain()


async def test_the_face_with_await_wants_async_def():
    assert await result_of_callback(waiting()) == plain()
    with pytest.raises(MisuseError, match="async def"):
        await result_of_callback(plain())  # type: ignore[arg-type]


def test_the_plain_face_wants_a_plain_function():
    assert plain_result_of_callback(plain()) == plain()
    with pytest.raises(MisuseError, match="plain function"):
        plain_result_of_callback(
            waiting()
        )  # and closes it: a coroutine that nobody awaits is a warning, and so an error here
