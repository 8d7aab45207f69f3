"""Price history on a real server: no change of a price is lost, however many write at once."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from listino.domain.history import PricePoint
from listino.domain.listing import Terms, list_goods
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product
from listino.settings import Settings
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.guard import Unguarded

TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())
MONTH = datetime(2026, 3, 1, tzinfo=UTC)
WRITERS = 8


def product(cost: int, at: datetime) -> Product:
    offer = ShopOffer.of([Variant(sku="a", cost=Money(cost), availability=Availability.IN_STOCK)])
    goods = ShopProduct(sku="1", url="http://shop.test/1", name="Caffè Aurora", brand="Sole", offer=offer)
    return list_goods(goods, TERMS, at=at, crawl_id="c1")


def costs(points: list[PricePoint]) -> list[int]:
    return [point.cost.minor for point in points if point.cost]


class Before(Unguarded):
    """Has something happen when all is planned and before anything is written."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._do = do

    @contextlib.contextmanager
    def writing(self, *_: object, **__: object) -> Iterator[None]:
        self._do()
        yield

    @contextlib.asynccontextmanager
    async def writing_async(self, *_: object, **__: object) -> AsyncIterator[None]:
        self._do()
        yield


def test_a_price_that_changes_twice_within_a_second_leaves_both(store: Store) -> None:
    for milliseconds, cost in ((0, 1000), (300, 900), (301, 1000), (999, 900)):
        store.products.upsert([product(cost, MONTH + timedelta(milliseconds=milliseconds))])
    assert costs(store.products.history("it:bottega:1")) == [1000, 900, 1000, 900]


def test_all_who_write_the_first_points_of_a_month_at_once_are_heard(store: Store, settings: Settings) -> None:
    store.products.upsert([product(1000, MONTH - timedelta(days=1))])
    together = threading.Barrier(WRITERS)
    with Store(settings, Before(lambda: together.wait(10))) as crowded, ThreadPoolExecutor(WRITERS) as pool:
        for month in range(12):
            at, first = MONTH + timedelta(days=31 * month), 900 - WRITERS * month
            seen = [product(first - number, at + timedelta(milliseconds=number)) for number in range(WRITERS)]
            list(pool.map(lambda one: crowded.products.upsert([one]), seen))
            stored = store.products.get("it:bottega:1").offer
            assert stored is not None
            assert stored.cost.minor == first - WRITERS + 1, "who looked at the shop last has the last word"
    expected = [1000, *(900 - number for number in range(12 * WRITERS))]
    assert costs(store.products.history("it:bottega:1")) == expected


async def test_crawls_that_write_them_at_once_are_heard_too(store: Store, settings: Settings) -> None:
    store.products.upsert([product(1000, MONTH - timedelta(days=1))])
    aio = AsyncStore(settings, Unguarded())
    try:
        for month in range(4):
            at, first = MONTH + timedelta(days=31 * month), 900 - WRITERS * month
            seen = [product(first - number, at + timedelta(milliseconds=number)) for number in range(WRITERS)]
            await asyncio.gather(*(aio.products.upsert([one]) for one in seen))
            known = costs(await aio.products.history("it:bottega:1"))
            assert known[-WRITERS:] == [first - number for number in range(WRITERS)]
    finally:
        aio.close()


@pytest.mark.parametrize("later", [1000, 800])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_who_comes_late_to_a_price_that_went_back_leaves_the_way_back(
    store: Store, settings: Settings, later: int, asynchronous: bool
) -> None:
    store.products.upsert([product(1000, MONTH)])
    seen = product(900, MONTH + timedelta(milliseconds=300))
    guard = Before(lambda: store.products.upsert([product(later, MONTH + timedelta(milliseconds=500))]))
    if asynchronous:
        aio = AsyncStore(settings, guard)
        await aio.products.upsert([seen])
        aio.close()
    else:
        with Store(settings, guard) as late:
            late.products.upsert([seen])
    stored = store.products.get("it:bottega:1")
    assert stored.offer is not None
    assert stored.offer.cost == Money(later)
    assert costs(store.products.history("it:bottega:1")) == [1000, 900, later]
