"""A callback of the other face is told apart, and not left to fail somewhere within."""

import pytest

from dify import FormAnswer, MisuseError
from dify._async._io import answer_of
from dify._sync._io import answer_of as plain_answer_of


def plain() -> FormAnswer:
    return FormAnswer(action="approve")


async def waiting() -> FormAnswer:
    return plain()


async def test_the_face_with_await_wants_async_def():
    assert await answer_of(waiting()) == plain()
    with pytest.raises(MisuseError, match="async def"):
        await answer_of(plain())  # type: ignore[arg-type]


def test_the_plain_face_wants_a_plain_function():
    assert plain_answer_of(plain()) == plain()
    with pytest.raises(MisuseError, match="plain function"):
        plain_answer_of(waiting())  # and closes it: a coroutine that nobody awaits is a warning, and so an error here
