from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from listino.domain.errors import InvalidValue
from listino.domain.listing import Terms, fingerprint, list_goods, reoffer
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.domain.product import Product

LATER = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def plain_goods(**changes: object) -> ShopProduct:
    offer = ShopOffer.of([Variant(sku="X1", cost=Money(1000), availability=Availability.IN_STOCK)])
    goods = ShopProduct(sku="1", url="https://bottega.example/1", name="Moka", offer=offer)
    return replace(goods, **changes)  # type: ignore[arg-type]


def test_ids_are_made_of_market_shop_and_sku(listed_shirt: Product) -> None:
    assert (listed_shirt.id, listed_shirt.related) == ("it:bottega:8411", ("it:bottega:8412",))
    assert (listed_shirt.market, listed_shirt.shop) == ("it", "bottega")


def test_times_and_crawl_of_a_first_sight(listed_shirt: Product, seen_at: datetime) -> None:
    assert listed_shirt.offer is not None
    times = (
        listed_shirt.first_seen_at,
        listed_shirt.changed_at,
        listed_shirt.offer.seen_at,
        listed_shirt.offer.checked_at,
    )
    assert times == (seen_at,) * 4
    assert (listed_shirt.crawl_id, listed_shirt.gone_at) == ("it-1", None)


def test_variants_are_grouped_by_style_in_the_shops_order(listed_shirt: Product, shirt: ShopProduct) -> None:
    assert len(listed_shirt.styles) == 2
    red, blue = listed_shirt.styles
    assert [(style.style_id, style.name, style.default) for style in (red, blue)] == [
        ("8411-1", "Rosso", True),
        ("8411-2", "Blu", False),
    ]
    assert (list(red.skus), list(blue.skus)) == (["R-S", "R-M"], ["B-S"])
    assert red.photos == shirt.photos, "the first style has its own photos, and those that no style claims"
    assert blue.photos == shirt.photos, "a style without photos shows the product's"


def test_prices_of_product_styles_and_sizes(listed_shirt: Product, terms: Terms) -> None:
    def sold_at(cost: int) -> Money:
        return terms.price(Money(cost), "Camicie", datetime(2026, 3, 1, tzinfo=UTC)).amount

    red, blue = listed_shirt.styles
    assert listed_shirt.price is not None
    assert listed_shirt.price.amount == sold_at(2400)
    assert (red.cost, red.original_price, blue.cost, blue.original_price) == (
        Money(2500), sold_at(2500), Money(2400), sold_at(2400),
    )  # fmt: skip
    assert {key: sku.price for key, sku in red.skus.items()} == {"R-S": sold_at(2500), "R-M": sold_at(2700)}
    assert red.skus["R-M"].list_cost == Money(3200)
    assert red.sale_price is None, "the shop's struck-through price is not ours to announce"


def test_goods_without_variants_have_one_nameless_style(terms: Terms, seen_at: datetime) -> None:
    photo = Photo(url="https://bottega.example/1.jpg", thumbnail_url="https://bottega.example/1s.jpg")
    product = list_goods(plain_goods(photos=(photo,)), terms, at=seen_at)
    assert len(product.styles) == 1
    assert (product.styles[0].name, product.styles[0].default, product.styles[0].photos) == ("", True, (photo,))
    assert list(product.styles[0].skus) == ["X1"]


def test_an_offer_without_variants_still_has_a_style_with_a_price(terms: Terms, seen_at: datetime) -> None:
    product = list_goods(plain_goods(offer=ShopOffer(cost=Money(1000))), terms, at=seen_at)
    assert len(product.styles) == 1
    assert product.styles[0].skus == {}
    assert product.price is not None
    assert product.styles[0].original_price == product.price.amount


def test_a_categorys_markup_counts(terms: Terms, seen_at: datetime) -> None:
    dear = list_goods(plain_goods(category="Tazze"), terms, at=seen_at).price
    cheap = list_goods(plain_goods(category="Caffè"), terms, at=seen_at).price
    assert dear is not None
    assert cheap is not None
    assert cheap.amount <= dear.amount
    assert any(step.label == f"markup {Decimal(18)} %" for step in cheap.steps)


def test_an_unusable_related_key_costs_the_link_and_not_the_product(terms: Terms, seen_at: datetime) -> None:
    product = list_goods(plain_goods(related=("", "2", "x" * 300)), terms, at=seen_at)
    assert product.related == ("it:bottega:2",)


def test_an_unusable_sku_is_an_error(terms: Terms, seen_at: datetime) -> None:
    with pytest.raises(InvalidValue):
        list_goods(plain_goods(sku=" "), terms, at=seen_at)


def test_the_fingerprint_tells_what_was_seen_and_not_when(shirt: ShopProduct, terms: Terms, seen_at: datetime) -> None:
    first = list_goods(shirt, terms, at=seen_at, crawl_id="it-1")
    again = list_goods(shirt, terms, at=LATER, crawl_id="it-2")
    assert first.content_hash == again.content_hash == fingerprint(again)
    assert fingerprint(replace(again, gone_at=LATER)) == first.content_hash


