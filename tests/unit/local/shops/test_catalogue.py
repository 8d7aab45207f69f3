from collections import Counter

import pytest
from stdnum import ean

from listino.domain.errors import InvalidValue, ProductNotFound, UnknownMarket
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopProduct
from listino.local.shops.catalogue import Catalogue
from listino.local.shops.goods import gtin13

MARKETS = ("it", "fr", "de", "es")


def all_gtins(truth: dict[str, ShopProduct]) -> list[str]:
    products = truth.values()
    return [variant.gtin for product in products for variant in product.offer.variants if variant.gtin]


@pytest.mark.parametrize("market", MARKETS)
def test_the_same_seed_makes_the_same_goods(market: str) -> None:
    first, again = Catalogue(market).truth(), Catalogue(market).truth()
    assert len(first) == 250
    assert first == again
    assert Catalogue(market, seed=2).truth() != first


@pytest.mark.parametrize("market", MARKETS)
def test_a_good_does_not_depend_on_how_many_there_are(market: str) -> None:
    few, many = Catalogue(market, count=30).truth(), Catalogue(market, count=600).truth()
    assert (len(few), len(many)) == (30, 600)
    assert {key: many[key] for key in few} == few


def test_an_unknown_market_is_named() -> None:
    with pytest.raises(UnknownMarket, match="'uk'"):
        Catalogue("uk")


def test_a_shop_without_goods_is_refused() -> None:
    with pytest.raises(InvalidValue, match="count"):
        Catalogue("it", count=0)


@pytest.mark.parametrize("market", MARKETS)
def test_goods_are_mixed_as_a_shop_is(market: str) -> None:
    products = list(Catalogue(market).truth().values())
    assert len(products) == 250
    varied = sum(len(product.offer.variants) > 1 for product in products)
    sold_out = sum(product.offer.availability is Availability.OUT_OF_STOCK for product in products)
    reduced = sum(product.offer.list_cost is not None for product in products)
    uncoded = sum(product.gtin is None for product in products)
    assert 125 <= varied <= 175
    assert 12 <= sold_out <= 38
    assert 25 <= reduced <= 70
    assert 3 <= uncoded <= 30
    assert len({product.category for product in products}) >= 20
    assert any("&" in product.name and '"' in product.name for product in products)
    assert any("€" in product.name for product in products)
    assert any(product.offer.cost.minor >= 100_000 for product in products)
    assert any(v.cost != product.offer.cost for product in products for v in product.offer.variants)
    assert {len(product.photos) for product in products} == {1, 2, 3, 4}


@pytest.mark.parametrize("market", MARKETS)
def test_the_product_asks_its_cheapest_variants_price(market: str) -> None:
    products = list(Catalogue(market).truth().values())
    assert len(products) == 250
    for product in products:
        cheapest = min(product.offer.variants, key=lambda variant: variant.cost.minor)
        assert product.offer.cost == cheapest.cost
        assert product.offer.list_cost == cheapest.list_cost
        assert product.offer.list_cost is None or product.offer.cost < product.offer.list_cost
        assert len({variant.sku for variant in product.offer.variants}) == len(product.offer.variants)


def test_gtins_are_valid_and_belong_to_one_good() -> None:
    truths = {market: Catalogue(market, count=1000).truth() for market in ("fr", "de", "es")}
    counted = {market: Counter(all_gtins(truth)) for market, truth in truths.items()}
    assert all(len(gtins) > 3000 for gtins in counted.values())
    for gtins in counted.values():
        assert max(gtins.values()) == 1
        assert all(len(gtin) == 13 and ean.is_valid(gtin) for gtin in gtins)


def test_the_check_digit_is_the_standards() -> None:
    assert gtin13("400638133393") == "4006381333931"


def test_a_quarter_is_sold_in_all_markets_at_different_prices() -> None:
    by_gtin = [
        {product.gtin: product for product in Catalogue(market, count=400).truth().values() if product.gtin}
        for market in MARKETS
    ]
    shared = set.intersection(*(set(gtins) for gtins in by_gtin))
    assert 70 <= len(shared) <= 120
    for gtin in shared:
        same = [gtins[gtin] for gtins in by_gtin]
        assert len({product.brand for product in same}) == 1
        assert len({product.offer.cost for product in same}) == 4
        assert len({len(product.offer.variants) for product in same}) == 1
    names = [{gtins[gtin].name for gtin in shared} for gtins in by_gtin]
    assert not set.intersection(*names)


def test_related_goods_are_in_the_shop() -> None:
    truth = Catalogue("es").truth()
    related = [(key, other) for key, product in truth.items() for other in product.related]
    assert len(related) > 500
    assert all(other in truth and other != key for key, other in related)


@pytest.mark.parametrize("market", MARKETS)
def test_drift_changes_exactly_what_it_says(market: str) -> None:
    catalogue = Catalogue(market)
    before = catalogue.truth()
    done = catalogue.drift(0.1, seed=7)
    after = catalogue.truth()
    assert len(done.changed) == 25
    assert {key for key in before if before[key] != after[key]} == set(done.changed)
    assert {key for key in before if before[key].offer.cost != after[key].offer.cost} == set(done.changed)
    flipped = {key for key in before if before[key].offer.availability != after[key].offer.availability}
    assert flipped == set(done.stock_flipped)
    for key in done.changed:
        ratio = after[key].offer.cost.minor / before[key].offer.cost.minor
        assert 0.69 <= ratio <= 1.31


