"""The gate: which costs are believed, and what is said of those that are not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from listino.domain.errors import InvalidValue
from listino.domain.held import DoubtKind, PlausibilityRule, ReferenceSource
from listino.domain.history import PricePoint
from listino.domain.listing import Terms, list_goods, offer_of, reoffer
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.plausibility import Background, doubts_of, hold, median, unpriced, withheld
from listino.domain.product import Product

RULE = PlausibilityRule()
Cup = Callable[..., Product]


@pytest.fixture
def cup(terms: Terms, seen_at: datetime) -> Cup:
    """A cup whose sizes have these costs in cents; one nameless size for a single cost."""

    def listed(*costs: int, later: int = 0, skus: str = "SMLX") -> Product:
        variants = [Variant(sku=skus[n], size=skus[n], cost=Money(cost)) for n, cost in enumerate(costs)]
        offer = ShopOffer.of(variants) if len(costs) > 1 else ShopOffer(cost=Money(costs[0]))
        goods = ShopProduct(sku="1", url="https://bottega.example/p/1", name="Tazza", offer=offer)
        return list_goods(goods, terms, at=seen_at + timedelta(hours=later), crawl_id=f"it-{later}")

    return listed


def kinds(read: Product, known: Product | None, background: Background | None = None) -> list[DoubtKind]:
    return [doubt.kind for doubt in doubts_of(read, known, RULE, background)]


@pytest.mark.parametrize("cost", [1000, 1500, 500, 999, 1001])
def test_a_cost_within_the_declared_share_is_believed(cost: int, cup: Cup) -> None:
    assert doubts_of(cup(cost), cup(1000), RULE) == ()


@pytest.mark.parametrize(
    ("cost", "kind", "words"),
    [
        (0, DoubtKind.NOT_POSITIVE, "€_0.00 is no price, against the €_10.00 that it cost before"),
        (-1, DoubtKind.NOT_POSITIVE, "\N{MINUS SIGN}€_0.01 is no price, against the €_10.00 that it cost before"),
        (100_000, DoubtKind.TIMES_100, "€_1,000.00 is about 100 times the €_10.00 that it cost before"),
        (95_000, DoubtKind.TIMES_100, "€_950.00 is about 100 times the €_10.00 that it cost before"),
        (10_000, DoubtKind.TIMES_10, "€_100.00 is about 10 times the €_10.00 that it cost before"),
        (100, DoubtKind.TENTH, "€_1.00 is about a tenth of the €_10.00 that it cost before"),
        (10, DoubtKind.HUNDREDTH, "€_0.10 is about a hundredth of the €_10.00 that it cost before"),
        (1501, DoubtKind.FAR, "€_15.01 is 50 % above the €_10.00 that it cost before"),
        (499, DoubtKind.FAR, "€_4.99 is 50 % below the €_10.00 that it cost before"),
        (50_000, DoubtKind.FAR, "€_500.00 is 4900 % above the €_10.00 that it cost before"),
    ],
)
def test_a_cost_that_is_not_believed_says_why(cost: int, kind: DoubtKind, words: str, cup: Cup) -> None:
    (doubt,) = doubts_of(cup(cost), cup(1000), RULE)
    assert (doubt.kind, doubt.words, doubt.sku) == (kind, words.replace("_", "\N{NO-BREAK SPACE}"), None)
    assert (doubt.read, doubt.reference, doubt.source) == (Money(cost), Money(1000), ReferenceSource.LAST)


def test_a_wide_share_still_catches_a_lost_decimal_comma(cup: Cup) -> None:
    wide = PlausibilityRule(most_change_percent=Decimal(1000))
    assert doubts_of(cup(9000), cup(1000), wide)[0].kind is DoubtKind.TIMES_10
    assert doubts_of(cup(5000), cup(1000), wide) == ()


def test_every_size_is_looked_at_not_only_the_cheapest(cup: Cup) -> None:
    (doubt,) = doubts_of(cup(1000, 120_000, 1300), cup(1000, 1200, 1300), RULE)
    assert (doubt.sku, doubt.kind, doubt.reference) == ("M", DoubtKind.TIMES_100, Money(1200))


def test_the_worst_doubt_comes_first(cup: Cup) -> None:
    assert kinds(cup(1600, 0, 120_000), cup(1000, 1000, 1200)) == [
        DoubtKind.NOT_POSITIVE,
        DoubtKind.TIMES_100,
        DoubtKind.FAR,
    ]


def test_the_cheapest_size_may_go_without_the_rest_being_doubted(cup: Cup) -> None:
    assert kinds(cup(9000, 9500, skus="LX"), cup(900, 950, 9000, 9500)) == []


@pytest.mark.parametrize(
    ("cost", "doubted"), [(500, []), (3000, []), (1700, []), (4400, []), (300_000, [DoubtKind.TIMES_100])]
)
def test_a_size_that_is_new_is_compared_with_the_others(cost: int, doubted: list[DoubtKind], cup: Cup) -> None:
    read, known = cup(1000, 3000, cost), cup(1000, 3000)
    assert kinds(read, known) == doubted
    if doubted:
        assert doubts_of(read, known, RULE)[0].source is ReferenceSource.SIZES


def points(at: datetime, *costs: int) -> list[PricePoint]:
    return [
        PricePoint(at=at + timedelta(days=n), price=None, cost=Money(cost), availability=Availability.IN_STOCK)
        for n, cost in enumerate(costs)
    ]


def test_a_price_that_returns_to_what_is_usual_is_believed(cup: Cup, seen_at: datetime) -> None:
    usual = Background(history=points(seen_at, 2500, 2500, 1000, 2500, 1000))
    assert kinds(cup(2500), cup(1000)) == [DoubtKind.FAR]
    assert kinds(cup(2500), cup(1000), usual) == []
    few = Background(history=usual.history[:4])
    assert kinds(cup(2500), cup(1000), few) == [DoubtKind.FAR]
    (doubt,) = doubts_of(cup(100_000), cup(1000), RULE, usual)
    assert (doubt.source, doubt.reference) == (ReferenceSource.HISTORY, Money(2500))


def test_no_history_makes_zero_a_price(cup: Cup, seen_at: datetime) -> None:
    assert kinds(cup(0), cup(1000), Background(history=points(seen_at, 0, 0, 0, 0, 0))) == [DoubtKind.NOT_POSITIVE]


@pytest.mark.parametrize(
    ("cost", "doubted"),
    [(3000, []), (334, []), (100_000, [DoubtKind.TIMES_100]), (333, [DoubtKind.FAR]), (3001, [DoubtKind.FAR])],
)
def test_a_new_product_is_compared_with_other_shops_more_widely(cost: int, doubted: list[DoubtKind], cup: Cup) -> None:
    market = Background(market=[Money(900), Money(1000), Money(1100), Money(7, "GBP")])
    assert kinds(cup(cost), None, market) == doubted


def test_a_new_product_that_nobody_else_sells_is_believed_unless_it_is_free(cup: Cup) -> None:
    assert kinds(cup(1), None) == []
    assert kinds(cup(0), None) == [DoubtKind.NOT_POSITIVE]
    assert kinds(cup(900, 0), None) == [DoubtKind.NOT_POSITIVE]


def test_one_that_was_never_accepted_is_still_new(cup: Cup) -> None:
    market = Background(market=[Money(1000)])
    waiting = unpriced(cup(100_000))
    assert (waiting.offer, waiting.price, waiting.awaits_price) == (None, None, True)
    assert kinds(cup(100_000), waiting, market) == [DoubtKind.TIMES_100]
    assert kinds(cup(1000), waiting, market) == []


def test_a_held_price_keeps_the_evidence(cup: Cup, seen_at: datetime) -> None:
    read, known = cup(1000, 120_000, later=1), cup(1000, 1200)
    background = Background(market=[Money(1100), Money(1300), Money(1500)])
    held = hold(read, doubts_of(read, known, RULE, background), background, crawled=True)
    assert (held.kind, held.times, held.crawl_id) == (DoubtKind.TIMES_100, 1, "it-1")
    assert held.at == held.seen_at == seen_at + timedelta(hours=1)
    assert (held.market, held.market_shops) == (Money(1300), 3)
    assert held.offer.variants[1].cost == Money(120_000)
    assert held.doubts[0].factor == Decimal(100)
    assert held.acceptable


def test_the_same_doubted_costs_are_the_same_reading(cup: Cup) -> None:
    def reading(*costs: int) -> str:
        read = cup(*costs)
        return hold(read, doubts_of(read, cup(1000, 1200), RULE), Background(), crawled=False).reading

    assert reading(1000, 120_000) == reading(1010, 120_000)
    assert reading(1000, 120_000) != reading(1000, 120_001)


def test_nothing_that_costs_nothing_can_be_accepted(cup: Cup) -> None:
    read = cup(0, 120_000)
    held = hold(read, doubts_of(read, cup(1000, 1200), RULE), Background(), crawled=True)
    assert not held.acceptable
    assert held.doubts[0].factor is None


def test_what_is_held_leaves_price_and_time_and_takes_the_stock(
    shirt: ShopProduct, terms: Terms, listed_shirt: Product, seen_at: datetime
) -> None:
    later = seen_at + timedelta(hours=1)
    dear = [replace(v, cost=Money(v.cost.minor * 100), availability=Availability.OUT_OF_STOCK, quantity=0) for v in shirt.offer.variants[:2]]  # fmt: skip
    read = list_goods(replace(shirt, offer=ShopOffer.of(dear)), terms, at=later, crawl_id="it-2")
    kept = withheld(read, listed_shirt)
    assert kept.offer is not None
    assert listed_shirt.offer is not None
    assert (kept.price, kept.offer.cost, kept.offer.checked_at) == (listed_shirt.price, Money(2400), seen_at)
    assert (kept.offer.availability, kept.offer.seen_at, kept.crawl_id) == (Availability.OUT_OF_STOCK, later, "it-2")
    sizes = {key: sku for style in kept.styles for key, sku in style.skus.items()}
    assert {key: (sku.cost, sku.availability) for key, sku in sizes.items()} == {
        "R-S": (Money(2500), Availability.OUT_OF_STOCK),
        "R-M": (Money(2700), Availability.OUT_OF_STOCK),
        "B-S": (Money(2400), Availability.OUT_OF_STOCK),
    }
    assert kept.changed_at == later


def test_goods_that_are_gone_do_not_return_at_a_price_of_long_ago(cup: Cup, seen_at: datetime) -> None:
    gone = replace(cup(1000), gone_at=seen_at)
    assert withheld(cup(100_000, later=1), gone) == gone


def test_a_live_refresh_of_goods_that_await_their_price_is_no_crawl(cup: Cup, terms: Terms, seen_at: datetime) -> None:
    waiting = unpriced(cup(1000))
    asked = seen_at + timedelta(hours=3)
    fresh = reoffer(waiting, offer_of(cup(1000)), terms, at=asked)
    assert fresh.offer is not None
    assert (fresh.offer.seen_at, fresh.offer.checked_at, fresh.crawled) == (seen_at, asked, False)
    assert reoffer(waiting, offer_of(cup(1000)), terms, at=asked, crawled=True).crawled


def test_an_offer_is_taken_out_of_a_product_as_it_was_put_in(
    listed_shirt: Product, shirt: ShopProduct, terms: Terms, seen_at: datetime
) -> None:
    assert listed_shirt.offer is not None
    assert offer_of(listed_shirt) == replace(
        shirt.offer, variants=tuple(replace(variant, photos=()) for variant in shirt.offer.variants)
    )
    assert reoffer(listed_shirt, offer_of(listed_shirt), terms, at=seen_at).content_hash == listed_shirt.content_hash


@pytest.mark.parametrize(
    "wrong",
    [{"most_change_percent": Decimal(0)}, {"most_change_percent": Decimal(1001)}, {"most_market_factor": Decimal(1)}],
    ids=str,
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Decimal]) -> None:
    with pytest.raises(InvalidValue):
        PlausibilityRule(**wrong)


def test_the_median_is_an_amount_that_was_asked() -> None:
    assert median([Money(3), Money(1), Money(2), Money(9)]) == Money(2)
    with pytest.raises(InvalidValue):
        median([])
