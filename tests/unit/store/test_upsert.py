from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import UpdateOne

from listino.domain.held import Doubt, DoubtKind, ReferenceSource
from listino.domain.history import PricePoint, point_of
from listino.domain.listing import Terms, list_goods, reoffer
from listino.domain.money import Money
from listino.domain.offer import ShopOffer, ShopProduct
from listino.domain.plausibility import Background, hold
from listino.domain.product import Product, Reading
from listino.store.documents import product_document, reading_document
from listino.store.history import history_writes
from listino.store.upsert import NEEDED, UpsertPlan, as_planned, needed_of, plan_upsert


def known(product: Product, **changes: Any) -> dict[str, Any]:
    """What the store says of a product, by the projection that the plan needs."""
    document = product_document(product)
    found: dict[str, Any] = {"_id": product.id}
    for path in NEEDED:
        name, _, inner = path.partition(".")
        if inner and name in document:
            found.setdefault(name, {})[inner] = document[name][inner]
        elif not inner and document.get(name) is not None:
            found[name] = document[name]
    return {**found, **changes}


def plan(product: Product, stored: Mapping[str, Any] | None) -> UpsertPlan:
    return plan_upsert([product], {} if stored is None else {product.id: stored})


def seen_mark(product: Product, crawl_id: str | None) -> UpdateOne:
    assert product.offer is not None
    change: dict[str, Any] = {
        "$max": {"offer.seen_at": product.offer.seen_at, "offer.checked_at": product.offer.checked_at}
    }
    if crawl_id:
        change |= {"$set": {"crawl_id": crawl_id}, "$unset": {"missed": ""}}
    return UpdateOne({"_id": product.id}, change)


def outcome(found: UpsertPlan) -> tuple[int, int, int, int]:
    return len(found.new), len(found.changed), len(found.unchanged), len(found.returned)


@pytest.fixture
def later(seen_at: datetime) -> datetime:
    return seen_at + timedelta(minutes=10)


@pytest.fixture
def dearer(shirt: ShopProduct) -> ShopOffer:
    return ShopOffer.of([replace(variant, cost=variant.cost + Money(1000)) for variant in shirt.offer.variants])


def test_a_new_product_is_inserted_whole_with_its_first_point(listed_shirt: Product) -> None:
    found = plan(listed_shirt, None)
    assert outcome(found) == (1, 0, 0, 0)
    document = product_document(listed_shirt)
    document.pop("_id")
    assert found.products == [UpdateOne({"_id": "it:bottega:8411"}, {"$setOnInsert": document}, upsert=True)]
    assert len(found.history) == 1


def test_an_unchanged_product_costs_its_seen_mark(
    shirt: ShopProduct, terms: Terms, listed_shirt: Product, later: datetime
) -> None:
    again = list_goods(shirt, terms, at=later, crawl_id="it-2")
    found = plan(again, known(listed_shirt))
    assert outcome(found) == (0, 0, 1, 0)
    assert found.products == [seen_mark(again, "it-2")]
    assert found.history == []


def test_a_changed_product_is_replaced_unless_somebody_looked_later(
    shirt: ShopProduct, dearer: ShopOffer, terms: Terms, listed_shirt: Product, later: datetime
) -> None:
    again = list_goods(replace(shirt, offer=dearer, slogan=None), terms, at=later, crawl_id="it-2")
    found = plan(again, known(listed_shirt))
    assert outcome(found) == (0, 1, 0, 0)
    (replacement,) = found.products
    assert replacement._filter == as_planned(again.id, known(listed_shirt)) | {
        "offer.checked_at": {"$not": {"$gt": later}}
    }
    change = replacement._doc
    assert change["$set"]["offer.cost"] == 3400
    assert change["$set"]["changed_at"] == later
    assert change["$set"]["crawl_id"] == "it-2"
    assert not {"_id", "first_seen_at", "offer", "offer.seen_at", "offer.checked_at"} & set(change["$set"])
    forgotten = ("slogan", "gone_at", "awaits_price", "held", "declined", "reading", "unfiled", "missed")
    assert change["$unset"] == dict.fromkeys(forgotten, "")
    assert len(found.history) == 1


def test_a_change_that_leaves_the_offer_alone_adds_no_point(
    shirt: ShopProduct, terms: Terms, listed_shirt: Product, later: datetime
) -> None:
    found = plan(list_goods(replace(shirt, name="Camicia"), terms, at=later), known(listed_shirt))
    assert outcome(found) == (0, 1, 0, 0)
    assert found.history == []