def test_drift_goes_on_from_where_it_was() -> None:
    catalogue = Catalogue("it")
    catalogue.drift(1.0, seed=3)
    before = catalogue.truth()
    done = catalogue.drift(1.0, seed=3)
    after = catalogue.truth()
    assert len(done.changed) == 250
    assert all(before[key].offer.cost != after[key].offer.cost for key in before)


@pytest.mark.parametrize("cents", [1, 50])
def test_drift_moves_even_the_smallest_price(cents: int) -> None:
    catalogue = Catalogue("it", count=40)
    keys = catalogue.keys()
    for key in keys:
        catalogue.set_price(key, Money(cents))
    assert len(catalogue.drift(1.0).changed) == 40
    costs = [product.offer.cost.minor for product in catalogue.truth().values()]
    assert len(costs) == 40
    assert cents not in costs
    assert min(costs) >= 1


def test_no_share_drifts_nothing() -> None:
    assert Catalogue("it").drift(0.0).changed == ()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_a_share(share: float) -> None:
    catalogue = Catalogue("it")
    with pytest.raises(InvalidValue, match="share"):
        catalogue.drift(share)
    with pytest.raises(InvalidValue, match="share"):
        catalogue.vanish(share=share)


def test_a_price_takes_the_variants_along() -> None:
    catalogue = Catalogue("de")
    key, before = next(
        (key, product)
        for key, product in catalogue.truth().items()
        if any(variant.cost != product.offer.cost for variant in product.offer.variants)
    )
    catalogue.set_price(key, Money(1290))
    after = catalogue.product(key)
    assert after.offer.cost == Money(1290)
    moved = Money(1290) - before.offer.cost
    assert [variant.cost for variant in after.offer.variants] == [v.cost + moved for v in before.offer.variants]


def test_a_price_at_the_struck_through_one_is_no_reduction() -> None:
    catalogue = Catalogue("it")
    key, listed = next((key, p.offer.list_cost) for key, p in catalogue.truth().items() if p.offer.list_cost)
    catalogue.set_price(key, listed)
    assert catalogue.product(key).offer.list_cost is None


@pytest.mark.parametrize("price", [Money(0), Money(-5), Money(10**9), Money(100, "USD")])
def test_an_impossible_price_changes_nothing(price: Money) -> None:
    catalogue = Catalogue("it")
    before = catalogue.truth()
    with pytest.raises(InvalidValue, match="price"):
        catalogue.set_price(catalogue.keys()[0], price)
    assert catalogue.truth() == before


def test_stock_is_told_of_all_variants() -> None:
    catalogue = Catalogue("fr")
    key = next(key for key, product in catalogue.truth().items() if len(product.offer.variants) > 2)
    catalogue.set_stock(key, False)
    empty = catalogue.product(key).offer
    assert empty.availability is Availability.OUT_OF_STOCK
    assert [variant.quantity for variant in empty.variants] == [0] * len(empty.variants)
    catalogue.set_stock(key, True)
    full = catalogue.product(key).offer
    assert full.availability is Availability.IN_STOCK
    assert all(variant.quantity for variant in full.variants)


def test_what_vanished_is_not_for_sale() -> None:
    catalogue = Catalogue("es")
    before = catalogue.truth()
    taken = catalogue.vanish(share=0.1)
    after = catalogue.truth()
    assert len(taken) == 25
    assert set(before) - set(after) == set(taken)
    assert all(after[key] == before[key] for key in after)
    with pytest.raises(ProductNotFound, match=taken[0]):
        catalogue.set_price(taken[0], Money(100))


def test_vanishing_wants_a_share_or_names() -> None:
    catalogue = Catalogue("es")
    with pytest.raises(InvalidValue, match="share"):
        catalogue.vanish()
    with pytest.raises(InvalidValue, match="share"):
        catalogue.vanish(share=0.5, skus=[])
    keys = catalogue.keys()
    with pytest.raises(ProductNotFound):
        catalogue.vanish(skus=[keys[0], "nothing"])
    assert catalogue.keys() == keys


def test_what_appeared_is_new_and_disturbs_nothing() -> None:
    catalogue = Catalogue("it")
    before = catalogue.truth()
    added = catalogue.appear(3)
    after = catalogue.truth()
    assert len(added) == 3
    assert set(after) - set(before) == set(added)
    assert all(after[key] == before[key] for key in before)


def test_restore_gives_back_the_seeds_goods() -> None:
    catalogue = Catalogue("de")
    before = catalogue.truth()
    catalogue.drift(0.5)
    catalogue.vanish(share=0.2)
    catalogue.appear(9)
    assert catalogue.truth() != before
    catalogue.restore()
    assert catalogue.truth() == before


def test_a_reference_names_a_good_as_well_as_its_key() -> None:
    catalogue = Catalogue("it")
    key = catalogue.keys()[4]
    reference = catalogue.article(4).good.reference
    assert catalogue.index_of(key) == catalogue.index_of(reference) == 4


@pytest.mark.parametrize("key", ["", "8001", "999999999", "BOT-99999", "MER-00105", "٣٣", "-1"])
def test_a_key_of_no_good_is_not_found(key: str) -> None:
    with pytest.raises(ProductNotFound, match="sku"):
        Catalogue("it").index_of(key)
