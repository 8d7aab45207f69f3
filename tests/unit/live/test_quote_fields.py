"""A quote as machines are told it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product
from listino.live.answer import LiveAnswer, Reason
from listino.live.quote import last_known, make_quote, moment

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


def test_a_fresh_price(listed_shirt: Product) -> None:
    answer = LiveAnswer(
        product_id=listed_shirt.id, as_of=NOW, price=Money(4990), availability=Availability.OUT_OF_STOCK
    )
    assert make_quote(last_known(listed_shirt), answer, []).fields() == {
        "product_id": "it:bottega:8411",
        "price": "49.90",
        "currency": "EUR",
        "availability": "OutOfStock",
        "as_of": "2026-03-31T12:00:00.000Z",
        "fresh": True,
        "reason": None,
        "previous": None,
        "lowest_30d": None,
    }


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_leaves_the_last_known_price(reason: Reason, listed_shirt: Product) -> None:
    told = make_quote(last_known(listed_shirt), LiveAnswer(product_id="x", as_of=NOW, reason=reason), []).fields()
    assert listed_shirt.price is not None
    assert told["price"] == str(listed_shirt.price.amount)
    assert (told["fresh"], told["reason"], told["as_of"]) == (False, reason.value, "2026-03-01T09:30:00.000Z")


def test_no_price_at_all() -> None:
    answer = LiveAnswer(product_id=5, as_of=NOW, reason=Reason.NO_SHOP)
    assert make_quote(last_known(Product(id=5, name="Camo Onesie")), answer, []).fields() == {
        "product_id": 5, "price": None, "currency": None, "availability": "Unknown", "as_of": None, "fresh": False,
        "reason": "no_shop", "previous": None, "lowest_30d": None,
    }  # fmt: skip


def test_moments_are_utc_with_milliseconds() -> None:
    assert moment(datetime(2026, 1, 31, 9, 30, 0, 7_999, tzinfo=UTC)) == "2026-01-31T09:30:00.007Z"
    rome = timezone(timedelta(hours=1))
    assert moment(datetime(2026, 1, 31, 9, 30, tzinfo=rome)) == "2026-01-31T08:30:00.000Z"
    assert moment(None) is None
