"""A price as the storefront tells it: the shop's fresh answer, or the last known price with the reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from listino.domain.clock import utc_now
from listino.domain.history import PricePoint, lowest_since, previous_price
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product
from listino.live.answer import LiveAnswer

_WINDOW = timedelta(days=30)


def quote(product: Product, points: Sequence[PricePoint], answer: LiveAnswer) -> dict[str, Any]:
    """The fields of `GET /products/{id}/price`. `points` is the product's history, ordered by time.

    A fresh price may not be in the history that was read beside it; it counts all the same.
    """
    stored = product.price.amount if product.price else None
    price = answer.price if answer.fresh else stored
    availability = answer.availability if answer.fresh else product.offer.availability if product.offer else None
    as_of = answer.as_of if answer.fresh else product.offer.checked_at if product.offer else None
    seen = list(points)
    if price is not None and (not seen or seen[-1].price != price):
        availability_now = availability or Availability.UNKNOWN
        seen.append(PricePoint(at=as_of or utc_now(), price=price, cost=None, availability=availability_now))
    return {
        "product_id": product.id,
        "price": _text(price),
        "currency": price.currency if price else None,
        "availability": availability.value if availability else Availability.UNKNOWN.value,
        "as_of": moment(as_of),
        "fresh": answer.fresh,
        "reason": answer.reason.value if answer.reason else None,
        "previous": _text(previous_price(seen)),
        "lowest_30d": _text(lowest_since(seen, utc_now() - _WINDOW)),
    }


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds: 2026-01-31T09:30:00.000Z."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z" if at else None


def _text(money: Money | None) -> str | None:
    return str(money) if money else None