@pytest.mark.parametrize(
    "change",
    [{"name": "Camicia"}, {"brand": None}, {"photos": ()}, {"related": ()}, {"features": (("Materiale", "seta"),)}],
    ids=str,
)
def test_the_fingerprint_tells_every_change(
    change: dict[str, object], shirt: ShopProduct, terms: Terms, seen_at: datetime, listed_shirt: Product
) -> None:
    changed = list_goods(replace(shirt, **change), terms, at=seen_at)  # type: ignore[arg-type]
    assert changed.content_hash != listed_shirt.content_hash


def test_a_stock_of_one_size_changes_the_fingerprint(shirt: ShopProduct, listed_shirt: Product, terms: Terms) -> None:
    variants = (replace(shirt.offer.variants[0], quantity=2), *shirt.offer.variants[1:])
    fresh = reoffer(listed_shirt, ShopOffer.of(variants), terms, at=LATER)
    assert fresh.content_hash != listed_shirt.content_hash
    assert fresh.changed_at == LATER


def test_the_same_offer_again_changes_nothing_but_the_time_of_looking(
    shirt: ShopProduct, listed_shirt: Product, terms: Terms, seen_at: datetime
) -> None:
    fresh = reoffer(listed_shirt, shirt.offer, terms, at=LATER)
    assert fresh.offer is not None
    assert (fresh.offer.seen_at, fresh.offer.checked_at) == (seen_at, LATER), "a live refresh is no crawl"
    assert (fresh.content_hash, fresh.changed_at) == (listed_shirt.content_hash, seen_at)
    crawled = reoffer(listed_shirt, shirt.offer, terms, at=LATER, crawled=True)
    assert crawled.offer is not None
    assert crawled.offer.seen_at == LATER


def test_a_dearer_offer_is_repriced(shirt: ShopProduct, listed_shirt: Product, terms: Terms) -> None:
    variants = tuple(replace(variant, cost=variant.cost + Money(1000)) for variant in shirt.offer.variants)
    fresh = reoffer(listed_shirt, ShopOffer.of(variants), terms, at=LATER)
    assert fresh.offer is not None
    assert fresh.price is not None
    assert listed_shirt.price is not None
    assert fresh.offer.cost == Money(3400)
    assert listed_shirt.price.amount < fresh.price.amount
    assert fresh.styles[1].original_price == fresh.price.amount
    assert (fresh.name, fresh.first_seen_at) == (listed_shirt.name, listed_shirt.first_seen_at)


def test_a_size_that_the_offer_no_longer_names_is_out_of_stock(
    shirt: ShopProduct, listed_shirt: Product, terms: Terms
) -> None:
    only = replace(shirt.offer.variants[0], cost=Money(2600))
    fresh = reoffer(listed_shirt, ShopOffer.of([only]), terms, at=LATER)
    assert fresh.styles[0].skus["R-S"].cost == Money(2600)
    known = listed_shirt.styles[0].skus["R-M"]
    assert fresh.styles[0].skus["R-M"] == replace(known, availability=Availability.OUT_OF_STOCK, quantity=0)
    assert fresh.styles[1].skus["B-S"].availability is Availability.OUT_OF_STOCK


def test_a_size_keeps_its_gtin_when_the_refresh_has_none(
    shirt: ShopProduct, listed_shirt: Product, terms: Terms
) -> None:
    variants = tuple(replace(variant, gtin=None) for variant in shirt.offer.variants)
    fresh = reoffer(listed_shirt, ShopOffer.of(variants), terms, at=LATER)
    assert fresh.styles[1].skus["B-S"].gtin == "4006381333931"


def test_a_single_good_is_the_same_under_another_sku(terms: Terms, seen_at: datetime) -> None:
    product = list_goods(plain_goods(), terms, at=seen_at)
    renamed = ShopOffer.of([Variant(sku="X2", cost=Money(5000), availability=Availability.OUT_OF_STOCK)])
    fresh = reoffer(product, renamed, terms, at=LATER)
    assert list(fresh.styles[0].skus) == ["X1"]
    assert fresh.styles[0].skus["X1"].cost == fresh.styles[0].cost == Money(5000)
    assert fresh.styles[0].skus["X1"].availability is Availability.OUT_OF_STOCK


def test_a_gone_product_returns_and_that_is_a_change(
    shirt: ShopProduct, listed_shirt: Product, terms: Terms, seen_at: datetime
) -> None:
    gone_at = seen_at + timedelta(minutes=5)
    gone = replace(listed_shirt, gone_at=gone_at, changed_at=gone_at)
    fresh = reoffer(gone, shirt.offer, terms, at=LATER)
    assert (fresh.gone_at, fresh.changed_at) == (None, LATER)
