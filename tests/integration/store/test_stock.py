"""The stock of all shops, as it is counted and as it is kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import ExecutionTimeout

from listino.domain.clock import utc_now
from listino.domain.listing import Terms, list_goods
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product
from listino.store import stock
from listino.store.client import Store
from listino.store.stock import Stock

TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())


def product(sku: str) -> Product:
    offer = ShopOffer.of([Variant(sku="a", cost=Money(1000), availability=Availability.IN_STOCK)])
    goods = ShopProduct(sku=sku, url=f"http://shop.test/{sku}", name="Caffè", offer=offer)
    return list_goods(goods, TERMS, at=utc_now(), crawl_id="c1")


@pytest.fixture
def filled(store: Store) -> Store:
    """Two markets, three shops, and goods of no shop."""
    goods = [product(f"{n}") for n in range(5)]
    goods += [replace(product("x"), id=f"it:z-ultima:{n}", shop="z-ultima") for n in range(3)]
    goods += [replace(product("x"), id="de:bottega:x", market="de")]
    store.products.upsert(goods)
    store.products.upsert([replace(product("x"), id=n, market=None, shop=None, offer=None) for n in range(3)])
    store.products.mark_gone(["it:bottega:0", "it:bottega:1", "de:bottega:x"], utc_now())
    states = store._database["products"]
    states.update_one({"_id": "it:bottega:2"}, {"$set": {"stopped_at": utc_now()}})
    states.update_one({"_id": "it:z-ultima:0"}, {"$set": {"awaits_price": True}})
    return store


COUNTS = {"it:bottega": Stock(5, 2, 2), "it:z-ultima": Stock(3, 2, 0), "de:bottega": Stock(1, 0, 1)}


def due(store: Store, at: datetime) -> None:
    store._database["stock"].update_many({}, {"$set": {"due_at": at}})


def test_each_shop_is_counted_and_kept(filled: Store) -> None:
    assert filled.stock.kept() is None
    pauses: list[float] = []
    assert filled.stock.renew(pause=pauses.append) == COUNTS
    assert filled.stock.kept() == COUNTS
    assert len(pauses) == len(COUNTS)
    assert filled.products.counts() == {"it:bottega": 2, "it:z-ultima": 2}


def test_a_store_without_goods_has_been_counted_too(store: Store) -> None:
    assert store.stock.renew() == {}
    assert store.stock.kept() == {}


def test_it_is_counted_anew_when_that_is_due(filled: Store) -> None:
    filled.stock.renew()
    filled.products.mark_gone(["it:bottega:3"], utc_now())
    assert filled.stock.renew() is None
    assert filled.stock.kept() == COUNTS
    due(filled, utc_now())
    assert filled.stock.renew() == COUNTS | {"it:bottega": Stock(5, 1, 3)} == filled.stock.kept()


def test_two_do_not_count_at_once_but_who_is_heard_of_no_more_is_not_waited_for(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any) -> Any:
        assert filled.stock.renew() is None  # for another process it is not due meanwhile
        raise ExecutionTimeout("operation exceeded time limit")

    with monkeypatch.context() as patch:
        patch.setattr(stock, "counted", lost)
        with pytest.raises(ExecutionTimeout):
            filled.stock.renew()
    assert filled.stock.renew() is None
    assert filled.stock.kept() is None
    due(filled, utc_now())
    assert filled.stock.renew() == COUNTS


def test_a_long_count_goes_on_being_claimed_and_is_kept_the_longer(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, seen = utc_now(), []
    later = [began + n * timedelta(minutes=2) for n in range(30)]
    monkeypatch.setattr(stock, "utc_now", lambda: later.pop(0))
    monkeypatch.setattr(stock, "KEPT_TIMES", 1e9)  # however quick it was
    filled.stock.renew(pause=lambda _: seen.append(filled._database["stock"].find_one()["due_at"]))
    assert len(seen) == len(COUNTS)
    assert sorted(set(seen)) == seen
    assert filled._database["stock"].find_one()["due_at"] > began + timedelta(days=1)


def test_a_count_that_fails_late_is_not_begun_again_sooner_than_one_that_ends(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(products: Any) -> Any:
        yield next(whole(products))
        raise ExecutionTimeout("operation exceeded time limit")

    whole, before = stock.counted, utc_now()
    monkeypatch.setattr(stock, "counted", too_large)
    monkeypatch.setattr(stock, "KEPT_TIMES", 1e9)  # however quick it was
    with pytest.raises(ExecutionTimeout):
        filled.stock.renew()
    assert filled.stock.kept() is None
    assert filled._database["stock"].find_one()["due_at"] > before + timedelta(days=1)


def test_the_question_that_failed_counts_as_time_spent(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first shop already: nothing but the failed question has taken any time."""

    def fails(_: Any) -> Any:
        clock[0] = 60.0
        raise ExecutionTimeout("operation exceeded time limit")

    before, clock = utc_now(), [0.0]
    monkeypatch.setattr(stock, "counted", fails)
    monkeypatch.setattr(stock, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    with pytest.raises(ExecutionTimeout):
        filled.stock.renew()
    due_at = filled._database["stock"].find_one()["due_at"].replace(tzinfo=UTC)
    assert due_at >= before + timedelta(seconds=stock.KEPT_TIMES * 60 - 1)
