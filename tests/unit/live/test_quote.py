"""Which price is quoted, and what is said of its past."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from listino.domain.history import PricePoint
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.pricing import Price
from listino.domain.product import Offer, Product
from listino.live.answer import LiveAnswer, Reason
from listino.live.quote import last_known, make_quote

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHECKED = NOW - timedelta(hours=5)
ID = "it:bottega:8411"
PRODUCT = Product(
    id=ID,
    name="Moka",
    offer=Offer(
        cost=Money(3000),
        list_cost=None,
        shipping=Money(500),
        availability=Availability.IN_STOCK,
        seen_at=CHECKED,
        checked_at=CHECKED,
    ),
    price=Price(Money(4990)),
)
LATE = LiveAnswer(product_id=ID, as_of=NOW, reason=Reason.DEADLINE)


def fresh(minor: int) -> LiveAnswer:
    return LiveAnswer(product_id=ID, as_of=NOW, price=Money(minor), availability=Availability.OUT_OF_STOCK)


def point(days_ago: float, minor: int) -> PricePoint:
    at = NOW - timedelta(days=days_ago)
    return PricePoint(at=at, price=Money(minor), cost=None, availability=Availability.IN_STOCK)


def test_a_fresh_answer_is_quoted_as_it_is() -> None:
    quote = make_quote(last_known(PRODUCT), fresh(5290), [point(1, 4990)])

    assert (quote.price, quote.availability, quote.as_of) == (Money(5290), Availability.OUT_OF_STOCK, NOW)
    assert quote.reason is None


def test_what_the_product_carries_is_part_of_its_history() -> None:
    """Its worker may have been killed before it filed that: 44.90 was the price until a moment ago."""
    carried = replace(PRODUCT, unfiled=(point(3, 4490), point(1, 4990)))

    quote = make_quote(last_known(carried), fresh(4990), [point(5, 4290)])
    assert (quote.previous, quote.lowest_30d) == (Money(4490), Money(4290))


def test_without_one_the_last_known_price_is_quoted_with_the_reason() -> None:
    quote = make_quote(last_known(PRODUCT), LATE, [point(1, 4990)])

    assert (quote.price, quote.availability, quote.as_of) == (Money(4990), Availability.IN_STOCK, CHECKED)
    assert quote.reason is Reason.DEADLINE


def test_of_a_held_price_the_stock_that_was_read_is_quoted() -> None:
    held = LiveAnswer(product_id=ID, as_of=NOW, availability=Availability.OUT_OF_STOCK, reason=Reason.HELD)

    quote = make_quote(last_known(PRODUCT), held, [])
    assert (quote.price, quote.availability, quote.as_of) == (Money(4990), Availability.OUT_OF_STOCK, CHECKED)
    assert quote.reason is Reason.HELD


def test_what_is_gone_is_not_in_stock_again_while_its_price_is_held() -> None:
    assert PRODUCT.offer is not None
    gone = replace(PRODUCT, gone_at=NOW, offer=replace(PRODUCT.offer, availability=Availability.OUT_OF_STOCK))
    held = LiveAnswer(product_id=ID, as_of=NOW, availability=Availability.IN_STOCK, reason=Reason.HELD)

    assert make_quote(last_known(gone), held, []).availability is Availability.OUT_OF_STOCK


def test_a_fresh_price_is_history_before_it_is_stored() -> None:
    quote = make_quote(last_known(PRODUCT), fresh(3990), [point(1, 4990)])

    assert (quote.previous, quote.lowest_30d) == (Money(4990), Money(4990))


def test_a_fresh_price_that_is_stored_already_counts_once() -> None:
    quote = make_quote(last_known(PRODUCT), fresh(3990), [point(1, 4990), point(0, 3990)])

    assert (quote.previous, quote.lowest_30d) == (Money(4990), Money(4990))


def test_the_lowest_price_is_that_of_thirty_days_before_the_present_one() -> None:
    points = [point(90, 1990), point(60, 2990), point(20, 4490), point(9, 5490), point(1, 4990)]

    # 29.90 was still in force when the window opened, 31 days ago; 19.90 was not, and 49.90 is the present price.
    assert make_quote(last_known(PRODUCT), LATE, points).lowest_30d == Money(2990)


def test_a_price_that_never_changed_has_no_previous_one() -> None:
    quote = make_quote(last_known(PRODUCT), LATE, [point(1, 4990)])

    assert (quote.previous, quote.lowest_30d) == (None, None)


def test_of_a_history_that_could_not_be_read_nothing_is_said() -> None:
    quote = make_quote(last_known(PRODUCT), fresh(3990), None)

    assert (quote.price, quote.previous, quote.lowest_30d) == (Money(3990), None, None)


def test_catalogue_goods_without_price() -> None:
    answer = LiveAnswer(product_id=500, as_of=NOW, reason=Reason.NO_SHOP)

    quote = make_quote(last_known(Product(id=500, name="Camo Onesie")), answer, [])

    assert (quote.price, quote.as_of, quote.availability) == (None, None, Availability.UNKNOWN)
    assert (quote.previous, quote.lowest_30d) == (None, None)
