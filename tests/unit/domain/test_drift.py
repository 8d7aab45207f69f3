"""Drift: what fell far below the past, and what a crawl that reads less leaves as it was."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from listino.domain.crawl import Crawl, CrawlStatus, Fall, ShopCounts
from listino.domain.drift import PAST_RUNS, DriftRule, falls, fields_of, keeping, lost_fields, past_of
from listino.domain.errors import InvalidValue
from listino.domain.listing import Terms, list_goods
from listino.domain.offer import ShopOffer, ShopProduct
from listino.domain.product import Product

RULE = DriftRule()
FULL = {"price": 1.0, "brand": 0.9, "gtin": 0.1}


def counts(products: int = 100, **coverage: float) -> ShopCounts:
    return ShopCounts(products=products, measured=products, complete=True, coverage=FULL | coverage)


def test_a_crawl_as_usual_has_not_drifted() -> None:
    past = [counts(), counts(brand=0.8), counts(products=110)]
    assert falls(counts(brand=0.73), past, RULE) == ()
    assert falls(counts(products=50), past, RULE) == ()


def test_a_field_that_fell_beyond_the_tolerance_is_named_with_both_figures() -> None:
    (fall,) = falls(counts(brand=0.7), [counts(), counts(brand=0.1), counts()], RULE)
    assert fall == Fall(field="brand", now=0.7, usual=0.9)
    assert fall.words == "brand at 70% of products where 90% are usual"


def test_far_fewer_products_are_drift_too() -> None:
    (fall,) = falls(counts(products=40), [counts(), counts(products=90)], DriftRule(least_products=50))
    assert (fall.field, fall.now, fall.usual) == ("products", 40, 95)
    assert fall.words == "40 products where 95 are usual"


def test_what_few_products_have_tells_nothing() -> None:
    assert falls(counts(gtin=0.0), [counts()], RULE) == (), "10 of 100 products usually have one"
    (fall,) = falls(counts(gtin=0.0), [counts()], DriftRule(least_products=10))
    assert fall.field == "gtin"
    assert falls(counts(products=2), [counts(products=19)], RULE) == ()


def test_a_first_crawl_has_nothing_to_fall_from() -> None:
    assert falls(counts(brand=0.0), [], RULE) == ()


def run(number: int, shop: ShopCounts, at: datetime) -> Crawl:
    begun = Crawl.begun("it", trigger="test", at=at - timedelta(hours=number))
    return replace(begun, status=CrawlStatus.FINISHED, shops={"bottega": shop})


def test_the_past_is_of_whole_runs_the_newest_few(seen_at: datetime) -> None:
    partial, drifted = (
        replace(counts(), complete=False),
        replace(counts(), complete=False, drift=(Fall(field="brand", now=0, usual=1),)),
    )
    shops = [partial, drifted, counts(1), ShopCounts(complete=True), *(counts(n) for n in range(2, 9))]
    past = past_of("bottega", [run(n, shop, seen_at) for n, shop in enumerate(shops)])
    assert [shop.products for shop in past] == [1, 2, 3, 4, 5, 6, 7, 8]
    old = [counts(products=1000, gtin=0.9)] * PAST_RUNS
    assert falls(counts(), [counts()] * PAST_RUNS + old, RULE) == ()
    assert {fall.field for fall in falls(counts(), [counts()] * (PAST_RUNS // 2) + old, RULE)} == {"products", "gtin"}
    assert past_of("lume", [run(0, counts(), seen_at)]) == []


def incremental(measured: int, products: int = 100, **coverage: float) -> ShopCounts:
    """A run to which the shop said of all other products that they have not changed."""
    return replace(counts(products, **coverage), measured=measured)


def test_a_run_that_read_little_is_no_measure_of_fields_but_of_the_number() -> None:
    few = [incremental(3, brand=0.0)] * PAST_RUNS
    (fall,) = falls(counts(brand=0.1), [*few, counts()], RULE)
    assert (fall.field, fall.usual) == ("brand", 0.9)
    assert falls(counts(brand=0.1), few, RULE) == (), "nothing is known of its fields"
    (fall,) = falls(incremental(3, products=10), [incremental(0)], RULE)
    assert (fall.field, fall.usual) == ("products", 100)


@pytest.mark.parametrize(("measured", "is_judged"), [(49, False), (50, True)])
def test_fields_are_judged_where_half_of_the_products_were_read(measured: int, is_judged: bool) -> None:
    found = falls(incremental(measured, brand=0.1), [counts()], RULE)
    assert [fall.field for fall in found] == (["brand"] if is_judged else [])
    assert falls(incremental(50, brand=0.1), [counts()], DriftRule(least_products=51)) == ()


def test_a_whole_run_that_read_nothing_new_is_past_too(seen_at: datetime) -> None:
    assert past_of("bottega", [run(0, incremental(0), seen_at)]) == [incremental(0)]


def test_a_drift_that_was_accepted_begins_the_past_anew(seen_at: datetime) -> None:
    fall = Fall(field="brand", now=0.1, usual=0.9)
    accepted = replace(counts(brand=0.1), complete=False, drift=(fall,), drift_accepted_by="mara@listino.test")
    past = past_of("bottega", [run(n, shop, seen_at) for n, shop in enumerate([accepted, counts(), counts()])])
    assert past == [accepted]
    assert not accepted.drifted
    assert falls(counts(brand=0.1), past, RULE) == ()


def test_the_fields_of_a_product_are_those_it_was_read_with(listed_shirt: Product) -> None:
    shown = {"price", "availability", "brand", "gtin", "category", "description", "photos", "variants"}
    assert fields_of(listed_shirt) == shown
    assert fields_of(Product(id=1, name="Moka")) == set()


@pytest.fixture
def bare_shirt(shirt: ShopProduct, terms: Terms, seen_at: datetime) -> Product:
    """The shirt, read a day later by a crawl that finds little of it."""
    bare = replace(
        shirt, brand=None, category=None, description=None, slogan=None, gtin=None, photos=(), features=(),
        offer=ShopOffer.of([replace(variant, photos=()) for variant in shirt.offer.variants]),
    )  # fmt: skip
    return list_goods(bare, terms, at=seen_at + timedelta(days=1), crawl_id="it-2")


def test_what_was_not_read_is_kept_and_priced_as_before(
    bare_shirt: Product, listed_shirt: Product, terms: Terms
) -> None:
    lost = lost_fields(bare_shirt, listed_shirt)
    assert lost == {"slogan", "description", "category", "brand", "gtin", "features", "photos"}
    kept = keeping(bare_shirt, listed_shirt, lost, terms)
    assert kept.content_hash == listed_shirt.content_hash
    assert (kept.price, kept.styles) == (listed_shirt.price, listed_shirt.styles)
    assert kept.crawl_id == "it-2"
    assert keeping(bare_shirt, listed_shirt, {"brand"}, terms).description is None


def test_sizes_that_were_not_read_are_kept(
    shirt: ShopProduct, listed_shirt: Product, terms: Terms, seen_at: datetime
) -> None:
    read = list_goods(replace(shirt, offer=ShopOffer(cost=shirt.offer.cost)), terms, at=seen_at, crawl_id="it-2")
    assert lost_fields(read, listed_shirt) == {"variants"}
    kept = keeping(read, listed_shirt, {"variants"}, terms)
    assert [list(style.skus) for style in kept.styles] == [["R-S", "R-M"], ["B-S"]]


@pytest.mark.parametrize(
    "wrong",
    [{"tolerance_percent": Decimal(0)}, {"products_tolerance_percent": Decimal(100)}, {"least_products": 0}],
    ids=str,
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Decimal]) -> None:
    with pytest.raises(InvalidValue):
        DriftRule(**wrong)  # type: ignore[arg-type]
