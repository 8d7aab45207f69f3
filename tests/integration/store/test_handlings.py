"""What staff decide of a product holds whatever crawls, imports and live refreshes write, and is undone by staff alone."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from refreshing import refreshed

from listino.domain.errors import AlreadyDecided
from listino.domain.listing import Terms, list_goods, reoffer
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct
from listino.domain.pricing import PricingRule
from listino.domain.product import Product
from listino.settings import Settings
from listino.store.client import Store
from listino.store.imported import Rows, imported_documents
from listino.store.query import CARD, Only, Order, ProductQuery
from listino.store.upsert import UpsertPlan

TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())
BEGAN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CUP, ADA, MARA = "it:bottega:1", "ada@listino.test", "mara@listino.test"


def at(hours: int) -> datetime:
    return BEGAN + timedelta(hours=hours)


def cup(hours: int, name: str = "Tazina", *, cost: int = 1000, brand: str | None = "Casa Blu") -> Product:
    goods = ShopProduct(
        sku="1", url="https://shop.test/1", name=name, brand=brand, category="Cucina",
        offer=ShopOffer(cost=Money(cost), availability=Availability.IN_STOCK),
    )  # fmt: skip
    return list_goods(goods, TERMS, at=at(hours), crawl_id=f"c{hours}")


def crawl(store: Store, seen: Product) -> UpsertPlan:
    return store.products.upsert([seen], terms=TERMS)


def refresh(store: Store, before: Product, hours: int, cost: int) -> None:
    fresh = reoffer(before, ShopOffer(cost=Money(cost), availability=Availability.IN_STOCK), TERMS, at=at(hours))
    refreshed(store, [fresh], before, terms=TERMS)


def correct(store: Store, hours: int = 1, **values: str | None) -> Product:
    return store.handlings.correct(CUP, values, by=ADA, at=at(hours), reason="typo")[1]


def shown(store: Store) -> tuple[str, str | None]:
    """The name, and the shop's own where it is another one."""
    product = store.products.get(CUP)
    corrections = product.handling.corrections if product.handling else {}
    return product.name, corrections["name"].own if "name" in corrections else None


def test_a_correction_outlives_crawls_and_refreshes_and_knows_the_shops_own_value(store: Store) -> None:
    crawl(store, cup(0))
    correct(store, name="Tazzina")
    assert shown(store) == ("Tazzina", "Tazina")
    assert crawl(store, cup(2)).unchanged == [CUP], "the shop's page is as it was"
    refresh(store, store.products.get(CUP), 3, 1100)
    crawl(store, cup(4, "Tazina blu", cost=1100))
    assert shown(store) == ("Tazzina", "Tazina blu")
    refresh(store, store.products.get(CUP), 5, 1200)
    crawl(store, cup(6, "Tazina blu", cost=120_000))  # held
    refresh(store, store.products.get(CUP), 7, 1200)
    assert shown(store) == ("Tazzina", "Tazina blu")
    assert [one.id for one in store.products.page(ProductQuery(text="tazzina"), count=5)] == [CUP]
    assert store.products.page(ProductQuery(text="tazina"), count=5) == []
    assert crawl(store, cup(8, "Tazina blu", cost=1200)).unchanged == [CUP]

    store.handlings.restore(CUP, "name", at=at(9))
    assert shown(store) == ("Tazina blu", None)
    assert crawl(store, cup(10, "Tazina blu", cost=1200)).unchanged == [CUP]


def test_a_correction_is_kept_when_a_price_is_accepted_and_may_be_a_field_of_ours_alone(store: Store) -> None:
    crawl(store, cup(0, brand=None))
    correct(store, name="Tazzina", brand="Casa Blu")
    crawl(store, cup(2, brand=None, cost=100_000))
    held = store.products.get(CUP).held
    assert held is not None
    store.holds.accept(CUP, held.reading, terms_of=lambda _: TERMS, by=MARA, at=at(3))
    assert shown(store) == ("Tazzina", "Tazina")
    crawl(store, cup(4, "Tazina blu", brand=None, cost=100_000))
    product = store.products.get(CUP)
    assert (product.brand, product.own.brand) == ("Casa Blu", None), "the crawl has not lost what the shop never had"
    product = correct(store, 5, name="Tazina blu", brand="Casa")
    assert product.handling is not None
    assert list(product.handling.corrections) == ["brand"], "the shop's own value is no correction"
    assert correct(store, 6, category=None) == store.products.get(CUP)
    assert store.products.get(CUP).category is None


