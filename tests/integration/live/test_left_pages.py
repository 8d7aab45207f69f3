"""Pages that writers leave: only where one was dropped, and never another than the store has."""

import random
from contextlib import AsyncExitStack

import pytest
from guarding import Guarded, Side
from redis import Redis

from listino.domain.product import Product, ProductId
from listino.live.page import Page
from listino.live.page_scripts import head_key, page_key, product_keys
from listino.live.product_page import LAYOUT

STAMP = f"{LAYOUT}:run:7"
CUP = "it:bottega:1"


def named(name: str) -> Product:
    return Product(id=CUP, name=name)


def page_of(product: Product) -> Page:
    return Page("shown", (b"card of " + product.name.encode(), product.name.encode()))


def text_of(name: str) -> bytes:
    return page_of(named(name)).encoded(STAMP)


@pytest.fixture
def guard(guarded: Guarded) -> Side:
    """A live worker's."""
    return guarded(page_of)


@pytest.fixture
def crawler(guarded: Guarded) -> Side:
    """One whose pages nobody has just opened."""
    return guarded()


def fill(redis: Redis, stamp: str = STAMP) -> None:
    redis.set(page_key(CUP), page_of(named("old")).encoded(stamp))


async def test_a_page_that_was_dropped_is_left_anew_with_its_head(guard: Side, redis: Redis) -> None:
    fill(redis)
    left: dict[ProductId, Product] = {}
    async with guard.writing(["it:bottega:0", CUP, "it:bottega:2"], moved=[CUP], left=left):
        assert not redis.exists(page_key(CUP))
        left |= {CUP: named("new"), "it:bottega:2": Product(id="it:bottega:2", name="never opened")}
    assert redis.get(page_key(CUP)) == text_of("new")
    assert redis.get(head_key(CUP)) == text_of("new").removesuffix(b"new")
    assert 0 < redis.pttl(page_key(CUP)) <= 300_000  # type: ignore[operator]  # typed for every mode of the client at once
    kept = {page_key(CUP), head_key(CUP), "members:it", "moving:it"}
    assert {key.decode() for key in redis.scan_iter()} == kept


@pytest.mark.parametrize("stamp", ["", f"{LAYOUT + 1}:run:7", f"{LAYOUT}0:run:7"])
async def test_none_is_left_where_there_was_none_of_this_layout(guard: Side, redis: Redis, stamp: str) -> None:
    if stamp:
        fill(redis, stamp)
    async with guard.writing([CUP], left={CUP: named("new")}):
        pass
    assert not redis.exists(*product_keys([CUP]))


async def test_none_is_left_of_what_is_not_known_or_failed(guard: Side, crawler: Side, redis: Redis) -> None:
    fill(redis)
    async with guard.writing([CUP]):
        pass
    assert not redis.exists(*product_keys([CUP]))
    fill(redis)
    async with crawler.writing([CUP], left={CUP: named("new")}):
        pass
    assert not redis.exists(*product_keys([CUP]))
    fill(redis)
    with pytest.raises(GeneratorExit):
        async with guard.writing([CUP], left={CUP: named("new")}):
            raise GeneratorExit
    assert not redis.exists(*product_keys([CUP])[:3])
    fill(redis)  # as nobody would: the mark of the write that failed is there
    async with guard.writing([CUP], left={CUP: named("newer")}):
        pass
    assert not redis.exists(*product_keys([CUP])[:3])


async def test_a_write_does_not_fail_for_want_of_its_page(guarded: Guarded, redis: Redis) -> None:
    fill(redis)
    guard = guarded(lambda product: Page("shown", (product.name.encode("ascii"),)))
    async with guard.writing([CUP], left={CUP: named("naïve")}):
        pass
    assert not redis.exists(*product_keys([CUP]))


async def test_whoever_writes_at_the_same_time_leaves_no_page_but_what_the_store_has(
    guard: Side, crawler: Side, redis: Redis
) -> None:
    """Writers begin, write and end in any order: a page that is there shows the last write, unless one has not ended yet."""
    chance = random.Random(20)
    kept, stored = 0, "old"
    fill(redis)
    at_work: list[tuple[AsyncExitStack, dict[ProductId, Product]]] = []
    for number in range(600):
        if len(at_work) < 3 and chance.random() < 0.4:
            left: dict[ProductId, Product] = {}
            writer = await (guard if chance.random() < 0.7 else crawler).begun([CUP], left=left)
            at_work.append((writer, left))
        elif at_work:
            writer, left = chance.choice(at_work)
            if not left:
                stored = f"{number}"
                left[CUP] = named(stored)
            else:
                await writer.aclose()
                at_work.remove((writer, left))
        found = redis.get(page_key(CUP))
        if not at_work:
            assert found in {None, text_of(stored)}
            kept += found is not None
            if found is None and chance.random() < 0.5:
                redis.set(page_key(CUP), text_of(stored))  # somebody opens it
        else:
            assert found is None
    for writer, _ in at_work:
        await writer.aclose()
    assert kept > 20
