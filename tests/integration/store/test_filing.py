"""Points that products carry find their way into the history, whoever dies, hangs or comes in between."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from refreshing import refreshed
from servers import CONTAINERS, hung_mongo
from shopkeeper import wait_until
from structlog.testing import capture_logs

from listino.domain.history import PricePoint, with_unfiled
from listino.domain.listing import Terms, list_goods, reoffer
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product
from listino.settings import Settings
from listino.store import filing
from listino.store.client import Store
from listino.store.guard import Unguarded
from listino.store.upsert import UpsertPlan

TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())
BEGAN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CUP = "it:bottega:1"

# A live worker that is killed when it has stored a price and not filed its point yet.
KILLED = """
import asyncio, os, pickle, signal, sys
from listino.settings import load_settings
from listino.store import filing
from listino.store.client import Store
from listino.store.guard import Unguarded
filing.GATHER_SECONDS = 3600
fresh, terms, before = pickle.load(sys.stdin.buffer)
asyncio.run(Store(load_settings(), Unguarded()).products.refresh([fresh], terms=terms, known={before.id: before}))
os.kill(os.getpid(), signal.SIGKILL)
"""


def offer(cost: int) -> ShopOffer:
    return ShopOffer.of([Variant(sku="a", cost=Money(cost), availability=Availability.IN_STOCK)])


def listed(cost: int, seconds: float, crawl: str = "it-1") -> Product:
    goods = ShopProduct(sku="1", url="https://bottega.example/p/1", name="Tazza", offer=offer(cost))
    return list_goods(goods, TERMS, at=BEGAN + timedelta(seconds=seconds), crawl_id=crawl)


def fresh(before: Product, cost: int, seconds: float) -> Product:
    """What a live refresh makes of the product as it was before."""
    return reoffer(before, offer(cost), TERMS, at=BEGAN + timedelta(seconds=seconds))


def look(store: Store, before: Product, cost: int, seconds: float) -> UpsertPlan:
    """What a live refresh stores that went by the product `before`."""
    return refreshed(store, [fresh(before, cost, seconds)], before, terms=TERMS)


def die_having_stored(settings: Settings, before: Product, cost: int, seconds: float) -> None:
    given = pickle.dumps((fresh(before, cost, seconds), TERMS, before))
    died = subprocess.run(
        [sys.executable, "-c", KILLED],
        input=given,
        env=os.environ | settings.environment(),
        timeout=60,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL


def costs(points: list[PricePoint]) -> list[int]:
    return [point.cost.minor for point in points if point.cost]


def filed(store: Store) -> list[int]:
    """What is in the history by itself."""
    return costs(store.products.history(CUP))


def carried(store: Store) -> list[int]:
    return costs(list(store.products.get(CUP).unfiled))


@pytest.fixture
def cup(store: Store) -> Product:
    """The cup as it is stored, at 10.00."""
    store.products.upsert([listed(1000, 0)], terms=TERMS)
    return store.products.get(CUP)


@pytest.fixture
def slow(settings: Settings, cup: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that files nothing until it is closed."""
    monkeypatch.setattr(filing, "GATHER_SECONDS", 3600.0)
    with Store(settings, Unguarded()) as opened:
        yield opened


def test_a_refresh_is_in_the_product_at_once_and_soon_in_the_history(store: Store, cup: Product) -> None:
    look(store, cup, 900, 10)
    assert carried(store) == [900]
    wait_until(lambda: filed(store) == [1000, 900], "the point is filed")
    assert carried(store) == [900], "that costs the product no write"
    look(store, store.products.get(CUP), 950, 20)
    assert carried(store) == [950], "what is known to be filed is carried no longer"
    wait_until(lambda: filed(store) == [1000, 900, 950], "the next is filed")


def test_what_a_killed_worker_had_in_hand_is_filed_by_whoever_refreshes_the_product_next(
    settings: Settings, store: Store, cup: Product
) -> None:
    die_having_stored(settings, cup, 900, 10)
    assert (filed(store), carried(store)) == ([1000], [900])
    look(store, store.products.get(CUP), 950, 20)
    assert carried(store) == [900, 950]
    wait_until(lambda: filed(store) == [1000, 900, 950], "both points are filed")