@pytest.mark.parametrize("hours", [3, 1])
def test_a_refresh_that_began_before_a_decision_does_not_undo_it(store: Store, hours: int) -> None:
    crawl(store, cup(0))
    before = store.products.get(CUP)
    correct(store, name="Tazzina")
    store.handlings.stop(CUP, by=ADA, at=at(2), reason="recalled")
    refresh(store, before, hours, 1100)
    product = store.products.get(CUP)
    assert product.name == "Tazzina"
    assert product.stop is not None
    assert product.stop.reason == "recalled"
    assert product.offer is not None
    assert product.offer.cost == Money(1100), "what the shop said counts beneath"
    seen = store.products.get(CUP)
    store.handlings.release(CUP, at=at(4))
    refresh(store, seen, 5, 1200)
    assert store.products.get(CUP).stop is None, "nor does one undo the release"


def test_what_is_held_from_sale_is_on_no_list_for_shoppers(store: Store) -> None:
    crawl(store, cup(0))
    store.handlings.stop(CUP, by=ADA, at=at(1), reason="recalled")
    with pytest.raises(AlreadyDecided, match=ADA):
        store.handlings.stop(CUP, by=MARA, at=at(2), reason="too")
    asked: list[dict[str, Any]] = [{}, {"text": "tazina"}, {"category": "Cucina"}, {"order": Order.PRICE}, {"order": Order.NEWEST}]  # fmt: skip
    for query in asked:
        assert store.products.page(ProductQuery(**query), count=5) == [], query
        assert len(store.products.page(ProductQuery(**query, stopped=True), count=5)) == 1, query
    store.products.mark_gone([CUP], at(3))
    assert crawl(store, cup(4)).returned == [CUP]
    assert store.products.page(ProductQuery(), count=5) == [], "that it returns to its shop releases nothing"
    store.handlings.release(CUP, at=at(5))
    assert len(store.products.page(ProductQuery(), count=5)) == 1
    with pytest.raises(AlreadyDecided):
        store.handlings.release(CUP, at=at(6))


def test_an_import_leaves_corrections_and_holds_as_they_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def documents(name: str) -> list[dict[str, Any]]:
        row = (7, name, None, None, "Cameras", 1000)
        return imported_documents(Rows([row], [], [], [], [], []))

    store.catalogue.write(documents("Camra"), at=at(0), new=True)
    store.handlings.correct(7, {"name": "Camera"}, by=ADA, at=at(1), reason="typo")
    assert store.catalogue.write(documents("Camra"), at=at(2), new=False).unchanged == [7]
    store.catalogue.write(documents("Camra two"), at=at(3), new=False)
    product = store.products.get(7)
    assert (product.name, product.own.name) == ("Camera", "Camra two")

    known = store.catalogue._known

    def stopped_meanwhile(numbers: Any) -> Mapping[Any, Any]:
        found = known(numbers)
        monkeypatch.undo()
        store.handlings.stop(7, by=ADA, at=at(4), reason="recalled")
        return found

    monkeypatch.setattr(store.catalogue, "_known", stopped_meanwhile)
    store.catalogue.write(documents("Camra three"), at=at(5), new=False)
    product = store.products.get(7)
    assert (product.name, product.own.name) == ("Camera", "Camra three")
    assert product.stop is not None


# ---------- what staff look for ----------


@pytest.fixture
def database(settings: Settings, mongo_uri: str) -> Iterator[Database]:
    with MongoClient(mongo_uri, tz_aware=True) as client:
        yield client[settings.mongo_database]


@pytest.fixture
def shelves(store: Store, database: Database) -> list[dict[str, Any]]:
    """Six hundred goods of two shops: one of twenty sold out, one of thirty gone, prices and changes all apart."""
    made: list[dict[str, Any]] = []
    for number in range(600):
        shop = ("bottega", "bar")[number % 2]
        availability = "OutOfStock" if number % 20 == 0 else "InStock"
        document = {
            "_id": f"it:{shop}:{number}", "market": "it", "shop": shop, "name": f"Good {number}", "category": f"c{number % 3}",
            "changed_at": at(number), "price": {"amount": 1000 + number, "currency": "EUR", "steps": []},
            "offer": {"cost": 900, "list_cost": None, "shipping": 0, "currency": "EUR", "availability": availability,
                      "seen_at": at(0), "checked_at": at(0)},
        }  # fmt: skip
        made.append(document | ({"gone_at": at(number)} if number % 30 == 0 else {}))
    database.products.insert_many(made)
    store.handlings.stop("it:bar:1", by=ADA, at=at(1), reason="recalled")
    store.handlings.correct("it:bar:3", {"name": "Better"}, by=ADA, at=at(3), reason="typo")
    return made


