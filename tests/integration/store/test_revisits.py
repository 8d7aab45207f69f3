"""What the store knows of products for the next crawl: how they were read, who met them, who missed them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from listino.domain.listing import Terms, list_goods, offer_of, reoffer
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product, Reading, reading_key
from listino.settings import Settings
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.guard import Unguarded

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())


def product(number: int, crawl_id: str = "c1") -> Product:
    url = f"https://bottega.example/p/{number}"
    offer = ShopOffer.of([Variant(sku=f"S{number}", cost=Money(1000))])
    listed = list_goods(
        ShopProduct(sku=str(number), url=url, name="Moka", offer=offer), TERMS, at=START, crawl_id=crawl_id
    )
    reading = Reading(key=reading_key("it", "bottega", url), reader="r1", read_at=START, etag=f'"{number}"')
    return replace(listed, reading=reading)


@pytest.fixture
async def aio(store: Store, settings: Settings) -> AsyncIterator[AsyncStore]:
    store.products.upsert([product(number) for number in (1, 2, 3)])
    opened = AsyncStore(settings, Unguarded())
    yield opened
    opened.close()


def key(number: int) -> int:
    reading = product(number).reading
    assert reading is not None
    return reading.key


async def test_readings_are_found_by_their_addresses_in_their_shop(aio: AsyncStore, store: Store) -> None:
    store.products.mark_gone(["it:bottega:2"], START)
    found = await aio.products.readings("it", "bottega", [key(1), key(2), 42])
    assert found.keys() == {key(1), key(2)}
    assert (found[key(1)].product_id, found[key(1)].reading, found[key(1)].crawl_id) == (
        "it:bottega:1", product(1).reading, "c1",
    )  # fmt: skip
    assert (found[key(1)].gone, found[key(2)].gone) == (False, True)
    assert await aio.products.readings("it", "enoteca", [key(1)]) == {}


async def test_an_answer_of_which_two_products_came_stands_for_neither(aio: AsyncStore, store: Store) -> None:
    store.products.upsert([replace(product(4), reading=product(1).reading)])
    assert (await aio.products.readings("it", "bottega", [key(1), key(3)])).keys() == {key(3)}


async def test_what_was_met_unchanged_is_seen_and_only_what_was_asked_is_checked(aio: AsyncStore, store: Store) -> None:
    later = START + timedelta(hours=6)
    before = [store.products.get(f"it:bottega:{number}") for number in (1, 2)]
    assert await aio.products.mark_met({"it:bottega:1": later}, crawl_id="c2", asked=True) == 1
    assert await aio.products.mark_met({"it:bottega:2": later}, crawl_id="c2", asked=False) == 1
    asked, skipped = (store.products.get(f"it:bottega:{number}") for number in (1, 2))
    assert asked.offer is not None
    assert skipped.offer is not None
    assert (asked.offer.seen_at, asked.offer.checked_at) == (later, later)
    assert (skipped.offer.seen_at, skipped.offer.checked_at) == (later, START)
    assert [one.reading.read_at for one in (asked, skipped) if one.reading] == [later, START]
    assert [one.content_hash for one in (asked, skipped)] == [one.content_hash for one in before]
    assert {asked.crawl_id, skipped.crawl_id} == {"c2"}


async def test_what_is_gone_is_not_met_by_the_way(aio: AsyncStore, store: Store) -> None:
    assert await aio.products.mark_gone(["it:bottega:1"], START) == 1
    assert await aio.products.mark_met({"it:bottega:1": START}, crawl_id="c2", asked=True) == 0
    assert store.products.get("it:bottega:1").gone_at == START


async def missed(aio: AsyncStore, number: int, gone_after: int = 2) -> int:
    at = START + timedelta(hours=6 * number)
    return await aio.products.mark_unseen_gone(
        "it", "bottega", crawl_id=f"c{number}", started_at=at, at=at, gone_after=gone_after
    )


async def test_a_product_is_gone_after_so_many_misses_in_a_row(aio: AsyncStore) -> None:
    assert await missed(aio, 2, gone_after=3) == 0
    assert await missed(aio, 2, gone_after=3) == 0, "the same crawl, told again"
    assert await missed(aio, 3, gone_after=3) == 0
    await aio.products.mark_met({"it:bottega:1": START + timedelta(hours=18)}, crawl_id="c3", asked=False)
    assert await missed(aio, 4, gone_after=3) == 2
    assert await missed(aio, 5, gone_after=3) == 0, "the one that was met begins anew"
    assert await missed(aio, 6, gone_after=3) == 1


async def test_the_misses_of_goods_that_come_back_are_forgotten(aio: AsyncStore, store: Store) -> None:
    assert (await missed(aio, 2), await missed(aio, 3)) == (0, 3)
    known = store.products.get("it:bottega:1")
    store.products.upsert([reoffer(known, offer_of(known), TERMS, at=START + timedelta(hours=20))])
    assert store.products.get("it:bottega:1").gone_at is None
    assert (await missed(aio, 4), await missed(aio, 5)) == (0, 1)


async def test_one_miss_is_enough_where_that_is_declared(aio: AsyncStore) -> None:
    assert await missed(aio, 2, gone_after=1) == 3