def test_or_by_whoever_finds_it_unchanged(slow: Store, store: Store, cup: Product) -> None:
    look(slow, cup, 900, 10)
    look(slow, slow.products.get(CUP), 900, 20)
    assert filed(store) == [1000]
    slow.close()
    assert filed(store) == [1000, 900]


def test_who_goes_by_an_older_look_at_the_same_state_takes_no_point_away(
    slow: Store, store: Store, cup: Product
) -> None:
    """The price has fallen and come back since, and who stored that has not filed it yet."""
    look(slow, cup, 900, 10)
    look(slow, slow.products.get(CUP), 1000, 20)
    look(store, cup, 950, 30)
    known = with_unfiled(store.products.history(CUP), store.products.get(CUP).unfiled)
    assert costs(known) == [1000, 900, 1000, 950]


@pytest.mark.parametrize("cost", [900, 800], ids=["unchanged", "changed"])
def test_or_by_a_crawl(slow: Store, store: Store, cup: Product, cost: int) -> None:
    look(slow, cup, 900, 10)
    store.products.upsert([listed(cost, 20, crawl="it-2")], terms=TERMS)
    assert (filed(store), carried(store)) == ([1000, 900] + [cost] * (cost != 900), [])
    assert store.products.get(CUP).crawl_id == "it-2"


def test_or_when_a_price_is_accepted_which_no_crash_loses_either(slow: Store, store: Store, cup: Product) -> None:
    look(slow, cup, 900, 10)
    store.products.upsert([listed(100_000, 20, crawl="it-2")], terms=TERMS)
    held = store.products.get(CUP).held
    assert held is not None
    at = BEGAN + timedelta(seconds=30)
    store.holds.accept(CUP, held.reading, terms_of=lambda _: TERMS, by="mara@listino.test", at=at)
    assert (filed(store), carried(store)) == ([1000, 900, 100_000], [100_000])


def test_no_more_points_are_carried_than_a_few_and_none_is_lost(slow: Store, store: Store, cup: Product) -> None:
    """As if each of six workers had been killed."""
    for n in range(6):
        look(slow, slow.products.get(CUP), 900 + n, 10 + n)
        known = with_unfiled(store.products.history(CUP), store.products.get(CUP).unfiled)
        assert costs(known) == [1000, *range(900, 901 + n)]
    assert (filed(store), carried(store)) == ([1000, *range(900, 905)], [905])


def test_all_who_refresh_one_product_at_once_are_heard(settings: Settings, store: Store, cup: Product) -> None:
    """Four workers that know nothing of each other, each of which goes by what it read before the others wrote."""
    stores = [Store(settings, Unguarded()) for _ in range(4)]
    try:
        for round_ in range(5):
            before = store.products.get(CUP)
            with ThreadPoolExecutor(len(stores)) as pool:
                jobs = [
                    pool.submit(look, one, before, 900 - 10 * round_ - n, 10 * (round_ + 1) + n)
                    for n, one in enumerate(stores)
                ]
            assert all(job.result() for job in jobs)
    finally:
        for one in stores:
            one.close()
    known = with_unfiled(store.products.history(CUP), store.products.get(CUP).unfiled)
    assert set(costs(known)) == {1000, *(900 - 10 * round_ - n for round_ in range(5) for n in range(4))}
    last = store.products.get(CUP).offer
    assert last is not None
    assert last.cost == Money(857)
    assert filed(store) == costs(known), "all of them were filed"


@pytest.mark.skipif(CONTAINERS, reason="the servers are not ours to stop")
def test_what_cannot_be_filed_while_mongodb_hangs_is_filed_when_it_is_back(
    settings: Settings, slow: Store, cup: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(slow, cup, 900, 10)
    unfiled = slow.products.get(CUP).unfiled
    monkeypatch.setattr(filing, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(filing, "FILING_SECONDS", 0.3)
    monkeypatch.setattr(filing, "RETRY_SECONDS", 0.1)
    with Store(settings, Unguarded()) as patient:
        assert filed(patient) == [1000]
        with capture_logs() as logs, hung_mongo(settings.mongo_address):
            patient.filing.file(CUP, unfiled)
            wait_until(lambda: any(log["event"] == "history.not_filed" for log in logs), "it was tried in vain")
        wait_until(lambda: filed(patient) == [1000, 900], "it is filed")