@pytest.mark.parametrize(
    "was",
    [
        {"offer": {"cost": 2399, "availability": "InStock"}},
        {"offer": {"cost": 2400, "availability": "OutOfStock"}},
        {"price": {"amount": 1}},
        {"price": None},
        {"offer": None},
    ],
    ids=str,
)
def test_a_point_is_added_when_cost_availability_or_price_moved(was: dict[str, Any], listed_shirt: Product) -> None:
    found = plan(listed_shirt, known(listed_shirt, **was))
    assert outcome(found) == (0, 0, 1, 0)
    assert len(found.history) == 1


def test_a_gone_product_returns_even_if_it_looks_the_same(
    shirt: ShopProduct, terms: Terms, listed_shirt: Product, later: datetime
) -> None:
    again = list_goods(shirt, terms, at=later, crawl_id="it-2")
    found = plan(again, known(listed_shirt, gone_at=later))
    assert outcome(found) == (0, 0, 0, 1)
    (replacement,) = found.products
    assert "gone_at" in replacement._doc["$unset"]


def test_a_live_refresh_never_says_what_only_a_crawl_may(
    dearer: ShopOffer, shirt: ShopProduct, terms: Terms, listed_shirt: Product, later: datetime, seen_at: datetime
) -> None:
    for offer in (dearer, shirt.offer):
        refreshed = reoffer(listed_shirt, offer, terms, at=later)
        writes = plan(refreshed, known(listed_shirt)).products
        assert writes
        for write in writes:
            assert "crawl_id" not in write._doc.get("$set", {})
            assert "offer.seen_at" not in write._doc.get("$set", {})
            assert write._doc.get("$max", {}).get("offer.seen_at") in (None, seen_at), "the crawl's own time, again"


def test_a_live_refresh_costs_one_write_that_finds_the_product_as_it_was_read(
    dearer: ShopOffer, shirt: ShopProduct, terms: Terms, listed_shirt: Product, later: datetime
) -> None:
    for offer in (dearer, shirt.offer):
        refreshed = reoffer(listed_shirt, offer, terms, at=later)
        (write,) = plan(refreshed, known(listed_shirt)).products
        assert as_planned(listed_shirt.id, known(listed_shirt)).items() <= write._filter.items()
        assert write._doc["$max"] == seen_mark(refreshed, None)._doc["$max"]


@pytest.mark.parametrize("crawl_id", ["it-2", None])
def test_whoever_looked_before_what_is_stored_replaces_nothing_and_tells_the_way_there_and_back(
    crawl_id: str | None,
    dearer: ShopOffer,
    shirt: ShopProduct,
    terms: Terms,
    listed_shirt: Product,
    later: datetime,
) -> None:
    assert listed_shirt.offer is not None
    stored = replace(listed_shirt, offer=replace(listed_shirt.offer, checked_at=later + timedelta(seconds=1)))
    seen = reoffer(listed_shirt, dearer, terms, at=later, crawled=crawl_id is not None)
    found = plan(replace(seen, crawl_id=crawl_id), known(stored))
    assert found.products == ([seen_mark(seen, crawl_id)] if crawl_id else [])
    (write,) = found.history
    points = write._doc["$addToSet"]["points"]["$each"]
    assert [(point["at"], point["cost"]) for point in points] == [
        (later, 3400),
        (later + timedelta(seconds=1), 2400),
    ]


def test_what_is_known_of_a_product_is_what_the_store_would_tell(listed_shirt: Product, later: datetime) -> None:
    doubt = Doubt(kind=DoubtKind.FAR, sku=None, read=Money(9000), reference=Money(2400), source=ReferenceSource.LAST)
    held = hold(listed_shirt, [doubt], Background(), crawled=True)
    bare = replace(listed_shirt, offer=None, price=None, awaits_price=True, brand=None)
    for product in (listed_shirt, bare, replace(listed_shirt, gone_at=later, held=held, declined="a")):
        assert needed_of(product) == known(product)


def test_goods_that_no_shop_shows_need_no_mark() -> None:
    goods = Product(id=5, name="Camo Onesie", content_hash="a")
    assert plan(goods, {"_id": 5, "content_hash": "a"}).products == []
    changed = plan(goods, {"_id": 5, "content_hash": "b"})
    assert len(changed.products) == 1
    assert changed.history == []


def test_a_batch_is_sorted_by_what_happens(
    shirt: ShopProduct, dearer: ShopOffer, terms: Terms, listed_shirt: Product, later: datetime
) -> None:
    same, changed, new = (
        list_goods(replace(shirt, sku=sku, offer=offer), terms, at=later)
        for sku, offer in (("1", shirt.offer), ("2", dearer), ("3", shirt.offer))
    )
    stored = {
        product.id: known(product, content_hash=product.content_hash if product is same else "other")
        for product in (same, changed)
    }
    found = plan_upsert([same, changed, new], stored)
    assert (found.unchanged, found.changed, found.new) == (["it:bottega:1"], ["it:bottega:2"], ["it:bottega:3"])


