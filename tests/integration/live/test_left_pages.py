"""Pages that writers leave: only where one was dropped, and never another than the store has."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from redis import Redis

from listino.domain.product import Product, ProductId
from listino.live.page import Page
from listino.live.page_guard import PageGuard
from listino.live.page_scripts import head_key, page_key, product_keys
from listino.live.product_page import LAYOUT
from listino.settings import Settings

STAMP = f"{LAYOUT}:run:7"
CUP = "it:bottega:1"


def named(name: str) -> Product:
    return Product(id=CUP, name=name)


def page_of(product: Product) -> Page:
    return Page("shown", (b"card of " + product.name.encode(), product.name.encode()))


def text_of(name: str) -> bytes:
    return page_of(named(name)).encoded(STAMP)


@pytest.fixture
def guard(settings: Settings) -> Iterator[PageGuard]:
    """A live worker's."""
    made = PageGuard(settings, page_of)
    yield made
    made.close()


@pytest.fixture
def crawler(settings: Settings) -> Iterator[PageGuard]:
    """One whose pages nobody has just opened."""
    made = PageGuard(settings)
    yield made
    made.close()


def fill(redis: Redis, stamp: str = STAMP) -> None:
    redis.set(page_key(CUP), page_of(named("old")).encoded(stamp))


def test_a_page_that_was_dropped_is_left_anew_with_its_head(guard: PageGuard, redis: Redis) -> None:
    fill(redis)
    left: dict[ProductId, Product] = {}
    with guard.writing(["it:bottega:0", CUP, "it:bottega:2"], moved=[CUP], left=left):
        assert not redis.exists(page_key(CUP))
        left |= {CUP: named("new"), "it:bottega:2": Product(id="it:bottega:2", name="never opened")}
    assert redis.get(page_key(CUP)) == text_of("new")
    assert redis.get(head_key(CUP)) == text_of("new").removesuffix(b"new")
    assert 0 < redis.pttl(page_key(CUP)) <= 300_000  # type: ignore[operator]  # typed for every mode of the client at once
    kept = {page_key(CUP), head_key(CUP), "members:it", "moving:it"}
    assert {key.decode() for key in redis.scan_iter()} == kept


@pytest.mark.parametrize("stamp", ["", f"{LAYOUT + 1}:run:7", f"{LAYOUT}0:run:7"])
def test_none_is_left_where_there_was_none_of_this_layout(guard: PageGuard, redis: Redis, stamp: str) -> None:
    if stamp:
        fill(redis, stamp)
    with guard.writing([CUP], left={CUP: named("new")}):
        pass
    assert not redis.exists(*product_keys([CUP]))


def test_none_is_left_of_what_is_not_known_or_failed(guard: PageGuard, crawler: PageGuard, redis: Redis) -> None:
    fill(redis)
    with guard.writing([CUP]):
        pass
    assert not redis.exists(*product_keys([CUP]))
    fill(redis)
    with crawler.writing([CUP], left={CUP: named("new")}):
        pass
    assert not redis.exists(*product_keys([CUP]))
    fill(redis)
    with pytest.raises(KeyboardInterrupt), guard.writing([CUP], left={CUP: named("new")}):
        raise KeyboardInterrupt
    assert not redis.exists(*product_keys([CUP])[:3])
    fill(redis)  # as nobody would: the mark of the write that failed is there
    with guard.writing([CUP], left={CUP: named("newer")}):
        pass
    assert not redis.exists(*product_keys([CUP])[:3])


def test_a_write_does_not_fail_for_want_of_its_page(settings: Settings, redis: Redis) -> None:
    fill(redis)
    guard = PageGuard(settings, lambda product: Page("shown", (product.name.encode("ascii"),)))
    with guard.writing([CUP], left={CUP: named("naïve")}):
        pass
    guard.close()
    assert not redis.exists(*product_keys([CUP]))


def test_whoever_writes_at_the_same_time_leaves_no_page_but_what_the_store_has(
    guard: PageGuard, crawler: PageGuard, redis: Redis
) -> None:
    """Writers begin, write and end in any order: a page that is there shows the last write, unless one has not ended yet."""
    chance = random.Random(20)
    kept, stored = 0, "old"
    fill(redis)
    at_work: list[tuple[AbstractContextManager[None], dict[ProductId, Product]]] = []
    for number in range(600):
        if len(at_work) < 3 and chance.random() < 0.4:
            left: dict[ProductId, Product] = {}
            writer = (guard if chance.random() < 0.7 else crawler).writing([CUP], left=left)
            writer.__enter__()
            at_work.append((writer, left))
        elif at_work:
            writer, left = chance.choice(at_work)
            if not left:
                stored = f"{number}"
                left[CUP] = named(stored)
            else:
                writer.__exit__(None, None, None)
                at_work.remove((writer, left))
        found = redis.get(page_key(CUP))
        if not at_work:
            assert found in {None, text_of(stored)}
            kept += found is not None
            if found is None and chance.random() < 0.5:
                redis.set(page_key(CUP), text_of(stored))  # somebody opens it
        else:
            assert found is None
    assert kept > 20