def looked_at(plan: Any) -> tuple[set[str], int]:
    """The indexes used on the shards, and how many keys were looked at in all."""

    def stages(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "indexName" in node:
                yield node["indexName"]
            for value in node.values():
                yield from stages(value)
        elif isinstance(node, list):
            for value in node:
                yield from stages(value)

    stats = plan["executionStats"]
    winning = stats.get("executionStages", stats)
    return set(stages(winning)), stats["totalKeysExamined"]


STAFF = {"awaiting": True, "stopped": True}
Wanted = Callable[[dict[str, Any]], bool]


SEARCHES: list[tuple[dict[str, Any], str, Wanted]] = [
        ({"availability": Availability.OUT_OF_STOCK}, "by_availability", lambda one: one["offer"]["availability"] == "OutOfStock" and "gone_at" not in one),
        ({"availability": Availability.OUT_OF_STOCK, "market": "it", "shop": "bottega"}, "by_availability", lambda one: one["offer"]["availability"] == "OutOfStock" and one["shop"] == "bottega" and "gone_at" not in one),
        ({"changed_since": at(580), "order": Order.CHANGED}, "by_change", lambda one: one["changed_at"] >= at(580) and "gone_at" not in one),
        ({"changed_since": at(580), "order": Order.CHANGED, "market": "it", "shop": "bar"}, "by_change", lambda one: one["changed_at"] >= at(580) and one["shop"] == "bar"),
        ({"least": 1100, "most": 1109, "order": Order.PRICE}, "by_price_gone_or_not", lambda one: 1100 <= one["price"]["amount"] <= 1109),
        ({"least": 1115, "most": 1129, "order": Order.PRICE}, "by_price_gone_or_not", lambda one: 1115 <= one["price"]["amount"] <= 1129 and "gone_at" not in one),
        ({"least": 1115, "most": 1129, "order": Order.PRICE, "gone": True}, "by_price_gone_or_not", lambda one: 1115 <= one["price"]["amount"] <= 1129),
        ({"least": 1115, "most": 1129, "order": Order.LEFT, "only": Only.GONE}, "by_price_gone_or_not", lambda one: 1115 <= one["price"]["amount"] <= 1129 and "gone_at" in one),
        ({"least": 1590, "order": Order.PRICE, "category": "c1", "market": "it"}, "by_category_price_gone_or_not", lambda one: one["price"]["amount"] >= 1590 and one["category"] == "c1"),
        ({"only": Only.GONE, "order": Order.LEFT}, "by_leaving", lambda one: "gone_at" in one),
        ({"only": Only.GONE, "order": Order.LEFT, "market": "it", "changed_since": at(500)}, "by_leaving", lambda one: "gone_at" in one and one["changed_at"] >= at(500)),
        ({"only": Only.STOPPED}, "by_handling", lambda one: one["_id"] == "it:bar:1"),
        ({"only": Only.CORRECTED, "market": "it"}, "by_handling", lambda one: one["_id"] == "it:bar:3"),
        ({"only": Only.HELD}, "by_held", lambda one: False),
]  # fmt: skip


def test_each_filter_of_staff_finds_its_goods_by_an_index(
    store: Store, database: Database, shelves: list[dict[str, Any]]
) -> None:
    for query, index, wanted in SEARCHES:
        asked = ProductQuery(**STAFF, **query)
        met: list[Product] = []
        following: ProductQuery | None = asked
        while following is not None:
            page, following = store.products.sought(following, count=7)
            met += page
        expected = [str(one["_id"]) for one in shelves if wanted(one)]
        assert sorted(str(one.id) for one in met) == sorted(expected), query
        (run,) = asked.runs()
        command = {"find": "products", "filter": run.filter, "projection": CARD, "sort": dict(run.sort), "limit": 8}
        indexes, keys = looked_at(database.command("explain", command, verbosity="executionStats"))
        assert index in indexes, query
        assert keys <= 3 * len(expected) + 40, "no more is looked at than there is to find"


def test_a_price_among_what_is_gone_is_read_of_nothing_else(database: Database, shelves: list[dict[str, Any]]) -> None:
    query = ProductQuery(**STAFF, least=1100, most=1399, only=Only.GONE, order=Order.LEFT)
    (run,) = query.runs()
    command = {"find": "products", "filter": run.filter, "hint": "by_price_gone_or_not", "sort": dict(run.sort)}
    found = database.command("explain", command, verbosity="executionStats")["executionStats"]
    assert (found["nReturned"], found["totalDocsExamined"]) == (10, 10)