def test_a_history_point_goes_into_the_bucket_of_its_month(listed_shirt: Product, seen_at: datetime) -> None:
    (write,) = plan(listed_shirt, None).history
    assert listed_shirt.price is not None
    assert write._filter == {"_id": "it:bottega:8411:2026-03", "product_id": "it:bottega:8411"}
    assert write._upsert is True
    assert write._doc["$setOnInsert"] == {"month": "2026-03"}
    (point,) = write._doc["$addToSet"]["points"]["$each"]
    assert point == {
        "at": seen_at,
        "price": listed_shirt.price.amount.minor,
        "cost": 2400,
        "currency": "EUR",
        "availability": "InStock",
    }


def test_a_repeated_point_is_the_same_element_of_the_set(listed_shirt: Product) -> None:
    assert plan(listed_shirt, None).history == plan(listed_shirt, None).history


def test_imported_goods_have_buckets_of_their_own(listed_shirt: Product) -> None:
    point = point_of(listed_shirt)
    assert point is not None
    (write,) = history_writes(5, [point])
    assert write._filter == {"_id": "5:2026-03", "product_id": 5}


def test_points_of_one_month_are_one_write(listed_shirt: Product, later: datetime) -> None:
    first = point_of(listed_shirt)
    assert first is not None
    second, third = replace(first, at=later), replace(first, at=later + timedelta(days=31))
    march, april = history_writes(5, [first, second, third])
    assert (march._filter["_id"], april._filter["_id"]) == ("5:2026-03", "5:2026-04")
    assert [len(write._doc["$addToSet"]["points"]["$each"]) for write in (march, april)] == [2, 1]


def carrying(product: Product, *minutes: float) -> tuple[Product, tuple[PricePoint, ...]]:
    """The product with points of those minutes after it was seen."""
    point = point_of(product)
    assert point is not None
    unfiled = tuple(replace(point, at=point.at + timedelta(minutes=after)) for after in minutes)
    return replace(product, unfiled=unfiled), unfiled


def added(found: UpsertPlan) -> list[datetime]:
    """When the points were that are written into the history."""
    return [point["at"] for write in found.history for point in write._doc["$addToSet"]["points"]["$each"]]


def test_a_crawl_files_what_it_finds_and_takes_exactly_that_away(
    shirt: ShopProduct, dearer: ShopOffer, terms: Terms, listed_shirt: Product, later: datetime
) -> None:
    kept, unfiled = carrying(listed_shirt, 1, 2)
    dates = [point.at for point in unfiled]
    unchanged = plan(list_goods(shirt, terms, at=later, crawl_id="it-2"), known(kept))
    assert added(unchanged) == dates
    assert unchanged.products[1] == UpdateOne(
        {"_id": kept.id, "unfiled": product_document(kept)["unfiled"]}, {"$unset": {"unfiled": ""}}
    )
    changed = plan(list_goods(replace(shirt, offer=dearer), terms, at=later, crawl_id="it-2"), known(kept))
    assert added(changed) == [*dates, later]
    (replacement,) = changed.products
    assert replacement._filter["unfiled"] == product_document(kept)["unfiled"]
    assert "unfiled" in replacement._doc["$unset"]


READING = Reading(key=-7, reader="r1", read_at=datetime(2026, 3, 1, tzinfo=UTC), etag='"a"')


def test_how_an_unchanged_product_was_read_costs_no_write_of_its_own(
    listed_shirt: Product, shirt: ShopProduct, terms: Terms, later: datetime
) -> None:
    again = replace(list_goods(shirt, terms, at=later, crawl_id="it-2"), reading=READING)
    found = plan(again, known(listed_shirt))
    assert outcome(found) == (0, 0, 1, 0)
    (mark,) = found.products
    assert mark._doc["$set"] == {"crawl_id": "it-2", "reading": reading_document(READING)}


def test_how_a_changed_product_was_read_is_written_with_it_alone(
    shirt: ShopProduct, dearer: ShopOffer, terms: Terms, listed_shirt: Product, later: datetime
) -> None:
    again = replace(list_goods(replace(shirt, offer=dearer), terms, at=later, crawl_id="it-2"), reading=READING)
    (replacement,) = plan(again, known(listed_shirt)).products
    assert replacement._doc["$set"]["reading"] == reading_document(READING)


def test_a_refresh_that_found_something_else_forgets_what_the_crawl_read(
    listed_shirt: Product, dearer: ShopOffer, terms: Terms, later: datetime
) -> None:
    fresh = reoffer(replace(listed_shirt, reading=READING), dearer, terms, at=later)
    (replacement,) = plan(replace(fresh, reading=None), known(listed_shirt)).products
    assert "reading" in replacement._doc["$unset"]
