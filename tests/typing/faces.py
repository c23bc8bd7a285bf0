"""Read by type checkers, never run: where the two faces differ by nature, and that each is told from the other.

A line with three ignores is a mistake, which each of the three checkers has to find: an ignore that is not needed is an error.
"""

from typing import assert_type

from dify import AsyncDify, AsyncPager, Dify, Pager
from dify.streams import AsyncPage, Page
from dify.types import Conversation, HTTPInfo


async def awaiting_a_list_gives_its_first_page(client: AsyncDify) -> None:
    pager = client.conversations.list()
    assert_type(pager, AsyncPager[Conversation])
    page = await pager
    assert_type(page, AsyncPage[Conversation])
    assert_type(page.data, list[Conversation])
    assert_type(page.http, HTTPInfo)


def a_list_stands_for_its_first_page(client: Dify) -> None:
    pager = client.conversations.list()
    assert_type(pager, Pager[Conversation])
    assert_type(pager.data, list[Conversation])
    assert_type(pager.has_more, bool)
    assert_type(pager.total, int | None)
    assert_type(pager.next_page(), Page[Conversation] | None)


def closing_by_hand(plain: Dify, client: AsyncDify) -> None:
    assert_type(plain.close(), None)
    assert_type(plain.chat.stream("x").close(), None)
    client.close()  # type: ignore[attr-defined]  # pyright: ignore  # ty: ignore[missing-attribute]


def a_forgotten_async(client: AsyncDify) -> None:
    for _ in client.chat.stream("x"):  # type: ignore[attr-defined]  # pyright: ignore  # ty: ignore[not-iterable]
        pass
    for _ in client.conversations.list():  # type: ignore[attr-defined]  # pyright: ignore  # ty: ignore[not-iterable]
        pass
    with client.chat.stream("x"):  # type: ignore[attr-defined]  # pyright: ignore  # ty: ignore[invalid-context-manager]
        pass
    print(client.chat.send("x").answer)  # type: ignore[attr-defined]  # pyright: ignore  # ty: ignore[missing-attribute]


async def an_async_too_much(client: Dify) -> None:
    async for _ in client.chat.stream("x"):  # type: ignore[attr-defined]  # pyright: ignore  # ty: ignore[not-iterable]
        pass
    async with client:  # type: ignore[attr-defined]  # pyright: ignore  # ty: ignore[invalid-context-manager]
        pass
    await client.chat.send("x")  # type: ignore[misc]  # pyright: ignore  # ty: ignore[invalid-await]
    await client.conversations.list()  # type: ignore[misc]  # pyright: ignore  # ty: ignore[invalid-await]
